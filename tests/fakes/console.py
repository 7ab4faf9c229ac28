"""The console of a whole guard with the sample municipality, and visitors of any role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fakes.guard import Running, guarding
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.console.auth.visitor import Visitor
from services.demo.feed import feed
from services.demo.samples import sample_mails, sample_register
from services.settings import ZONE
from workflows.audit import AuditRecord

COOKIE = "as"  # the role that a test's visitor has; without it nobody is logged in
NAMES = {"leader": "Lene Lund", "it": "Ida Toft", "caseworker": "Karen Karlsen", "dpo": "Dorte Ørsted"}


def visitor_as(role: str) -> Visitor:
    """Somebody with ``role`` in the sample municipality."""
    name = NAMES.get(role, "Birgit Bruun")
    address = f"{name.split()[0].lower()}@eksempel.dk"
    return Visitor(f"a-{role}", address, name, role, frozenset({"boern-familie"}), "da", "c5f7")


class ByCookie:
    """Outermost middleware: the visitor that the test's cookie names."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (role := Request(scope).cookies.get(COOKIE)):
            scope.setdefault("state", {})["visitor"] = visitor_as(role)
        await self.app(scope, receive, send)


@asynccontextmanager
async def console_running(data: Path, *, mails: bool = False) -> AsyncIterator[Running]:
    """A guard with the sample register, and with its sample mails handled where they are wanted."""
    async with guarding(data) as running:
        now = running.clock.now()
        record = AuditRecord(now, "test", "register.loaded", "test")
        await running.guard.store.load_register(sample_register(now.astimezone(ZONE).date()), record)
        await running.guard.store.refresh()
        running.guard.http.pages.app.add_middleware(ByCookie)
        if mails:
            await feed(running.guard.gateway.addresses[0], sample_mails(now))
            await running.settled()
        yield running
