"""*Drift*: how the guard is, for IT operations."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.allowed import only
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.operations import HOPS, KINDS, PARTS, operations_of, settings_shown
from services.console.recorded import recorded
from services.console.watched import Watched, of_one_client, watched
from services.console.web import page, see
from workflows.audit import AuditRecord
from workflows.mailbox_state import Said
from workflows.rights import Action

router = APIRouter(prefix="/operations")
It = Annotated[Visitor, Depends(only(Action.SEE_OPERATIONS))]
Mender = Annotated[Visitor, Depends(only(Action.MEND_MAILBOX))]
NO_WATCH = Said(
    "Det kan ikke prøves herfra, for denne proces kan ikke logge på postkasser.",
    "It can't be tried from here, since this process can't log in to mailboxes.",
)


@router.get("")
async def operations(request: Request, _: It, said: str = "") -> HTMLResponse:
    """Everything at a glance."""
    here = operations_of(request)
    state = await here.state()
    return page(
        request,
        "operations.html",
        state=state,
        needs=state.needs(),
        busy=here.books.busy or here.chain.busy,
        checking=here.chain.busy,
        parts=PARTS,
        kinds=KINDS,
        hops=HOPS,
        versions=await here.versions(),
        settings=settings_shown(console_of(request).settings),
        said=said,
    )


@router.get("/mailboxes/{code}")
async def login(request: Request, who: Mender, code: str) -> HTMLResponse:
    """Mend the login of a mailbox."""
    return _login_page(request, *await _box(request, who, code))


class Secret(BaseModel):
    """A new password or client secret. It is shown to nobody again."""

    csrf: str = ""
    secret: str = Field(min_length=1, max_length=2000)


@router.post("/mailboxes/{code}")
async def mended(request: Request, who: Mender, code: str, filled: Annotated[Secret, Form()]) -> Response:
    """Try it against the mail server; only what it takes is kept."""
    console, (box, others) = console_of(request), await _box(request, who, code)
    if console.mend is None:
        return _login_page(request, box, others, NO_WATCH)
    because = await console.mend(code, filled.secret)
    action = "mailbox.login_refused" if because else "mailbox.login_mended"
    for one in (box, *([] if because else others)):
        await console.store.append_audit(AuditRecord(console.clock.now(), who.account, action, one.code))
    return _login_page(request, box, others, because) if because else see("/operations?said=mended#mailboxes")


async def _box(request: Request, who: Visitor, code: str) -> tuple[Watched, list[Watched]]:
    """The mailbox, and the others that log in with its client."""
    boxes = await watched(console_of(request))
    found = next((one for one in boxes if one.code == code), None)
    if found is None:
        await recorded(request, who, "access.refused", code, Action.MEND_MAILBOX.value)
        raise HTTPException(404)
    return found, of_one_client(boxes, found)


def _login_page(request: Request, box: Watched, others: list[Watched], because: Said | None = None) -> HTMLResponse:
    return page(request, "mailbox_login.html", status=422 if because else 200, box=box, others=others, because=because)


@router.post("/chain")
async def walk(request: Request, _: It) -> RedirectResponse:
    """Walk the audit chain; the page tells what came of it."""
    await operations_of(request).chain.ask()
    return see("/operations#chain")


@router.post("/retry")
async def retry(request: Request, who: It) -> RedirectResponse:
    """Try now what was tried before and waits; not what waits for somebody's working hours."""
    console = console_of(request)
    now = console.clock.now()
    ids = [one.id for one in await console.store.queue() if one.attempts or one.error]
    if ids:
        count = await console.store.retry(ids, now)
        await console.store.append_audit(AuditRecord(now, who.account, "queue.retried", "all", {"count": count}))
    return see("/operations?said=retried")
