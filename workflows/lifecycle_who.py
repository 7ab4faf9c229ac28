"""Who may make a move with a framework. Each check gives plain sentences that say what to do, none when they may.

Source: ``domain.md`` (a) R7 and (b).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from workflows.addresses import normalise
from workflows.decision import Sentence
from workflows.dossier import Dossier, Proposal, ReconsiderationAsked, Record
from workflows.earlier import Earlier, lately
from workflows.facts import Organisation, Policy
from workflows.framework import ContactFramework
from workflows.intervention import concerned_units
from workflows.people import Case
from workflows.shielding import exposed


class Actor(NamedTuple):
    """Who makes a move: without an address, the guard itself. ``leads``, ``heads`` and ``on_duty`` are ids of units."""

    address: str | None
    role: str = "caseworker"
    addresses: frozenset[str] = frozenset()  # every address of the same person, normalised
    leads: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    on_duty: frozenset[str] = frozenset()

    def is_one_of(self, *addresses: str | None) -> bool:
        """Whether one of these addresses is this person's."""
        return any(one is not None and normalise(one) in self.addresses for one in addresses)


GUARD = Actor(None, "guard")


@dataclass(frozen=True, slots=True)
class Around:
    """What a move may look at beside the dossier.

    ``cases`` are the citizen's, ``others`` their other frameworks that are, or were, in force; ``letters`` leads from each letter
    that is finished for this framework to its kind.
    """

    organisation: Organisation
    policy: Policy
    cases: Mapping[str, Case] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Earlier, ...] = ()

    def lately(self, dossier: Dossier, framework: ContactFramework, today: date) -> tuple[Earlier, ...]:
        """What the citizen had of the same lately, when the dossier's ``framework`` began, or would begin ``today``."""
        return lately(self.others, framework, self.cases, dossier.began or today)

    def day(self, now: datetime) -> date:
        """The Danish day."""
        return now.astimezone(self.policy.zone).date()

    def last_day(self, framework: ContactFramework) -> date | None:
        """The last day of force."""
        return framework.last_day(self.policy.calendar)


@dataclass(frozen=True, slots=True)
class Question:
    """A move that somebody wants to make. ``framework`` is what would be in force by it, or is."""

    dossier: Dossier
    record: Record
    framework: ContactFramework
    actor: Actor
    now: datetime
    around: Around

    @property
    def today(self) -> date:
        """The Danish day."""
        return self.around.day(self.now)

    @property
    def is_approved(self) -> bool:
        """Whether it is the move that waits for a head, and one is about to approve it."""
        return self.dossier.waiting is not None and self.record is self.dossier.waiting.record


Check = Callable[[Question], Iterator[Sentence]]


def actor_of(address: str, organisation: Organisation, policy: Policy, role: str | None = None) -> Actor:
    """The employee behind ``address``, with what the register says that they lead. ``role`` is their account's."""
    employee = organisation.employee(address, policy)
    named = (address, employee.address, *employee.aliases) if employee else (address,)
    own = frozenset(map(normalise, named))
    listed = employee.role if employee else "caseworker"
    home = frozenset({employee.unit} if employee else ())
    is_leader = listed in ("leader", "head")

    def mine(*addresses: str | None) -> bool:
        return any(one is not None and normalise(one) in own for one in addresses)

    units = organisation.units.values()
    return Actor(
        address,
        role or listed,
        own,
        leads=frozenset(one.id for one in units if mine(one.leader) or (is_leader and mine(one.deputy)))
        | (home if is_leader else frozenset()),
        heads=frozenset(one.id for one in units if mine(one.head)) | (home if listed == "head" else frozenset()),
        on_duty=frozenset(one.id for one in units if mine(one.duty_officer)),
    )


def units_of(dossier: Dossier, around: Around) -> frozenset[str]:
    """The units whose leaders are to see it: those that it covers; where it names none, those of whoever has moved it so far and of
    the citizen's open cases."""
    if units := concerned_units(dossier.framework, around.cases):
        return units
    people = [one for one in (*(step.by for step in dossier.steps), dossier.framework.decided_by) if one]
    return _units_of_open(around).union(*(units_behind(one, around) for one in people))


def _units_of_open(around: Around) -> frozenset[str]:
    return frozenset(one.unit for one in around.cases.values() if one.open)


def units_behind(address: str, around: Around) -> frozenset[str]:
    """The units that an employee leads, heads or works in: whose leaders see what they report."""
    actor, employee = actor_of(address, around.organisation, around.policy), around.organisation.employee(address, around.policy)
    return actor.leads | actor.heads | frozenset({employee.unit} if employee else ())


