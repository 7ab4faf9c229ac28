"""Where a framework begins: for whom, and whether there is one already."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console import framework_words
from services.console.auth.visitor import Visitor, visitor
from services.console.citizens import searched
from services.console.concern import concerns
from services.console.context import console_of
from services.console.frameworks import doer_of, lifecycle_of
from services.console.move_records import RECORD
from services.console.pages.framework_moves import fields_of
from services.console.recorded import allowed, listed, recorded
from services.console.web import page, see
from services.store.dossiers import Kept
from services.store.looked_up import CitizenFound
from workflows.lifecycle import ENDED
from workflows.rights import Action, Reach, reach

router = APIRouter(prefix="/frameworks/new")
Someone = Annotated[Visitor, Depends(visitor)]
NAMES = {name: getattr(framework_words, name) for name in dir(framework_words) if name.isupper()}


@router.get("")
async def shown(request: Request, who: Someone, citizen: str = "") -> HTMLResponse:
    """Who it is about; with ``citizen`` (an id) what they have already."""
    await _leads(request, who)
    if not citizen:
        return page(request, "framework_new.html", citizen=None, found=None, q="", there=(), **NAMES)
    return await _of(request, who, await _citizen(request, who, citizen))


@router.post("")
async def begun(request: Request, who: Someone) -> Response:
    """Look for a citizen, whose name no address of a page carries; or begin."""
    await _leads(request, who)
    form = await fields_of(request)
    if id := form.get("citizen", ""):
        return await _begun(request, who, await _citizen(request, who, id))
    q = form.get("q", "")[:320]
    found = (await searched(request, who, q.strip())).items if q.strip() else None
    await listed(request, who, [one.citizen.id for one in found or ()])
    return page(request, "framework_new.html", citizen=None, found=found, q=q, there=(), **NAMES)


async def _leads(request: Request, who: Visitor) -> None:
    if reach(who.rights, Action.WRITE_FRAMEWORK) is Reach.NONE:
        await recorded(request, who, "access.refused", "frameworks", "new")
        raise HTTPException(404)


async def _citizen(request: Request, who: Visitor, id: str) -> CitizenFound:
    """A citizen of the visitor's units; of any leader's, where they have no case yet."""
    found = await console_of(request).store.views.citizen(id) if len(id) <= 64 else None
    if found is None:
        raise HTTPException(404)
    units = {one.unit for one in found.cases} or who.units
    await allowed(request, who, Action.WRITE_FRAMEWORK, id, units, caseworkers=[one.caseworker for one in found.cases])
    await recorded(request, who, "citizen.read", id)
    return found


async def _of(request: Request, who: Visitor, found: CitizenFound) -> HTMLResponse:
    about = concerns(request)
    kept = await about.store.dossiers.of_citizen(found.citizen.id)
    living = [one for one in kept if one.dossier.framework.state not in ENDED]
    there = [one for one in living if (await about.framework(one)).opens_to(who.rights, Action.SEE_FRAMEWORK)]
    return page(request, "framework_new.html", citizen=found.citizen, found=None, q="", there=there, **NAMES)


async def _begun(request: Request, who: Visitor, found: CitizenFound) -> Response:
    lifecycle = lifecycle_of(request)
    new = lifecycle.begin(found.citizen.id)
    answer = await lifecycle.move(new, RECORD.validate_python({"move": "drafted"}), doer_of(request, who))
    if not isinstance(answer, Kept):
        raise HTTPException(403)
    return see(f"/frameworks/{answer.dossier.framework.id}/write/scope")
