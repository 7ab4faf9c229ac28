"""Logging in and out: password, code, single sign-on, and what was being written when the last visit ended."""

from datetime import datetime
from typing import Annotated, assert_never

import structlog
from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.console.auth import single_sign_on
from services.console.auth.door import STEP, CodeNeeded, Entered, Refused, Wait
from services.console.auth.entrance import Entrance, entrance_of
from services.console.auth.oidc import LASTS, SignOnFailed
from services.console.auth.passwords import TooBusy
from services.console.auth.site import own_path
from services.console.auth.visitor import Visitor, visitor
from services.console.web import page, see, visitor_of
from services.console.words import N_
from workflows.audit import AuditRecord

router = APIRouter()
log = structlog.get_logger()
TICKET, SSO = "step", "sso"
BACK = "/login/oidc/back"
KEPT = "/login/kept"
Text = Annotated[str, Form(max_length=1000)]
WRONG = N_("Adressen eller adgangskoden passer ikke. Prøv igen.")
WRONG_CODE = N_("Koden passer ikke, eller den er brugt. Vent på den næste i din app, og prøv igen.")
TOO_LATE = N_("Der gik for lang tid. Begynd forfra.")
BUSY = N_("Mange logger ind lige nu. Prøv igen om et øjeblik.")
NOT_RECOGNISED = N_("Kommunens login kunne ikke genkende dig. Prøv igen, eller spørg IT.")
NO_ROLE = N_("Du er logget ind hos kommunen, men har ingen rolle i Rammevagt. Spørg IT, hvis du skal have en.")


@router.get("/login")
async def login(request: Request, next: str = "/") -> Response:
    """The page to log in on; whoever is in goes on."""
    return see(own_path(next)) if visitor_of(request) else _asked(request, next)


@router.post("/login")
async def enter(request: Request, address: Text = "", password: Text = "", next: Text = "/") -> Response:
    """Address and password."""
    entrance = entrance_of(request)
    if not entrance.local:
        raise HTTPException(404)
    try:
        found = await entrance.door.by_password(address, password, request.state.client, entrance.cookie_of(request))
    except TooBusy:
        return _asked(request, next, address=address, error=BUSY, status=503)
    match found:
        case Entered():
            return await _in(entrance, found, next)
        case CodeNeeded():
            answer = see("/login/code")
            entrance.set_cookie(answer, _with_path(entrance, found.ticket, next), TICKET, STEP)
            return answer
        case Wait():
            return _asked(request, next, address=address, until=found.until, status=429)
        case Refused():
            return _asked(request, next, address=address, error=WRONG, status=422)
        case _:
            assert_never(found)


@router.get("/login/code")
async def code_page(request: Request) -> Response:
    """The page for the code."""
    entrance = entrance_of(request)
    return _code_asked(request) if _ticket(entrance, request) else see("/login")


@router.post("/login/code")
async def enter_code(request: Request, code: Text = "") -> Response:
    """The code from the app."""
    entrance = entrance_of(request)
    opened = _ticket(entrance, request)
    if opened is None:
        return _asked(request, "/", error=TOO_LATE, status=422)
    ticket, following = opened
    found = await entrance.door.by_code(ticket, code, request.state.client, entrance.cookie_of(request))
    match found:
        case Entered():
            answer = await _in(entrance, found, following)
            entrance.drop_cookie(answer, TICKET)
            return answer
        case Wait():
            return _code_asked(request, until=found.until, status=429)
        case Refused():
            return _code_asked(request, error=WRONG_CODE, status=422)
        case None:
            return _asked(request, following, error=TOO_LATE, status=422)
        case _:
            assert_never(found)


@router.get("/login/oidc")
async def sign_on(request: Request, next: str = "/") -> Response:
    """On to the municipality's own login."""
    entrance = entrance_of(request)
    if entrance.provider is None:
        raise HTTPException(404)
    try:
        url, kept = await entrance.provider.start(entrance.site.origin(request.headers) + BACK, own_path(next))
    except SignOnFailed as error:
        return _not_recognised(request, error)
    answer = RedirectResponse(url, 303)
    entrance.set_cookie(answer, kept, SSO, LASTS)
    return answer


