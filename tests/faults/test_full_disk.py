"""A full disk, wherever it is full: senders are told to come again, nothing is lost, and with room again all goes on by itself."""

import asyncio
import signal
from pathlib import Path

import pytest
from fakes.arrivals import CONTENT, SetClock, arrival
from fakes.disk import Disk, mounted, needs_root
from fakes.process import UNFINISHED, WAITING, Process, arrived, check_books, reply_to
from fakes.sink import Sink

from services.events.server import OwnServer
from services.settings import Settings
from services.store import database
from services.store.interface import StoreUnavailable
from services.store.keys import FILE, make_key
from services.store.open import open_store

pytestmark = needs_root
BIG = "x" * 200_000 + "\r\n"
UNDELIVERED = f"SELECT ({WAITING}) + (SELECT count(*) FROM outbox)"


def memory_of(pid: int) -> int:
    """Peak, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.timeout(150)
async def test_law_1_a_full_disk_refuses_for_now_and_room_mends_all(tmp_path: Path, unused_tcp_port: int) -> None:
    """Database, spool and broker share the disk, as they do where nobody has set them apart."""
    promised: list[str] = []
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        with mounted(guard.folder, "96m") as disk:
            await guard.start()
            await guard.listening()
            assert guard.child is not None
            await reply_to(guard.port, "<load-first@example.net>")
            assert await guard.until(UNFINISHED)  # the broker has its streams: it is full in the middle of its work
            for turn in range(2):
                refused = await filled(guard, disk, turn, promised)
                assert {reply[:3] for reply in refused} <= {"451", "421"} and refused
                disk.empty()
                for n in range(3):
                    name = f"<load-{turn}-after-{n}@example.net>"
                    assert (await reply_to(guard.port, name, BIG if n else "Hej\r\n")).startswith("250")
                    promised.append(name)
                async with asyncio.timeout(60):
                    await sink.until(lambda: set(promised) <= set(arrived(sink)))
                assert await guard.until(UNDELIVERED)
            assert memory_of(guard.child.pid) < 300 << 20
            assert await guard.end(signal.SIGTERM) == 0
            await check_books(guard, len(promised))


async def filled(guard: Process, disk: Disk, turn: int, promised: list[str]) -> list[str]:
    """Fill the disk and go on sending until small and large mails were refused; gives what was refused."""
    refused: list[str] = []
    for n in range(200):
        if n % 20 == 0:
            disk.fill()
        name = f"<load-{turn}-{n}@example.net>"
        reply = await reply_to(guard.port, name, BIG if n % 4 == 0 else "y" * 20_000 + "\r\n")
        if reply.startswith("250"):
            promised.append(name)
        else:
            refused.append(reply)
        if len(refused) >= 12:
            break
    return refused


async def test_a_broker_that_starts_on_a_full_disk_is_found_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes down where it listens only once, and lives on where it could not."""
    found = asyncio.Event()
    real = asyncio.create_subprocess_exec
    with mounted(tmp_path / "data", "32m") as disk:
        server = OwnServer(tmp_path / "data" / "nats", lambda _: found.set())

        async def on_a_full_disk(*words: str, **more: object) -> asyncio.subprocess.Process:
            monkeypatch.undo()
            disk.fill()
            return await real(*words, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(asyncio, "create_subprocess_exec", on_a_full_disk)
        server.start()
        async with asyncio.timeout(60):
            while not (said := list((tmp_path / "data" / "nats" / "ports").glob("*.ports"))):
                await asyncio.sleep(0.01)
            assert said[0].stat().st_size == 0 and not found.is_set()
            disk.empty()
            await found.wait()
        await server.stop()


async def test_a_disk_full_at_the_checkpoint_costs_nothing_but_room(tmp_path: Path) -> None:
    """The log is there, and the database can't grow: what is in the log stays there."""
    with mounted(tmp_path / "data", "64m") as disk:
        settings = Settings(data=tmp_path / "data")
        store = await open_store(settings, SetClock())
        promised = []
        for n in range(3):
            await store.commit(arrival(f"m{n}", content=CONTENT + b"x" * 60_000))
            promised.append(f"m{n}")
        disk.fill()
        connection = store._writer._kept()
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 1")  # at each commit
        connection.rollback()
        for n in range(20):
            try:
                await store.commit(arrival(f"f{n}"))
            except StoreUnavailable:
                continue
            promised.append(f"f{n}")
        disk.empty()
        await store.commit(arrival("after"))
        await store.close()
        store = await open_store(settings, SetClock())
        assert all([await store.mail(id) for id in [*promised, "after"]])
        assert (await store.verify_audit()).entries == len(promised) + 1
        await store.close()


async def test_a_disk_full_at_the_start_is_told_and_the_next_start_migrates(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    with mounted(tmp_path / "data", "16m") as disk:
        config = Config()
        config.set_main_option("script_location", str(database.MIGRATIONS))
        engine = database.sqlite_writer(tmp_path / "data" / FILE)
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            row = "INSERT INTO mail VALUES (?, 1, '2026-11-23', 1, 0, '::1', 'bo@example.net', NULL, 'aa', 5, ?, ?)"
            for n in range(200):
                connection.exec_driver_sql(row, (f"m{n}", '{"assessed":false,"x":"' + "x" * 5000 + '"}', '{"signals":[]}'))
        engine.dispose()
        make_key(tmp_path / "data" / "secret.key")
        for leave in (0, 200_000, 500_000):
            disk.fill(leave)
            with pytest.raises(StoreUnavailable):
                await open_store(Settings(data=tmp_path / "data"), SetClock())
            disk.empty()
        store = await open_store(Settings(data=tmp_path / "data"), SetClock())
        assert all([await store.mail(f"m{n}") for n in range(200)])
        await store.close()
