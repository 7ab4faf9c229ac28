"""In front of every page: the right name, no more than so many requests, a session or a token, and forms from our own pages only.

Everything needs a session but what ``OPEN`` names; under ``/api/`` a token. What is new is so closed until somebody opens it.
"""

import hmac
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.auth.body import MOST, Body
from services.console.auth.door import hash_of, is_open
from services.console.auth.entrance import Entrance, entrance_of
from services.console.auth.kept import CSRF
from services.console.auth.scopes import API_PAGE, scope_needed
from services.console.auth.site import UNSAFE, own_path
from services.console.auth.visitor import Visitor, visitor_from
from services.console.errors import told
from services.store.account_values import UserSession
from services.store.interface import StoreUnavailable
from workflows.audit import AuditRecord

log = structlog.get_logger()
OPEN = ("/login", "/language/", "/favicon.ico", "/n/")
WITHOUT_TOKEN = frozenset({"/login", "/login/code"})  # there is no session yet
BY_LINK = ("/n/",)  # what stands in the address is the secret: no session has to be there
NEVER_KEPT = ("/login", "/logout", "/account", "/operations/mailboxes")  # passwords are no writing
WHILE_TEMPORARY = ("/account/password", "/logout", "/language/")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ANONYMOUS_BYTES = 64 * 1024

NOTED_EVERY = 60  # seconds between notes that a session is used
HSTS = "max-age=31536000; includeSubDomains"


@dataclass(frozen=True, slots=True)
class Known:
    """The session that a cookie names, and its visitor while it is open."""

    session: UserSession | None = None
    visitor: Visitor | None = None


class Access:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is refused is answered here."""
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        entrance = entrance_of(request)
        body = Body(receive, request.headers.get("content-length", ""))
        try:
            answer = await self._refusal(request, entrance, body)
        except HTTPException as error:
            answer = told(request, error.status_code)
        except MultiPartException:
            answer = told(request, 422)
        except StoreUnavailable:
            answer = told(request, 503, {"Retry-After": "5"})
        sending = _secured(send) if entrance.site.secure else send
        await (answer or self.app)(scope, body.receive, sending)

    async def _refusal(self, request: Request, entrance: Entrance, body: Body) -> Response | None:
        """The answer to a request that goes no further; None where it may."""
        if not entrance.site.is_here(request.headers):
            return PlainTextResponse("Skriv konsollens egen adresse (console.public_url).\n", 421)
        if request.method not in SAFE | UNSAFE:
            return told(request, 405, {"Allow": "GET, HEAD, POST"})
        request.state.client = entrance.site.client(request)
        if request.url.path.startswith("/api/"):
            return await self._program(request, entrance, body)
        known = await self._known(request, entrance)
        now = entrance.clock.now()
        if not (
            entrance.visitors.allows(known.visitor.account, now)
            if known.visitor
            else entrance.strangers.allows(request.state.client, now)
        ):
            return told(request, 429, {"Retry-After": "10"})
        body.limit = MOST if known.session else ANONYMOUS_BYTES
        request.state.visitor = known.visitor
        if request.method in UNSAFE and (answer := await self._form(request, entrance, body, known)):
            return answer
        return await self._let_in(request, entrance, known)

    async def _known(self, request: Request, entrance: Entrance) -> Known:
        cookie = entrance.cookie_of(request)
        found = await entrance.users.session(hash_of(cookie)) if cookie else None
        if not found:
            return Known()
        session, account = found
        if not is_open(session, entrance.clock.now()) or account.disabled_at is not None:
            return Known(session)
        return Known(session, visitor_from(account, entrance.organisation(), csrf=session.csrf, session=session.id))

    async def _form(self, request: Request, entrance: Entrance, body: Body, known: Known) -> Response | None:
        """Whether what is sent comes from a page of ours, and of this session."""
        if not entrance.site.is_own_form(request.headers):
            return await self._refused(request, entrance, known, "foreign_origin")
        if request.url.path in WITHOUT_TOKEN or _is(request, BY_LINK):
            return None
        token = request.headers.get("x-csrf-token") or ""
        if known.session and (not token or not known.visitor):
            form = await body.form(request)
            field = form.get(CSRF)
            token = token or (field if isinstance(field, str) else "")
            if not known.visitor and not _is(request, NEVER_KEPT):
                await entrance.kept.keep(known.session, _page(request), form, token)
            await form.close()
        if known.visitor and not hmac.compare_digest(token.encode("utf-8", "replace"), known.visitor.csrf.encode()):
            return await self._refused(request, entrance, known, "csrf")
        return None

    async def _let_in(self, request: Request, entrance: Entrance, known: Known) -> Response | None:
        if _is(request, OPEN):
            return None
        if known.visitor is None:
            if known.session and entrance.first_time(known.session.id):
                await self._refused(request, entrance, known, "session_ended")
            return _to_login(request)
        if known.visitor.temporary and not _is(request, WHILE_TEMPORARY):
            return _go(request, "/account/password")
        await self._note(request, entrance, known)
        return None

    async def _note(self, request: Request, entrance: Entrance, known: Known) -> None:
        session, now = known.session, entrance.clock.now()
        if session and _by_a_person(request) and (now - session.seen_at).total_seconds() >= NOTED_EVERY:
            await entrance.users.seen(session.id, now)

    async def _refused(self, request: Request, entrance: Entrance, known: Known, why: str) -> Response:
        log.warning("request_refused", why=why, method=request.method)
        if known.session:
            who = known.session.account
            await entrance.audit(AuditRecord(entrance.clock.now(), who, "request.refused", who, {"why": why}))
        return told(request, 403)

    async def _program(self, request: Request, entrance: Entrance, body: Body) -> Response | None:
        """A program shows a token, which no browser sends by itself: nothing can be forged with it."""
        body.limit = MOST
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        now = entrance.clock.now()
        if not entrance.strangers.allows(request.state.client, now):
            return told(request, 429, {"Retry-After": "10"})
        if request.url.path == API_PAGE:
            return None
        token = await entrance.tokens.of(secret.strip()) if kind.lower() == "bearer" else None
        if token is None:
            return told(request, 401, {"WWW-Authenticate": "Bearer"})
        needed = scope_needed(request.method, request.url.path)
        if needed and needed not in token.scopes:
            return told(request, 403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
        request.state.visitor = token.visitor
        return None


def _by_a_person(request: Request) -> bool:
    """Whether somebody did this: what open pages fetch by themselves, and their streams of news, keep no session alive."""
    headers = request.headers
    by_itself = "hx-request" in headers or "text/event-stream" in headers.get("accept", "")
    return request.method in UNSAFE or (not by_itself and headers.get("sec-fetch-mode", "navigate") == "navigate")


def _is(request: Request, paths: tuple[str, ...]) -> bool:
    """Whether the request is for one of these, or for what lies under it."""
    path = request.url.path
    return any(path == one or path.startswith(one if one.endswith("/") else f"{one}/") for one in paths)


def _page(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def _to_login(request: Request) -> Response:
    """The login page, which leads back; after a form to the page on which it was."""
    shown = _page(request)
    if request.method in UNSAFE or "hx-request" in request.headers:
        shown = _path_of(request.headers.get("hx-current-url") or request.headers.get("referer") or "/")
    back = own_path(shown)
    return _go(request, "/login" if back == "/" else f"/login?next={quote(back, safe='/')}")


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return "/"


def _go(request: Request, path: str) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


def _secured(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Strict-Transport-Security"] = HSTS
        await send(message)

    return sending
