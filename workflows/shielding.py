"""Whom a framework keeps a mail away from: who wrote may not reach them, so nothing of ours leads them to it either.

``domain.md`` (f), what staff need, and (i) 13: a mail that is moved into a mailbox of many is not to meet, there, the one for whose
sake it was moved.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from workflows.facts import Organisation, Policy
from workflows.framework import ChangedCaseworker, ContactFramework, FixedContact, FunctionalMailbox
from workflows.people import Case
from workflows.scope import person_key


def covers(framework: ContactFramework, case: Case) -> bool:
    """Whether ``case`` lies within the framework's scope."""
    scope = framework.scope
    return scope is None or scope.municipality or case.id in scope.cases or case.unit in scope.units


def exposed(framework: ContactFramework, cases: Iterable[Case]) -> Iterator[str]:
    """Addresses of those for whose sake a framework is: they never decide on it alone (``domain.md`` (b)).

    The caseworkers of the cases that it names, and of every open one within its scope; and whom another takes over from.
    ``cases`` are the citizen's.
    """
    named = framework.scope.cases if framework.scope else ()
    within = (one for one in cases if one.id in named or (framework.scope and one.open and covers(framework, one)))
    yield from (one.caseworker for one in within)
    yield from (one.from_ for one in framework.each(ChangedCaseworker))


def shielded(
    recipients: Iterable[Mapping[str, Any]],
    frameworks: Collection[ContactFramework],
    cases: Collection[Case],
    *,
    organisation: Organisation,
    policy: Policy,
    now: datetime,
) -> frozenset[str]:
    """Addresses (``person_key``) of those whom a mail with these ``recipients`` (of its decision) was moved away from.

    ``frameworks`` and ``cases`` are the writer's: a mail that they sent straight to the mailbox was meant for the same people.
    """
    moved = (one["address"] for one in recipients if one["action"] == "redirect")
    kept_away = (one for framework in frameworks if _moves(framework, policy, now) for one in _kept_away(framework, cases))
    return frozenset(person_key(one, organisation, policy) for one in (*moved, *kept_away))


def _moves(framework: ContactFramework, policy: Policy, now: datetime) -> bool:
    return not framework.observe and framework.in_force(now, policy.zone, policy.calendar)


def _kept_away(framework: ContactFramework, cases: Collection[Case]) -> Iterator[str]:
    """The caseworkers whose mail it moves; not those who take over."""
    over = {one.contact for one in framework.each(FixedContact)} | {one.to for one in framework.each(ChangedCaseworker)}
    yield from (one.from_ for one in framework.each(ChangedCaseworker) if one.from_ not in over)
    if any(framework.each(FunctionalMailbox)) or any(framework.each(FixedContact)):
        yield from (one.caseworker for one in cases if covers(framework, one) and one.caseworker not in over)
