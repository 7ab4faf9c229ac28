"""kill -9 of the guard while the database is away, and in the middle of the way home: nothing is lost or booked twice."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fakes import crashing
from fakes.crashing import ISLAND
from fakes.guard import until
from fakes.postgres import PostgresServer
from fakes.process import Process, arrived, half_framed, write_framed_register
from fakes.sink import Sink
from fakes.town import BOX

from services.store import snapshot
from services.store.keys import read_key

pytestmark = pytest.mark.needs("postgresql")
WINDOWS = {"committed on the island, not answered", "sent from the island, not recorded"}  # those of docs/architecture.md
MAILS = [f"<load-{number}@example.net>" for number in range(6)]


@pytest.fixture
def server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    yield postgres
    if not postgres.answers():
        postgres.start()


async def send(port: int, name: str) -> bool:
    return await half_framed(port, name, MAILS.index(name))


async def sent_on(guard: Process) -> None:
    """Returns when nothing waits on the island, or the guard is dead."""
    assert guard.child is not None

    def waiting() -> bool:
        with closing(sqlite3.connect(guard.folder / "island" / "rammevagt.db", timeout=10)) as island:
            return bool(island.execute("SELECT count(*) FROM delivery WHERE tier IS NOT NULL").fetchone()[0])

    async with asyncio.timeout(60):
        while guard.child.returncode is None and await asyncio.to_thread(waiting):
            await asyncio.sleep(0.02)


def snapshot_of(folder: Path) -> int:
    """The version of the register in the snapshot."""
    try:
        seal = snapshot.read_seal(folder / "island", read_key(folder / "secret.key"))
    except FileNotFoundError:
        return -1
    return seal.version if seal else -1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", ISLAND)
async def test_law_1_nothing_is_lost_at(
    point: str, tmp_path: Path, unused_tcp_port: int, server: PostgresServer, postgres_template: str
) -> None:
    database = server.database(postgres_template)
    write_framed_register(tmp_path / "register.yaml")
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        guard.environment["RAMMEVAGT_STORE__URL"] = server.url(database)
        assert guard.command("load", str(tmp_path / "register.yaml")).returncode == 0
        await guard.start([sys.executable, "-P", crashing.__file__, point])
        await guard.listening()
        await until(lambda: asyncio.sleep(0, snapshot_of(guard.folder) == 1))
        server.stop()
        promised = []
        for name in MAILS:  # one after the other, so that the point is reached by one mail alone
            if await send(guard.port, name):
                promised.append(name)
                await sent_on(guard)
        server.start()
        assert guard.child is not None
        assert await asyncio.wait_for(guard.child.wait(), 30) == -signal.SIGKILL
        await guard.start()
        await guard.listening()
        for name in MAILS:
            if name not in promised:
                assert await send(guard.port, name)
        async with asyncio.timeout(60):
            await sink.until(lambda: set(MAILS) <= set(arrived(sink)))
            while not await asyncio.to_thread(finished, server, database):
                await asyncio.sleep(0.05)
        assert await guard.end(signal.SIGTERM) == 0
        times = arrived(sink)
        went = [one.recipients for one in sink.mails if b"<load-1@" in one.content[:2000]]
    assert sum(times.values()) - len(MAILS) <= (point in WINDOWS)
    assert went == [(BOX,)] * len(went)
    ledger, audit = guard.command("ledger", "--json"), guard.command("audit", "verify")
    assert (ledger.returncode, audit.returncode) == (0, 0), ledger.stderr + audit.stdout
    [row] = json.loads(ledger.stdout)
    assert row["queued"] == 0 and row["accepted"] - len(MAILS) in (0, int(point in WINDOWS))
    assert not list((guard.folder / "island" / "spool").iterdir())
    assert server.run("SELECT DISTINCT count(*) FROM delivery WHERE kind = 'notice' GROUP BY mail", database) == [(2,)]
    server.drop(database)


def finished(server: PostgresServer, database: str) -> bool:
    """Whether all of them are in the database, delivered, told of and published."""
    waiting = "(SELECT count(*) FROM delivery WHERE tier IS NOT NULL)"
    unassessed = "(SELECT count(*) FROM mail WHERE id NOT IN (SELECT mail FROM assessment))"
    missing = f"(SELECT count(DISTINCT message_id) - {len(MAILS)} FROM mail)"
    return server.run(f"SELECT {waiting} + {unassessed} + abs({missing}) + (SELECT count(*) FROM outbox)", database) == [(0,)]
