"""kill -9 of the guard while the database is away, and in the middle of the way home: nothing is lost or booked twice."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.crashing import ISLAND
from fakes.guard import until
from fakes.postgres import PostgresServer
from fakes.process import WAITING, Process, again, arrived, check_books, load_framed_register, one_by_one
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
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        guard.environment["RAMMEVAGT_STORE__URL"] = server.url(database)
        await load_framed_register(guard)
        await guard.start_to_die(point)
        await guard.listening()
        await until(lambda: asyncio.sleep(0, snapshot_of(guard.folder) == 1))
        server.stop()
        promised = await one_by_one(guard, MAILS, lambda: guard.until(WAITING, store="island"))
        server.start()
        await again(guard, MAILS, promised)
        async with asyncio.timeout(60):
            await sink.until(lambda: set(MAILS) <= set(arrived(sink)))
            while not await asyncio.to_thread(finished, server, database):
                await asyncio.sleep(0.05)
        assert await guard.end(signal.SIGTERM) == 0
        times = arrived(sink)
        went = [one.recipients for one in sink.mails if b"<load-1@" in one.content[:2000]]
    assert sum(times.values()) - len(MAILS) <= (point in WINDOWS)
    assert went == [(BOX,)] * len(went)
    await check_books(guard, len(MAILS), besides=int(point in WINDOWS))
    assert not list((guard.folder / "island" / "spool").iterdir())
    assert server.run("SELECT DISTINCT count(*) FROM notice GROUP BY subject", database) == [(2,)]
    server.drop(database)


def finished(server: PostgresServer, database: str) -> bool:
    """Whether all of them are in the database, delivered, told of and published."""
    waiting = "(SELECT count(*) FROM delivery WHERE tier IS NOT NULL)"
    unassessed = "(SELECT count(*) FROM mail WHERE id NOT IN (SELECT mail FROM assessment))"
    missing = f"(SELECT count(DISTINCT message_id) - {len(MAILS)} FROM mail)"
    return server.run(f"SELECT {waiting} + {unassessed} + abs({missing}) + (SELECT count(*) FROM outbox)", database) == [(0,)]
