"""The console of a whole guard with the sample municipality, and visitors of any role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fakes.guard import Running, guarding
from starlette.requests import Request

from services.console.auth.visitor import Visitor, visitor
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


async def by_cookie(request: Request) -> Visitor:
    """The visitor that the test's cookie names."""
    if role := request.cookies.get(COOKIE):
        request.state.visitor = visitor_as(role)
    return await visitor(request)


@asynccontextmanager
async def console_running(data: Path, *, mails: bool = False) -> AsyncIterator[Running]:
    """A guard with the sample register, and with its sample mails handled where they are wanted."""
    async with guarding(data) as running:
        now = running.clock.now()
        record = AuditRecord(now, "test", "register.loaded", "test")
        await running.guard.store.load_register(sample_register(now.astimezone(ZONE).date()), record)
        await running.guard.store.refresh()
        running.guard.http.pages.app.dependency_overrides[visitor] = by_cookie
        if mails:
            await feed(running.guard.gateway.addresses[0], sample_mails(now))
            await running.settled()
        yield running
