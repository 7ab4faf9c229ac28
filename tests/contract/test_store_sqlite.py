"""What is SQLite's own: the file, the key, the migrations, a full disk, a lock, a crash."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.acknowledged import check_whole
from fakes.arrivals import CONTENT, NOW, SetClock, arrival, attempt, spooled

from services.settings import Settings, StoreSettings
from services.store import database, schema
from services.store.errors import BadStore, UnsoundStore, WrongKey
from services.store.interface import StoreUnavailable
from services.store.keys import FILE, BadKey, make_key
from services.store.open import open_store
from services.store.sql_store import SqlStore
from workflows.events import parse_event


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "new" / "data")


async def test_the_folder_and_the_key_are_their_owners_alone(store: SqlStore, settings: Settings) -> None:
    assert {one.stat().st_mode & 0o777 for one in settings.data.glob(FILE + "*")} == {0o600}
    assert settings.data.stat().st_mode & 0o777 == 0o700
    assert (settings.data / "secret.key").stat().st_mode & 0o777 == 0o600
    assert store.key == bytes.fromhex((settings.data / "secret.key").read_text())
    assert sorted(one.name for one in settings.data.iterdir() if not one.name.startswith(FILE)) == [
        "rammevagt.promised",
        "secret.key",
        "spool",
    ]


async def test_law_1_a_commit_is_flushed_to_disk(store: SqlStore) -> None:
    with store._engines[0].connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def pragma(store: SqlStore, text: str) -> object:
    """Run it on the connection that the idle writer keeps."""
    connection = store._writer._kept()
    found = connection.exec_driver_sql(f"PRAGMA {text}")
    value = found.scalar() if found.returns_rows else None
    connection.rollback()
    return value


async def test_the_migrations_make_exactly_the_schema(store: SqlStore) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    with store._engines[0].connect() as connection:
        assert database.differences(connection) == []
        made = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")}
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == database.HEAD
    engine = database._sqlite(Path(":memory:"), (), "BEGIN", 1)
    schema.metadata.create_all(engine)
    with engine.connect() as connection:  # also what the comparison does not see: partial indexes, rowid, autoincrement
        wanted = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")}
    engine.dispose()
    assert {name: _bare(made[name]) for name in wanted} == {name: _bare(text) for name, text in wanted.items()}


async def test_what_an_older_version_left_is_there_after_the_migration(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    settings = Settings(data=tmp_path / "data")
    settings.data.mkdir()
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    engine = database.sqlite_writer(settings.data / "rammevagt.db")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        mail = "INSERT INTO mail VALUES (?, 1, '2026-11-23', 1, 0, '::1', 'bo@example.net', NULL, 'aa', 5, ?, ?)"
        connection.exec_driver_sql(mail, ("m1", '{"assessed":false,"signals":null}', '{"signals":[]}'))
        connection.exec_driver_sql(mail, ("m2", '{"assessed":false,"signals":null}', None))
        old = "INSERT INTO outbox VALUES (7, 'm1.received', 'mail.received', 'm1', 1795426200000000, ?)"
        connection.exec_driver_sql(old, ('{"mail":"m1","size":5,"recipients":1}',))
    engine.dispose()
    make_key(settings.data / "secret.key")
    store = await open_store(settings, SetClock())
    first, second = await store.mail("m1"), await store.mail("m2")
    assert first is not None and (first.decision["assessed"], first.decision["signals"]) == (True, [])
    assert second is not None and second.decision["assessed"] is False
    [waiting] = await store.outbox(10)
    assert (waiting.seq, waiting.topic) == (7, "rammevagt.mail.received")
    event = parse_event(waiting.body)
    assert (event.id, event.what, event.at) == ("m1.received", "mail.received", waiting.at)
    assert event.body().encode() == waiting.body
    await store.commit(arrival("m3"))
    assert [one.seq for one in await store.outbox(10)] == [7, 8, 9]
    await store.close()


async def test_law_10_what_is_removed_is_gone_from_the_file_too(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    store = await open_store(settings, SetClock())
    for n in range(20):
        secret = f"Hemmelig {n} ".encode() * 400
        await store.commit(arrival(f"m{n}", sender=f"hemmelig{n}@example.net", content=secret))
    await store.record([attempt(one) for one in await store.lease("next", NOW, NOW + timedelta(minutes=5), 50)])
    assert b"Hemmelig 7" in whole(tmp_path)
    await store.purge(NOW + timedelta(days=200), 7, 90, 183)
    await store.commit(arrival("later"))  # the mail path goes on as before
    assert pragma(store, "secure_delete") == 2
    await store.close()
    found = whole(tmp_path)
    assert b"Hemmelig" not in found and b"hemmelig" not in found


def whole(folder: Path) -> bytes:
    """All bytes of the database."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob("rammevagt.db*")))


def _bare(sql: str) -> str:
    return "".join(sql.split())


async def test_another_kind_of_store_is_refused_with_its_mend() -> None:
    with pytest.raises(BadStore, match=r"leave it empty for SQLite"):
        await open_store(Settings(store=StoreSettings(url="mysql://db/rammevagt")), SetClock())


async def test_a_foreign_key_file_is_refused(store: SqlStore, settings: Settings, tmp_path: Path) -> None:
    make_key(tmp_path / "other.key")
    with pytest.raises(WrongKey):
        await open_store(settings.model_copy(update={"store": StoreSettings(key_file=str(tmp_path / "other.key"))}), SetClock())


