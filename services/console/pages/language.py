"""The other language, one click away."""

from fastapi import APIRouter, HTTPException
from starlette.responses import RedirectResponse

from services.console.web import COOKIE, see
from services.console.words import LANGUAGES

router = APIRouter()
YEAR = 365 * 24 * 3600


@router.get("/language/{language}")
async def choose(language: str, back: str = "/") -> RedirectResponse:
    """Remember ``language`` in this browser, and go ``back`` to a page of ours."""
    if language not in LANGUAGES:
        raise HTTPException(404)
    ours = back.startswith("/") and not back.startswith("//") and back.isprintable() and "\\" not in back
    answer = see(back if ours else "/")
    answer.set_cookie(COOKIE, language, max_age=YEAR, httponly=True, samesite="lax")
    return answer
