"""*Hjælp lige nu*: what to do when something hard happens. For everybody who is logged in; nothing about a citizen stands here.

Who looks up what is not recorded: it tells nothing of a citizen, and something of whoever needed it (``domain.md`` (i) 17).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.auth.visitor import Visitor, visitor
from services.console.playbooks import calls, playbooks_of
from services.console.web import page
from workflows.playbooks import SITUATIONS

router = APIRouter(prefix="/playbooks")
Someone = Annotated[Visitor, Depends(visitor)]


@router.get("")
async def listed(request: Request, who: Someone) -> HTMLResponse:
    """Every situation, each with its one thing to do."""
    found = playbooks_of(request)
    return page(request, "playbooks.html", playbooks=[(one, found.of(one)) for one in SITUATIONS], shaken=found.shaken)


@router.get("/{situation}")
async def shown(request: Request, who: Someone, situation: str) -> HTMLResponse:
    """One of them: the one thing to do first, whom to call, and the rest below."""
    known = next((one for one in SITUATIONS if one == situation), None)
    if known is None:
        raise HTTPException(404)
    found = playbooks_of(request)
    one = found.of(known)
    return page(request, "playbook.html", one=one, calls=calls(request, who, one.call), shaken=found.shaken)
