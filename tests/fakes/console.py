"""The console of a whole guard with the sample municipality, and visitors of any role."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fakes.guard import Running, guarding
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.console.auth.door import AT_MOST, hash_of, is_open
from services.console.auth.entrance import Entrance
from services.console.auth.visitor import Visitor
from services.demo.feed import feed
from services.demo.samples import sample_mails, sample_register
from services.settings import ZONE
from services.store.account_values import LogIn, UserAccount, UserSession
from workflows.audit import AuditRecord

COOKIE = "as"  # the role that a test's visitor has; without it nobody is logged in
PEOPLE = {  # by the cookie: who it is in the sample register, and as what they come
    "leader": ("Lene Lund", "lene", "leader"),
    "head": ("Birgit Bruun", "birgit", "head"),
    "lawyer": ("Jette Jepsen", "jette", "lawyer"),
    "caseworker": ("Karen Karlsen", "karen", "caseworker"),
    "work_environment": ("Arne Ager", "arne", "work_environment"),
    "dpo": ("Dorte Ørsted", "dorte", "dpo"),
    "it": ("Ida Toft", "it", "it"),
    "other_leader": ("Tove Thorsen", "tove", "leader"),  # of another unit
}
LETTERS = {
    "address": ["Rådhuspladsen 1", "8600 Eksempelby"],
    "phone": "87 65 43 21",
    "phone_hours": [{"days": ["mon", "tue", "wed", "thu"], "from": "09:00", "to": "15:00"}],
    "urgent_phone": "87 65 43 00",
    "dpo": "dpo@eksempel.dk",
}
HOME = frozenset({"boern-familie"})
CSRF = "c5f7"


def visitor_as(who: str) -> Visitor:
    """One of ``PEOPLE``."""
    name, local, role = PEOPLE[who]
    units = frozenset({"teknik-byg"}) if who == "other_leader" else HOME
    return Visitor(f"a-{who}", f"{local}@eksempel.dk", name, role, units, "da", CSRF, session=who)


class ByCookie:
    """Outermost middleware: the role that the test's cookie names has an account and a session; its forms are of our own pages.

    Of what a browser sends nothing is changed but the cookie.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._one = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (role := Request(scope).cookies.get(COOKIE)):
            async with self._one:
                await let_in(scope["app"].state.entrance, visitor_as(role))
            given = MutableHeaders(scope=scope)
            given["cookie"] = f"{given['cookie']}; sid={role}"
            if "sec-fetch-site" not in given:
                given["sec-fetch-site"] = "same-origin"
                given["x-csrf-token"] = CSRF
        await self.app(scope, receive, send)


async def let_in(entrance: Entrance, who: Visitor) -> None:
    """Give them an account and a session, where they have none; the session's cookie is ``who.session``."""
    now = entrance.clock.now()
    if (found := await entrance.users.session(hash_of(who.session))) and is_open(found[0], now):
        return
    account = UserAccount(who.account, who.address, who.name, who.role, now, tuple(who.units), password="none")
    await entrance.users.add(account, AuditRecord(now, "test", "user.added", who.account))
    session = UserSession(hash_of(who.session), who.account, CSRF, now, now, now + AT_MOST)
    assert await entrance.users.enter(
        LogIn(session, "test", "none", None), AuditRecord(now, "test", "login.succeeded", who.account)
    )


@asynccontextmanager
async def console_running(data: Path, *, mails: bool = False) -> AsyncIterator[Running]:
    """A guard with the sample register, and with its sample mails handled where they are wanted."""
    async with guarding(data, letters=LETTERS) as running:
        now = running.clock.now()
        record = AuditRecord(now, "test", "register.loaded", "test")
        await running.guard.store.load_register(sample_register(now.astimezone(ZONE).date()), record)
        await running.guard.store.refresh()
        running.guard.http.pages.app.add_middleware(ByCookie)
        if mails:
            await feed(running.guard.gateway.addresses[0], sample_mails(now))
            await running.settled()
            await running.assessed()
        yield running
