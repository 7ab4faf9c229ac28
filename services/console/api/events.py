"""What changes, as server-sent events: ids and codes alone. Whoever needs more asks for it, and that is recorded."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.console.api.asking import Who
from services.console.auth.still import pass_of
from services.console.auth.visitor import Visitor
from services.console.concern import Concerns, Matter, concerns, opened
from services.console.context import console_of
from services.console.live import OVERVIEW, Busy, Listener, Live
from services.console.recorded import recorded
from workflows.rights import Action

router = APIRouter(prefix="/events", tags=["events"])
STREAM = {200: {"description": "`event` is the subject that changed, `id` where to go on.", "content": {"text/event-stream": {}}}}


@router.get("", response_class=StreamingResponse, responses=STREAM)  # type: ignore[arg-type]
async def events(
    request: Request,
    who: Who,
    subject: Annotated[
        list[str] | None,
        Query(max_length=20, description="Ids of frameworks, mails and citizens; none: that there is something to do."),
    ] = None,
    last_event_id: Annotated[int | None, Header(ge=0, lt=1 << 62)] = None,
) -> Response:
    """Tells which of the subjects changed, within about a second, whoever changed it. A connection lasts a quarter of an hour."""
    concerned = concerns(request)
    for one in subject or ():
        await _seen(request, who, concerned, one)
    bus = console_of(request).live
    try:
        listener = await bus.listen(f"token:{who.token or who.account}", subject or [OVERVIEW], last_event_id, pass_of(who))
    except Busy:
        raise HTTPException(429, "This token listens already.", {"Retry-After": "60"}) from None
    return StreamingResponse(_events(bus, listener), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _seen(request: Request, who: Visitor, concerned: Concerns, id: str) -> None:
    """Returns where ``who`` may see what ``id`` is, and that is recorded; else 404."""
    action, noted, matter = await _about(concerned, id)
    if matter is None:
        raise HTTPException(404)
    await opened(request, who, action, id, matter)
    await recorded(request, who, noted, id)


async def _about(concerned: Concerns, id: str) -> tuple[Action, str, Matter | None]:
    if kept := await concerned.dossier(id):
        return Action.SEE_FRAMEWORK, "framework.read", await concerned.framework(kept)
    if mail := await concerned.store.views.mail(id):
        return Action.SEE_MAIL, "mail.read", await concerned.found(mail)
    citizen = await concerned.store.views.citizen(id)
    return Action.SEE_CITIZEN, "citizen.read", await concerned.citizen(id, citizen.cases) if citizen else None


async def _events(bus: Live, listener: Listener) -> AsyncIterator[str]:
    try:
        async for one in bus.events(listener):
            yield one
    finally:
        bus.leave(listener)
