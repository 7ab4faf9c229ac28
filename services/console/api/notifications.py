"""Notices (*beskeder*): who was told of which mail, how urgently, and whether it has reached them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel
from starlette.requests import Request

from services.console.api.asking import Ascii, Listed, Who
from services.console.api.mails import OfUnit
from services.console.auth.visitor import Visitor
from services.console.concern import concerns
from services.console.frameworks import doer_of
from services.console.mail_search import Sought, found
from services.console.problems import Problem, problems
from services.console.recorded import allowed, recorded
from services.settings import ZONE
from services.store.looked_up import Notice
from workflows.rights import Action, Reach, reach

router = APIRouter(prefix="/notifications", tags=["notifications"])


class Notification(BaseModel):
    """One notice. ``mail`` is what it is about: the id of a mail, or of a framework. ``due`` is when it is sent: a caseworker's
    waits for working hours. ``urgency`` and ``role`` are those of the mail's assessment, where it names this person."""

    id: str
    mail: str
    to: str
    role: str | None
    urgency: str | None
    state: str
    queued_at: AwareDatetime
    due: AwareDatetime
    finished_at: AwareDatetime | None


@router.get("", response_model=Listed[Notification], responses=problems(409))
async def notifications(request: Request, who: Who, asked: Annotated[OfUnit, Query()]) -> Ascii:
    """Yours, the newest first. With ``citizen`` or ``unit`` those to anybody about their mails that you may see, by mail: then
    ``limit`` counts mails."""
    if asked.citizen is None and asked.unit is None:
        return await _own(request, who, asked)
    if reach(who.rights, Action.SEE_MAIL) is Reach.NONE:
        await allowed(request, who, Action.SEE_MAIL, "notifications")
    await recorded(request, who, "notifications.read", asked.citizen or asked.unit or "notifications")
    concerned = concerns(request)
    page = await found(concerned, who, Sought(asked.citizen, asked.unit), limit=asked.limit, after=asked.cursor)
    if page is None:
        raise Problem(409, "Name a citizen: you see mails under the frameworks that you were asked about.")
    notices = await concerned.store.views.notices([one.id for one in page.items])
    return Ascii({"items": [_told(one) for one in notices], "next": page.after})


async def _own(request: Request, who: Visitor, asked: OfUnit) -> Ascii:
    """What somebody was told is theirs to read again, whatever they may see by now: it is ids and codes."""
    await recorded(request, who, "notifications.read", who.account)
    own = doer_of(request, who).actor.addresses
    page = await concerns(request).store.views.notices_to(own, limit=asked.limit, after=asked.cursor)
    return Ascii({"items": [_told(one) for one in page.items], "next": page.after})


def _told(one: Notice) -> dict[str, Any]:
    names = ("id", "mail", "to", "role", "urgency", "state")
    finished = one.finished_at.astimezone(ZONE).isoformat() if one.finished_at else None
    return {name: getattr(one, name) for name in names} | {
        "queued_at": one.queued_at.astimezone(ZONE).isoformat(),
        "due": one.due.astimezone(ZONE).isoformat(),
        "finished_at": finished,
    }
