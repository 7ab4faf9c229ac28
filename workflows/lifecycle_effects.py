"""What a move changes, once it may be made."""

from datetime import date
from typing import Any

from workflows.dossier import (
    Activated,
    ActivatedUrgently,
    Decided,
    Dossier,
    DueForReview,
    Eased,
    Extended,
    Lifted,
    ObserveBegun,
    ObserveEnded,
    ReconsiderationAsked,
    Record,
    RegisteredInError,
    Reported,
    Step,
    Upheld,
)
from workflows.framework import IN_FORCE, ContactFramework, State
from workflows.lifecycle_who import Around

_UNTOLD = {"state": State.DECIDED, "citizen_informed": None, "suspended": False}


def proposed(dossier: Dossier, record: Record, decider: str | None, today: date) -> ContactFramework:
    """The framework as the move would have it, before it is approved; its state is of no account."""
    now = dossier.framework
    match record:
        case Decided() | ActivatedUrgently():
            written = dossier.successor if now.state is State.URGENT and dossier.successor else now
            return _with(written, decided_by=decider, approved_by=None)
        case Extended():
            dates = {"starts": record.starts, "review": record.review, "ends": record.ends}
            return _with(now, **dates, decided_by=decider, approved_by=None)
        case Eased(framework=given):
            return _with(now, scope=given.scope, measures=given.measures, review=given.review, ends=given.ends)
        case ObserveBegun() | ObserveEnded():
            return _with(now, observe=isinstance(record, ObserveBegun))
        case Activated():
            return _activated(dossier, today)
        case _:
            return now


def made(dossier: Dossier, step: Step, to: State, around: Around) -> Dossier:
    """The dossier after ``step``, which leads to the state ``to``.

    What waited for approval does so no more, but where it is only time to look at it again: that changes nothing of what waits.
    """
    one = _with(proposed(dossier, step.record, step.by, around.day(step.at)), state=to)
    changes = {"framework": one} | _changed(dossier, step, one, around)
    submitted = dossier.submitted if isinstance(step.record, DueForReview) else None
    return dossier.model_copy(update={"steps": (*dossier.steps, step), "submitted": submitted} | changes)


def _changed(dossier: Dossier, step: Step, one: ContactFramework, around: Around) -> dict[str, Any]:
    """What of the dossier is otherwise than that ``one`` is now its framework."""
    changes: dict[str, Any] = {}
    match step.record:
        case Reported(happenings=happened):
            changes["ground"] = dossier.ground.model_copy(update={"happenings": (*dossier.ground.happenings, *happened)})
        case Decided() | Extended():
            decided = _with(one, **_UNTOLD, approved_by=step.approved_by)
            follows = {"framework": dossier.framework, "successor": decided}
            changes = {"framework": decided} if one.state is State.DECIDED else follows
        case Activated(proof=proof):
            told = _with(one, citizen_informed=around.day(proof.delivered))
            changes = {"framework": told, "successor": None, "began": dossier.began or one.starts}
        case ActivatedUrgently():
            changes["began"] = one.starts
        case Eased():  # in the place of an extension that the citizen has not heard of
            changes = {"framework": _with(one, suspended=one.suspended and dossier.asked is None), "successor": None}
        case ReconsiderationAsked(suspended=suspended):
            changes["framework"] = _with(one, suspended=one.suspended or suspended)
        case Upheld():
            changes["framework"] = _with(one, suspended=False)
        case ObserveBegun() | ObserveEnded() if dossier.successor and dossier.successor.state is State.DECIDED:
            changes["successor"] = _with(dossier.successor, observe=one.observe)  # what was decided meanwhile follows
        case Lifted() | RegisteredInError():
            changes["successor"] = None
        case _:
            pass
    return changes


def _activated(dossier: Dossier, today: date) -> ContactFramework:
    """What was decided takes the place of what is in force at once: between the two there is no gap."""
    now, new = dossier.framework, dossier.decided
    if new is None or new is now:
        return now
    starts = min(new.starts, today) if new.starts and now.state in IN_FORCE else new.starts
    return _with(new, starts=starts, suspended=now.suspended)


def _with(framework: ContactFramework, **changes: Any) -> ContactFramework:  # noqa: ANN401 - its fields
    return framework.model_copy(update=changes)
