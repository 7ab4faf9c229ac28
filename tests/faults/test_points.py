"""kill -9 at each named point of a mail's way (docs/architecture.md): nothing is lost, and only in two windows a mail can double.

Events go their own way beside the mail's: when the guard dies at one of their points, the second window may be open.
"""

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path

import pytest
from fakes import crashing
from fakes.crashing import POINTS
from fakes.process import Process, arrived, check_books, half_framed, write_framed_register
from fakes.sink import Sink

ONCE = {"headers read", "decided", "prepared", "written, not committed", "outcome recorded"}  # neither of the two windows is open
MAILS = [f"<load-{number}@example.net>" for number in range(8)]


async def send(port: int, name: str) -> bool:
    return await half_framed(port, name, MAILS.index(name))


WAITING = "SELECT count(*) FROM delivery WHERE tier IS NOT NULL"
UNASSESSED = "SELECT count(*) FROM mail WHERE id NOT IN (SELECT mail FROM assessment)"
UNFINISHED = f"SELECT ({WAITING}) + ({UNASSESSED}) + (SELECT count(*) FROM outbox)"


async def none(guard: Process, counted: str) -> None:
    """Returns when the count is 0, or the guard dead."""
    assert guard.child is not None
    async with asyncio.timeout(60):
        while guard.child.returncode is None and query(guard, counted) != [(0,)]:
            await asyncio.sleep(0.02)


def query(guard: Process, text: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(guard.folder / "rammevagt.db", timeout=10) as database:
        found = database.execute(text).fetchall()
    database.close()
    return found


@pytest.mark.timeout(180)
@pytest.mark.parametrize("point", POINTS)
async def test_law_1_nothing_is_lost_at(point: str, tmp_path: Path, unused_tcp_port: int) -> None:
    register = tmp_path / "register.yaml"
    write_framed_register(register)
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        assert guard.command("load", str(register)).returncode == 0
        await guard.start([sys.executable, "-P", crashing.__file__, point])
        await guard.listening()
        promised = []
        for name in MAILS:  # one after the other, so that the point is reached by one mail alone
            if await send(guard.port, name):
                promised.append(name)
                await none(guard, WAITING)
        assert guard.child is not None
        assert await asyncio.wait_for(guard.child.wait(), 30) == -signal.SIGKILL
        await guard.start()
        await guard.listening()
        for name in MAILS:
            if name not in promised:
                assert await send(guard.port, name)
        await none(guard, UNFINISHED)
        assert await guard.end(signal.SIGTERM) == 0
        times = arrived(sink)
    assert set(times) == set(MAILS)
    assert sum(times.values()) - len(MAILS) <= (point not in ONCE)
    check_books(guard, len(MAILS))
    told = query(guard, "SELECT DISTINCT count(*) FROM delivery WHERE kind = 'notice' GROUP BY mail")
    assert told == [(2,)]  # caseworker and leader, once a mail, however often its event came
    assert query(guard, "SELECT count(*) FROM delivery WHERE kind = 'receipt'") == [(1,)]
    framed = query(guard, "SELECT count(*) FROM mail WHERE framework_in_force = 1")
    assert framed == query(guard, "SELECT count(DISTINCT mail) FROM delivery WHERE kind = 'notice'")
