"""*Register*: units, employees and open addresses; the file of them out and in."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from services.bad_input import BadInput
from services.console.allowed import only
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.importing import Handed, Proposal, Waiting, exported, proposed
from services.console.web import page, see
from services.console.words import N_
from services.settings import ZONE
from services.store.own_side import load_own_side, stored_own_side
from workflows.audit import AuditRecord
from workflows.facts import Organisation
from workflows.people import Employee, OpenAddress, Unit
from workflows.rights import Action

router = APIRouter(prefix="/register")
Reader = Annotated[Visitor, Depends(only(Action.SEE_REGISTER))]
It = Annotated[Visitor, Depends(only(Action.CHANGE_REGISTER))]
AT_ONCE = 50  # entries a page
FAULTS_SHOWN = 100
VIEWS = {"units": N_("Enheder"), "employees": N_("Medarbejdere"), "open": N_("Åbne adresser")}
KINDS = {
    "units": N_("Enheder"),
    "employees": N_("Medarbejdere"),
    "open_addresses": N_("Åbne adresser"),
    "authorities": N_("Myndigheder"),
}


class Asked(BaseModel):
    """Which list, what is searched for, and which page of it."""

    view: str = "units"
    q: str = Field(default="", max_length=200)
    page: int = Field(default=1, ge=1, le=100_000)
    said: str = ""


@router.get("")
async def register(request: Request, who: Reader, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """One of the lists, searched."""
    view = asked.view if asked.view in VIEWS else "units"
    organisation = console_of(request).store.organisation()
    lists = _lists(organisation)
    found = [one for one in lists[view] if _is_about(one, asked.q.strip().casefold())]
    last = max(1, -(-len(found) // AT_ONCE))
    number = min(asked.page, last)
    return page(
        request,
        "register.html",
        view=view,
        views=VIEWS,
        counts={name: len(entries) for name, entries in lists.items()},
        q=asked.q,
        found=found[AT_ONCE * (number - 1) : AT_ONCE * number],
        number=number,
        last=last,
        units=organisation.units,
        may_import=who.role == "it",
        said=asked.said,
    )


def _lists(organisation: Organisation) -> dict[str, Sequence[Unit | Employee | OpenAddress]]:
    units = sorted(organisation.units.values(), key=lambda one: one.name)
    employees = sorted({one.address: one for one in organisation.employees.values()}.values(), key=lambda one: one.name)
    roads = [OpenAddress(address=address, kind=kind) for address, kind in sorted(organisation.open_addresses.items())]
    return {"units": units, "employees": employees, "open": roads}


def _is_about(one: Unit | Employee | OpenAddress, wanted: str) -> bool:
    """Whether ``wanted`` stands in any field."""
    return not wanted or any(wanted in str(value).casefold() for value in one.model_dump(exclude_none=True).values())


@router.get("/export")
async def export(request: Request, who: It) -> Response:
    """The municipality's own side as a file."""
    console = console_of(request)
    text = await asyncio.to_thread(exported, await stored_own_side(console.store))
    now = console.clock.now()
    await console.store.append_audit(AuditRecord(now, who.account, "register.exported", "register"))
    name = f"register-{now.astimezone(ZONE).date()}.yaml"
    return PlainTextResponse(text, media_type="application/yaml", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/import")
async def choose(request: Request, _: It) -> HTMLResponse:
    """Where a file is handed in."""
    return page(request, "register_import.html", kinds=KINDS, faults=(), more=0, handed=None)


@router.post("/import")
async def hand_in(request: Request, who: It) -> Response:
    """Check a file, and show what it would change."""
    async with request.form(max_files=1, max_fields=5) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            return _refused(request, [])
        name, content = file.filename[:100], await file.read()
    try:
        return _shown(request, who, name, content, await proposed(console_of(request), name, content))
    except BadInput as error:
        return _refused(request, error.lines)


@router.post("/import/confirm")
async def confirm(request: Request, who: It) -> Response:
    """Do what was shown; where the register has changed meanwhile, show it anew."""
    console = console_of(request)
    waiting = _waiting(request)
    handed = waiting.of(who.account, console.clock.now())
    if handed is None:
        return see("/register/import?said=gone")
    try:
        proposal = await proposed(console, handed.name, handed.content)
    except BadInput as error:
        return _refused(request, error.lines)
    if proposal.changes != handed.changes:
        return _shown(request, who, handed.name, handed.content, proposal, again=True)
    await load_own_side(
        console.store, proposal.own_side, AuditRecord(console.clock.now(), who.account, "register.loaded", "register")
    )
    waiting.forget(who.account)
    return see("/register?said=imported")


def _shown(request: Request, who: Visitor, name: str, content: bytes, proposal: Proposal, *, again: bool = False) -> HTMLResponse:
    """What the file would change; it waits for a yes."""
    handed = Handed(name, content, proposal.changes, console_of(request).clock.now())
    _waiting(request).keep(who.account, handed)
    return page(request, "register_import.html", kinds=KINDS, faults=(), more=0, handed=handed, again=again)


def _refused(request: Request, lines: Sequence[str]) -> HTMLResponse:
    shown, more = lines[:FAULTS_SHOWN], len(lines) - FAULTS_SHOWN
    return page(
        request, "register_import.html", status=422, kinds=KINDS, faults=shown, more=max(more, 0), handed=None, missing=not lines
    )


def _waiting(request: Request) -> Waiting:
    state = request.app.state
    if not hasattr(state, "handed"):
        state.handed = Waiting()
    found = state.handed
    assert isinstance(found, Waiting)
    return found
