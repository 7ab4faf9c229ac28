"""The guard watches its own books: what it shows on ``/metrics``, and whom it tells before anybody misses a mail."""

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest_asyncio
from fakes.arrivals import NOW, SetClock, arrival, attempt, deferred
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.clock_watch import ClockWatch
from services.settings import Settings
from services.store.interface import Store
from services.store.open import open_store
from services.store.sql_store import SqlStore
from services.upkeep import Upkeep


class Watched:
    """A store with its upkeep; ``asked`` are the days whose books were read (None: all)."""

    def __init__(self, store: SqlStore, settings: Settings, clock: SetClock) -> None:
        self.store, self.clock = store, clock
        self.asked: list[set[date] | None] = []
        self.woken = 0
        self.up = {"next": NOW - timedelta(days=9)}
        spy = Spy(store, self.asked)
        self.upkeep = Upkeep(settings, spy, clock, ClockWatch(clock), up_since=lambda: self.up, told=self.wake)  # type: ignore[arg-type]

    def wake(self) -> None:
        self.woken += 1

    async def told(self) -> list[dict[str, object]]:
        found = [json.loads(one.body) for one in await self.store.outbox(1000)]
        return [one for one in found if one["type"] == "dk.rammevagt.mail.stuck.v1"]

    async def harm(self, statement: str) -> None:
        with self.store._engines[0].begin() as connection:
            connection.execute(text(statement))


class Spy:
    def __init__(self, store: Store, asked: list[set[date] | None]) -> None:
        self._store, self._asked = store, asked

    async def books(self, alone: set[date] | None):
        self._asked.append(alone)
        return await self._store.books(alone=alone)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


@pytest_asyncio.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    settings, clock = Settings(data=tmp_path), SetClock()
    store = await open_store(settings, clock)
    yield Watched(store, settings, clock)
    await store.close()


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def test_law_1_what_the_books_cant_account_for_is_shown_and_told_once(watched: Watched) -> None:
    await watched.store.commit(arrival("m1", ("a@eksempel.dk", "b@eksempel.dk")))
    await watched.store.commit(arrival("m2"))
    await watched.upkeep.look()
    assert (shown("rammevagt_books_balanced"), shown("rammevagt_books_recipients", state="queued")) == (1, 3)
    await watched.harm("DELETE FROM delivery WHERE id = 'd-m1-b@eksempel.dk'")
    await watched.upkeep.look()
    assert (shown("rammevagt_books_balanced"), shown("rammevagt_books_unaccounted")) == (0, 1)
    assert await watched.told() == []  # one look alone tells nobody
    for _ in range(2):
        await watched.upkeep.look()
    [event] = await watched.told()
    assert event["id"] == "m1.unaccounted1.stuck"
    assert event["data"] == {
        "mail": "m1",
        "delivery": "d-m1-b@eksempel.dk",
        "unit": None,
        "framework": None,
        "why": "unaccounted",
    }
    assert watched.woken == 1
    assert (await watched.store.verify_audit()).entries == 3  # two mails, and what was told


async def test_only_days_that_may_change_are_read_but_once_a_night(watched: Watched) -> None:
    await watched.store.commit(arrival("old", received_at=NOW - timedelta(days=30)))
    await watched.store.commit(arrival("m1"))
    today = NOW.date()
    for _ in range(2):
        await watched.upkeep.look()
    assert watched.asked == [None, {today, today - timedelta(days=1), today - timedelta(days=30)}]
    leased = await watched.store.lease("next", NOW, NOW + timedelta(hours=1), 9)
    await watched.store.record([attempt(one) for one in leased])
    for _ in range(2):
        await watched.upkeep.look()
    assert watched.asked[-1] == {today, today - timedelta(days=1)}
    watched.clock.move(hours=15)  # 1:30 of the next day, in Denmark
    await watched.upkeep.look()
    assert watched.asked[-1] == {today, today + timedelta(days=1)}
    watched.clock.move(hours=2)
    await watched.upkeep.look()
    await watched.upkeep.look()
    assert [one is None for one in watched.asked[-2:]] == [True, False]


async def test_a_day_that_was_open_is_looked_at_again_when_its_copy_is_gone(watched: Watched) -> None:
    await watched.store.commit(arrival("m1", received_at=NOW - timedelta(days=30)))
    watched.up = {}
    await watched.upkeep.look()
    await watched.harm("DELETE FROM delivery")
    for _ in range(3):
        await watched.upkeep.look()
    assert [one["id"] for one in await watched.told()] == ["m1.unaccounted0.stuck"]


async def test_a_mail_that_waits_by_itself_is_told_of_once_and_a_hop_that_is_away_is_not(watched: Watched) -> None:
    await watched.store.commit(arrival("m1"))
    await watched.store.commit(arrival("m2", ("per@eksempel.dk",)))
    [one] = await watched.store.lease("next", NOW, NOW + timedelta(hours=1), 1)
    await watched.store.record([attempt(one, deferred(NOW + timedelta(hours=9)))])
    watched.clock.move(hours=5)
    watched.up = {}
    await watched.upkeep.look()
    assert await watched.told() == []
    watched.up = {"next": watched.clock.now() - timedelta(minutes=1)}  # back, and the other mail goes now
    for _ in range(2):
        await watched.upkeep.look()
    [event] = await watched.told()
    assert (event["id"], event["data"]["delivery"], event["data"]["why"]) == (
        f"{one.delivery.mail}.late.boern-familie.stuck",
        one.delivery.id,
        "late",
    )
    assert shown("rammevagt_queue_late", hop="next") == 1
