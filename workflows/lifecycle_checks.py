"""What a move has to record: each check gives plain sentences that say what to do, none when all is there.

Source: ``domain.md`` (a) R1 to R14 and (b). Who may make it: ``workflows.lifecycle_who``. What the framework holds:
``workflows.lifecycle_framework``. What the citizen is told first: ``workflows.lifecycle_told``.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from workflows.decision import Sentence
from workflows.dossier import Decided, DueForReview, Extended, Ground, Reported
from workflows.framework import ContactFramework, State
from workflows.framework_rules import months_on
from workflows.happening import Happening
from workflows.intervention import approval_because
from workflows.lifecycle_who import Check, Question, heads

RECENT_MONTHS = 12  # an incident older than this carries no decision
LOOKED_AT = ("due_for_review", "eased", "upheld")


def has_happenings(asked: Question) -> Iterator[Sentence]:
    """A report tells what happened, with its date."""
    if isinstance(asked.record, Reported) and not any(one.on <= asked.today for one in _told(asked.record.happenings)):
        yield Sentence("Skriv, hvad der skete, og hvilken dag.", "Write what happened, and on which day.")


def ground_is_laid(asked: Question) -> Iterator[Sentence]:
    """The law's questions are answered (R1, R2, R3, R12, R13)."""
    ground = asked.dossier.ground
    if not any(_recent(one, asked.today) for one in _told(ground.happenings)):
        yield Sentence(
            "Skriv mindst én hændelse fra det seneste år, med dato.", "Write at least one incident of the last year, with its date."
        )
    elif not _is_new(asked, urgent=False):
        yield NOTHING_NEW
    scope = asked.framework.scope
    if scope and (scope.units or scope.municipality) and not (ground.wider_because or "").strip():
        yield Sentence("Skriv, hvorfor en enkelt sag ikke er nok.", "Write why a single case is not enough.")
    yield from (sentence for given, sentence in _ANSWERS if not given(ground))


def is_urgent_anew(asked: Question) -> Iterator[Sentence]:
    """What lapsed after five working days does not go on as another urgent framework on the same facts."""
    if not _is_new(asked, urgent=True):
        yield URGENT_AGAIN


def _is_new(asked: Question, *, urgent: bool) -> bool:
    """Whether something has happened since the latest framework about the same began; among the ``urgent`` ones, or the others."""
    lately = asked.around.lately(asked.dossier, asked.framework, asked.today)
    began = max((one.began for one in lately if one.urgent == urgent), default=date.min)
    return began == date.min or any(began < one.on <= asked.today for one in _told(asked.dossier.ground.happenings))


NOTHING_NEW = Sentence(
    "Borgeren har, eller har lige haft, en anden ramme om det samme. Skriv mindst én hændelse, som er sket, efter at den begyndte.",
    "The citizen has, or has just had, another framework about the same. Write at least one incident that happened after it began.",
)
URGENT_AGAIN = Sentence(
    "Borgeren har lige haft en ramme, der hastede, om det samme. Skriv mindst én hændelse, som er sket, efter at den begyndte.",
    "The citizen has just had an urgent framework about the same. Write at least one incident that happened after it began.",
)


_ANSWERS: tuple[tuple[Callable[[Ground], object], Sentence], ...] = (
    (lambda ground: ground.categories, Sentence("Vælg, hvad der har været svært.", "Choose what has been difficult.")),
    (
        lambda ground: (ground.burden or "").strip(),
        Sentence("Skriv, hvad det betyder for arbejdet.", "Write what it means for the work."),
    ),
    (
        lambda ground: ground.needs_asked,
        Sentence("Tag stilling til, om borgeren har brug for særlige hensyn.", "Consider whether the citizen has special needs."),
    ),
    (
        lambda ground: ground.representatives_asked,
        Sentence("Tag stilling til, om borgeren har en repræsentant.", "Consider whether the citizen has a representative."),
    ),
    (
        lambda ground: (ground.way_back or "").strip(),
        Sentence("Skriv, hvad der skal til, for at rammen kan lempes.", "Write what it takes for the framework to be eased."),
    ),
)


