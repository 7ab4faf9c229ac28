"""What is PostgreSQL's own: the server, the key, the migrations, lost connections. Several stores: test_store_shared.py."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from fakes.acknowledged import check_whole
from fakes.arrivals import NOW, SetClock, arrival, attempt, delivery
from fakes.postgres import PostgresServer

from services.settings import Settings, StoreSettings
from services.store import database
from services.store import postgres as dialect
from services.store.errors import BadStore, WrongKey
from services.store.interface import Claim, CommitUnknown, Leased, StoreUnavailable
from services.store.keys import BadKey, make_key
from services.store.open import open_store
from services.store.sql_store import SqlStore

pytestmark = pytest.mark.needs("postgresql")
ONLY_IN_SQLITE = {"ix_delivery_ready", "ix_delivery_tried"}  # with the address: a B-tree here takes 2704 bytes


@pytest.fixture
def settings(postgres_url: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", store=StoreSettings(url=postgres_url))


def other_machine(settings: Settings, name: str = "other") -> Settings:
    return settings.model_copy(update={"data": settings.data.parent / name})


async def test_the_migrations_make_the_schema(store: SqlStore) -> None:
    with store._engines[0].connect() as connection:
        found = database.differences(connection)
    named = {one[1].name for one in found}  # type: ignore[index]
    assert named == ONLY_IN_SQLITE, found


async def test_of_two_that_start_on_an_empty_database_both_start(postgres: PostgresServer, tmp_path: Path) -> None:
    name = postgres.database()
    make_key(tmp_path / "shared.key")
    stores = StoreSettings(url=postgres.url(name), key_file=str(tmp_path / "shared.key"))
    starts = [open_store(Settings(data=tmp_path / machine, store=stores), SetClock()) for machine in ("a", "b")]
    for one in await asyncio.gather(*starts):
        await one.commit(arrival(f"m-{one._tenure.holder}"))
        await one.close()
    postgres.drop(name)


async def test_law_1_a_commit_is_flushed_whatever_the_database_is_set_to(postgres: PostgresServer, settings: Settings) -> None:
    name = dialect.address_of(settings.store.url).database
    postgres.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    store = await open_store(settings, SetClock())
    with store._engines[0].connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    await store.close()


@pytest.mark.parametrize(
    ("url", "tells"),
    [
        (
            "postgresql://locked:hemmelig-forkert@/{name}?host={host}",
            r"/t\d+: password authentication failed .*; put the",
        ),
        ("postgresql://rammevagt:hemmelig@/nowhere?host={host}", r'database "nowhere" does not exist; make it with: createdb'),
        ("postgresql://nobody:hemmelig@/{name}?host={host}", r'role "nobody" does not exist; make it with: createuser'),
        (
            "postgresql://rammevagt:hemmelig@127.0.0.1:1/{name}",
            r"store\.url: 127\.0\.0\.1:1/t\d+: .*refused.*; see that",
        ),
        ("postgresql://rammevagt:hemmelig@/{name}?host={host}/none", r"; see that the server runs"),
    ],
)
async def test_a_server_that_refuses_is_told_in_one_line(
    postgres: PostgresServer, settings: Settings, url: str, tells: str
) -> None:
    if not postgres.run("SELECT 1 FROM pg_roles WHERE rolname = 'locked'"):
        postgres.run("CREATE ROLE locked LOGIN PASSWORD 'hemmelig'")
    name = dialect.address_of(settings.store.url).database
    store = StoreSettings(url=url.format(name=name, host=postgres.folder))
    with pytest.raises(StoreUnavailable, match=tells) as caught:
        await open_store(settings.model_copy(update={"store": store}), SetClock())
    assert "hemmelig" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_the_password_may_stand_in_a_file_and_the_server_be_the_one_that_writes(
    postgres: PostgresServer, settings: Settings, tmp_path: Path
) -> None:
    name = dialect.address_of(settings.store.url).database
    postgres.run("DROP ROLE IF EXISTS locked")
    postgres.run("CREATE ROLE locked LOGIN PASSWORD 'hemmelig' IN ROLE rammevagt")
    (tmp_path / "pgpass").write_text("*:*:*:*:hemmelig\n")
    (tmp_path / "pgpass").chmod(0o600)
    asked = f"&passfile={tmp_path / 'pgpass'}&target_session_attrs=read-write"
    store = StoreSettings(url=postgres.url(str(name), "locked") + asked)
    opened = await open_store(settings.model_copy(update={"store": store}), SetClock())
    with pytest.raises(StoreUnavailable, match="read-only"):
        await opened._readers.run(lambda connection: connection.exec_driver_sql("DELETE FROM meta"))
    await opened.commit(arrival())
    await opened.close()
    postgres.run("DROP ROLE locked")


async def test_a_database_in_another_encoding_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    postgres.run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(BadStore, match="createdb -E UTF8"):
        await open_store(Settings(data=tmp_path, store=StoreSettings(url=postgres.url("latin"))), SetClock())
    postgres.drop("latin")


async def test_a_second_machine_needs_the_key_of_the_first(store: SqlStore, settings: Settings) -> None:
    other = other_machine(settings)
    with pytest.raises(BadKey, match=r"other/secret\.key: the key of this store is missing; put it back"):
        await open_store(other, SetClock())
    assert not (other.data / "secret.key").exists()
    make_key(other.data / "secret.key")
    with pytest.raises(WrongKey, match=r"other/secret\.key: this key does not belong to this store"):
        await open_store(other, SetClock())
    (other.data / "secret.key").write_text((settings.data / "secret.key").read_text())
    await (await open_store(other, SetClock())).close()


async def test_what_a_sender_writes_may_be_long(store: SqlStore) -> None:
    odd = "".join(chr(0x100 + n * 7919 % 20000) for n in range(4000))  # compresses hardly, and is over a page of bytes
    address = f"{odd}@example.net"
    await store.commit(
        arrival("m1", (address,), sender=address, message_id=f"<{odd}>", deliveries=(delivery("m1", address, id="d"),))
    )
    assert await store.ids_by_message_id(f"<{odd}>") == ["m1"]
    [one] = await store.lease("next", NOW, NOW + timedelta(minutes=1), 10)
    assert one.delivery.address == address


async def test_law_9_an_error_never_tells_content(store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    with store._engines[0].begin() as connection:
        connection.exec_driver_sql("CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE "
                                   "EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''full'', DETAIL = NEW.bytes; END'")  # fmt: skip
        connection.exec_driver_sql("CREATE TRIGGER is_full BEFORE INSERT ON content FOR EACH ROW EXECUTE FUNCTION is_full()")
    with pytest.raises(StoreUnavailable) as caught:
        await store.commit(arrival("m1", content=b"hemmeligt"))
    assert str(caught.value) == "full"
    assert "hemmeligt" not in capsys.readouterr().out


async def load(store: SqlStore, lane: str, acknowledged: list[str], until: asyncio.Event) -> int:
    """Mail after mail, as a sender does: what is refused comes again under another id. Gives how many were refused."""
    refused = number = 0
    while not until.is_set():
        number += 1
        try:
            await store.commit(arrival(f"{lane}-{number}"))
        except StoreUnavailable:
            refused += 1
            await asyncio.sleep(0.01)
        else:
            acknowledged.append(f"{lane}-{number}")
    return refused


async def more(acknowledged: list[str], number: int) -> None:
    wanted = len(acknowledged) + number
    async with asyncio.timeout(60):
        while len(acknowledged) < wanted:
            await asyncio.sleep(0.01)


async def test_law_1_lost_connections_lose_no_mail(store: SqlStore, settings: Settings, postgres: PostgresServer) -> None:
    name = dialect.address_of(settings.store.url).database
    acknowledged: list[str] = []
    over = asyncio.Event()
    lanes = [asyncio.create_task(load(store, f"l{n}", acknowledged, over)) for n in range(8)]
    for _ in range(4):
        await more(acknowledged, 40)
        assert postgres.cut(str(name)) > 0
    await more(acknowledged, 40)
    over.set()
    await asyncio.gather(*lanes)
    await check_whole(store, acknowledged)


@pytest.mark.parametrize("how", ["immediate", "fast"])
async def test_law_1_a_server_that_ends_and_comes_again_loses_no_mail(tmp_path: Path, postgres: PostgresServer, how: str) -> None:
    name = postgres.database()
    store = await open_store(Settings(data=tmp_path, store=StoreSettings(url=postgres.url(name))), SetClock())
    acknowledged: list[str] = []
    over = asyncio.Event()
    lanes = [asyncio.create_task(load(store, f"l{n}", acknowledged, over)) for n in range(4)]
    await more(acknowledged, 40)
    await asyncio.to_thread(postgres.stop, how)
    with pytest.raises(StoreUnavailable):
        await store.commit(arrival("while-away"))
    with pytest.raises(StoreUnavailable):
        await store.ledger()
    await asyncio.to_thread(postgres.start)
    await more(acknowledged, 40)
    over.set()
    assert sum(await asyncio.gather(*lanes)) > 0
    await check_whole(store, acknowledged)
    await store.close()
    postgres.drop(name)


async def test_a_server_that_became_a_standby_is_left_for_the_one_that_writes(store: SqlStore) -> None:
    with store._writer._kept().begin():
        store._writer._kept().exec_driver_sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(StoreUnavailable, match="read-only"):
        await store.commit(arrival("m1"))
    await store.commit(arrival("m1"))


async def test_law_1_a_commit_whose_answer_is_lost_is_no_promise_and_holds_nothing_up(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Leased] = []
    engine_dialect = store._engines[0].dialect
    commit = engine_dialect.do_commit

    def commit_and_lose(connection: object) -> None:
        commit(connection)  # type: ignore[arg-type]
        monkeypatch.undo()
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(engine_dialect, "do_commit", commit_and_lose)
    with pytest.raises(CommitUnknown):
        await store.commit(arrival("m1"), Claim("next", NOW + timedelta(minutes=30), taken.extend))
    assert taken == []
    assert await store.mail("m1") is not None  # the sender will send it again: a duplicate, and none is lost
    assert [one.delivery.mail for one in await store.lease("next", NOW, NOW + timedelta(minutes=1), 10)] == ["m1"]
    assert await store.record([attempt(one) for one in taken]) == []


async def test_a_large_mail_whose_file_is_gone_is_not_taken(store: SqlStore, settings: Settings) -> None:
    with pytest.raises(StoreUnavailable, match="spool"):
        await store.commit(arrival("m1", content=settings.data / "spool" / "m1.eml"))
    assert await store.mail("m1") is None


async def test_old_spool_files_are_removed_at_start(settings: Settings, opener: Callable[[], Awaitable[SqlStore]]) -> None:
    import os

    await opener()
    old = settings.data / "spool" / "old.eml"
    old.write_bytes(b"x")
    os.utime(old, (NOW.timestamp() - 3700, NOW.timestamp() - 3700))
    await opener()
    assert not old.exists()
