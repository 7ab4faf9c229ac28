"""Handlers over a real nats-server: every trap of the libraries in between, each with its test."""

import asyncio
import contextlib
import gc
import json
from datetime import UTC, datetime

import pytest
from fakes.event_store import EventStore, waiting
from fakes.nats import TOKEN, NatsServer

from services.clock import SystemClock
from services.events import retry
from services.events import service as events_service
from services.events.publisher import Publisher
from services.events.service import Events
from services.events.streams import DLQ, EVENTS_STREAM, ApiError, ConsumerSpec, Provision, call, ensure_stream
from services.settings import Events as EventSettings
from services.settings import Settings
from services.store.interface import StoreUnavailable
from workflows.events import STREAM, identity_suggested, mail_received

# nats-py leaves the socket of a half-made connection to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DELAYS = (0.02, 0.03, 0.04, 0.05)


@pytest.fixture
async def server(tmp_path):
    one = NatsServer(tmp_path / "broker")
    await one.up()
    yield one
    one.kill()
    gc.collect()


@pytest.fixture
async def client(server):
    one = await server.connect()
    yield one
    await one.close()


class Handler:
    """Remembers what came; ``fail`` are exceptions to raise first, one for each event. A group with such an event is spoilt."""

    def __init__(self, *fail):
        self.got = []
        self.fail = list(fail)

    async def __call__(self, events):
        if self.fail and len(events) > 1:
            raise RuntimeError
        self.got += [event.id for event in events]
        if self.fail:
            raise self.fail.pop(0)


def service_for(server, tmp_path, handler, store=None):
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    settings = Settings(data=tmp_path, events=EventSettings(url=server.url, token_file=str(token)))
    one = Events(settings, store or EventStore(), SystemClock(), delays=DELAYS)
    one.register("mail.received", "t", handler)
    return one


@contextlib.asynccontextmanager
async def running(server, tmp_path, handler, store=None):
    one = service_for(server, tmp_path, handler, store)
    await one.start()
    await asyncio.wait_for(one.wait_ready(), 10)
    yield one
    await one.stop()


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


async def publish(client, *ids):
    await Publisher(client).publish([waiting(n, mail_received(one, AT, 1, 1)) for n, one in enumerate(ids)])


async def consumer(client):
    return await call(client, f"CONSUMER.INFO.{STREAM}.t")


async def settled(client):
    """Nothing is waiting and nothing is under way."""
    while True:
        info = await consumer(client)
        if info["num_pending"] == info["num_ack_pending"] == 0:
            return info
        await asyncio.sleep(0.005)


async def dead_letters(client):
    state = (await call(client, f"STREAM.INFO.{DLQ}"))["state"]
    return [await client.jetstream().get_msg(DLQ, seq) for seq in range(1, state["last_seq"] + 1)]


# -- ack, retry, dead letters


async def test_an_event_is_handled_and_done(server, client, tmp_path):
    handler = Handler()
    async with running(server, tmp_path, handler):
        await publish(client, "m1", "m2")
        await until(lambda: len(handler.got) == 2)
        await settled(client)
    assert sorted(handler.got) == ["m1.received", "m2.received"] and await dead_letters(client) == []


async def test_a_failure_is_tried_again_after_a_pause_and_is_not_the_end(server, client, tmp_path):
    handler = Handler(RuntimeError(), OSError())
    async with running(server, tmp_path, handler):
        await publish(client, "m1")
        await until(lambda: len(handler.got) == 3)
        await settled(client)
        assert len(handler.got) == 3 and await dead_letters(client) == []


async def test_the_pause_is_kept_by_the_broker(server, client, tmp_path):
    """While an event waits for its next try it is not given out again: no tight loop."""
    handler = Handler(RuntimeError())
    one = service_for(server, tmp_path, handler)
    one._delays = (3600.0,)
    await one.start()
    await asyncio.wait_for(one.wait_ready(), 10)
    await publish(client, "m1", "m2")
    await until(lambda: len(handler.got) == 2)
    assert (await consumer(client))["num_ack_pending"] <= 2
    await one.stop()
    assert len(handler.got) == 2 and (await consumer(client))["num_ack_pending"] == 1


