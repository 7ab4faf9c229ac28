"""What a visitor sees when something is wrong: a page, or problem+json (RFC 9457) for programs."""

import traceback
from pathlib import Path

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.aside import Undone
from services.console import problems
from services.console.problems import Problem, is_for_programs
from services.console.web import page
from services.console.words import N_
from services.store.interface import StoreUnavailable

log = structlog.get_logger()
KNOWN = {
    401: (N_("Log ind først"), N_("Du er ikke logget ind, eller du har været væk så længe, at du er logget ud igen.")),
    403: (N_("Det må du ikke"), N_("Din rolle giver ikke lov til det. Spørg din leder, hvis du mener, at den bør.")),
    404: (N_("Siden findes ikke"), N_("Adressen er forkert, siden findes ikke mere, eller du har ikke adgang til den.")),
    405: (N_("Det kan ikke gøres her"), N_("Gå tilbage, og brug knapperne på siden.")),
    413: (N_("Filen er for stor"), N_("Der kan ikke sendes så meget på én gang.")),
    422: (N_("Noget i formularen passer ikke"), N_("Gå tilbage, og se felterne igennem.")),
    429: (N_("Vent lidt"), N_("Der er kommet mange forespørgsler på kort tid. Prøv igen om et minut.")),
    500: (N_("Noget gik galt hos os"), N_("Fejlen er noteret. Det, du havde gemt, er gemt. Prøv igen om lidt.")),
    503: (N_("Databasen svarer ikke lige nu"), N_("Post modtages stadig og går ikke tabt. Prøv igen om lidt.")),
}
ABOVE = {"HX-Retarget": "#trouble", "HX-Reswap": "innerHTML", "HX-Reselect": "#told"}
OTHER = (N_("Det kan ikke gøres"), N_("Gå tilbage, og prøv igen."))


UNDONE = (
    N_("Det lykkedes ikke denne gang"),
    N_("Det tog for lang tid eller gik galt undervejs. Intet er ændret. Prøv igen om lidt."),
)


def told(request: Request, status: int, headers: dict[str, str] | None = None, words: tuple[str, str] | None = None) -> Response:
    """The answer for ``status``; to people in ``words`` (title and text) where those are given."""
    if is_for_programs(request):
        return problems.answer(status, headers=headers)
    title, text = words or KNOWN.get(status, OTHER)
    part = "HX-Request" in request.headers  # a script asked for a part of a page: the page stays, and this is told above it
    answer = page(request, "trouble.html" if part else "error.html", status=status, code=status, title=title, text=text)
    answer.headers.update((headers or {}) | (ABOVE if part else {}))
    return answer


def handle(app: FastAPI) -> None:
    """Have ``app`` answer so."""

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if is_for_programs(request) and isinstance(error, Problem):
            return problems.answer(error.status_code, error.detail, dict(error.headers or {}), **error.more)
        return told(request, error.status_code, dict(error.headers or {}))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if is_for_programs(request):
            return problems.answer(422, errors=[{"where": list(one["loc"]), "what": one["type"]} for one in error.errors()])
        return told(request, 422)

    async def unavailable(request: Request, _: Exception) -> Response:
        return told(request, 503, {"Retry-After": "5"})

    async def undone(request: Request, _: Exception) -> Response:
        return told(request, 503, {"Retry-After": "5"}, UNDONE)

    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(StoreUnavailable, unavailable)
    app.add_exception_handler(Undone, undone)


class Failures:
    """Outermost: an error that nobody expected is noted without what it was about, and told plainly."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 500 where nothing was answered yet."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            places = [
                f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)[-4:]
            ]
            log.error("page_failed", error=type(error).__name__, where=" ".join(places))
            if not begun and scope["type"] == "http":
                await told(Request(scope), 500)(scope, receive, send)
