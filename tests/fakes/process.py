"""``rammevagt up`` as a process of its own that a test may kill, and what is to be true afterwards."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path

from fakes.guard import mail
from fakes.sink import Sink
from fakes.smtp_client import RawClient
from fakes.town import BO, KAREN, PER, framework, town

from services.clock import SystemClock
from services.register_file import write_register
from services.settings import Settings, StoreSettings
from services.store.keys import FILE
from services.store.open import open_store
from workflows.audit import AuditRecord
from workflows.register import Register

ALWAYS = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"}
COMMAND = [sys.executable, "-m", "services.cli"]
TESTS = Path(__file__).parents[1]
WAITING = "SELECT count(*) FROM delivery WHERE tier IS NOT NULL"
UNASSESSED = "SELECT count(*) FROM mail WHERE id NOT IN (SELECT mail FROM assessment)"
UNFINISHED = f"SELECT ({WAITING}) + ({UNASSESSED}) + (SELECT count(*) FROM outbox)"
_NAME = re.compile(rb"^Message-ID: (<load-[^>]*>)", re.MULTILINE)


class Process:
    """``rammevagt up`` as a process of its own, on one data folder and one port through all its lives."""

    def __init__(self, folder: Path, hop: str, port: int) -> None:
        self.folder = folder
        self.port = port
        self.environment = os.environ | {
            "PYTHONPATH": str(TESTS),
            "RAMMEVAGT_GATEWAY__LISTEN": f"127.0.0.1:{port}",
            "RAMMEVAGT_DELIVERY__NEXT_HOP": hop,
            "RAMMEVAGT_DELIVERY__INTERNET_HOP": hop,
            "RAMMEVAGT_CONSOLE__LISTEN": "127.0.0.1:0",
            "RAMMEVAGT_NOTIFICATIONS__WORKING_HOURS": json.dumps(ALWAYS),
        }
        self.child: asyncio.subprocess.Process | None = None

    async def start(self, command: Sequence[str] = COMMAND) -> None:
        with (self.folder.parent / "guard.log").open("ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                *command, "up", "--data", str(self.folder), env=self.environment, stdout=log, stderr=log
            )

    async def start_to_die(self, point: str) -> None:
        """Start, and end by kill -9 at a point of ``fakes.crashing``."""
        await self.start([sys.executable, "-P", "-m", "fakes.crashing", point])

    async def died(self) -> None:
        """Returns when it has come to its point."""
        assert self.child is not None
        assert await asyncio.wait_for(self.child.wait(), 60) == -signal.SIGKILL

    async def listening(self) -> None:
        async with asyncio.timeout(60):
            while (client := await connected(self.port)) is None:
                assert self.child is None or self.child.returncode is None, (self.folder.parent / "guard.log").read_text()[-2000:]
                await asyncio.sleep(0.02)
        await hang_up(client)

    async def end(self, number: int) -> int:
        assert self.child is not None
        with suppress(ProcessLookupError):
            self.child.send_signal(number)
        return await self.child.wait()

    async def finish(self, sink: Sink, promised: Collection[str]) -> None:
        """Returns when it has delivered what was promised, and whatever else it took, and stopped cleanly."""
        await self.listening()
        async with asyncio.timeout(120):
            await sink.until(lambda: set(promised) <= set(arrived(sink)))
        assert await self.until(WAITING)
        assert await self.end(signal.SIGTERM) == 0

    @property
    def settings(self) -> Settings:
        """Those that say where its store lies."""
        return Settings(data=self.folder, store=StoreSettings(url=self.environment.get("RAMMEVAGT_STORE__URL", "")))

    def query(self, text: str, store: str = "") -> list[tuple[object, ...]]:
        """Straight from the tables of the SQLite store in the data folder, or in a folder within."""
        with closing(sqlite3.connect(self.folder / store / FILE, timeout=10)) as tables:
            return tables.execute(text).fetchall()

    async def until(self, text: str, wanted: object = 0, store: str = "") -> bool:
        """Returns True when a query gives ``wanted``, and False when the guard has died before that."""
        assert self.child is not None
        async with asyncio.timeout(60):
            while await asyncio.to_thread(self.query, text, store) != [(wanted,)]:
                if self.child.returncode is not None:
                    return False
                await asyncio.sleep(0.02)
        return True

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *words, "--data", str(self.folder)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


async def connected(port: int) -> RawClient | None:
    """A session that has been greeted; None while nobody listens."""
    try:
        client = RawClient(*await asyncio.open_connection("127.0.0.1", port))
    except OSError:
        return None
    with suppress(OSError, AssertionError):
        if (await client.reply()).startswith("220") and (await client.ask("EHLO load.example")).startswith("250"):
            return client
    await hang_up(client)
    return None


async def hang_up(client: RawClient) -> None:
    client.writer.close()
    with suppress(OSError):
        await client.writer.wait_closed()


async def reply_to(port: int, name: str, body: str = "Hej\r\n") -> str:
    """The reply to a whole mail; how it was sent away, where it was; empty where nobody was there."""
    client = await connected(port)
    if client is None:
        return ""
    try:
        with suppress(OSError, AssertionError):
            begun = await client.start_mail(to="karen@eksempel.dk")
            if not begun.startswith("354"):
                return begun
            await client.send(mail(name, body=body) + b".\r\n")
            return await client.reply()
        return ""
    finally:
        await hang_up(client)


def arrived(sink: Sink) -> Counter[str]:
    """How often each mail of the load arrived at the next hop."""
    found = (_NAME.search(one.content, 0, 2000) for one in sink.mails)
    return Counter(one[1].decode() for one in found if one)


async def check_books(guard: Process, promised: int, *, besides: int | None = None) -> None:
    """At least so many recipients (and at most so many ``besides``) are in the books, all at their end.

    Chain, database and spool are whole.
    """
    store = await open_store(guard.settings, SystemClock(), look=True)
    books, chain = await store.books(), await store.verify_audit()
    await store.close()
    accepted = sum(row.accepted for row in books.rows)
    assert accepted >= promised and (besides is None or accepted <= promised + besides)
    assert books.balance() and sum(row.queued for row in books.rows) == 0, books
    assert chain.broken_at is None, chain
    if not guard.settings.store.url:
        assert guard.query("PRAGMA integrity_check") == [("ok",)]
        kept = {name for (name,) in guard.query("SELECT file FROM content WHERE file IS NOT NULL")}
        assert kept <= {file.name for file in (guard.folder / "spool").iterdir()}  # every large mail is where its row says


def framed_register() -> Register:
    """A town in which Bo has a framework in force today."""
    today = date.today()
    days = {name: (today + timedelta(days=after)).isoformat() for name, after in (("starts", -9), ("review", 60), ("ends", 90))}
    return town(framework(**days))


def write_framed_register(file: Path) -> None:
    """The same as a file, for ``load``."""
    file.write_text(write_register(framed_register()))


async def load_framed_register(guard: Process) -> None:
    """The same, in a guard's store before its first start."""
    store = await open_store(guard.settings, clock := SystemClock())
    await store.load_register(framed_register(), AuditRecord(clock.now(), "test", "register.loaded", "register"))
    await store.close()