@router.get(BACK)
async def signed_on(request: Request) -> Response:
    """Back from there."""
    entrance = entrance_of(request)
    if entrance.provider is None:
        raise HTTPException(404)
    said = {name: value for name, value in request.query_params.items() if len(value) <= 4096}
    try:
        kept, back = entrance.cookie_of(request, SSO) or "", entrance.site.origin(request.headers) + BACK
        person, following = await entrance.provider.finish(said, kept, back)
        found = await single_sign_on.enter(
            entrance.users,
            entrance.door,
            entrance.clock,
            person,
            client=request.state.client,
            old=entrance.cookie_of(request),
        )
    except SignOnFailed as error:
        return _not_recognised(request, error)
    if isinstance(found, Refused):
        return _not_recognised(request, SignOnFailed("changed_meanwhile"))
    answer = await _in(entrance, found, following)
    entrance.drop_cookie(answer, SSO)
    return answer


@router.get(KEPT)
async def kept_page(request: Request) -> Response:
    """What was being written when the last visit ended."""
    who = await _visitor(request)
    entrance = entrance_of(request)
    form = await entrance.kept.waiting(who.account)
    if form is None:
        return see("/")
    fields = entrance.kept.fields(form)
    written = [value for _, value in fields if len(value) > 20]
    return page(request, "login_kept.html", kept=form, fields=fields, written=written)


@router.post(KEPT)
async def send_kept(request: Request, who: Annotated[Visitor, Depends(visitor)]) -> Response:
    """Send it after all, as it was, or leave it."""
    entrance = entrance_of(request)
    form = await entrance.kept.waiting(who.account)
    sent = await request.form()
    if form is None:
        return see("/")
    await entrance.kept.drop(who, form.path)
    return see("/") if "leave" in sent else RedirectResponse(form.path, 307)


@router.post("/logout")
async def leave(request: Request, who: Annotated[Visitor, Depends(visitor)]) -> Response:
    """End this session."""
    entrance = entrance_of(request)
    record = AuditRecord(entrance.clock.now(), who.account, "session.ended", who.account)
    await entrance.users.end_session(who.account, who.session, record)
    answer = see("/login")
    entrance.drop_cookie(answer)
    return answer


async def _visitor(request: Request) -> Visitor:
    who = visitor_of(request)
    if who is None:
        raise HTTPException(401)
    return who


async def _in(entrance: Entrance, found: Entered, following: str) -> Response:
    """On to where they wanted to go, or first to what waits for them."""
    waits = await entrance.kept.waiting(found.account.id)
    answer = see(KEPT if waits else own_path(following))
    entrance.set_cookie(answer, found.cookie)
    return answer


def _asked(
    request: Request,
    following: str,
    *,
    address: str = "",
    error: str | None = None,
    until: datetime | None = None,
    status: int = 200,
) -> Response:
    entrance = entrance_of(request)
    values = {"next": own_path(following), "address": address[:320], "error": error, "until": until}
    answer = page(request, "login.html", status=status, local=entrance.local, sso=entrance.provider is not None, **values)
    return _waiting(answer, entrance, until)


def _code_asked(request: Request, *, error: str | None = None, until: datetime | None = None, status: int = 200) -> Response:
    return _waiting(page(request, "login_code.html", status=status, error=error, until=until), entrance_of(request), until)


def _waiting(answer: Response, entrance: Entrance, until: datetime | None) -> Response:
    if until is not None:
        answer.headers["Retry-After"] = str(max(1, round((until - entrance.clock.now()).total_seconds())))
    return answer


def _not_recognised(request: Request, error: SignOnFailed) -> Response:
    why = str(error)
    log.warning("sign_on_failed", why=why)
    if why == "no_role":
        return _asked(request, "/", error=NO_ROLE, status=403)
    return _asked(request, "/", error=NOT_RECOGNISED, status=503 if why == "provider_away" else 403)


def _with_path(entrance: Entrance, ticket: str, following: str) -> str:
    return entrance.door.sealer.seal("ticket", [ticket, own_path(following)])


def _ticket(entrance: Entrance, request: Request) -> tuple[str, str] | None:
    opened = entrance.door.sealer.opened("ticket", entrance.cookie_of(request, TICKET) or "", entrance.clock.now())
    return (opened[0], opened[1]) if opened else None
