"""*Mønstre*: how often each pattern of the signal words was useful or wrong, so that bad ones get mended. It shows no people."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.allowed import only
from services.console.auth.visitor import Visitor
from services.console.mail_words import LEVEL_CHIPS, LEVELS, SIGNALS
from services.console.patterns import patterns_told
from services.console.web import page
from workflows.rights import Action

router = APIRouter(prefix="/patterns")


@router.get("")
async def patterns(request: Request, _: Annotated[Visitor, Depends(only(Action.SEE_PATTERNS))]) -> HTMLResponse:
    """Those that were wrong most often first."""
    rows = await patterns_told(request)
    told, rare = [one for one in rows if not one.is_rare], [one for one in rows if one.is_rare]
    return page(request, "patterns.html", told=told, rare=rare, signals=SIGNALS, levels=LEVELS, level_chips=LEVEL_CHIPS)
