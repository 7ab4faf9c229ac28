"""Work in a process of its own: what it answers, and that nothing is left of it when it dies, takes too long or is given up."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fakes.arrivals import SetClock
from fakes.children import is_gone, noting

from services import aside
from services.aside import Undone, done_aside, written
from services.aside_child import MEMORY
from services.settings import Settings
from services.settings_loading import load_settings
from services.store.interface import StoreUnavailable
from services.store.open import open_store

CONFIG = Path(__file__).parents[2] / "config/rammevagt.toml"
WAITING = "fakes.waiting_child"
NOW = SetClock().now()
GIVEN = "ø\n" * 50_000  # more than a pipe holds
PARENT = """
import asyncio, sys
from pathlib import Path
from fakes.arrivals import SetClock
from fakes.children import noting
from services import aside
from services.settings import Settings

async def main():
    with noting(lambda child: print(child.pid, flush=True)):
        await aside.done_aside("fakes.waiting_child", Settings(data=Path(sys.argv[1])), SetClock().now(), {})

asyncio.run(main())
"""


@pytest.fixture
async def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settings]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    settings = Settings(data=tmp_path / "data")
    store = await open_store(settings, SetClock())
    yield settings
    await store.close()


@pytest.fixture
def started() -> Iterator["asyncio.Queue[asyncio.subprocess.Process]"]:
    """The processes, as they are started."""
    found: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()
    with noting(found.put_nowait):
        yield found


async def test_it_is_given_bytes_and_the_instant_and_answers_what_it_made_alone(settings):
    answer = await done_aside(WAITING, settings, NOW, {"says": "æ"}, GIVEN.encode())
    assert answer.decode() == f"æ {GIVEN} {NOW.isoformat()}"


async def test_what_it_dies_of_is_undone_and_the_next_is_done(settings, capfd):
    with pytest.raises(Undone):
        await done_aside(WAITING, settings, NOW, {"raise": "bo@example.net"})
    told = capfd.readouterr().err
    assert "aside_work_failed" in told and "ValueError" in told and "bo@example.net" not in told
    assert await done_aside(WAITING, settings, NOW, {"says": "x"})


async def test_one_that_takes_too_much_memory_is_undone(settings):
    with pytest.raises(Undone):
        await done_aside(WAITING, settings, NOW, {"takes": MEMORY})


async def test_every_setting_is_the_same_there():
    """The documented ones, and those that only some have."""
    more = {
        "RAMMEVAGT_LETTERS__PHONE_HOURS": '[{"days": ["mon"], "from": "09:00", "to": "15:00"}]',
        "RAMMEVAGT_GATEWAY__TRUSTED_CLIENTS": '["10.0.0.0/8", "::1/128"]',
        "RAMMEVAGT_STORE__URL": "postgresql://guard:secret@db/rammevagt",
    }
    for settings in (load_settings(CONFIG, {}), load_settings(CONFIG, more)):
        assert Settings.model_validate(json.loads(json.dumps(written(settings)))) == settings


async def test_one_that_is_killed_is_undone(settings, started):
    waiting = asyncio.create_task(done_aside(WAITING, settings, NOW, {}))
    os.kill((await started.get()).pid, signal.SIGKILL)
    with pytest.raises(Undone):
        await waiting


async def test_one_that_takes_too_long_is_ended(settings, started, monkeypatch):
    monkeypatch.setattr(aside, "SECONDS", 0.05)
    with pytest.raises(Undone):
        await done_aside(WAITING, settings, NOW, {})
    assert is_gone(started.get_nowait().pid)


async def test_one_that_nobody_waits_for_any_more_is_ended(settings, started):
    waiting = asyncio.create_task(done_aside(WAITING, settings, NOW, {}))
    child = await started.get()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert is_gone(child.pid) and child.returncode is not None


async def test_it_ends_with_a_guard_that_was_killed(settings):
    guard = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, settings.data, stdout=asyncio.subprocess.PIPE)
    child = int(await guard.stdout.readline())
    assert not is_gone(child)
    guard.kill()
    await guard.wait()
    async with asyncio.timeout(60):
        while not is_gone(child):
            await asyncio.sleep(0.01)


async def test_a_few_at_a_time(settings, started):
    waiting = [asyncio.create_task(done_aside(WAITING, settings, NOW, {})) for _ in range(aside.AT_ONCE + 1)]
    running = [await started.get() for _ in range(aside.AT_ONCE)]
    assert started.empty()
    os.kill(running[0].pid, signal.SIGKILL)
    next_one = await started.get()
    assert next_one.pid not in {one.pid for one in running}
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert all(is_gone(one.pid) for one in (*running, next_one))


async def test_a_store_that_is_away_is_told_as_such(settings):
    away = settings.model_copy(update={"store": settings.store.model_copy(update={"url": "postgresql://x@127.0.0.1:1/x"})})
    with pytest.raises(StoreUnavailable):
        await done_aside(WAITING, away, NOW, {"says": "x"})
