"""Signals as pages tell them: what was found and why, what the visitor answered, and whether we are late ourselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from starlette.requests import Request

from services.console import incident_words
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.posts import Posts, Seen
from services.console.recipients import cases_seen
from services.console.words import N_
from services.signal_words import patterns
from services.store.signals import Answer, SignalSeen
from workflows.rights import Action, Reach, reach
from workflows.situation import CODES, Code, Situation

ANSWERS: Mapping[Answer, str] = {"useful": N_("Nyttigt"), "wrong": N_("Forkert")}
SITUATIONS: Mapping[Code, str] = {
    **{code: incident_words.SITUATIONS[code] for code in CODES},  # what sets off incidents is called the same
    "caseworker_change": N_("Tredje sagsbehandler eller flere"),
}
SERIOUS = frozenset({"red", "yellow"})
FEW = 10  # late posts that are told one by one


@dataclass(frozen=True, slots=True)
class SignalTold:
    """One signal. ``why`` says in Danish what the pattern looks for; none where it is not known which one it was."""

    kind: str
    level: str
    pattern: str | None
    why: str
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Ourselves:
    """What the guard knows of whether we are late ourselves. ``citizen`` is None where nobody can know whom to look for."""

    citizen: str | None
    late: tuple[Seen, ...] = ()
    situations: tuple[Situation, ...] = ()


async def signals_told(request: Request, who: Visitor, mail: str, found: Iterable[tuple[str, str]]) -> list[SignalTold]:
    """A mail's signals (``found``: kind and level) in their order, with what ``who`` has answered."""
    seen = await signals_of(request, who, mail) if (found := list(found)) else {}
    return [_told(kind, level, seen.get(kind)) for kind, level in found]


async def signals_of(request: Request, who: Visitor, mail: str) -> dict[str, SignalSeen]:
    """By kind, those that can be answered."""
    return {one.kind: one for one in await console_of(request).store.signals.of_mail(mail, who.rights.address)}


def _told(kind: str, level: str, seen: SignalSeen | None) -> SignalTold:
    pattern = patterns().get(seen.pattern or "") if seen else None
    return SignalTold(kind, level, seen.pattern if seen else None, pattern.why if pattern else "", seen.answer if seen else None)


async def answer(request: Request, who: Visitor, mail: str, kind: str, said: Answer) -> None:
    """Keep what ``who``, who may, says of a mail's signal; 404 where it has none of that kind."""
    signals = console_of(request).store.signals
    if not await signals.answer(mail, kind, said, person=who.rights.address, actor=who.account):
        raise HTTPException(404)


async def ourselves(posts: Posts, found: Iterable[tuple[str, str]], decision: Mapping[str, Any], but: str = "") -> Ourselves | None:
    """For whoever leads, where a signal is red or yellow. ``but`` is a post that is shown already."""
    who = posts.who
    if reach(who.rights, Action.NOTE_SITUATION) is Reach.NONE or SERIOUS.isdisjoint(level for _, level in found):
        return None
    citizen = decision["sender"]["citizen"]
    if citizen is None:
        return Ourselves(None)
    late = await posts.late_of(citizen, FEW)
    cases = {one.id for one in cases_seen(who.rights, (await posts.concerned.cases(citizen)).values())}
    known = await posts.situations_of(citizen)
    noted = tuple(one for one in known if one.case in cases and one.removed_at is None)
    return Ourselves(citizen, tuple(one for one in late if one.post.id != but), noted)
