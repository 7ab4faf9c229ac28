"""``rammevagt up`` as a process of its own that a test may kill, and what is to be true afterwards."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from fakes.guard import mail
from fakes.sink import Sink
from fakes.smtp_client import RawClient
from fakes.town import BO, KAREN, PER, framework, town

from services.register_file import write_register

ALWAYS = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"}
COMMAND = [sys.executable, "-m", "services.cli"]


class Process:
    """``rammevagt up`` as a process of its own, on one data folder and one port through all its lives."""

    def __init__(self, folder: Path, hop: str, port: int) -> None:
        self.folder = folder
        self.port = port
        self.environment = os.environ | {
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

    async def listening(self) -> None:
        async with asyncio.timeout(60):
            while (client := await connected(self.port)) is None:
                await asyncio.sleep(0.02)
        await hang_up(client)

    async def end(self, number: int) -> int:
        assert self.child is not None
        with suppress(ProcessLookupError):
            self.child.send_signal(number)
        return await self.child.wait()

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
    found: Counter[str] = Counter()
    for one in sink.mails:
        for line in one.content[:2000].split(b"\r\n"):
            if line.startswith(b"Message-ID: <load-"):
                found[line[12:].decode()] += 1
    return found


def check_books(guard: Process, promised: int) -> None:
    """At least so many recipients are in the books, all at their end; chain, database and spool are whole."""
    ledger = guard.command("ledger", "--json")
    assert ledger.returncode == 0, ledger.stdout + ledger.stderr
    rows = json.loads(ledger.stdout)
    assert sum(row["accepted"] for row in rows) >= promised and sum(row["queued"] for row in rows) == 0
    audit = guard.command("audit", "verify")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    with sqlite3.connect(guard.folder / "rammevagt.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {name for (name,) in database.execute("SELECT file FROM content WHERE file IS NOT NULL")}
    database.close()
    assert kept <= {file.name for file in (guard.folder / "spool").iterdir()}  # every large mail is where its row says


def write_framed_register(file: Path) -> None:
    """A town in which Bo has a framework in force today."""
    today = date.today()
    days = {name: (today + timedelta(days=after)).isoformat() for name, after in (("starts", -9), ("review", 60), ("ends", 90))}
    file.write_text(write_register(town(framework(**days))))


async def half_framed(port: int, name: str, number: int) -> bool:
    """Whether the guard said 250; mails of odd numbers are Bo's to Karen, and so under his framework."""
    client = await connected(port)
    if client is None:
        return False
    sender, to = (BO, KAREN) if number % 2 else ("x@example.com", PER)
    try:
        with suppress(OSError, AssertionError):  # killed under the session
            return (await client.mail(mail(name, sender=sender), to=to, sender=sender)).startswith("250")
        return False
    finally:
        await hang_up(client)