def approval_reasons(asked: Question) -> tuple[Sentence, ...]:
    """Why a head has to approve it; none where the leader decides alone."""
    lately = asked.around.lately(asked.dossier, asked.framework, asked.today)
    reasons = list(approval_because(asked.framework, asked.around.cases, asked.dossier.began, lately))
    if isinstance(asked.record, Extended):
        if asked.dossier.framework.approved_by and not reasons:
            reasons.append(_AS_BEFORE)
        own = heads(asked.actor, asked.around, asked.framework)
        if asked.record.without_incident_because and not _incidents(asked.record, asked) and not own:
            reasons.append(_NO_INCIDENT)
    return tuple(reasons)


_AS_BEFORE = Sentence("En chef godkendte rammen første gang.", "A head approved the framework the first time.")
_NO_INCIDENT = Sentence("Der er ingen hændelse i den periode, der slutter.", "There is no incident in the period that ends.")


def lawyer_has_said(asked: Question) -> Iterator[Sentence]:
    """A head approves after a lawyer; nobody is their own."""
    if not isinstance(asked.record, Decided | Extended) or not approval_reasons(asked):
        return
    lawyer = asked.record.lawyer
    if lawyer is None or asked.actor.is_one_of(lawyer) or not (asked.record.lawyer_says or "").strip():
        yield Sentence("Spørg en jurist, og skriv, hvad juristen svarede.", "Ask a lawyer, and write what the lawyer answered.")
        return
    employee = asked.around.organisation.employee(lawyer, asked.around.policy)
    if employee is None or employee.role != "lawyer":
        yield NOT_A_LAWYER


NOT_A_LAWYER = Sentence(
    "Skriv mailadressen på en jurist i kommunen. Juristen skal stå i registret som jurist.",
    "Write the mail address of a lawyer in the municipality. The register has to name them as a lawyer.",
)


def nothing_waits(asked: Question) -> Iterator[Sentence]:
    """One decision at a time."""
    if asked.dossier.decided:
        yield Sentence(
            "Der er allerede besluttet noget. Giv borgeren besked om det først.",
            "Something is decided already. Tell the citizen of it first.",
        )


def something_is_decided(asked: Question) -> Iterator[Sentence]:
    """Nothing gets into force that no leader has decided, or that no head has approved where one must."""
    one = asked.dossier.decided
    if one is None or one.decided_by is None:
        yield Sentence(
            "Rammen er ikke besluttet endnu. Tag beslutningen først.", "The framework is not decided yet. Decide it first."
        )
    elif _lacks_approval(one, asked):
        yield _NOT_APPROVED


def is_decided_as_it_is(asked: Question) -> Iterator[Sentence]:
    """A trial ends on the same decision and approval as a framework comes into force; the urgent is decided by one alone."""
    one = asked.dossier.framework
    if one.state is not State.URGENT and (one.decided_by is None or _lacks_approval(one, asked)):
        yield _NOT_APPROVED


def _lacks_approval(one: ContactFramework, asked: Question) -> bool:
    alone = one.approved_by in (None, one.decided_by)
    return alone and bool(approval_because(one, asked.around.cases, asked.dossier.began))


_NOT_APPROVED = Sentence("En chef skal først godkende rammen.", "A head has to approve the framework first.")


def is_on_trial(asked: Question) -> Iterator[Sentence]:
    """Only a trial can end."""
    if not asked.dossier.framework.observe:
        yield Sentence("Rammen er ikke på prøve. Den gælder mailgangen.", "The framework is not on trial. Mail follows it.")


def is_not_on_trial(asked: Question) -> Iterator[Sentence]:
    """Only what is no trial becomes one."""
    if asked.dossier.framework.observe:
        yield Sentence("Rammen er allerede på prøve. Du skal ikke gøre mere.", "It is on trial already. You are done with it.")


def staff_knows(asked: Question) -> Iterator[Sentence]:
    """Those who meet the citizen have been told."""
    if not getattr(asked.record, "staff_informed", True):
        yield Sentence("Fortæl det til de medarbejdere, det angår.", "Tell the employees whom it concerns.")


