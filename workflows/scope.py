"""Which framework covers a recipient, which one wins, and where its mail then goes.

Layering: case beats unit beats municipality; at one level the latest start, then the smallest id. The narrowest framework
in force wins whole, even when it moves nothing; the order in the register never matters.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from workflows.addresses import normalise, recipient_key
from workflows.facts import CitizenFile, Facts, Organisation, Policy
from workflows.framework import ChangedCaseworker, ContactFramework, FixedContact, FunctionalMailbox
from workflows.people import Case, Unit


class Level(IntEnum):
    """How narrow a scope is; the smallest wins."""

    CASE = 1
    UNIT = 2
    MUNICIPALITY = 3


@dataclass(frozen=True, slots=True)
class Covering:
    """A framework that covers a recipient: at which level, and through which unit and case."""

    framework: ContactFramework
    level: Level
    unit: str | None = None
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Where a measure sends the mail."""

    measure: str
    to: str


def person_key(address: str, organisation: Organisation, policy: Policy) -> str:
    """The one address that a person's aliases and plus-tags stand for."""
    employee = organisation.employee(address, policy)
    return normalise(employee.address) if employee else recipient_key(address, policy.domains)


def covering(framework: ContactFramework, recipient: str, file: CitizenFile, facts: Facts) -> Covering | None:
    """How ``framework`` covers ``recipient`` (a ``person_key``), or None: anyone outside gets mail as addressed."""
    if framework.scope is None:
        return None
    if framework.scope.cases:
        return _by_case(framework, recipient, file, facts)
    if framework.scope.units:
        return _by_unit(framework, recipient, facts)
    return _by_municipality(framework, recipient, facts) if framework.scope.municipality else None


def _by_case(framework: ContactFramework, recipient: str, file: CitizenFile, facts: Facts) -> Covering | None:
    named = framework.scope.cases if framework.scope else ()
    cases = sorted((case for case in file.cases if case.id in named), key=lambda case: case.id)
    for case in cases:
        if person_key(case.caseworker, facts.organisation, facts.policy) == recipient:
            return Covering(framework, Level.CASE, case.unit, case)
    moved_from = {person_key(one.from_, facts.organisation, facts.policy) for one in framework.each(ChangedCaseworker)}
    if recipient in moved_from and cases:
        employee = facts.organisation.employee(recipient, facts.policy)
        case = min(cases, key=lambda one: employee is None or one.unit != employee.unit)  # of their own unit, else the first
        return Covering(framework, Level.CASE, case.unit, case)
    return None


def _by_unit(framework: ContactFramework, recipient: str, facts: Facts) -> Covering | None:
    employee = facts.organisation.employee(recipient, facts.policy)
    if employee is None or framework.scope is None or employee.unit not in framework.scope.units:
        return None
    if recipient in facts.organisation.mailboxes():
        return None
    return Covering(framework, Level.UNIT, employee.unit)


def _by_municipality(framework: ContactFramework, recipient: str, facts: Facts) -> Covering | None:
    domain = recipient.rpartition("@")[2]
    if domain not in facts.policy.domains or recipient in facts.organisation.mailboxes():
        return None
    employee = facts.organisation.employee(recipient, facts.policy)
    return Covering(framework, Level.MUNICIPALITY, employee.unit if employee else None)


def narrowest(found: Iterable[Covering]) -> Covering | None:
    """The one that wins."""
    return min(found, key=_rank, default=None)


def _rank(one: Covering) -> tuple[int, int, str]:
    starts = one.framework.starts
    return one.level, -(starts.toordinal() if starts else 0), one.framework.id


def move(winner: Covering, recipient: str, facts: Facts) -> Move | None:
    """Where the winning framework sends mail for ``recipient`` (a ``person_key``); None when it moves nothing.

    A functional mailbox beats a fixed contact, which beats a changed caseworker.
    """
    for candidate in _candidates(winner, recipient, facts):
        return None if person_key(candidate.to, facts.organisation, facts.policy) == recipient else candidate
    return None


def _candidates(winner: Covering, recipient: str, facts: Facts) -> Iterator[Move]:
    for mailbox in winner.framework.each(FunctionalMailbox):
        if to := mailbox.mailbox or default_mailbox(winner.framework, winner.unit, facts):
            yield Move("functional_mailbox", to)
    for contact in winner.framework.each(FixedContact):
        yield Move("fixed_contact", contact.contact)
    if (last := end_of_chain(winner.framework, recipient, facts)) is not None:
        yield Move("changed_caseworker", last)


def default_mailbox(framework: ContactFramework, unit: str | None, facts: Facts) -> str | None:
    """The functional mailbox of the unit concerned; under municipality scope, where there is none, of the decider's unit."""
    units = facts.organisation.units
    concerned = units.get(unit) if unit else None
    if concerned and concerned.functional_mailbox:
        return concerned.functional_mailbox
    if framework.scope is None or not framework.scope.municipality or framework.decided_by is None:
        return None
    decider = person_key(framework.decided_by, facts.organisation, facts.policy)
    boxes = {one.id: one.functional_mailbox for one in units.values() if one.functional_mailbox and decider in _leads(one, facts)}
    return boxes[min(boxes)] if boxes else None


def _leads(unit: Unit, facts: Facts) -> set[str]:
    return {person_key(one, facts.organisation, facts.policy) for one in (unit.leader, unit.head) if one}


def end_of_chain(framework: ContactFramework, recipient: str, facts: Facts) -> str | None:
    """The caseworker at the end of the chain of changes that starts at ``recipient``; None without one, or when it is a circle."""
    key = facts.organisation, facts.policy
    changes = {person_key(one.from_, *key): one.to for one in framework.each(ChangedCaseworker)}
    seen, last = {recipient}, changes.get(recipient)
    while last is not None and (after := changes.get(person_key(last, *key))) is not None:
        place = person_key(last, *key)
        if place in seen:
            return None
        seen.add(place)
        last = after
    return last
