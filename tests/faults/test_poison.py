"""A mail that ends the guard each time: after three crashes it is set aside, and it never keeps the others (laws 1 and 3)."""

import asyncio
import json
import signal
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path

from fakes import crashing
from fakes.guard import mail
from fakes.process import Process, arrived, check_books, connected, hang_up, write_framed_register
from fakes.sink import Sink
from fakes.town import BO, KAREN, PER

POISON = "<load-poison@example.net>"
CRASHES = 3


async def send(guard: Process, name: str, *, sender: str = "x@example.com", to: str = PER) -> bool:
    """Whether the guard said 250."""
    client = await connected(guard.port)
    if client is None:
        return False
    try:
        with suppress(OSError, AssertionError):  # killed under the session
            return (await client.mail(mail(name, sender=sender), to=to, sender=sender)).startswith("250")
        return False
    finally:
        await hang_up(client)


async def run(guard: Process, point: str) -> None:
    await guard.start([sys.executable, "-P", crashing.__file__, point])
    await guard.listening()


async def died(guard: Process) -> None:
    assert guard.child is not None
    assert await asyncio.wait_for(guard.child.wait(), 30) == -signal.SIGKILL


def query(guard: Process, text: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(guard.folder / "rammevagt.db", timeout=10) as database:
        found = database.execute(text).fetchall()
    database.close()
    return found


async def until(guard: Process, text: str, wanted: object) -> None:
    async with asyncio.timeout(30):
        while query(guard, text) != [(wanted,)]:
            await asyncio.sleep(0.02)


async def test_law_3_a_mail_that_ends_the_guard_before_250_is_taken_undecided_at_last(tmp_path: Path, unused_tcp_port: int) -> None:
    register = tmp_path / "register.yaml"
    write_framed_register(register)
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        assert guard.command("load", str(register)).returncode == 0
        for crash, point in enumerate(("reading headers", "deciding", "deciding")):
            await run(guard, point)
            assert await send(guard, f"<load-{crash}@example.net>")  # the others go on
            assert not await send(guard, POISON, sender=BO, to=KAREN)
            await died(guard)
        await run(guard, "deciding")
        assert await send(guard, POISON, sender=BO, to=KAREN)
        await sink.until(lambda: len(arrived(sink)) == CRASHES + 1)
        await until(guard, "SELECT count(*) FROM delivery WHERE tier IS NOT NULL", 0)
        assert await guard.end(signal.SIGTERM) == 0
    [taken] = [one for one in sink.mails if POISON.encode() in one.content]
    assert taken.recipients == (KAREN,)  # as addressed, though Bo's framework is in force
    assert b"\r\nX-Rammevagt-Status: not-evaluated\r\n" in taken.content
    assert query(guard, "SELECT count(*) FROM mail WHERE decision LIKE '%not_evaluated%'") == [(1,)]
    check_books(guard, CRASHES + 1)


async def test_a_copy_that_ends_the_guard_when_it_is_sent(tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        await run(guard, "sending")
        await send(guard, POISON)
        await died(guard)
        for _ in range(1, CRASHES):  # at each start it is tried again, alone
            await guard.start([sys.executable, "-P", crashing.__file__, "sending"])
            await died(guard)
        await run(guard, "sending")
        assert await send(guard, "<load-last@example.net>")
        await until(guard, "SELECT stuck FROM delivery WHERE kind = 'mail' AND tier IS NOT NULL", 1)
        await until(guard, "SELECT count(*) FROM delivery WHERE kind = 'notice' AND tier IS NULL", 1)  # operations have heard
        [item] = json.loads(guard.command("queue", "list", "--json").stdout)
        assert (item["stuck"], item["error"].startswith("set aside: the guard died 3 times")) == (True, True)
        assert guard.command("ledger").returncode == 0
        before = arrived(sink)[POISON]  # the sink took it each time, and the guard died before it could note it
        assert await guard.end(signal.SIGTERM) == 0
        await guard.start()  # mended
        await guard.listening()
        assert guard.command("queue", "retry", item["id"]).returncode == 0
        await until(guard, "SELECT count(*) FROM delivery WHERE tier IS NOT NULL", 0)
        assert await guard.end(signal.SIGTERM) == 0
        assert arrived(sink)[POISON] == before + 1
    check_books(guard, 2)
    assert query(guard, "SELECT count(*) FROM audit WHERE action = 'mail.stuck'") == [(1,)]


async def test_a_notice_that_ends_the_guard_when_it_is_written(tmp_path: Path, unused_tcp_port: int) -> None:
    register = tmp_path / "register.yaml"
    write_framed_register(register)
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        assert guard.command("load", str(register)).returncode == 0
        await run(guard, "telling")
        assert await send(guard, POISON, sender=BO, to=KAREN)
        await died(guard)
        for _ in range(1, CRASHES):
            await guard.start([sys.executable, "-P", crashing.__file__, "telling"])
            await died(guard)
        await guard.start()
        await until(guard, "SELECT count(*) FROM assessment", 1)
        await until(guard, "SELECT count(*) FROM delivery WHERE kind = 'notice' AND state = 'delivered'", 2)
        assert await guard.end(signal.SIGTERM) == 0
    assert query(guard, "SELECT count(*) FROM audit WHERE action = 'mail.stuck' AND data LIKE '%untold%'") == [(1,)]
    assert arrived(sink)[POISON] <= 2  # the first death may have come before the note that it was delivered
    check_books(guard, 1)
