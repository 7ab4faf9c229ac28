"""kill -9 of the whole guard under load, many times: what got 250 is delivered, and the books balance."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from fakes.guard import mail
from fakes.sink import Sink
from fakes.smtp_client import RawClient
from fakes.town import BO, KAREN, PER, framework, town

from services.register_file import write_register

ROUNDS = 6
SENDERS = 6
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

    async def start(self) -> None:
        with (self.folder.parent / "guard.log").open("ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                *COMMAND, "up", "--data", str(self.folder), env=self.environment, stdout=log, stderr=log
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


class Load:
    """Senders that go on for ever and remember what they were promised."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.number = 0
        self.promised: list[str] = []
        self.stopping = False

    async def sender(self) -> None:
        while not self.stopping:
            client = await connected(self.port)
            if client is None:
                await asyncio.sleep(0.02)
                continue
            with suppress(OSError, AssertionError):  # killed under the session
                while not self.stopping and await self.one(client):
                    pass
            await hang_up(client)

    async def one(self, client: RawClient) -> bool:
        self.number += 1
        name = f"<load-{self.number}@example.net>"
        big = "x" * 100_000 if self.number % 10 == 0 else "Hej"
        reply = await client.mail(
            mail(name, sender=BO if self.number % 3 else "x@example.com", body=big + "\r\n"), to=(KAREN, PER)[self.number % 2]
        )
        if reply.startswith("250"):
            self.promised.append(name)
        return reply.startswith("250")


def arrived(sink: Sink) -> Counter[str]:
    """How often each mail of the load arrived at the next hop."""
    found: Counter[str] = Counter()
    for one in sink.mails:
        for line in one.content[:2000].split(b"\r\n"):
            if line.startswith(b"Message-ID: <load-"):
                found[line[12:].decode()] += 1
    return found


@pytest.mark.timeout(300)
async def test_law_1_what_got_250_survives_kill_9_at_random_under_load(tmp_path: Path, unused_tcp_port: int) -> None:
    chance = random.Random(4711)
    register = tmp_path / "register.yaml"
    today = date.today()
    days = {name: (today + timedelta(days=after)).isoformat() for name, after in (("starts", -9), ("review", 60), ("ends", 90))}
    register.write_text(write_register(town(framework(**days))))
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        assert (loaded := guard.command("load", str(register))).returncode == 0, loaded.stderr
        load = Load(unused_tcp_port)
        senders = [asyncio.create_task(load.sender()) for _ in range(SENDERS)]
        for _ in range(ROUNDS):
            before = len(load.promised)
            await guard.start()
            async with asyncio.timeout(60):
                while len(load.promised) < before + 50 + chance.randrange(300):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(chance.random() * 0.05)
            await guard.end(signal.SIGKILL)
        load.stopping = True
        await asyncio.gather(*senders)
        await guard.start()
        await guard.listening()
        async with asyncio.timeout(120):
            await sink.until(lambda: set(load.promised) <= set(arrived(sink)))
        assert await guard.end(signal.SIGTERM) == 0
    check_books(guard, len(load.promised))
    duplicates = sum(times - 1 for times in arrived(sink).values())
    print(f"promised {len(load.promised)}, arrived twice {duplicates}, kills {ROUNDS}")


def check_books(guard: Process, promised: int) -> None:
    ledger = guard.command("ledger", "--json")
    assert ledger.returncode == 0, ledger.stdout + ledger.stderr
    rows = json.loads(ledger.stdout)
    assert sum(row["accepted"] for row in rows) >= promised and sum(row["queued"] for row in rows) == 0
    audit = guard.command("audit", "verify")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    with sqlite3.connect(guard.folder / "rammevagt.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {name for (name,) in database.execute("SELECT file FROM content WHERE file IS NOT NULL")}
    assert kept and kept <= {file.name for file in (guard.folder / "spool").iterdir()}  # every large mail is where its row says
    database.close()


async def test_sigterm_under_load_loses_nothing_and_ends_cleanly(tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        load = Load(unused_tcp_port)
        senders = [asyncio.create_task(load.sender()) for _ in range(SENDERS)]
        await guard.start()
        async with asyncio.timeout(60):
            while len(load.promised) < 100:
                await asyncio.sleep(0.01)
        assert await guard.end(signal.SIGTERM) == 0
        load.stopping = True
        await asyncio.gather(*senders)
        await guard.start()
        await guard.listening()
        async with asyncio.timeout(60):
            await sink.until(lambda: set(load.promised) <= set(arrived(sink)))
        assert await guard.end(signal.SIGTERM) == 0
    assert set(arrived(sink).values()) == {1}  # a clean stop leaves nothing unrecorded
    check_books(guard, len(load.promised))
