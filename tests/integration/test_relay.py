"""Outbox to broker, against a real nats-server: once, in order within a mail, and never lost."""

import asyncio
import gc
import json
from datetime import UTC, datetime

import pytest
from fakes.event_store import EventStore, waiting
from fakes.nats import NatsServer

from services.clock import SystemClock
from services.events import publisher as publishing
from services.events.publisher import Publisher
from services.events.relay import Relay
from services.events.streams import EVENTS_STREAM, call, ensure_stream
from workflows.events import STREAM, Event, mail_received

# nats-py leaves the socket of a half-made connection to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
async def server(tmp_path):
    one = NatsServer(tmp_path)
    await one.up()
    yield one
    one.kill()
    gc.collect()


@pytest.fixture
async def client(server):
    one = await server.connect()
    await ensure_stream(one, EVENTS_STREAM)
    yield one
    await one.close()


def events(mails, each=2):
    """So many events of each mail, one mail's between the others'."""
    return [
        Event(f"m{m}.{n}", "mail.received", f"m{m}", AT, {"mail": f"m{m}", "size": n, "recipients": 1})
        for n in range(each)
        for m in range(mails)
    ]


def pending(found):
    return [waiting(place, one) for place, one in enumerate(found, 1)]


async def stored(client):
    """All that the stream holds, as (id, subject) in order."""
    state = (await call(client, f"STREAM.INFO.{STREAM}"))["state"]
    found = []
    for seq in range(state["first_seq"], state["last_seq"] + 1):
        message = await client.jetstream().get_msg(STREAM, seq)
        assert message.headers["Nats-Msg-Id"] == json.loads(message.data)["id"]
        found.append(json.loads(message.data)["id"])
    return found


def in_order(ids):
    """Whether each mail's events stand in the order of their birth."""
    by_mail = {}
    for one in ids:
        mail, _, n = one.partition(".")
        by_mail.setdefault(mail, []).append(int(n))
    return all(found == sorted(found) for found in by_mail.values())


async def drained(store):
    while store.pending:
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("mails", [1, 7, 8, 500])
async def test_a_group_is_published_each_event_its_own_message(client, mails):
    found = events(mails)
    assert sorted(await Publisher(client).publish(pending(found))) == list(range(1, len(found) + 1))
    ids = await stored(client)
    assert sorted(ids) == sorted(one.id for one in found) and in_order(ids)


async def test_a_large_group_goes_as_one_batch(client, monkeypatch):
    """Singles would fail the test: they are not allowed."""
    monkeypatch.setattr(Publisher, "_one_by_one", None)
    assert len(await Publisher(client).publish(pending(events(50)))) == 100


async def test_a_repeated_group_is_dropped_by_the_broker(client):
    for _ in range(3):
        assert len(await Publisher(client).publish(pending(events(20)))) == 40
    assert len(await stored(client)) == 40


async def test_a_group_that_is_known_in_part_is_completed_in_order(client):
    found = pending(events(20))
    await Publisher(client).publish(found[:5])
    assert len(await Publisher(client).publish(found)) == 40
    ids = await stored(client)
    assert len(ids) == 40 and in_order(ids)


async def test_a_stream_without_batches_gets_single_events(client):
    current = (await call(client, f"STREAM.INFO.{STREAM}"))["config"]
    await call(client, f"STREAM.UPDATE.{STREAM}", {**current, "allow_atomic": False})
    assert len(await Publisher(client).publish(pending(events(20)))) == 40
    assert len(await stored(client)) == 40


async def test_without_the_stream_nothing_counts_as_published(client):
    await call(client, f"STREAM.DELETE.{STREAM}")
    assert await Publisher(client).publish(pending(events(20))) == []
    assert await Publisher(client).publish(pending(events(1))) == []


async def test_another_stream_on_our_subjects_is_no_acknowledgement_of_ours(client):
    await call(client, f"STREAM.DELETE.{STREAM}")
    await call(client, "STREAM.CREATE.OTHER", {"name": "OTHER", "subjects": ["rammevagt.>"], "storage": "memory"})
    assert await Publisher(client).publish(pending(events(2))) == []


async def test_where_one_event_fails_the_later_ones_of_its_mail_wait(client):
    """The second event of mail m1 is over the broker's limit; other mails are not held up."""
    found = events(20, each=3)
    found[21] = Event("m1.1", "mail.received", "m1", AT, {"mail": "x" * 2_000_000})
    done = await Publisher(client).publish(pending(found))
    ids = await stored(client)
    assert [one for one in ids if one.startswith("m1.")] == ["m1.0"]
    assert len(done) == len(ids) == 58


async def test_law_1_the_outbox_forgets_only_what_the_broker_has(client):
    store = EventStore()
    store.born(*events(30))

    class Half:
        async def publish(self, found):
            return await Publisher(client).publish(found[: len(found) // 2])

    assert not await Relay(store, Half(), SystemClock()).publish_some()
    assert len(store.pending) == len(await stored(client)) == 30
    assert {one.id for one in store.pending.values()}.isdisjoint(await stored(client))


async def test_an_outage_costs_no_event_and_no_order(server, client, monkeypatch):
    """The broker goes away between events and in the middle of groups, and comes back with its disk."""
    monkeypatch.setattr(publishing, "ACK_TIMEOUT", 0.2)
    store = EventStore()
    relay = Relay(store, Publisher(client), SystemClock(), gather=0)
    running = asyncio.create_task(relay.run())
    every = events(300, each=4)
    for part in range(4):
        store.born(*every[part * 300 : part * 300 + 150])
        relay.wake()
        await asyncio.sleep(0)
        server.kill()
        store.born(*every[part * 300 + 150 : part * 300 + 300])
        relay.wake()
        await server.up()
    await drained(store)
    relay.stop()
    await running
    ids = await stored(client)
    assert len(ids) == 1200 and set(ids) == {one.id for one in every} and in_order(ids)


async def test_a_store_that_is_away_stops_nothing(client):
    store = EventStore()
    store.away = 2
    store.born(mail_received("m1", AT, 1, 1))
    relay = Relay(store, Publisher(client), SystemClock(), gather=0)
    running = asyncio.create_task(relay.run())
    while store.pending:
        relay.wake()
        await asyncio.sleep(0.005)
    relay.stop()
    await running
    assert await stored(client) == ["m1.received"]


async def test_an_event_is_found_without_a_call(client):
    """The poll: another process may have put it there."""
    store = EventStore()
    relay = Relay(store, Publisher(client), SystemClock(), gather=0)
    running = asyncio.create_task(relay.run())
    await asyncio.sleep(0)
    store.born(mail_received("m1", AT, 1, 1))
    await drained(store)
    relay.stop()
    await running


async def test_what_fails_in_a_group_is_not_the_end_of_publishing(client, monkeypatch):
    class Unlucky(Publisher):
        tries = 0

        async def publish(self, pending):
            self.tries += 1
            if self.tries == 1:
                raise ValueError("no answer that anybody expects")
            return await super().publish(pending)

    monkeypatch.setattr("services.events.relay.POLL", 0.01)
    store = EventStore()
    store.born(*events(1))
    relay = Relay(store, Unlucky(client), SystemClock(), gather=0)
    running = asyncio.create_task(relay.run())
    async with asyncio.timeout(60):
        await drained(store)
    relay.stop()
    await running
