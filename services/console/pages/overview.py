"""The front page."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.auth.visitor import Visitor, visitor
from services.console.web import page

router = APIRouter()


@router.get("/")
async def overview(request: Request, _: Annotated[Visitor, Depends(visitor)]) -> HTMLResponse:
    """What needs something from the visitor."""
    return page(request, "overview.html")