async def test_what_always_fails_is_set_aside_after_the_last_try(server, client, tmp_path):
    handler = Handler(*[RuntimeError("secret words") for _ in range(99)])
    async with running(server, tmp_path, handler):
        await publish(client, "m1")
        await until(lambda: len(handler.got) == retry.MAX_TRIES)
        await settled(client)
        (letter,) = await dead_letters(client)
    assert len(handler.got) == retry.MAX_TRIES
    assert letter.subject == "dlq.rammevagt.mail.received" and json.loads(letter.data)["id"] == "m1.received"
    assert letter.headers["Rammevagt-Error"] == "RuntimeError" and "secret" not in str(letter.headers)


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"id": 1}', b'{"specversion":"1.0"}', b""])
async def test_poison_is_set_aside_at_once(server, client, tmp_path, body):
    handler = Handler()
    async with running(server, tmp_path, handler):
        await client.jetstream().publish("rammevagt.mail.received", body)
        await publish(client, "m1")
        await until(lambda: handler.got)
        await settled(client)
        (letter,) = await dead_letters(client)
    assert (letter.data or b"") == body and handler.got == ["m1.received"]


async def test_a_store_that_is_away_is_waited_for_however_long(server, client, tmp_path):
    handler = Handler(*[StoreUnavailable() for _ in range(retry.MAX_TRIES * 2)])
    async with running(server, tmp_path, handler):
        await publish(client, "m1")
        await until(lambda: len(handler.got) == retry.MAX_TRIES * 2 + 1)
        await settled(client)
        assert await dead_letters(client) == []


async def test_an_event_that_keeps_killing_us_is_set_aside_untried(server, client, tmp_path, monkeypatch):
    """Deliveries that never got an answer count too."""
    monkeypatch.setattr(retry, "MAX_DELIVERIES", 3)
    handler = Handler(*[StoreUnavailable() for _ in range(99)])
    async with running(server, tmp_path, handler):
        await publish(client, "m1")
        await until(lambda: len(handler.got) == 3)
        await settled(client)
        (letter,) = await dead_letters(client)
    assert len(handler.got) == 3 and letter.headers["Rammevagt-Error"] == "TooManyDeliveries"


async def test_a_dead_letter_that_cannot_be_written_is_not_lost(server, client, tmp_path):
    handler = Handler()
    async with running(server, tmp_path, handler) as service:
        await call(client, f"STREAM.DELETE.{DLQ}")
        await client.jetstream().publish("rammevagt.mail.received", b"{")
        while (await consumer(client))["num_redelivered"] == 0:
            await asyncio.sleep(0.005)
        service.look()
        await settled(client)
        assert len(await dead_letters(client)) == 1


async def test_an_event_published_twice_is_handled_once(server, client, tmp_path):
    handler = Handler()
    async with running(server, tmp_path, handler):
        for _ in range(3):
            await publish(client, "m1")
        await publish(client, "m2")
        await until(lambda: "m2.received" in handler.got)
        await settled(client)
    assert handler.got == ["m1.received", "m2.received"]


async def test_a_handler_may_take_its_time_without_holding_up_those_of_other_kinds(server, client, tmp_path):
    gate, got, slow = asyncio.Event(), [], []

    async def wait(events):
        await gate.wait()
        slow.extend(event.subject for event in events)

    async def take(events):
        got.extend(event.subject for event in events)

    one = service_for(server, tmp_path, wait)
    one.register("identity.suggested", "other", take)
    await one.start()
    await asyncio.wait_for(one.wait_ready(), 10)
    await publish(client, "slow")
    others = [identity_suggested(f"m{n}", AT, "c-1") for n in range(50)]
    await Publisher(client).publish([waiting(n, event) for n, event in enumerate(others)])
    await until(lambda: len(got) == 50)
    assert slow == []
    gate.set()
    await until(lambda: slow == ["slow"])
    await one.stop()


