"""A mailbox that nobody looks into any more is told of, and watched again, whatever went wrong with its watcher."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import pytest_asyncio
from fakes.arrivals import NOW, SetClock
from fakes.watching import Watching, box

from services.clock_watch import ClockWatch
from services.mailbox.desk import Desk
from services.mailbox.watcher import Watcher
from services.settings import Settings
from services.store.open import open_store
from services.store.sightings import Cursor
from services.store.sql_store import SqlStore
from services.unwatched import EVERY, Unwatched
from workflows.post import code_of


def watcher(ask) -> Watcher:
    desk = MagicMock(ask=ask)
    settings = Settings.model_validate({"mailboxes": [box(143, password_file="p")]})
    return Watcher(settings.mailboxes[0], "m-1", desk, threading.Semaphore(), lambda: 0.5)


def test_a_watcher_survives_whatever_it_meets() -> None:
    tries = threading.Semaphore(0)

    def ask(_: object) -> None:
        tries.release()
        raise LookupError("nobody foresaw it")

    one = watcher(ask)
    one.start()
    for _ in range(12):
        assert tries.acquire(timeout=20)
        one.wake()
    assert one.lives
    one.stop()
    one.join(20)
    assert not one.lives


async def test_a_thread_that_ended_gives_its_mailbox_back_and_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, ended = Watcher._run, threading.Event()

    def once(self: Watcher) -> None:
        if ended.is_set():
            return real(self)
        self._leased()
        ended.set()
        return None

    monkeypatch.setattr(Watcher, "_run", once)
    async with Watching(tmp_path, box(1)) as watching:

        async def is_dead() -> bool:
            return ended.is_set() and not watching.mailboxes._watchers[watching.code()].lives

        await watching.until(lambda: _held(watching))
        watching.mailboxes._watchers[watching.code()]._thread.join(20)
        assert await is_dead()
        await watching.mailboxes._renew()
        await watching.is_in("unreachable")


async def _held(watching: Watching) -> bool:
    found = await watching.state()
    return bool(found and found.holder)


class Beside:
    """A process that watches no mailbox, over a real store."""

    def __init__(self, store: SqlStore, settings: Settings, clock: SetClock) -> None:
        self.store, self.clock, self.told = store, clock, 0
        self.unwatched = Unwatched(settings, store, clock, ClockWatch(clock), self._tell)
        self.settings = settings
        self.desk = Desk(settings, store, clock, None, None, "other")  # type: ignore[arg-type]
        self.codes = [code_of(store.key, one.address) for one in settings.mailboxes]

    def _tell(self) -> None:
        self.told += 1

    async def pass_time(self, minutes: int) -> None:
        for _ in range(round(minutes * 60 / EVERY)):
            self.clock.move(seconds=EVERY)
            await self.unwatched.turn()

    async def look(self, code: str) -> None:
        assert await self.store.mailboxes.saw(code, (), Cursor(1, 0, None, NOW))

    async def alarms(self) -> list[tuple[str, str]]:
        found = [json.loads(one.body) for one in await self.store.outbox(1000)]
        return [(one["subject"], one["data"]["why"]) for one in found if one["type"] == "dk.rammevagt.mailbox.unreachable.v1"]


@pytest_asyncio.fixture
async def beside(tmp_path: Path):
    clock = SetClock()
    boxes = [box(143, "bf", password_file="p"), box(143, "slow", password_file="p", poll_seconds=3600)]
    settings = Settings.model_validate({"data": tmp_path, "mailboxes": boxes})
    store = await open_store(settings, clock)
    await store.refresh()
    found = Beside(store, settings, clock)
    yield found
    await store.close()


async def held(beside: Beside, code: str) -> None:
    assert await beside.store.mailboxes.lease(code, "x@eksempel.dk", "other", NOW + timedelta(days=1))


async def test_a_mailbox_that_nobody_looks_into_is_told_once_until_it_is_looked_into_again(beside: Beside) -> None:
    bf, slow = beside.codes
    for code in beside.codes:
        await held(beside, code)
        await beside.look(code)
    await beside.unwatched.turn()
    await beside.pass_time(14)
    assert await beside.alarms() == []
    await beside.pass_time(40)
    assert await beside.alarms() == [(bf, "unwatched")] and beside.told == 1
    await beside.look(bf)
    await beside.pass_time(10)
    assert len(await beside.alarms()) == 1
    await beside.pass_time(8)
    assert sorted(await beside.alarms()) == sorted([(bf, "unwatched"), (bf, "unwatched"), (slow, "unwatched")])


async def test_without_any_watcher_it_is_told_too(beside: Beside) -> None:
    await beside.unwatched.turn()
    await beside.pass_time(120)
    assert sorted(await beside.alarms()) == sorted((code, "unwatched") for code in beside.codes)


async def test_a_guard_that_was_stopped_is_no_alarm(beside: Beside) -> None:
    bf, _ = beside.codes
    await held(beside, bf)
    await beside.look(bf)
    beside.clock.move(hours=9)
    await beside.unwatched.turn()
    await beside.pass_time(10)
    await beside.look(bf)
    await beside.pass_time(10)
    assert await beside.alarms() == []


@pytest.mark.parametrize("ever", [False, True])
async def test_what_its_watcher_told_is_not_told_again(beside: Beside, ever: bool) -> None:
    bf, _ = beside.codes
    await held(beside, bf)
    if ever:
        await beside.look(bf)
    await beside.desk.trouble(beside.settings.mailboxes[0], bf, "login_refused")
    await beside.unwatched.turn()
    await beside.pass_time(30)
    assert await beside.alarms() == [(bf, "login_refused")]
