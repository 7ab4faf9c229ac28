"""*Drift*: how the guard is, for IT operations."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from services.console.allowed import only
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.operations import KINDS, PARTS, operations_of, settings_shown
from services.console.web import page, see
from workflows.audit import AuditRecord
from workflows.rights import Action

router = APIRouter(prefix="/operations")
It = Annotated[Visitor, Depends(only(Action.SEE_OPERATIONS))]


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
        versions=await here.versions(),
        settings=settings_shown(console_of(request).settings),
        said=said,
    )


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