def incident_in_period(asked: Question) -> Iterator[Sentence]:
    """Old conduct carries no continued restriction (FOB 2014-5); a head may override it with a reason (R5)."""
    if not isinstance(asked.record, Extended) or _incidents(asked.record, asked):
        return
    if not (asked.record.without_incident_because or "").strip():
        yield Sentence(
            "Skriv mindst én hændelse fra den periode, der slutter. Er der ingen, så lad rammen slutte.",
            "Write at least one incident of the period that ends. If there is none, let the framework end.",
        )


def is_review_due(asked: Question) -> Iterator[Sentence]:
    """On the date it is the guard that asks, and once."""
    if not isinstance(asked.record, DueForReview) or asked.record.trigger != "date":
        return
    review = asked.framework.review
    seen = asked.dossier.last(*LOOKED_AT)
    if review is None or asked.today < review or (seen and asked.around.day(seen.at) >= review):
        yield Sentence("Evalueringsdagen er ikke kommet endnu.", "The day of review has not come yet.")


def is_over(asked: Question) -> Iterator[Sentence]:
    """Its last day has passed."""
    last = asked.around.last_day(asked.dossier.framework)
    if last is None or asked.today <= last:
        yield Sentence("Rammens sidste dag er ikke gået endnu.", "The framework's last day has not passed yet.")


def has_not_ended(asked: Question) -> Iterator[Sentence]:
    """What has expired, and has nothing decided to follow it, is over."""
    if asked.dossier.framework.state is State.EXPIRED and not asked.dossier.decided:
        yield Sentence(
            "Rammen er allerede ophørt. Du skal ikke gøre mere.", "The framework has ended already. You are done with it."
        )


def somebody_asked(asked: Question) -> Iterator[Sentence]:
    """Nothing is upheld that nobody has questioned."""
    if asked.dossier.asked is None:
        yield Sentence("Ingen har bedt om genovervejelse.", "Nobody has asked for reconsideration.")


def nobody_asked(asked: Question) -> Iterator[Sentence]:
    """One request at a time."""
    if asked.dossier.asked:
        yield Sentence("Besvar først den genovervejelse, der er bedt om.", "Answer the reconsideration that was asked for first.")


def has_words(*names: str) -> Check:
    """These texts of the record are written."""

    def check(asked: Question) -> Iterator[Sentence]:
        yield from (_MISSING[name] for name in names if not str(getattr(asked.record, name) or "").strip())

    return check


_MISSING: Mapping[str, Sentence] = {
    "because": Sentence("Skriv hvorfor.", "Write why."),
    "cause": Sentence("Skriv, hvordan fejlen skete.", "Write how the error happened."),
    "breach": Sentence("Skriv, om det var et brud på persondatasikkerheden.", "Write whether it was a breach of personal data."),
    "text": Sentence("Skriv, hvad borgeren beder om.", "Write what the citizen asks for."),
    "threat": Sentence("Beskriv truslen.", "Describe the threat."),
    "expects": Sentence("Skriv, hvad I forventer fremover.", "Write what you expect from now on."),
    "consequence": Sentence("Skriv, hvad der ellers sker.", "Write what happens otherwise."),
    "talk": Sentence("Skriv, hvilken samtale eller hjælp I har tilbudt.", "Write which talk or help you have offered."),
    "milder_not_enough": Sentence(
        "Skriv, hvorfor mildere midler stadig ikke er nok.", "Write why milder means are still not enough."
    ),
}


def _told(happenings: tuple[Happening, ...]) -> list[Happening]:
    return [one for one in happenings if one.what.strip()]


def _recent(one: Happening, today: date) -> bool:
    return one.on <= today < months_on(one.on, RECENT_MONTHS) + timedelta(days=1)


def _incidents(record: Extended, asked: Question) -> list[Happening]:
    """Those inside the period that ends: while it was in force, and the citizen had been told."""
    one = asked.dossier.framework
    since = max(one.starts, one.citizen_informed or one.starts) if one.starts else date.max
    return [each for each in _told(record.happenings) if since <= each.on <= asked.today]
