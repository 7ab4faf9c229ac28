"""``/health/ready`` is 503 while nothing can be written down, and 200 again by itself when it can."""

import asyncio
import json
import sqlite3
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

from fakes.disk import mounted, needs_root
from fakes.guard import Running, guarding, mail
from fakes.town import PER
from sqlalchemy import event


def ready(running: Running) -> tuple[int, bool]:
    """The status, and what is said of the disk."""
    try:
        with urllib.request.urlopen(f"http://{running.guard.http.address}/health/ready", timeout=60) as answer:
            return answer.status, json.load(answer)["parts"]["disk"]
    except HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)["parts"]["disk"]


@needs_root
async def test_a_full_disk_is_not_ready_until_there_is_room(tmp_path: Path) -> None:
    with mounted(tmp_path / "data", "64m") as disk:
        async with guarding(tmp_path / "data") as running:
            await running.send(mail("<1@example.net>"), PER)
            await running.explained("<1@example.net>")
            assert await asyncio.to_thread(ready, running) == (200, True)
            disk.fill()
            refused = await running.send(mail("<2@example.net>", body="x" * 500_000 + "\r\n"), PER)
            assert refused.startswith("4")
            for _ in range(3):  # what writes nothing succeeds meanwhile, and changes nothing
                await running.guard.store.retry([], running.clock.now())
                assert await asyncio.to_thread(ready, running) == (503, False)
            disk.empty()
            assert await asyncio.to_thread(ready, running) == (200, True)
            assert (await running.send(mail("<2@example.net>"), PER)).startswith("250")


def only_read(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA query_only = ON").close()


async def test_a_database_that_refuses_is_not_ready_until_it_takes_something(tmp_path: Path) -> None:
    async with guarding(tmp_path) as running:
        store = running.guard.store
        await running.send(mail("<1@example.net>"), PER)
        await running.explained("<1@example.net>")
        await running.settled()
        store._writer._kept().exec_driver_sql("PRAGMA query_only = ON")
        store._writer._kept().rollback()
        event.listen(store._writer._engine, "connect", only_read)
        assert (await running.send(mail("<2@example.net>"), PER)).startswith("451")
        assert await asyncio.to_thread(ready, running) == (503, False)
        event.remove(store._writer._engine, "connect", only_read)
        assert await asyncio.to_thread(ready, running) == (200, True)  # tried out: the next connection takes it
