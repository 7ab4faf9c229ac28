"""Notices (*beskeder*): who was told of which mail, how urgently, and whether it has reached them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel
from starlette.requests import Request

from services.console.api.asking import Ascii, Listed, Who
from services.console.api.mails import OfUnit
from services.console.concern import concerns
from services.console.mail_search import Sought, found
from services.console.problems import Problem, problems
from services.console.recorded import allowed, recorded
from services.settings import ZONE
from services.store.looked_up import Notice
from workflows.rights import Action, Reach, reach

router = APIRouter(prefix="/notifications", tags=["notifications"])


class Notification(BaseModel):
    """One notice. ``due`` is when it is sent: a caseworker's waits for working hours. ``urgency`` and ``role`` are those of the
    mail's assessment, where it names this person."""

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
    """Those about the mails that you may see, by mail, the newest first. ``limit`` counts mails."""
    if reach(who.rights, Action.SEE_MAIL) is Reach.NONE:
        await allowed(request, who, Action.SEE_MAIL, "notifications")
    await recorded(request, who, "notifications.read", asked.citizen or asked.unit or "notifications")
    concerned = concerns(request)
    page = await found(concerned, who, Sought(asked.citizen, asked.unit), limit=asked.limit, after=asked.cursor)
    if page is None:
        raise Problem(409, "Name a citizen: you see mails under the frameworks that you were asked about.")
    notices = await concerned.store.views.notices([one.id for one in page.items])
    return Ascii({"items": [_told(one) for one in notices], "next": page.after})


def _told(one: Notice) -> dict[str, Any]:
    names = ("id", "mail", "to", "role", "urgency", "state")
    finished = one.finished_at.astimezone(ZONE).isoformat() if one.finished_at else None
    return {name: getattr(one, name) for name in names} | {
        "queued_at": one.queued_at.astimezone(ZONE).isoformat(),
        "due": one.due.astimezone(ZONE).isoformat(),
        "finished_at": finished,
    }