def by_guard(asked: Question) -> Iterator[Sentence]:
    """The guard alone."""
    if asked.actor.address is not None:
        yield Sentence("Det sker af sig selv; du skal ikke gøre noget.", "It happens by itself; you don't have to do anything.")


def by_guard_or_leader(asked: Question) -> Iterator[Sentence]:
    """The guard on the date, or a leader."""
    if asked.actor.address is not None:
        yield from by_leader(asked)


def by_employee(asked: Question) -> Iterator[Sentence]:
    """Any employee; to suspend is a leader's."""
    if asked.actor.address is None:
        yield Sentence("Det skal en medarbejder gøre.", "An employee has to do it.")
    elif isinstance(asked.record, ReconsiderationAsked) and asked.record.suspended:
        yield from by_leader(asked)


def by_leader(asked: Question) -> Iterator[Sentence]:
    """A leader or head who answers for it: see ``leads``."""
    if not leads(asked.actor, asked.around, asked.dossier, asked.framework):
        yield NOT_LEADER


def leads(actor: Actor, around: Around, dossier: Dossier, *others: ContactFramework) -> bool:
    """Whether they lead, or head, a unit that its framework or one of ``others`` covers.

    Where none is named (it covers the whole municipality, or nobody knows yet): whether they began it, or lead or head a unit of
    the citizen's open cases; where there are none of those, of whoever began it. Any leader begins, and takes over where there is
    nobody left of all these: what nobody can lift must not be.
    """
    own = actor.leads | actor.heads
    if units := {unit for one in (dossier.framework, *others) for unit in concerned_units(one, around.cases)}:
        return bool(units & own)
    author = _author(dossier)
    if author is None or actor.is_one_of(author):
        return bool(own)
    left = _units_of_open(around) or units_behind(author, around)
    return bool(left & own if left else own)


def _author(dossier: Dossier) -> str | None:
    """Who began it: the leader; before there is one, who reported."""
    drafted, first = dossier.last("drafted"), dossier.steps[0] if dossier.steps else None
    return (drafted and drafted.by) or dossier.framework.decided_by or (first and first.by) or None


def heads(actor: Actor, around: Around, framework: ContactFramework) -> bool:
    """Whether they head a unit that it covers; any unit, where no unit is named."""
    units = concerned_units(framework, around.cases)
    return bool(units & actor.heads if units else actor.heads)


NOT_LEADER = Sentence(
    "Det skal en leder af den enhed, som rammen gælder, gøre.", "A leader of the unit that the framework covers has to do it."
)


def by_leader_or_dpo(asked: Question) -> Iterator[Sentence]:
    """The same, or the data protection officer."""
    if asked.actor.role != "dpo":
        yield from by_leader(asked)


def by_leader_or_duty_officer(asked: Question) -> Iterator[Sentence]:
    """At night and at weekends whoever is on duty leads."""
    units = concerned_units(asked.framework, asked.around.cases)
    if asked.actor.on_duty and (not units or units & asked.actor.on_duty):
        return
    yield from (
        Sentence("Det skal en leder eller vagten gøre.", "A leader or the duty officer has to do it.") for _ in by_leader(asked)
    )


def not_exposed(asked: Question) -> Iterator[Sentence]:
    """Never the exposed caseworker alone, be they a leader too."""
    if asked.actor.is_one_of(*exposed(asked.framework, asked.around.cases.values())):
        yield Sentence(
            "Du er selv sagsbehandler i sagen. Lad en anden leder eller chefen beslutte.",
            "You are the caseworker yourself. Let another leader or the head decide.",
        )


def not_the_decider(asked: Question) -> Iterator[Sentence]:
    """Whoever decided, or approved, does not judge the request to look at it again."""
    framework = asked.dossier.framework
    if asked.dossier.asked and asked.actor.is_one_of(framework.decided_by, framework.approved_by):
        yield Sentence(
            "Du besluttede selv rammen. En anden leder skal se på den igen.",
            "You decided the framework yourself. Another leader has to look at it again.",
        )


def may_approve(asked: Question, proposal: Proposal) -> Iterator[Sentence]:
    """A head of a unit that it covers (of any, for the whole municipality), and not who proposed it."""
    if not heads(asked.actor, asked.around, asked.framework):
        yield Sentence(
            "Det skal en chef for en af de enheder, som rammen gælder, gøre.",
            "A head of one of the units that the framework covers has to do it.",
        )
    if asked.actor.is_one_of(proposal.by):
        yield Sentence(
            "Du har selv indstillet det. En anden chef skal godkende.", "You proposed it yourself. Another head has to approve."
        )
    yield from not_exposed(asked)
