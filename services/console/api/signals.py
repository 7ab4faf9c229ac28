"""Signals of a mail, also where it waits in a functional mailbox: what found them, and whether that was useful."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from services.console import signals
from services.console.api.asking import IdInPath, Who
from services.console.auth.visitor import Visitor
from services.console.opened_mail import one_mail
from services.console.posts import one_post
from services.store.signals import Answer
from workflows.rights import Action
from workflows.signals.rules import Kind

router = APIRouter()


class SignalFound(BaseModel):
    """One signal. ``pattern`` is what found it, ``why`` what that looks for (in Danish), ``answer`` what you have said of it."""

    kind: str
    level: str
    pattern: str | None
    why: str
    answer: Answer | None


class Signals(BaseModel):
    """Those of one mail, the most serious first; none until it is assessed."""

    items: list[SignalFound]


class Said(BaseModel):
    """Whether it was useful to be told. It takes the place of what you said before."""

    model_config = ConfigDict(extra="forbid")

    answer: Answer


@router.get("/mails/{id}/signals", tags=["mails"])
async def of_mail(request: Request, who: Who, id: IdInPath) -> Signals:
    """A mail's."""
    found = await one_mail(request, who, id, Action.SEE_MAIL, noted="mail.read")
    return await _all(request, who, found.id, found.decision["signals"] or ())


@router.put("/mails/{id}/signals/{kind}", tags=["mails"])
async def answer_of_mail(request: Request, who: Who, id: IdInPath, kind: Kind, said: Said) -> Signals:
    """Answer to one of a mail's."""
    found = await one_mail(request, who, id, Action.ANSWER_SIGNAL, noted="mail.read")
    await signals.answer(request, who, found.id, kind, said.answer)
    return await _all(request, who, found.id, found.decision["signals"] or ())


@router.get("/posts/{id}/signals", tags=["posts"])
async def of_post(request: Request, who: Who, id: IdInPath) -> Signals:
    """Those of a post's mail."""
    _, seen = await one_post(request, who, id, Action.SEE_POST, "post.seen")
    return await _all(request, who, seen.post.mail, seen.mail.signals)


@router.put("/posts/{id}/signals/{kind}", tags=["posts"])
async def answer_of_post(request: Request, who: Who, id: IdInPath, kind: Kind, said: Said) -> Signals:
    """Answer to one of those of a post's mail."""
    _, seen = await one_post(request, who, id, Action.HANDLE_POST, "post.seen")
    await signals.answer(request, who, seen.post.mail, kind, said.answer)
    return await _all(request, who, seen.post.mail, seen.mail.signals)


async def _all(request: Request, who: Visitor, mail: str, found: Any) -> Signals:  # noqa: ANN401 - the contract's JSON, or pairs
    pairs = [(one["kind"], one["level"]) if isinstance(one, dict) else one for one in found]
    told = await signals.signals_told(request, who, mail, pairs)
    names = ("kind", "level", "pattern", "why", "answer")
    return Signals(items=[SignalFound(**{name: getattr(one, name) for name in names}) for one in told])
