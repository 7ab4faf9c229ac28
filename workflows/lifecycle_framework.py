"""What a framework must hold before a leader may decide it: each check gives plain sentences that say what to do.

Source: ``domain.md`` (a) R1 to R3 and R13, (c), and the contract, whose rules for a register's frameworks are asked too: what is
decided here can be exported and loaded again.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from workflows import framework_rules as rules
from workflows.addresses import normalise
from workflows.decision import Sentence
from workflows.dossier import ActivatedUrgently, Decided, Eased, Extended
from workflows.framework import ContactFramework, State, WrittenOnly
from workflows.grounds import Grounds
from workflows.lifecycle_who import Around, Question
from workflows.register_shape import Draft


def framework_is_whole(asked: Question) -> Iterator[Sentence]:
    """What it covers, what it does and why (R1, R2, R3)."""
    one = asked.framework
    if one.scope is None or not (one.scope.cases or one.scope.units or one.scope.municipality):
        yield Sentence("Vælg, hvad rammen gælder.", "Choose what the framework covers.")
    if not one.measures:
        yield Sentence("Vælg mindst ét tiltag.", "Choose at least one measure.")
    if not (one.reason or "").strip():
        yield Sentence("Skriv begrundelsen.", "Write the reasons.")
    if not (one.legal_basis or "").strip():
        yield Sentence("Skriv, hvilket grundlag rammen bygger på.", "Write which basis the framework has.")
    if not one.milder_means or not all(means.what.strip() and means.why_not.strip() for means in one.milder_means):
        yield Sentence(
            "Skriv, hvilke mildere midler I har overvejet, og hvorfor de ikke er nok.",
            "Write which milder means you considered, and why they are not enough.",
        )


def dates_hold(asked: Question) -> Iterator[Sentence]:
    """Start, end and review, each where it may be (R1; at most 12 months)."""
    starts, review, ends = asked.framework.starts, asked.framework.review, asked.framework.ends
    if starts is None or review is None or ends is None:
        yield Sentence("Vælg start, evaluering og slut.", "Choose start, review and end.")
        return
    if ends < max(starts, asked.today):
        yield Sentence("Slutdagen skal ligge efter i dag og efter start.", "The end must lie after today and after the start.")
    counted = min(starts, asked.today) if isinstance(asked.record, Extended) else starts  # it goes on when the citizen is told
    if ends > rules.months_on(counted, rules.LONGEST_MONTHS):
        yield Sentence(
            "Rammen kan højst vare 12 måneder. Forlæng den senere, hvis der er grund til det.",
            "The framework can last 12 months at most. Extend it later if there is reason to.",
        )
    if review < starts or ends - review < rules.REVIEW_BEFORE_END:
        yield Sentence(
            "Evalueringen skal ligge efter start og mindst 14 dage før slut.",
            "The review must lie after the start and at least 14 days before the end.",
        )


def is_narrow(asked: Question) -> Iterator[Sentence]:
    """The whole municipality is never restricted by one person alone, however urgent it is (``contract.md``: ``approved_by``)."""
    if asked.framework.scope and asked.framework.scope.municipality:
        yield Sentence(
            "Hele kommunen kræver en chefs godkendelse. Vælg de sager eller enheder, som det haster for.",
            "The whole municipality needs a head's approval. Choose the cases or units for which it is urgent.",
        )


def start_holds(asked: Question) -> Iterator[Sentence]:
    """No decision reaches back: it begins on the day on which it is decided (where a head approves: approved) at the earliest.

    What is urgent begins today, what follows upon it goes on from there, and an extension begins before the old version has ended.
    """
    starts, old = asked.framework.starts, asked.dossier.framework
    if starts is None:
        return
    urgent = isinstance(asked.record, ActivatedUrgently) and starts != asked.today
    follows = isinstance(asked.record, Decided) and old.state is State.URGENT and starts > asked.today
    if urgent or follows:
        yield Sentence("Vælg i dag som start: det haster.", "Choose today as the start: it is urgent.")
    earliest = old.starts if old.state is State.URGENT and old.starts else asked.today
    if asked.is_approved and starts < earliest:
        yield TOO_LATE
    elif isinstance(asked.record, Decided) and starts < earliest:
        yield NOT_BACKWARDS
    elif isinstance(asked.record, Extended) and not asked.today <= starts <= (old.ends or date.min) + timedelta(days=1):
        yield Sentence(
            "Forlængelsen skal begynde fra i dag og senest dagen efter, at rammen slutter.",
            "The extension must begin from today on, and at the latest on the day after the framework's end.",
        )


NOT_BACKWARDS = Sentence(
    "Rammen kan ikke begynde, før den er besluttet. Vælg i dag eller en senere dag som start.",
    "The framework can't begin before it is decided. Choose today or a later day as the start.",
)
TOO_LATE = Sentence(
    "Startdagen er gået. Send indstillingen tilbage, så lederen kan vælge en ny start.",
    "The day of the start has passed. Send it back, so that the leader can choose a new start.",
)


def can_be_lived_with(asked: Question) -> Iterator[Sentence]:
    """Written only is no way for somebody who can't write (R13; retssikkerhedsloven § 4)."""
    if "cannot_write" in asked.dossier.ground.needs and any(asked.framework.each(WrittenOnly)):
        yield Sentence(
            "Borgeren kan ikke skrive. Vælg et andet tiltag end kun skriftlig kontakt.",
            "The citizen can't write. Choose another measure than written contact only.",
        )


