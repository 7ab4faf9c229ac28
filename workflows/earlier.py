"""The citizen's other frameworks about the same: what they had lately counts, so that a new dossier resets no limit.

Source: ``domain.md`` (i) 6, endless renewal on stale incidents. How long is lately is the product's own judgement.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from workflows.dossier import Dossier
from workflows.facts import Policy
from workflows.framework import IN_FORCE, ContactFramework, Scope, State
from workflows.people import Case

LATELY = timedelta(days=30)


class Earlier(NamedTuple):
    """A framework that is, or was, in force: from and to which day. ``urgent``: it was never anything else."""

    scope: Scope
    began: date
    ended: date
    urgent: bool


def earlier(dossier: Dossier, at: datetime, policy: Policy) -> Earlier | None:
    """What there was of a dossier that was last changed ``at``; None where it never came into force, or was an error."""
    one, over = dossier.framework, dossier.last("lifted", "expired")
    began = dossier.began or (one.starts if one.state in IN_FORCE or one.citizen_informed else None)
    if one.state not in IN_FORCE | {State.LIFTED, State.EXPIRED} or one.scope is None or began is None:
        return None
    last = one.last_day(policy.calendar) or date.max
    if one.state not in IN_FORCE:
        last = min(last, (over.at if over else at).astimezone(policy.zone).date())
    urgent = one.state is State.URGENT or dossier.last("activated_urgently") is not None
    return Earlier(one.scope, began, last, urgent and dossier.last("activated") is None)


def lately(others: Iterable[Earlier], framework: ContactFramework, cases: Mapping[str, Case], since: date) -> tuple[Earlier, ...]:
    """Those of ``others`` that cover something of what ``framework`` does, and were in force within 30 days before ``since``.

    And those before them in the same way: a chain of frameworks, each soon after the other, is one.
    """
    found, first = [], since
    for one in sorted(others, key=lambda other: other.ended, reverse=True):
        if one.began <= since and one.ended >= first - LATELY and _overlap(one.scope, framework.scope, cases):
            found.append(one)
            first = min(first, one.began)
    return tuple(found)


def _overlap(one: Scope, other: Scope | None, cases: Mapping[str, Case]) -> bool:
    if other is None or one.municipality or other.municipality:
        return other is not None
    ours, theirs = ({*scope.units, *_units(scope.cases, cases)} for scope in (one, other))
    return bool({*one.cases} & {*other.cases} or {*one.units} & theirs or {*other.units} & ours)


def _units(named: Iterable[str], cases: Mapping[str, Case]) -> set[str]:
    return {cases[id].unit for id in named if id in cases}
