"""One's own account: password, codes, visits and language."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.console.auth import codes
from services.console.auth.door import Wait, is_open
from services.console.auth.entrance import Entrance, entrance_of
from services.console.auth.passwords import TooBusy, fault_of
from services.console.auth.visitor import Visitor, visitor
from services.console.pages.login import BUSY, WRONG_CODE
from services.console.web import COOKIE, page, see
from services.console.words import LANGUAGES, N_
from services.store.account_values import UserAccount
from workflows.audit import AuditRecord

router = APIRouter(prefix="/account")
Text = Annotated[str, Form(max_length=1000)]
Who = Annotated[Visitor, Depends(visitor)]
ENROLMENT = timedelta(minutes=15)
WRONG = N_("Det er ikke din nuværende adgangskode.")
NOT_TWICE = N_("De to nye adgangskoder er ikke ens.")
SAME = N_("Den nye adgangskode skal være en anden end den gamle.")
OVER = N_("Der gik for lang tid. Her er en ny kode at scanne.")
DONE = {
    "password": N_("Din adgangskode er skiftet. Alle andre steder er du logget ud."),
    "code": N_("Fra nu af skal du bruge en kode fra din app, når du logger ind."),
    "no-code": N_("Du skal ikke længere bruge en kode, når du logger ind."),
    "sessions": N_("Du er logget ud der."),
}


@router.get("")
async def account(request: Request, who: Who, done: str = "") -> Response:
    """All of it."""
    entrance, mine = entrance_of(request), await _mine(request, who)
    now = entrance.clock.now()
    sessions = [one for one in await entrance.users.sessions_of(mine.id, now) if is_open(one, now)]
    units = entrance.organisation().units
    names = sorted(units[one].name if one in units else one for one in who.units)
    return page(request, "account.html", account=mine, units=names, sessions=sessions, done=DONE.get(done))


@router.get("/password")
async def password_page(request: Request, who: Who) -> Response:
    """The form for another password."""
    await _with_password(request, who)
    return page(request, "account_password.html", errors={}, until=None)


@router.post("/password")
async def change_password(request: Request, who: Who, current: Text = "", new: Text = "", again: Text = "") -> Response:
    """Another password; all other sessions end."""
    entrance, mine = entrance_of(request), await _with_password(request, who)
    errors = _faults(mine, current, new, again)
    try:
        known = errors or await entrance.door.knows(mine, current, request.state.client)
        if isinstance(known, Wait):
            return _refused(request, "account_password.html", until=known.until)
        if not known:
            errors["current"] = WRONG
        if errors:
            return _refused(request, "account_password.html", errors)
        hash = await entrance.door.passwords.hash(new)
    except TooBusy:
        return _refused(request, "account_password.html", {"current": BUSY}, status=503)
    record = _record(entrance, who, "user.password_changed")
    if not await entrance.users.change(mine, record, ends_sessions=True, kept=who.session, password=hash, temporary=False):
        raise HTTPException(409)
    return see("/account?done=password")


@router.get("/code")
async def code_page(request: Request, who: Who) -> Response:
    """A new secret for an app, as a picture and in letters."""
    mine = await _with_password(request, who)
    return page(request, "account_code_off.html", errors={}, until=None) if mine.totp else _shown(request, mine)


@router.post("/code")
async def begin_codes(request: Request, who: Who, sealed: Text = "", code: Text = "", current: Text = "") -> Response:
    """Codes from now on: whoever gives the first one and the password has the app and the account."""
    entrance, mine = entrance_of(request), await _with_password(request, who)
    now = entrance.clock.now()
    secret = entrance.door.sealer.opened("enrol", sealed, now, who.session)
    if secret is None or mine.totp:
        return _shown(request, mine, errors={"code": OVER}, status=422) if not mine.totp else see("/account")
    known = await _known(request, mine, current)
    if isinstance(known, Wait):
        return _shown(request, mine, secret=secret, until=known.until, status=429)
    counter = codes.counter_of(secret, code, now)
    errors = known | ({} if counter else {"code": WRONG_CODE})
    if errors:
        return _shown(request, mine, secret=secret, errors=errors, status=422)
    kept = entrance.door.sealer.seal("totp", secret, mine.id)
    record = _record(entrance, who, "user.code_begun")
    if not await entrance.users.change(mine, record, ends_sessions=True, kept=who.session, totp=kept, totp_used=counter):
        raise HTTPException(409)
    return see("/account?done=code")


@router.post("/code/remove")
async def end_codes(request: Request, who: Who, code: Text = "", current: Text = "") -> Response:
    """No codes any more: for whoever has both."""
    entrance, mine = entrance_of(request), await _with_password(request, who)
    known = await _known(request, mine, current)
    if isinstance(known, Wait):
        return _refused(request, "account_code_off.html", until=known.until)
    errors = dict(known)
    if entrance.door.counter(mine, code) is None:
        errors["code"] = WRONG_CODE
    if errors:
        return _refused(request, "account_code_off.html", errors)
    if not await entrance.users.change(mine, _record(entrance, who, "user.code_ended"), totp=None, totp_used=None):
        raise HTTPException(409)
    return see("/account?done=no-code")


@router.post("/sessions/end")
async def end_sessions(request: Request, who: Who, session: Text = "") -> Response:
    """End one session, or all but this one."""
    entrance = entrance_of(request)
    record = _record(entrance, who, "session.ended")
    if session:
        if not await entrance.users.end_session(who.account, session, record):
            raise HTTPException(404)
    else:
        await entrance.users.end_sessions(who.account, record, kept=who.session)
    return see("/account?done=sessions")


@router.post("/language")
async def choose_language(request: Request, who: Who, language: Text = "") -> Response:
    """The language of pages and letters to this person."""
    if language not in LANGUAGES:
        raise HTTPException(422)
    entrance, mine = entrance_of(request), await _mine(request, who)
    await entrance.users.change(mine, _record(entrance, who, "user.language_chosen", language=language), language=language)
    answer = see("/account")
    answer.delete_cookie(COOKIE)
    return answer


async def _mine(request: Request, who: Visitor) -> UserAccount:
    found = await entrance_of(request).users.by_id(who.account)
    if found is None:
        raise HTTPException(404)
    return found


async def _with_password(request: Request, who: Visitor) -> UserAccount:
    """Whoever comes by single sign-on has their password elsewhere."""
    mine = await _mine(request, who)
    if mine.password is None:
        raise HTTPException(404)
    return mine


async def _known(request: Request, mine: UserAccount, current: str) -> dict[str, str] | Wait:
    """What is wrong with the password that was given; nothing where it is theirs."""
    try:
        known = await entrance_of(request).door.knows(mine, current, request.state.client)
    except TooBusy:
        return {"current": BUSY}
    return known if isinstance(known, Wait) else {} if known else {"current": WRONG}


def _faults(mine: UserAccount, current: str, new: str, again: str) -> dict[str, str]:
    errors = {}
    if fault := fault_of(new, mine.name, mine.address):
        errors["new"] = fault
    elif new == current:
        errors["new"] = SAME
    if new != again:
        errors["again"] = NOT_TWICE
    return errors


def _refused(
    request: Request, template: str, errors: dict[str, str] | None = None, until: datetime | None = None, status: int = 422
) -> Response:
    return page(request, template, status=429 if until else status, errors=errors or {}, until=until)


def _shown(
    request: Request,
    mine: UserAccount,
    *,
    secret: str | None = None,
    errors: dict[str, str] | None = None,
    until: datetime | None = None,
    status: int = 200,
) -> Response:
    entrance = entrance_of(request)
    secret = secret or codes.new_secret()
    session = request.state.visitor.session
    sealed = entrance.door.sealer.seal("enrol", secret, session, until=entrance.clock.now() + ENROLMENT)
    letters = " ".join(secret[one : one + 4] for one in range(0, len(secret), 4))
    values = {"picture": codes.picture(secret, mine.address), "letters": letters, "sealed": sealed}
    return page(request, "account_code.html", status=status, errors=errors or {}, until=until, **values)


def _record(entrance: Entrance, who: Visitor, action: str, **data: object) -> AuditRecord:
    return AuditRecord(entrance.clock.now(), who.account, action, who.account, dict(data))
