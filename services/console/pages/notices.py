"""*Beskeder*: somebody's own notices, and the link in a notice by which its reader says that they have seen it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.live import OVERVIEW
from services.console.notices import addresses_of, listed, wanted, ways_from
from services.console.pages.live import topics
from services.console.web import page, see
from workflows.notice_rules import is_red
from workflows.notice_seen import id_of

router = APIRouter()
FIRST_YEAR = 1970
Who = Annotated[Visitor, Depends(visitor)]


@router.get("/notices")
async def notices(request: Request, who: Who, after: Annotated[str | None, Query(max_length=500)] = None) -> HTMLResponse:
    """The newest first. Looking changes nothing: whoever has read them says so."""
    found = await listed(request, who, after)
    unseen = [one for one in found.items if one.kept.seen_at is None]
    span = (found.items[-1].kept.at, found.items[0].kept.at) if unseen else None
    return page(request, "notices.html", found=found, span=span, after=after, topics=topics(request, who, OVERVIEW))


@router.post("/notices/seen")
async def seen(
    request: Request, who: Who, since: Annotated[AwareDatetime, Form()], before: Annotated[AwareDatetime, Form()]
) -> Response:
    """They have seen those that were shown: made in this time."""
    await console_of(request).store.notices.seen(addresses_of(request, who), since=_plain(since), before=_plain(before))
    return see("/notices")


def _plain(at: datetime) -> datetime:
    """An instant that the store can keep. Raises 422."""
    if not FIRST_YEAR <= at.year < datetime.max.year:
        raise HTTPException(422)
    return at


@router.get("/n/{token}")
async def asked(request: Request, token: str) -> HTMLResponse:
    """What there is to do, and a button; nothing of what the notice is about: programs that look after links open this too."""
    console = console_of(request)
    id = id_of(console.store.key, token)
    if id is None:
        raise HTTPException(404)
    found = await console.store.notices.get(id)
    thing, urgent = found and wanted(request, found), found and is_red(found.notice)
    return page(request, "notice_seen.html", said=None, thing=thing, urgent=urgent, ways=ways_from(found, token) if found else None)


@router.post("/n/{token}")
async def said(request: Request, token: str) -> HTMLResponse:
    """Its reader has seen it, and what it was told together with."""
    store = console_of(request).store
    id = id_of(store.key, token)
    found = await store.notices.get(id) if id is not None else None
    if found is None:
        raise HTTPException(404)
    new = await store.notices.seen_link(found)
    done, thing = "now" if new else "before", wanted(request, found)
    return page(request, "notice_seen.html", said=done, thing=thing, urgent=False, ways=ways_from(found, token))
