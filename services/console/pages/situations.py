"""Situations on a citizen's cases: a leader notes what happened and on which day, and takes it away again."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.console.citizens import opened
from services.console.context import console_of
from services.console.pages.citizens import Problems, shown
from services.console.situations import Typed, cases_to_note, noted
from services.console.visitors import Reader
from services.console.web import see
from workflows.rights import Action

router = APIRouter(prefix="/citizens")


@router.post("/{id}/situations")
async def note(request: Request, who: Reader, id: str, typed: Annotated[Typed, Form()]) -> Response:
    """Something happened in a case."""
    found = await opened(request, who, id, Action.NOTE_SITUATION)
    told = await noted(request, who, found, typed)
    return await shown(request, who, found, problems=Problems(typed, told)) if told else see(f"{found.path}#situations")


@router.post("/{id}/situations/{situation}/remove")
async def remove(request: Request, who: Reader, id: str, situation: str) -> Response:
    """It was noted by mistake, or is over."""
    found = await opened(request, who, id, Action.NOTE_SITUATION)
    store, mine = console_of(request).store, cases_to_note(who.rights, found.cases)
    there = await store.situations.of_citizen(found.id)
    if not any(one.id == situation and one.case in mine for one in there):
        raise HTTPException(404)
    await store.situations.remove(situation, person=who.rights.address, actor=who.account)
    return see(f"{found.path}#situations")