# -- the broker goes away and comes back


async def test_handlers_go_on_after_the_broker_was_killed(server, client, tmp_path):
    handler = Handler()
    async with running(server, tmp_path, handler) as service:
        await publish(client, "m1")
        await until(lambda: handler.got)
        server.kill()
        await until(lambda: not service.connected)
        await server.up()
        await until(lambda: service.connected and client.is_connected)
        await publish(client, "m2")
        await until(lambda: "m2.received" in handler.got)


async def test_an_outage_from_outbox_to_handler(server, client, tmp_path):
    """Events are born while the broker is away; all come once, and in order within a mail."""
    handler, store = Handler(), EventStore()
    async with running(server, tmp_path, handler, store) as service:
        server.kill()
        await until(lambda: not service.connected)
        store.born(*[mail_received(f"m{n}", AT, 1, 1) for n in range(100)])
        await server.up()
        await until(lambda: len(handler.got) >= 100)
        await settled(client)
    assert len(handler.got) == len(set(handler.got)) == 100 and not store.pending


async def test_a_connection_closed_for_good_is_built_anew_and_freezes_nothing(server, client, tmp_path):
    handler = Handler()
    async with running(server, tmp_path, handler) as service:
        first = service.client
        await first.close()
        await until(lambda: service.client not in (None, first) and service.connected)
        await publish(client, "m1")
        await until(lambda: handler.got)


async def test_reconnects_have_no_limit(server, tmp_path):
    async with running(server, tmp_path, Handler()) as service:
        assert service.client.options["max_reconnect_attempts"] == -1


async def test_start_does_not_wait_for_a_broker_that_is_away(server, tmp_path):
    server.kill()
    handler, store = Handler(), EventStore()
    service = service_for(server, tmp_path, handler, store)
    await service.start()
    store.born(mail_received("m1", AT, 1, 1))
    assert not service.connected
    await server.up()
    await until(lambda: handler.got)
    await service.stop()


async def test_stop_with_the_broker_away_raises_nothing(server, tmp_path):
    async with running(server, tmp_path, Handler()) as service:
        server.kill()
        await until(lambda: not service.connected)


async def test_stop_before_the_broker_ever_came_raises_nothing(server, tmp_path):
    server.kill()
    service = service_for(server, tmp_path, Handler())
    await service.start()
    await asyncio.wait_for(service.stop(), 15)


async def test_stop_lets_the_handler_under_way_finish(server, client, tmp_path):
    begun, gate, ended = asyncio.Event(), asyncio.Event(), []

    async def handle(events):
        begun.set()
        await gate.wait()
        ended.extend(event.id for event in events)

    async with running(server, tmp_path, handle) as service:
        await publish(client, "m1")
        await begun.wait()
        stopping = asyncio.create_task(service.stop())
        await asyncio.sleep(0)
        assert not ended
        gate.set()
        await stopping
        assert ended == ["m1.received"]
    assert (await settled(client))["ack_floor"]["stream_seq"] == 1


# -- streams and consumers are ours to keep, and an operator's to set


async def test_a_consumer_with_other_settings_gets_ours_back(server, client):
    provision = Provision(client, (ConsumerSpec("t", "rammevagt.mail.received"),))
    assert await provision.check() == [STREAM, DLQ, "t"]
    config = (await consumer(client))["config"]
    changed = {**config, "ack_wait": 1_000_000_000, "max_ack_pending": 3, "description": "an operator's"}
    await call(client, f"CONSUMER.CREATE.{STREAM}.t.rammevagt.mail.received", {"stream_name": STREAM, "config": changed})
    assert await provision.check() == []
    found = (await consumer(client))["config"]
    assert (found["ack_wait"], found["max_ack_pending"], found["description"]) == (60_000_000_000, 256, "an operator's")


