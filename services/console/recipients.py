"""What somebody may know of a mail's recipients: that another unit got it too, but not under which case or framework of theirs."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from services.console.auth.visitor import Visitor
from services.store.looked_up import MailLine, RecipientLine
from workflows.addresses import own_key
from workflows.people import Case
from workflows.rights import Action, Reach, Rights, may, reach

ELSEWHERE = {"da": "Det er en anden enheds sag.", "en": "That is another unit's matter."}
_WIDE = frozenset({Reach.ALL, Reach.ASKED})


def cases_seen(rights: Rights, cases: Iterable[Case]) -> tuple[Case, ...]:
    """Those of a citizen's cases that somebody who may see the citizen may see."""
    if reach(rights, Action.SEE_CITIZEN) in _WIDE:
        return tuple(cases)
    return tuple([one for one in cases if may(rights, Action.SEE_CITIZEN, [one.unit], caseworkers=[one.caseworker])])


def may_know_why(who: Visitor, cases: Collection[Case], line: RecipientLine) -> bool:
    """Whether the visitor, who sees these ``cases``, may read why a recipient's mail went where it went.

    Where the recipient has another case with the citizen, the sentence names it, and that is for their unit alone.
    """
    far = reach(who.rights, Action.SEE_MAIL)
    if far in _WIDE or own_key(line.address) == who.rights.address:
        return True
    if far is Reach.OWN_UNITS and (line.unit is None or line.unit in who.units):
        return True
    return line.reason != "other_case_open" and line.case in {one.id for one in cases}


def line_for(who: Visitor, cases: Iterable[Case], mail: MailLine) -> MailLine:
    """A mail among others, as the visitor may see it; ``cases`` are its citizens'."""
    mine = cases_seen(who.rights, cases)
    hidden = {"framework": None, "case": None, "explanation": ELSEWHERE}
    shown = [one if may_know_why(who, mine, one) else replace(one, **hidden) for one in mail.recipients]  # type: ignore[arg-type]
    return replace(mail, recipients=tuple(shown))


def decision_for(who: Visitor, cases: Iterable[Case], decision: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded decision with its trace, as the visitor may see it."""
    mine = cases_seen(who.rights, cases)
    hidden = {one["address"] for one in decision["recipients"] if not may_know_why(who, mine, _line(one))}
    less = {"framework": None, "case": None, "explanation": ELSEWHERE}
    return {
        **decision,
        "recipients": [one | less if one["address"] in hidden else one for one in decision["recipients"]],
        "trace": [one for one in decision["trace"] if one["recipient"] not in hidden],
    }


def _line(one: Mapping[str, Any]) -> RecipientLine:
    named = {name: one[name] for name in ("address", "reason", "explanation", "framework", "unit", "case")}
    return RecipientLine(to="", state="queued", **named)
