"""What a move would still want, before anybody has written anything for it: the same checks, asked with an empty record."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from workflows.decision import Sentence
from workflows.dossier import RECORDS, Dossier, Record
from workflows.lifecycle import Refused, approve, move, moves_from
from workflows.lifecycle_who import Actor, Around

OF_THE_GUARD = frozenset({"expired"})
NONE = "-"  # the id of no letter


class Possible(NamedTuple):
    """A move that there is from here, and what has to be done before it can be made."""

    move: str
    missing: tuple[Sentence, ...]


def possible(dossier: Dossier, actor: Actor, now: datetime, around: Around) -> tuple[Possible, ...]:
    """Every move that a person can make from where it is, in the order of the table; ``approve`` where something waits."""
    names = [one for one in moves_from(dossier) if one not in OF_THE_GUARD]
    found = [Possible(one, _missing(move(dossier, blank(one, dossier, now, around), actor, now, around))) for one in names]
    if dossier.waiting:
        found.append(Possible("approve", _missing(approve(dossier, actor, now, around))))
    return tuple(found)


def blank(name: str, dossier: Dossier, now: datetime, around: Around) -> Record:
    """The record of a move with nothing in it."""
    today = around.day(now)
    fields = {field: value(dossier, now, today) for field, value in _EMPTY.get(name, {}).items()}
    made: Any = RECORDS[name]
    record: Record = made(move=name, **fields)
    return record


def _missing(found: object) -> tuple[Sentence, ...]:
    return found.because if isinstance(found, Refused) else ()


Empty = Callable[[Dossier, datetime, date], Any]


def _is(value: Any) -> Empty:  # noqa: ANN401 - a field's value
    return lambda dossier, now, today: value


def _proof(_: Dossier, now: datetime, __: date) -> dict[str, Any]:
    return {"letter": NONE, "way": "digital_post", "delivered": now}


_TEXT, _NO, _LETTER = _is(""), _is(False), _is(NONE)
_TODAY: Empty = lambda dossier, now, today: today  # noqa: E731
_AS_IT_IS: Empty = lambda dossier, now, today: dossier.framework  # noqa: E731
_EMPTY: Mapping[str, Mapping[str, Empty]] = {
    "reported": {"happenings": _is(()), "wants_support": _NO},
    "warned": {"expects": _TEXT, "consequence": _TEXT, "talk": _TEXT, "letter": _LETTER},
    "heard": {"answer_by": _TODAY, "letter": _LETTER},
    "decided": {"letter": _LETTER},
    "activated": {"proof": _proof, "staff_informed": _NO},
    "activated_urgently": {"threat": _TEXT, "letter": _LETTER},
    "due_for_review": {"trigger": _is("date")},
    "extended": {"milder_not_enough": _TEXT, "starts": _TODAY, "review": _TODAY, "ends": _TODAY, "letter": _LETTER},
    "eased": {"because": _TEXT, "framework": _AS_IT_IS, "staff_informed": _NO, "letter": _LETTER},
    "observe_begun": {"because": _TEXT, "staff_informed": _NO},
    "observe_ended": {"because": _TEXT, "staff_informed": _NO},
    "lifted": {"because": _TEXT, "staff_informed": _NO, "letter": _LETTER},
    "reconsideration_asked": {"asked_by": _is("citizen"), "text": _TEXT},
    "upheld": {"because": _TEXT, "letter": _LETTER},
    "rejected": {"because": _TEXT},
    "registered_in_error": {"cause": _TEXT, "breach": _TEXT},
}
