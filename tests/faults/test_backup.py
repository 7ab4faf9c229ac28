"""The backup of deploy/runbook.md, made under load and restored elsewhere; and a whole guard that meets damage."""

import asyncio
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.arrivals import CONTENT, NOW, SetClock, arrival, attempt, spooled
from fakes.guard import guarding, mail

from services.settings import Settings
from services.store.keys import FILE
from services.store.open import open_store
from services.store.sql_store import SqlStore

RUNBOOK = Path(__file__).parents[2] / "deploy" / "runbook.md"


def backed_up(data: Path, backup: Path, meanwhile: Callable[[], None]) -> None:
    """As the runbook says, by its own statement; ``meanwhile`` is called in the middle of it."""
    [statement] = re.findall(r'"(VACUUM INTO [^"]*)"', RUNBOOK.read_text())
    backup.mkdir()
    database = sqlite3.connect(data / FILE)
    database.set_progress_handler(meanwhile, 1000)
    database.execute(statement.replace("/backup/today", str(backup)))
    database.close()
    shutil.copytree(data / "spool", backup / "spool")
    shutil.copy(data / "secret.key", backup)


async def load(store: SqlStore, data: Path, lane: int, promised: list[str], stop: asyncio.Event, more: threading.Event) -> None:
    n = 0
    while not stop.is_set():
        n += 1
        id = f"m{lane}-{n}"
        content = spooled(data, id, b"x" * 70_000) if n % 10 == 0 else CONTENT + b"x" * 5000
        await store.commit(arrival(id, content=content))
        promised.append(id)
        more.set()


async def test_law_1_a_backup_made_under_load_is_whole_elsewhere(tmp_path: Path) -> None:
    data, stop, more, promised = tmp_path / "data", asyncio.Event(), threading.Event(), []
    store = await open_store(Settings(data=data), SetClock())
    lanes = [asyncio.create_task(load(store, data, lane, promised, stop, more)) for lane in range(4)]
    while len(promised) < 100:
        await asyncio.sleep(0)
    before, during = list(promised), []

    def meanwhile() -> None:
        """A mail comes in."""
        if len(during) < 3:
            more.clear()
            during.append(more.wait(30))

    await asyncio.to_thread(backed_up, data, tmp_path / "backup", meanwhile)
    stop.set()
    await asyncio.gather(*lanes)
    await store.close()
    assert during == [True] * 3
    restored = await open_store(Settings(data=tmp_path / "backup"), SetClock())
    assert all([await restored.mail(id) for id in before])
    report = await restored.verify_audit()
    [row] = await restored.ledger()
    assert (report.broken_at, report.entries) == (None, row.accepted)
    assert row.balances()  # a recipient counts as queued only while its file is there
    leased = await restored.lease("next", NOW, NOW.replace(hour=20), 10_000)
    assert len(leased) == row.accepted
    assert await restored.record([attempt(one) for one in leased]) == []
    await restored.close()


@pytest.mark.timeout(60)
async def test_law_1_a_guard_that_meets_damage_takes_nothing_in_and_says_so(tmp_path: Path) -> None:
    async with guarding(tmp_path) as running:
        assert (await running.send(mail("<a@example.net>"), "karen@eksempel.dk")).startswith("250")
        await running.settled()
        host, _, port = running.guard.http.address.rpartition(":")
        assert await status(host, int(port)) == 200
        (tmp_path / f"{FILE}-wal").unlink()
        async with running.client() as client:
            assert (await client.mail(mail("<b@example.net>"))).startswith("451")
            assert (await client.ask("MAIL FROM:<bo@example.net>")).startswith("421")
        reader, writer = await asyncio.open_connection(*running.address)
        assert (await reader.readline()).startswith(b"421")
        writer.close()
        assert await status(host, int(port)) == 503
    store = await open_store(Settings(data=tmp_path), SetClock())  # the clean stop has saved what the log held
    assert await store.ids_by_message_id("<a@example.net>")
    assert (await store.verify_audit()).broken_at is None
    await store.close()


async def status(host: str, port: int) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /health/ready HTTP/1.0\r\n\r\n")
    found = int((await reader.readline()).split()[1])
    writer.close()
    return found
