"""Route mode on its own: an employee's mailbox and the functional one on a real Dovecot, and a store with a framework in force."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fakes.arrivals import SetClock
from fakes.town import BO, BOX, KAREN, PASS, framework, town

from services.mailbox.asking import Asking
from services.mailbox.office import Office
from services.mailbox.routing import RouteLook, Router
from services.mailbox.session import Session
from services.mailbox.values import Folder, Login
from services.settings import Mailbox, Settings
from services.store.open import open_store
from services.store.sightings import Cursor
from services.store.sql_store import SqlStore
from workflows.audit import AuditRecord
from workflows.register import Register

MOVED = "Omdirigeret"
AT = datetime(2026, 11, 23, 9, 29, tzinfo=UTC)
SINCE = AT - timedelta(days=1)
FRAMED = town(framework())
PASSWORD = "hemmelig"


def letter(number: int = 1, *, sender: str = BO, auth: str = PASS, fields: str = "", body: str = "Kære Karen\r\n") -> bytes:
    """A mail as it lies in an employee's mailbox. Its words, and its subject, are nowhere else."""
    head = f"Authentication-Results: {auth}\r\n{fields}From: Bo <{sender}>\r\nTo: {KAREN}\r\nSubject: Ordet{number}\r\n"
    return (head + f"Message-ID: <{number}@example.net>\r\n\r\n{body}").encode()


def settings(data: Path, port: int, karen: str, box: str | None) -> Settings:
    """``karen`` and ``box`` are users of the server on ``port``; without ``box`` nobody watches the functional mailbox."""
    host = {"host": f"127.0.0.1:{port}", "tls": "none"}
    boxes: list[dict[str, Any]] = [{"address": KAREN, "user": karen, "mode": "route", "staff_informed": "2026-10-01", **host}]
    boxes += [{"address": BOX, "user": box, **host}] if box else []
    return Settings.model_validate({"data": data, "mailboxes": boxes})


async def opened(made: Settings, register: Register | None = FRAMED) -> SqlStore:
    """The store, with the register in it where one is given."""
    clock = SetClock()
    store = await open_store(made, clock)
    if register:
        await store.load_register(register, AuditRecord(clock.now(), "test", "register.loaded", "test"))
    await store.refresh()
    return store


@contextmanager
def logged_in(box: Mailbox) -> Iterator[tuple[Session, Folder]]:
    with closing(Session(box)) as session:
        yield session, session.open(Login(box.user, PASSWORD))


class Route:
    """The watcher's part: ``run`` looks once, as often as a test says."""

    def __init__(self, made: Settings, store: SqlStore, clock: SetClock | None = None, **office: Any) -> None:
        self.settings, self.store, self.clock = made, store, clock or SetClock()
        ask = Asking(asyncio.get_running_loop())
        self.office = Office(made, store, self.clock, ask, **{"open": logged_in, **office})
        self.router = Router(made.mailboxes[0], self.office)

    async def begin(self) -> None:
        """As if the watch had begun a while ago, with nothing in the mailbox."""
        await self.store.mailboxes.lease(self.router.code, KAREN, "test", AT + timedelta(days=99))
        with logged_in(self.settings.mailboxes[0]) as (_, folder):
            uidvalidity = folder.uidvalidity
        await self.store.mailboxes.saw(self.router.code, (), Cursor(uidvalidity, 0, None, SINCE))

    async def run(self, times: int = 1) -> None:
        for _ in range(times):
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        with logged_in(self.settings.mailboxes[0]) as (session, _):
            RouteLook(self.settings.mailboxes[0], self.office, session).look()