async def taken(port: int, name: str, *, sender: str = "x@example.com", to: str = PER) -> bool:
    """Whether the guard said 250."""
    client = await connected(port)
    if client is None:
        return False
    try:
        with suppress(OSError, AssertionError):  # killed under the session
            return (await client.mail(mail(name, sender=sender), to=to, sender=sender)).startswith("250")
        return False
    finally:
        await hang_up(client)


async def half_framed(port: int, name: str, number: int) -> bool:
    """Whether the guard said 250; mails of odd numbers are Bo's to Karen, and so under his framework."""
    return await (taken(port, name, sender=BO, to=KAREN) if number % 2 else taken(port, name))


async def one_by_one(guard: Process, mails: Sequence[str], settled: Callable[[], Awaitable[object]]) -> list[str]:
    """Send mails half framed, each when the one before has ``settled``, so that one alone comes to a point; those promised."""
    promised = []
    for number, name in enumerate(mails):
        if await half_framed(guard.port, name, number):
            promised.append(name)
            await settled()
    return promised


async def again(guard: Process, mails: Sequence[str], promised: Collection[str]) -> None:
    """Once the guard has died it starts whole, and who had no answer sends again."""
    await guard.died()
    await guard.start()
    await guard.listening()
    for number, name in enumerate(mails):
        if name not in promised:
            assert await half_framed(guard.port, name, number)
