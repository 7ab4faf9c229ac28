"""What a PostgreSQL server, its people and the line to it can do to a store: a mail is kept, or it was not promised."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from fakes.arrivals import NOW, SetClock, arrival, entry, register
from fakes.cable import Cable
from fakes.disk import mounted, needs_root
from fakes.postgres import PostgresServer

from services.settings import Settings, StoreSettings
from services.store import postgres as dialect
from services.store.interface import Claim, CommitUnknown, Leased, StoreUnavailable
from services.store.open import open_store
from services.store.sql_store import SqlStore

pytestmark = pytest.mark.needs("postgresql")
USER = "guard"  # no superuser, as a guard's is not
HEAD = "SELECT FROM meta WHERE name = 'audit_head' FOR UPDATE"
WAITING = f"FROM pg_stat_activity WHERE usename = '{USER}' AND wait_event_type = 'Lock'"


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """An empty one of ``USER``."""
    postgres.run(f"CREATE ROLE {USER} LOGIN")
    name = postgres.database()
    postgres.run(f"ALTER DATABASE {name} OWNER TO {USER}")
    yield name
    postgres.drop(name)
    postgres.run(f"DROP ROLE {USER}")


@pytest.fixture
def cable(postgres: PostgresServer) -> Iterator[Cable]:
    with Cable(postgres.folder) as one:
        yield one


@pytest_asyncio.fixture
async def opened(database: str, tmp_path: Path) -> AsyncIterator[Callable[[str], Awaitable[SqlStore]]]:
    """Opens the store at an address."""
    stores: list[SqlStore] = []

    async def open_one(url: str) -> SqlStore:
        stores.append(await open_store(Settings(data=tmp_path / "data", store=StoreSettings(url=url)), SetClock()))
        return stores[-1]

    yield open_one
    for one in stores:
        await one.close()


@pytest_asyncio.fixture
async def store(opened, postgres: PostgresServer, database: str) -> SqlStore:
    return await opened(postgres.url(database, USER))


async def taken(store: SqlStore, id: str, content: bytes = b"Hej\r\n") -> None:
    """As a sender does: again, until it is taken."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await store.commit(arrival(id, content=content))
            except StoreUnavailable:
                await asyncio.sleep(0.02)


async def held(server: PostgresServer, holds: bool = True) -> None:
    """Until somebody of ours waits for a lock, or nobody does any more."""
    async with asyncio.timeout(60):
        while bool(server.run(f"SELECT 1 {WAITING}")) is not holds:
            await asyncio.sleep(0.005)


async def leased(store: SqlStore) -> list[str]:
    return [one.delivery.mail for one in await store.lease("next", NOW, NOW + timedelta(minutes=1), 100)]


async def check(store: SqlStore, mails: int) -> None:
    [row] = await store.ledger()
    assert (row.accepted, row.balances()) == (mails, True)
    assert (await store.verify_audit()).broken_at is None


def claim(leases: list[Leased]) -> Claim:
    """As a deliverer's in the same process."""
    return Claim("next", NOW + timedelta(minutes=30), leases.extend)


async def test_law_1_the_answer_to_a_commit_is_lost(cable: Cable, opened, database: str) -> None:
    claimed: list[Leased] = []
    store = await opened(cable.url(database, USER))
    await store.commit(arrival("m1"))
    cable.lose_answer()
    with pytest.raises(CommitUnknown):
        await store.commit(arrival("m2"), claim(claimed))
    await taken(store, "m2-again")
    assert claimed == []
    assert await leased(store) == ["m1", "m2", "m2-again"]  # at most a duplicate, and it waits for no lease's end
    await check(store, 3)


async def test_law_1_a_commit_that_is_still_on_its_way_holds_nobody_up(cable: Cable, opened, database: str) -> None:
    store = await opened(cable.url(database, USER))
    await store.commit(arrival("m1"))
    cable.lose_commit()
    with pytest.raises(StoreUnavailable):
        await store.commit(arrival("m2"), claim([]))
    async with asyncio.timeout(8):  # the lost session has locked the chain's head, and need not end within 30 seconds
        await taken(store, "m2-again")
    cable.arrive.set()
    assert await asyncio.to_thread(cable.ended.wait, 20)
    assert await leased(store) == ["m1", "m2-again"]
    await check(store, 2)


@pytest.mark.parametrize("locked", [HEAD, "LOCK TABLE outbox"])
async def test_law_1_a_writer_whose_session_is_ended_in_a_transaction_writes_once(
    store: SqlStore, postgres: PostgresServer, database: str, locked: str
) -> None:
    await store.commit(arrival("m0"))
    with psycopg.connect(postgres.url(database)) as other:
        other.execute(locked)
        writing = asyncio.create_task(store.commit(arrival("m1")))
        await held(postgres)
        postgres.run(f"SELECT pg_terminate_backend(pid) {WAITING}")
        await held(postgres, holds=False)
        other.commit()
        await writing
    await check(store, 2)


