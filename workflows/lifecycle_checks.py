"""What a move has to record: each check gives plain sentences that say what to do, none when all is there.

Source: ``domain.md`` (a) R1 to R14 and (b). Who may make it: ``workflows.lifecycle_who``. What the framework holds:
``workflows.lifecycle_framework``.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from workflows.decision import Sentence
from workflows.dossier import (
    Activated,
    ActivatedUrgently,
    Decided,
    Dossier,
    DueForReview,
    Extended,
    Ground,
    Happening,
    Heard,
    Lifted,
    RegisteredInError,
    Reported,
    letter_of,
)
from workflows.framework import State
from workflows.framework_rules import months_on
from workflows.intervention import approval_because, intervention
from workflows.letters.shapes import MOVE
from workflows.lifecycle_who import Check, Question, heads

RECENT_MONTHS = 12  # an incident older than this carries no decision
FINAL = frozenset({"decision", "extension"})  # the letters that tell of a decision
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
    scope = asked.framework.scope
    if scope and (scope.units or scope.municipality) and not (ground.wider_because or "").strip():
        yield Sentence("Skriv, hvorfor en enkelt sag ikke er nok.", "Write why a single case is not enough.")
    yield from (sentence for given, sentence in _ANSWERS if not given(ground))


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


def warned_or_why_not(asked: Question) -> Iterator[Sentence]:
    """A warning comes first, or a written reason why it was skipped."""
    if not isinstance(asked.record, Decided) or asked.dossier.last("warned", "activated_urgently"):
        return
    if not (asked.record.no_warning_because or "").strip():
        yield Sentence(
            "Send først en advarsel, eller skriv, hvorfor I springer den over.", "Send a warning first, or write why you skip it."
        )


def heard_when_intrusive(asked: Question) -> Iterator[Sentence]:
    """Degree 3 is decided after a hearing; any hearing is answered, or its deadline has passed (R4)."""
    if not isinstance(asked.record, Decided):
        return
    hearing = asked.dossier.last("heard")
    if hearing is None:
        if intervention(asked.framework).degree == 3 and not (asked.record.no_hearing_because or "").strip():
            yield Sentence(
                "Rammen griber ind i grad 3. Hør først borgeren (partshøring).",
                "The framework intervenes in degree 3. Hear the citizen first.",
            )
    elif asked.record.answered is None:
        yield Sentence("Skriv, om borgeren har svaret på høringen.", "Write whether the citizen answered the hearing.")
    elif asked.record.answered and not (asked.record.objections or "").strip():
        yield Sentence("Skriv, hvad borgeren svarede, og hvad det ændrer.", "Write what the citizen answered, and what it changes.")
    elif not asked.record.answered and isinstance(hearing.record, Heard) and asked.today <= hearing.record.answer_by:
        yield Sentence("Vent, til fristen for at svare er gået.", "Wait until the deadline for answers has passed.")


def no_hearing_needs_cover(asked: Question) -> Iterator[Sentence]:
    """Degree 3 without a hearing before it needs a legal reason, also when it is urgent."""
    if not isinstance(asked.record, ActivatedUrgently) or intervention(asked.framework).degree < 3:
        return
    if not (asked.record.no_hearing_because or "").strip() and not asked.dossier.last("heard"):
        yield Sentence(
            "Rammen griber ind i grad 3. Skriv, hvilket retligt grundlag I har for ikke at høre borgeren først.",
            "The framework intervenes in degree 3. Write on which legal basis you do not hear the citizen first.",
        )


def answer_by_is_ahead(asked: Question) -> Iterator[Sentence]:
    """Nobody can answer by a day that has gone."""
    if isinstance(asked.record, Heard) and asked.record.answer_by <= asked.today:
        yield Sentence("Giv borgeren en frist, der ligger efter i dag.", "Give the citizen a deadline that lies after today.")


def approval_reasons(asked: Question) -> tuple[Sentence, ...]:
    """Why a head has to approve it; none where the leader decides alone."""
    reasons = list(approval_because(asked.framework, asked.around.cases, asked.dossier.began))
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
    elif one.approved_by in (None, one.decided_by) and approval_because(one, asked.around.cases, asked.dossier.began):
        yield Sentence("En chef skal først godkende rammen.", "A head has to approve the framework first.")


def letter_is_finished(asked: Question) -> Iterator[Sentence]:
    """What the citizen is sent is made here, so that it can be shown: each move has its kind of letter, and none tells of two."""
    kinds = FINAL if isinstance(asked.record, Activated) else {one for one, move in MOVE.items() if move == asked.record.move}
    named, told = letter_of(asked.record), {letter_of(step.record) for step in asked.dossier.steps}
    if named is not None and (asked.around.letters.get(named) not in kinds or named in told):
        yield Sentence("Gør brevet til borgeren færdigt først.", "Finish the letter to the citizen first.")


def citizen_was_told(asked: Question) -> Iterator[Sentence]:
    """A proof tells of what was, not of what will be, and of this decision, not of one before it."""
    if not isinstance(asked.record, Activated):
        return
    delivered, decided = asked.record.proof.delivered, asked.dossier.last("decided", "extended")
    if delivered > asked.now:
        yield Sentence(
            "Brevet er ikke nået frem endnu. Vent, til borgeren kan læse det.",
            "The letter has not arrived yet. Wait until the citizen can read it.",
        )
    elif decided and asked.around.day(delivered) < asked.around.day(decided.at):
        yield Sentence(
            "Brevet nåede frem før beslutningen. Vælg brevet om denne beslutning.",
            "The letter arrived before the decision. Choose the letter about this decision.",
        )


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


def apologised(asked: Question) -> Iterator[Sentence]:
    """Whoever was told of a framework that should never have been there gets an apology."""
    if isinstance(asked.record, RegisteredInError) and _citizen_knows(asked.dossier) and asked.record.apology is None:
        yield Sentence("Skriv til borgeren, og undskyld fejlen.", "Write to the citizen, and apologise for the error.")


def end_is_told(asked: Question) -> Iterator[Sentence]:
    """Whoever was told of a framework is told of its end."""
    if isinstance(asked.record, Lifted) and _citizen_knows(asked.dossier) and asked.record.letter is None:
        yield Sentence("Skriv til borgeren, at rammen er ophævet.", "Write to the citizen that the framework is lifted.")


def _citizen_knows(dossier: Dossier) -> bool:
    return bool(dossier.framework.citizen_informed or dossier.last("warned", "heard", "activated", "activated_urgently"))


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
    """Those inside the period that ends."""
    starts = asked.dossier.framework.starts or date.max
    return [one for one in _told(record.happenings) if starts <= one.on <= asked.today]
