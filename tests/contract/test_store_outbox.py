"""Events of several machines on one PostgreSQL database: none is lost and none overtakes another of its mail, whoever publishes."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import psycopg
import pytest
from fakes.arrivals import NOW, SetClock, arrival, attempt
from fakes.postgres import PostgresServer

from services.events.relay import Relay
from services.store.interface import Pending
from services.store.locks import Lock
from services.store.sql_store import SqlStore

pytestmark = pytest.mark.needs("postgresql")
MAILS = 120
NAMES = ("mail.received", "mail.decided", "mail.delivered")
PUBLISHER = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {int(Lock.RELAY)} AND granted"
LATE = "INSERT INTO outbox (id, topic, subject, at, body) VALUES ('late', 'rammevagt.late', 'm', 0, '{}') RETURNING seq"


class Broker:
    """Takes each id once, as JetStream does, and some of each group at first, as it does when its leader changes."""

    def __init__(self) -> None:
        self.taken: dict[str, Pending] = {}

    async def publish(self, pending: Sequence[Pending]) -> list[int]:
        await asyncio.sleep(0)
        done = pending[: max(1, len(pending) * 2 // 3)]
        for one in done:
            self.taken.setdefault(one.id, one)
        return [one.seq for one in done]


async def test_what_was_numbered_before_others_and_committed_after_them_is_published(
    stores: list[SqlStore], postgres_url: str
) -> None:
    store, _ = stores
    with psycopg.connect(postgres_url) as other:
        await store.commit(arrival("m1"))
        [(late,)] = other.execute(LATE).fetchall()
        await store.commit(arrival("m2"))
        others = [one.seq for one in await store.outbox(100)]
        assert others[0] < late < others[-1]
        other.commit()
        await store.published(others)
    assert [(one.seq, one.id) for one in await store.outbox(100)] == [(late, "late")]


async def live(store: SqlStore, number: int) -> None:
    """A mail comes in, and some that wait go out."""
    await store.commit(arrival(f"m{number}"))
    await store.record([attempt(one) for one in await store.lease("next", NOW, NOW + timedelta(minutes=10), 3)])


async def test_two_relays_that_take_turns_under_load_lose_no_event_and_keep_each_mails_order(
    stores: list[SqlStore], postgres: PostgresServer
) -> None:
    broker = Broker()
    relays = [Relay(store, broker, SetClock(), gather=0) for store in stores]
    running = [asyncio.create_task(relay.run()) for relay in relays]
    for first in range(0, MAILS, 30):
        await asyncio.gather(*(live(stores[n % 2], n) for n in range(first, first + 30)))
        await until(lambda: postgres.run(PUBLISHER), relays)  # the other one follows it
    while some := await stores[0].lease("next", NOW, NOW + timedelta(minutes=10), 100):
        await stores[0].record([attempt(one) for one in some])
    async with asyncio.timeout(60):
        while await stores[0].outbox(1):
            wake(relays)
            await asyncio.sleep(0.01)
    for relay in relays:
        relay.stop()
    await asyncio.gather(*running)
    told: dict[str, list[str]] = {}
    for one in broker.taken.values():
        told.setdefault(one.subject, []).append(one.topic.removeprefix("rammevagt."))
    assert told == {f"m{n}": list(NAMES) for n in range(MAILS)}


async def until(holds: Callable[[], object], relays: list[Relay]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            wake(relays)
            await asyncio.sleep(0.01)


def wake(relays: list[Relay]) -> None:
    for one in relays:
        one.wake()
