"""The guard of today on a store that another version left: a full queue goes out once, and a newer store is left alone."""

import asyncio
import hashlib
import shutil
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from fakes.arrivals import attempt, deferred
from fakes.guard import mail, settings
from fakes.old_store import made_by
from fakes.process import UNFINISHED, Process, arrived, check_books, load_framed_register, write_framed_register
from fakes.sink import Sink
from fakes.smtp_client import RawClient
from fakes.town import BO, KAREN, PER

from services.app import Guard
from services.clock import SystemClock
from services.settings import Settings
from services.store import database
from services.store.keys import FILE
from services.store.open import open_store

MAILS = 150
HELD, PUT_OFF = 40, 20
NEVER_KEPT = {"0001": {"mail_about", "replay"}, "0002": {"mail_about", "replay"}}  # tables of what those versions did not write
VERSIONS = sorted(file.name[1:5] for file in (database.MIGRATIONS / "versions").glob("v*.py"))


async def fill(data: Path) -> None:
    """A gateway takes mail that nobody sends or publishes; deliverers died with leases in hand, and some mail was put off."""
    clock = SystemClock()
    guard = Guard(settings(data, "127.0.0.1:1"), frozenset({"gateway"}), clock)
    await guard.start()
    while not guard.store.ready():
        await asyncio.sleep(0.01)
    host, _, port = guard.gateway.addresses[0].rpartition(":")
    client = RawClient(*await asyncio.open_connection(host, int(port)))
    await client.reply()
    await client.ask("EHLO mx.eksempel.dk")
    for n in range(MAILS):
        sender, to = (BO, KAREN) if n % 3 == 0 else ("x@example.com", PER)
        body = "x" * 100_000 if n % 50 == 0 else "Hej"
        reply = await client.mail(mail(f"<load-{n}@example.net>", sender=sender, body=body + "\r\n"), to=to, sender=sender)
        assert reply.startswith("250")
    client.writer.close()
    await client.writer.wait_closed()
    now = clock.now()
    held = await guard.store.lease("next", now, now + timedelta(hours=1), HELD)
    soon = deferred(now - timedelta(seconds=1))
    await guard.store.record([attempt(one, soon, events=()) for one in held[:PUT_OFF]])
    await guard.stop()


@pytest_asyncio.fixture(scope="module")
async def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a guard of today with a register and a full queue; tests copy it."""
    guard = Process(tmp_path_factory.mktemp("full") / "data", "127.0.0.1:1", 0)
    await load_framed_register(guard)
    await fill(guard.folder)
    return guard.folder


@pytest.mark.parametrize("version", VERSIONS[:-1])
async def test_law_1_a_store_of_another_version_becomes_one_of_today_row_by_row(version: str, full: Path, tmp_path: Path) -> None:
    data = shutil.copytree(full, tmp_path / "data")
    wanted = rows(data)
    made_by(version, data)
    assert rows(data)["alembic_version"] == [f"('{version}',)"]
    store = await open_store(Settings(data=data), SystemClock())
    assert (await store.verify_audit()).broken_at is None
    await store.close()
    assert rows(data) == {name: [] if name in NEVER_KEPT.get(version, ()) else found for name, found in wanted.items()}


def rows(data: Path) -> dict[str, list[str]]:
    """All that is in each table."""
    with closing(sqlite3.connect(data / FILE)) as tables:
        names = tables.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'").fetchall()
        return {name: sorted(map(repr, tables.execute(f"SELECT * FROM {name}").fetchall())) for (name,) in names}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-2]])
async def test_law_1_a_full_queue_of_another_version_goes_out_once(
    version: str, full: Path, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with Sink() as sink:
        guard = Process(shutil.copytree(full, tmp_path / "data"), sink.hop, unused_tcp_port)
        made_by(version, guard.folder)
        held = guard.query("SELECT count(*), sum(lease IS NOT NULL) FROM delivery WHERE kind = 'mail'")
        assert held == [(MAILS, HELD - PUT_OFF)]
        assert guard.query("SELECT count(*) FROM outbox") == [(2 * MAILS,)]
        await guard.start()
        async with asyncio.timeout(90):
            await sink.until(lambda: len(arrived(sink)) == MAILS)
        assert await guard.until(UNFINISHED)
        assert await guard.end(signal.SIGTERM) == 0
    assert set(arrived(sink).values()) == {1}
    assert guard.query("SELECT DISTINCT unit, caseworker FROM citizen_case") == [("bf", KAREN)]
    assert guard.query("SELECT word FROM citizen_word WHERE citizen = 'c-1' ORDER BY word") == [("bo",), ("borger",)]
    assert guard.query("SELECT DISTINCT count(*) FROM notice GROUP BY subject") == [(2,)]
    await check_books(guard, MAILS)


async def test_a_store_of_a_newer_version_is_left_alone_with_one_line(tmp_path: Path, unused_tcp_port: int) -> None:
    guard = Process(tmp_path / "data", "127.0.0.1:1", unused_tcp_port)
    register = tmp_path / "register.yaml"
    write_framed_register(register)
    assert guard.command("load", str(register)).returncode == 0
    with sqlite3.connect(guard.folder / FILE) as tables:
        tables.execute("UPDATE alembic_version SET version_num = '9999'")
        tables.execute("ALTER TABLE mail ADD COLUMN of_tomorrow TEXT")
    tables.close()
    before = digest(guard.folder / FILE)
    for words in (["ledger"], ["load", str(register)], ["up"]):
        told = guard.command(*words)
        assert (told.returncode, told.stdout, told.stderr.count("\n")) == (2, "", 1)
        assert "its tables are of version 9999" in told.stderr and "install the newer version again" in told.stderr
    assert digest(guard.folder / FILE) == before


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