@pytest.mark.parametrize(
    ("text", "tells"), [(None, "openssl rand -hex 32"), ("zz", "in hex"), ("00" * 31, "it holds 31"), ("æ" * 32, "in hex")]
)
async def test_a_bad_key_file_is_refused_with_its_mend(tmp_path: Path, text: str | None, tells: str) -> None:
    path = tmp_path / "own.key"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadKey, match=tells):
        await open_store(Settings(data=tmp_path / "data", store=StoreSettings(key_file=str(path))), SetClock())


def test_a_key_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    make_key(tmp_path / "secret.key")
    before = (tmp_path / "secret.key").read_text()
    make_key(tmp_path / "secret.key")
    assert (tmp_path / "secret.key").read_text() == before
    assert [one.name for one in tmp_path.iterdir()] == ["secret.key"]


async def test_old_files_that_no_mail_names_are_removed_at_start(store: SqlStore, settings: Settings, opener) -> None:
    kept = spooled(settings.data, "kept", b"x")
    await store.commit(arrival(content=kept))
    old, young = spooled(settings.data, "old", b"x"), spooled(settings.data, "young", b"x")
    for path, age in ((kept, 7200), (old, 3700), (young, 3500)):
        os.utime(path, (NOW.timestamp() - age, NOW.timestamp() - age))
    await opener()
    assert [path.exists() for path in (kept, old, young)] == [True, False, True]


async def test_law_1_a_full_disk_refuses_and_breaks_nothing(store: SqlStore) -> None:
    await store.commit(arrival("m1"))
    pragma(store, f"max_page_count = {pragma(store, 'page_count')}")
    big = CONTENT + b"x" * 100_000
    results = await asyncio.gather(*(store.commit(arrival(f"f{n}", content=big)) for n in range(5)), return_exceptions=True)
    assert {type(one) for one in results} == {StoreUnavailable}
    pragma(store, "max_page_count = 1000000")
    await store.commit(arrival("m2", content=big))
    [row] = await store.ledger()
    assert (row.accepted, row.balances()) == (2, True)
    assert (await store.verify_audit()).entries == 2


async def test_law_1_a_locked_store_refuses_and_recovers(store: SqlStore, settings: Settings) -> None:
    pragma(store, "busy_timeout = 1")
    other = sqlite3.connect(settings.data / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await store.commit(arrival("m1"))
    other.execute("ROLLBACK")
    other.close()
    await store.commit(arrival("m1"))


async def test_law_9_an_error_never_tells_content(store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    pragma(store, "query_only = ON")
    with pytest.raises(StoreUnavailable) as caught:
        await store.commit(arrival("m1", content=b"hemmeligt"))
    told = f"{caught.value!r} {caught.value.__cause__!r} {capsys.readouterr().out}"
    assert "store.unavailable" in told
    assert "hemmeligt" not in told
    assert "karen@" not in told


async def test_closing_finishes_and_leaves_one_file(store: SqlStore, settings: Settings) -> None:
    commits = [asyncio.ensure_future(store.commit(arrival(f"m{n}"))) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    await store.close()
    await asyncio.gather(*commits)
    assert [one.name for one in settings.data.glob(FILE + "*")] == [FILE]


CRASHING = """
import asyncio, sys
from pathlib import Path
from fakes.arrivals import CONTENT, SetClock, arrival
from services.settings import Settings
from services.store.open import open_store

async def main():
    store = await open_store(Settings(data=Path(sys.argv[1])), SetClock())
    async def send(lane):
        for n in range(100_000):
            id = f"{lane}-{n}"
            await store.commit(arrival(id, content=CONTENT + b"x" * 4096))
            print("acknowledged", id, flush=True)
    await asyncio.gather(*(send(lane) for lane in range(20)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 150, 700])
async def test_law_1_what_was_acknowledged_survives_kill_9(settings: Settings, after: int) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    child = subprocess.Popen(
        [sys.executable, "-c", CRASHING, str(settings.data)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    acknowledged = []
    for line in child.stdout:
        if line.startswith("acknowledged "):
            acknowledged.append(line.split()[1])
        if len(acknowledged) == after:
            child.send_signal(signal.SIGKILL)
            break
    acknowledged += [line.split()[1] for line in child.stdout if line.startswith("acknowledged ") and line.endswith("\n")]
    child.stdout.close()
    child.wait()
    store = await open_store(settings, SetClock())
    await check_whole(store, acknowledged)
    await store.close()


async def test_a_missing_key_is_never_made_anew_beside_a_store(tmp_path):
    settings = Settings(data=tmp_path)
    await (await open_store(settings, SetClock())).close()
    (tmp_path / "secret.key").unlink()
    with pytest.raises(BadKey, match="put it back"):
        await open_store(settings, SetClock())
    assert not (tmp_path / "secret.key").exists()


async def test_a_file_that_is_no_database_is_told_as_such(tmp_path):
    make_key(tmp_path / "secret.key")
    (tmp_path / FILE).write_bytes(b"this is no database, but long enough to be taken for one" * 99)
    with pytest.raises(UnsoundStore, match=r"not a database.*runbook"):
        await open_store(Settings(data=tmp_path), SetClock())