async def test_a_consumer_that_cannot_be_changed_is_made_anew_where_it_was(server, client):
    provision = Provision(client, (ConsumerSpec("t", "rammevagt.mail.received"),))
    await ensure_stream(client, EVENTS_STREAM)
    await publish(client, "m1", "m2")
    old = {"durable_name": "t", "ack_policy": "all", "deliver_policy": "all", "filter_subject": "rammevagt.mail.received"}
    await call(client, f"CONSUMER.CREATE.{STREAM}.t.rammevagt.mail.received", {"stream_name": STREAM, "config": old})
    subscription = await client.jetstream().pull_subscribe_bind("t", STREAM)
    await (await subscription.fetch(1))[0].ack_sync()
    await provision.check()
    found = await consumer(client)
    assert found["config"]["ack_policy"] == "explicit" and found["num_pending"] == 1


async def test_a_stream_keeps_what_an_operator_has_set(server, client):
    theirs = {
        "name": STREAM,
        "subjects": ["rammevagt.>", "theirs.>"],
        "max_age": 3_600_000_000_000,
        "description": "ours",
        "storage": "file",
    }
    await call(client, f"STREAM.CREATE.{STREAM}", theirs)
    assert await ensure_stream(client, EVENTS_STREAM) is False
    found = (await call(client, f"STREAM.INFO.{STREAM}"))["config"]
    assert {name: found[name] for name in theirs} == theirs and found["allow_atomic"] is True


async def test_a_deleted_consumer_is_noticed_and_goes_on_where_it_was(server, client, tmp_path):
    handler = Handler()
    async with running(server, tmp_path, handler) as service:
        await publish(client, "m1")
        await until(lambda: handler.got)
        await settled(client)
        service.look()
        await call(client, f"STREAM.INFO.{STREAM}")
        await _floor_seen(service, client)
        await call(client, f"CONSUMER.DELETE.{STREAM}.t")
        await publish(client, "m2")
        service.look()
        await until(lambda: "m2.received" in handler.got)
    assert handler.got == ["m1.received", "m2.received"]


async def _floor_seen(service, client):
    """Wait for a check that came after the ack."""
    while True:
        if service.provision and service.provision._floors.get("t") == 1:
            return
        service.look()
        await asyncio.sleep(0.005)


async def test_a_deleted_stream_is_noticed_and_made_again(server, client, tmp_path):
    handler, store = Handler(), EventStore()
    async with running(server, tmp_path, handler, store) as service:
        await call(client, f"STREAM.DELETE.{STREAM}")
        store.born(mail_received("m1", AT, 1, 1))
        service.look()
        await until(lambda: handler.got)
    assert not store.pending


async def test_a_refusal_of_the_broker_says_what_and_why(client):
    with pytest.raises(ApiError) as caught:
        await call(client, "STREAM.INFO.NOBODY")
    assert caught.value.code == 404


async def test_publishing_is_acknowledged_by_the_stream(client):
    await ensure_stream(client, EVENTS_STREAM)
    reply = await client.request("rammevagt.mail.received", mail_received("m1", AT, 1, 1).body().encode(), timeout=60)
    assert json.loads(reply.data)["stream"] == STREAM
    assert await Publisher(client).publish([waiting(1, mail_received("m2", AT, 1, 1))]) == [1]


async def test_a_stop_while_the_connection_is_being_made_is_a_stop(server, tmp_path, monkeypatch):
    """The relay begins after it, and must not go on for ever."""
    one, stopping = service_for(server, tmp_path, None), []
    start = events_service.start_broker

    async def start_as_the_guard_stops(broker):
        await start(broker)
        stopping.append(asyncio.create_task(one.stop()))
        await asyncio.sleep(0)

    monkeypatch.setattr(events_service, "start_broker", start_as_the_guard_stops)
    await one.start()
    await until(lambda: bool(stopping))
    async with asyncio.timeout(60):
        await stopping[0]
