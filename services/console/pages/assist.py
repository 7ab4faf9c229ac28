"""*Tilkald hjælp*: three large buttons; who is called, shown as it happens, until somebody says *Jeg kommer*."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console.assist import AssistSeen, Call, one_matter, unit_of
from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.incidents import by_of
from services.console.live import OVERVIEW
from services.console.notices import looked_at
from services.console.pages.live import topics
from services.console.recorded import recorded
from services.console.web import page, see
from services.store.desk import KeptMatter
from workflows.assistance import MOST_WHERE, Assistance, Kind, order_of
from workflows.decision import Sentence
from workflows.incident import Refused

router = APIRouter(prefix="/assist")
Someone = Annotated[Visitor, Depends(visitor)]


@router.get("")
async def offered(request: Request, who: Someone) -> HTMLResponse:
    """The buttons, and whom each calls first."""
    seen = AssistSeen(request, who)
    matters = await seen.matters()
    first = await first_called(request, seen)
    return page(request, "assist.html", matters=matters, first=first, topics=topics(request, who, OVERVIEW))


async def first_called(request: Request, seen: AssistSeen) -> dict[str, tuple[str, ...]]:
    """By button, the names of those who would be called first now."""
    house, unit = seen.desk.house(), unit_of(request, seen.who)
    there = await console_of(request).store.users.there(seen.now)
    kinds: tuple[Kind, ...] = ("leader", "colleague", "time_out")
    found = {kind: order_of(kind, seen.who.address, house.organisation.units.get(unit or ""), house, there) for kind in kinds}
    return {kind: tuple(map(seen.name, order[0])) if order else () for kind, order in found.items()}


@router.post("")
async def called(request: Request, who: Someone, kind: Annotated[Kind, Form()]) -> Response:
    """Call them. Who presses the same button again comes to the call that is open, while its help may be on its way."""
    return see((await AssistSeen(request, who).pressed(kind)).path)


@router.get("/{id}")
async def shown(request: Request, who: Someone, id: str) -> HTMLResponse:
    """One call, as it is now."""
    seen, kept = await one_matter(request, who, id, Assistance)
    await looked_at(request, who, id)
    return _page(request, seen, seen.call(kept))


@router.post("/{id}/coming")
async def coming(request: Request, who: Someone, id: str) -> Response:
    """*Jeg kommer*."""
    seen, call = await _one(request, who, id)
    if call.mine:
        raise HTTPException(404)
    return await _told(request, seen, call, await seen.desk.come(call.kept, by_of(who)))


@router.post("/{id}/nobody")
async def nobody(request: Request, who: Someone, id: str) -> Response:
    """*Der er ikke kommet nogen*: the caller says so, and calling goes on."""
    seen, call = await _own(request, who, id)
    return await _told(request, seen, call, await seen.desk.nobody_came(call.kept, by_of(who)))


@router.post("/{id}/where")
async def placed(request: Request, who: Someone, id: str, where: Annotated[str, Form(max_length=2 * MOST_WHERE)] = "") -> Response:
    """The caller tells where they are."""
    seen, call = await _own(request, who, id)
    return await _told(request, seen, call, await seen.desk.place(call.kept, where.strip(), by_of(who)))


@router.post("/{id}/over")
async def over(request: Request, who: Someone, id: str) -> Response:
    """It is over: the caller says so, or whoever came."""
    seen, call = await _one(request, who, id)
    if not (call.mine or call.i_come):
        raise HTTPException(404)
    return await _told(request, seen, call, await seen.desk.end(call.kept, by_of(who)))


@router.post("/{id}/nothing")
async def nothing(request: Request, who: Someone, id: str) -> Response:
    """There is nothing to report."""
    seen, call = await _own(request, who, id)
    return await _told(request, seen, call, await seen.desk.written(call.kept, by_of(who), reported=False))


async def _one(request: Request, who: Visitor, id: str) -> tuple[AssistSeen, Call]:
    seen, kept = await one_matter(request, who, id, Assistance)
    return seen, seen.call(kept)


async def _own(request: Request, who: Visitor, id: str) -> tuple[AssistSeen, Call]:
    seen, call = await _one(request, who, id)
    if not call.mine:
        await recorded(request, who, "access.refused", id, "assist.own")
        raise HTTPException(404)
    return seen, call


async def _told(request: Request, seen: AssistSeen, call: Call, found: KeptMatter | Refused) -> Response:
    """What was refused is told on the page as it is now: somebody else may have changed it meanwhile."""
    if isinstance(found, KeptMatter):
        return see(call.path)
    now = await seen.desk.matters.get(call.one.id)
    if now is None:
        raise HTTPException(404)
    return _page(request, seen, seen.call(now), found.because, status=409)


def _page(request: Request, seen: AssistSeen, call: Call, wrong: Sentence | None = None, *, status: int = 200) -> HTMLResponse:
    followed = topics(request, seen.who, call.one.id)
    return page(request, "assist_call.html", status=status, call=call, one=call.one, wrong=wrong, most=MOST_WHERE, topics=followed)