_FITTING = (
    (
        rules.one_scope,
        Sentence("Vælg enten sager, enheder eller hele kommunen.", "Choose either cases, units or the whole municipality."),
    ),
    (rules.own_cases, Sentence("Vælg kun borgerens egne sager.", "Choose only cases of this citizen.")),
    (rules.targets_are_ours, Sentence("Vælg adresser i kommunen selv.", "Choose addresses of the municipality's own.")),
    (
        rules.no_circle,
        Sentence(
            "Vælg én ny sagsbehandler, så skiftet ikke går i ring.", "Choose one new caseworker, so that the change is no circle."
        ),
    ),
    (rules.single_targets, Sentence("Vælg kun én postkasse og én fast kontakt.", "Choose only one mailbox and one fixed contact.")),
    (
        rules.mailbox_is_known,
        Sentence(
            "Vælg en funktionspostkasse: enheden har ikke sin egen.", "Choose a functional mailbox: the unit has none of its own."
        ),
    ),
    (
        rules.windows,
        Sentence("Sluttidspunktet skal ligge efter starttidspunktet.", "The time that ends must lie after the time that begins."),
    ),
)


def framework_fits(asked: Question) -> Iterator[Sentence]:
    """It names what there is, and could be loaded from a register file."""
    scope, around = asked.framework.scope, asked.around
    if scope and not (set(scope.cases) <= set(around.cases) and set(scope.units) <= set(around.organisation.units)):
        yield Sentence("Vælg sager og enheder, der findes.", "Choose cases and units that exist.")
    grounds = _grounds(around)
    in_force = asked.framework.model_copy(update={"state": State.ACTIVE})
    yield from (sentence for rule, sentence in _FITTING if next(rule(in_force, grounds), None))


def _grounds(around: Around) -> Grounds:
    employees = {normalise(one.address): one for one in around.organisation.employees.values()}
    draft = Draft(
        units=dict(enumerate(around.organisation.units.values())),
        employees=dict(enumerate(employees.values())),
        cases=dict(enumerate(around.cases.values())),
    )
    return Grounds.of(draft, around.policy.domains)


def asks_less(asked: Question) -> Iterator[Sentence]:
    """Easing takes away, and adds nothing: what restricts more is a new decision (law 4)."""
    if not isinstance(asked.record, Eased):
        return
    old, new = asked.dossier.framework, asked.framework
    if not set(new.measures) <= set(old.measures) or not _within(new, old) or (new.ends or date.max) > (old.ends or date.max):
        yield Sentence(
            "En lempelse kan kun fjerne tiltag, sager eller tid. Det andet kræver en ny beslutning.",
            "Easing can only take away measures, cases or time. Anything else needs a new decision.",
        )
    if (new.scope, new.measures, new.ends) == (old.scope, old.measures, old.ends):
        yield Sentence("Vælg, hvad der skal lempes.", "Choose what is to be eased.")
    if not new.measures:
        yield Sentence("Skal alle tiltag væk, så ophæv rammen.", "If all measures are to go, lift the framework.")


def _within(new: ContactFramework, old: ContactFramework) -> bool:
    """Of one kind, and no wider; from the whole municipality to anything in it. A unit's case may have a caseworker elsewhere."""
    if new.scope is None or old.scope is None or old.scope.municipality:
        return old.scope is not None and new.scope is not None
    return (
        not new.scope.municipality and set(new.scope.cases) <= set(old.scope.cases) and set(new.scope.units) <= set(old.scope.units)
    )