async def test_a_reader_whose_session_is_ended_reads_on_another(store: SqlStore, postgres: PostgresServer, database: str) -> None:
    await store.commit(arrival("m1"))
    with psycopg.connect(postgres.url(database)) as other:
        other.execute("LOCK TABLE outbox")
        reading = asyncio.create_task(store.outbox(10))
        await held(postgres)
        postgres.run(f"SELECT pg_terminate_backend(pid, 10000) {WAITING}")  # returns when it has ended
        other.commit()
        assert {one.subject for one in await reading} == {"m1"}


@pytest.mark.parametrize("locked", [HEAD, "LOCK TABLE outbox"])
@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
async def test_law_1_somebody_keeps_what_mail_needs(
    opened, postgres: PostgresServer, database: str, monkeypatch: pytest.MonkeyPatch, locked: str, limit: str
) -> None:
    await opened(postgres.url(database, USER))  # its tables take longer to make than a statement may here
    monkeypatch.setattr(dialect, "_WAITS", f"-c {limit}=50ms")
    store = await opened(postgres.url(database, USER))
    with psycopg.connect(postgres.url(database)) as other:
        other.execute(locked)
        with pytest.raises(StoreUnavailable, match=limit.replace("_", " ")):
            await store.commit(arrival("m1"))
        if locked != HEAD:
            with pytest.raises(StoreUnavailable):
                await store.outbox(10)
    await store.commit(arrival("m2"))
    await check(store, 1)


async def test_a_transaction_that_slept_too_long_was_ended_and_is_told_so(store: SqlStore, postgres: PostgresServer) -> None:
    with store._writer._kept().begin():
        assert store._writer._kept().exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one() == "30s"
        store._writer._kept().exec_driver_sql("SET SESSION idle_in_transaction_session_timeout = '20ms'")
    ours = f"SELECT 1 FROM pg_stat_activity WHERE usename = '{USER}' AND state LIKE 'idle in transaction%'"

    def sleep(*_: object) -> None:
        while postgres.run(ours):
            time.sleep(0.01)

    with pytest.raises(StoreUnavailable):
        await store.load_register(register(2), entry("register.loaded", "x"), sleep)
    await store.commit(arrival("m1"))
    assert (await store.export_register()).citizens == ()


async def test_law_1_the_server_has_no_room_for_another_connection(
    store: SqlStore, opened, postgres: PostgresServer, database: str
) -> None:
    await store.commit(arrival("m1"))
    assert await store.publishes()
    postgres.run(f"ALTER ROLE {USER} CONNECTION LIMIT 0")
    postgres.cut(database)
    with pytest.raises(StoreUnavailable, match="too many connections"):
        await store.commit(arrival("m2"))
    with pytest.raises(StoreUnavailable, match=r"store\.url: .*too many connections"):
        await opened(postgres.url(database, USER))
    with pytest.raises(StoreUnavailable):
        await store.publishes()
    postgres.run(f"ALTER ROLE {USER} CONNECTION LIMIT -1")
    await taken(store, "m3")
    assert await store.publishes()
    await check(store, 2)


async def test_law_1_a_server_that_is_a_standby_takes_nothing_until_it_is_promoted(
    store: SqlStore, opened, postgres: PostgresServer, database: str
) -> None:
    await store.commit(arrival("m1"))
    await asyncio.to_thread(postgres.stop, "fast")
    await asyncio.to_thread(lambda: postgres.start(standby=True))
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await store.commit(arrival("m2"))
    with pytest.raises(StoreUnavailable, match=r"standby.*name the primary"):
        await opened(postgres.url(database, USER))
    with pytest.raises(StoreUnavailable):
        await store.publishes()  # a lock of the standby's would say nothing to the others
    await asyncio.to_thread(postgres.promote)
    await taken(store, "m3")
    assert await leased(store) == ["m1", "m3"]
    several = await opened(postgres.url(database, USER).replace("host=", "host=/nowhere,"))
    await check(several, 2)


@needs_root
async def test_law_1_the_disk_of_the_server_is_full(store: SqlStore, postgres: PostgresServer, database: str) -> None:
    with mounted(postgres.folder / "small", "40m") as disk:
        os.chown(disk.folder, postgres.folder.stat().st_uid, -1)
        postgres.run(f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
        postgres.run("ALTER TABLE content SET TABLESPACE small", database)
        await store.commit(arrival("m0"))
        disk.fill()
        promised, refused = 1, 0
        while not refused:
            try:
                await store.commit(arrival(f"m{promised}", content=os.urandom(60_000)))
                promised += 1
            except StoreUnavailable as error:
                assert "No space left" in str(error)
                refused += 1
        assert len(await leased(store)) == promised  # what is there goes out meanwhile
        disk.empty()
        await store.commit(arrival("after", content=os.urandom(60_000)))
        await check(store, promised + 1)
        postgres.run("ALTER TABLE content SET TABLESPACE pg_default", database)
        postgres.run("DROP TABLESPACE small")
