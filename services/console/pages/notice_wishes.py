"""How somebody wants to be told: where, when, and in which language."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.notice_wishes import (
    BY_MAIL,
    HERE_ALONE,
    LANGUAGES,
    MOST_DIGESTS,
    MOST_WAYS,
    Errors,
    Filled,
    filled_of,
    read,
)
from services.console.notices import addresses_of
from services.console.web import page, see, words_of
from workflows.audit import AuditRecord
from workflows.notice_rules import CONSOLE, MAIL

router = APIRouter(prefix="/account/notices")
Who = Annotated[Visitor, Depends(visitor)]


@router.get("")
async def wishes(request: Request, who: Who, done: str = "") -> HTMLResponse:
    """As they are."""
    kept = await console_of(request).store.notices.preferences(addresses_of(request, who)[0])
    return _page(request, filled_of(kept), done=done == "saved")


@router.post("")
async def choose(request: Request, who: Who) -> Response:
    """As they are to be. Who they are on a channel stands in no record of it."""
    console = console_of(request)
    filled = _filled(await request.form(), [one.name for one in console.settings.notifications.channels])
    wanted, errors = read(filled, console.settings.notifications.channels)
    if errors:
        return _page(request, filled, errors)
    data = {
        "channels": list(wanted.channels),
        "quiet": [f"{one:%H:%M}" for one in wanted.quiet or ()],
        "digest": [f"{one:%H:%M}" for one in wanted.digest],
        "language": wanted.language,
    }
    record = AuditRecord(console.clock.now(), who.account, "user.notices_chosen", who.account, data)
    await console.store.notices.prefer(addresses_of(request, who)[0], wanted, record)
    return see("/account/notices?done=saved")


def _filled(form: FormData, channels: list[str]) -> Filled:
    def text(name: str) -> str:
        found = form.get(name)
        return found if isinstance(found, str) else ""

    return Filled(
        ways=[text(f"way-{place}") for place in range(1, MOST_WAYS + 1)],
        handles={one: text(f"handle-{one}") for one in channels},
        quiet=(text("quiet-from"), text("quiet-until")),
        digest=[text(f"digest-{place}") for place in range(1, MOST_DIGESTS + 1)],
        language=text("language"),
    )


def _page(request: Request, filled: Filled, errors: Errors | None = None, *, done: bool = False) -> HTMLResponse:
    channels, words = console_of(request).settings.notifications.channels, words_of(request)
    told = [(name, words.gettext(text) % values) for name, text, values in errors or ()]
    ways = [(MAIL, words.gettext(BY_MAIL)), *((one.name, one.title) for one in channels), (CONSOLE, words.gettext(HERE_ALONE))]
    return page(
        request,
        "account_notices.html",
        status=422 if errors else 200,
        filled=filled,
        ways=ways,
        places=min(MOST_WAYS, len(ways)),
        channels=channels,
        digests=[*filled.digest, *[""] * MOST_DIGESTS][:MOST_DIGESTS],
        written_in=[(code, words.gettext(text), None) for code, text in LANGUAGES.items()],
        errors=told,
        error=dict(told),
        done=done,
    )
