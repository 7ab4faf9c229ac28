"""The stream of news that an open page listens to. A page is told its topics when it is made, under a seal: whoever was not
shown something can't ask whether it changes.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.console.auth.still import pass_of
from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.live import Busy, Listener, Live

router = APIRouter()


def topics(request: Request, who: Visitor, *about: str) -> str:
    """The address at which a page that ``who`` is shown hears of changes: ids of frameworks, citizens or mails, or ``OVERVIEW``."""
    return "/live?" + urlencode([*(("topic", one) for one in about), ("seal", _seal(request, who, about))])


@router.get("/live")
async def live(
    request: Request,
    who: Annotated[Visitor, Depends(visitor)],
    topic: Annotated[list[str], Query(max_length=20)],
    seal: str,
    last_event_id: Annotated[int | None, Header(ge=0, lt=1 << 63)] = None,
) -> Response:
    """Server-sent events: the topics that changed. 204 where the account has enough of them: a browser does not ask again."""
    if not hmac.compare_digest(_seal(request, who, topic).encode(), seal.encode()):
        raise HTTPException(404)
    bus = console_of(request).live
    try:
        listener = await bus.listen(who.account, topic, last_event_id, pass_of(who))
    except Busy:
        return Response(status_code=204)
    return StreamingResponse(_events(bus, listener), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(bus: Live, listener: Listener) -> AsyncIterator[str]:
    try:
        async for one in bus.events(listener):
            yield one
    finally:
        bus.leave(listener)


def _seal(request: Request, who: Visitor, about: tuple[str, ...] | list[str]) -> str:
    text = "\0".join(["live", who.account, *about])
    return hmac.new(console_of(request).store.key, text.encode(), hashlib.sha256).hexdigest()[:32]
