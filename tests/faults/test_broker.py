"""The broker's servers die, come back, forget: every event reaches the stream once, and people are told once a mail."""

import asyncio
import contextlib
import gc
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from fakes.event_store import EventStore, waiting
from fakes.guard import guarding, mail
from fakes.nats import TOKEN, NatsCluster, NatsServer, ids_in
from fakes.town import BO, KAREN, framework, town
from nats.errors import Error as NatsError

from services import app
from services.clock import SystemClock
from services.events import service as events_service
from services.events.publisher import Publisher
from services.events.service import Events
from services.events.streams import DLQ, EVENTS_STREAM, ApiError, ConsumerSpec, Provision, call, ensure_stream
from services.notify import service as notify_service
from services.settings import Events as EventSettings
from services.settings import Settings
from workflows.events import STREAM, mail_received

# nats-py leaves the socket of a half-made connection to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def collected():
    yield
    gc.collect()


@pytest.fixture
async def opened():
    """Connects, and closes at the end."""
    clients = []

    async def connect(broker):
        clients.append(await broker.connect())
        return clients[-1]

    yield connect
    for one in clients:
        await one.close()


def born(*numbers):
    return [mail_received(f"m{number}", AT, 1, 1) for number in numbers]


@contextlib.asynccontextmanager
async def events_of(broker, folder, store, handle):
    (folder / "token").write_text(TOKEN)
    one = Events(
        Settings(data=folder, events=EventSettings(url=broker.url, token_file=str(folder / "token"))), store, SystemClock()
    )
    one.register("mail.received", "t", handle)
    await one.start()
    try:
        await asyncio.wait_for(one.wait_ready(), 30)
        if isinstance(broker, NatsCluster):
            await all_have_all(one.client, one.look)
        yield one
    finally:
        await one.stop()


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def replicas(client, what):
    """How many servers have it up to date; 0 while it has no leader."""
    try:
        info = await call(client, what)
    except (ApiError, NatsError):
        return 0
    return 1 + sum(one["current"] for one in info.get("cluster", {}).get("replicas", ()))


async def all_have_all(client, look=lambda: None):
    """A stream that was made before all servers were there begins on one."""
    async with asyncio.timeout(60):
        for what in (f"STREAM.INFO.{STREAM}", f"CONSUMER.INFO.{STREAM}.t"):
            while await replicas(client, what) != 3:
                look()
                await asyncio.sleep(0.05)


async def test_in_a_cluster_streams_and_consumers_are_on_three_servers(cluster, opened):
    client = await opened(cluster)
    provision = Provision(client, (ConsumerSpec("t", "rammevagt.mail.received"),))
    assert await provision.check() == [STREAM, DLQ, "t"]
    await all_have_all(client)
    assert (await call(client, f"STREAM.INFO.{DLQ}"))["config"]["num_replicas"] == 3


async def test_a_stream_on_one_server_is_raised_to_three_with_its_consumers(cluster, opened):
    client = await opened(cluster)
    one = {"name": STREAM, "subjects": ["rammevagt.>"], "storage": "file", "num_replicas": 1}
    await call(client, f"STREAM.CREATE.{STREAM}", one)
    theirs = {"durable_name": "t", "ack_policy": "explicit", "filter_subject": "rammevagt.mail.received"}
    await call(client, f"CONSUMER.CREATE.{STREAM}.t.rammevagt.mail.received", {"stream_name": STREAM, "config": theirs})
    assert len(await Publisher(client).publish([waiting(n, one) for n, one in enumerate(born(*range(20)))])) == 20
    await Provision(client, (ConsumerSpec("t", "rammevagt.mail.received"),)).check()
    await all_have_all(client)
    assert len(await ids_in(client, STREAM)) == 20


async def test_a_server_alone_has_one_copy_and_is_left_alone(tmp_path, opened):
    server = NatsServer(tmp_path)
    await server.up()
    client = await opened(server)
    assert await ensure_stream(client, EVENTS_STREAM) is True
    assert await ensure_stream(client, EVENTS_STREAM) is False
    assert (await call(client, f"STREAM.INFO.{STREAM}"))["config"]["num_replicas"] == 1
    server.kill()


async def test_the_leader_dies_in_the_middle_of_a_batch_and_comes_back_without_its_data(cluster, opened, tmp_path, monkeypatch):
    store, got = EventStore(), []

    async def handle(events):
        got.extend(event.id for event in events)

    async with events_of(cluster, tmp_path, store, handle) as service:
        leader, real, sent = await cluster.leader(STREAM), service.client.publish, 0

        async def publish(*args, **more):
            nonlocal sent
            sent += 1
            if sent == 30:
                await service.client.flush()
                leader.kill()
            await real(*args, **more)

        monkeypatch.setattr(service.client, "publish", publish)
        store.born(*born(*range(100)))
        service.wake()
        await until(lambda: sent >= 30)
        store.born(*born(*range(100, 150)))
        await until(lambda: not store.pending)
        leader.forget()
        await leader.up()
        client = await opened(cluster)
        await all_have_all(client)
        await until(lambda: len(got) >= 150)
        assert sorted(await ids_in(client, STREAM)) == sorted(got) == sorted(event.id for event in born(*range(150)))


async def test_one_server_goes_away_then_all_and_they_come_back_with_their_data(cluster, opened, tmp_path):
    store, got = EventStore(), []

    async def handle(events):
        got.extend(event.id for event in events)

    async with events_of(cluster, tmp_path, store, handle) as service:
        store.born(*born(*range(50)))
        service.wake()
        await until(lambda: store.pending == {} and len(got) == 50)
        ours = service.client.connected_url.netloc
        next(one for one in cluster.servers if one.url.endswith(ours)).kill()
        store.born(*born(*range(50, 100)))
        await until(lambda: store.pending == {} and len(got) == 100)
        assert service.client.connected_url.netloc != ours
        cluster.kill()
        await until(lambda: not service.connected)
        store.born(*born(*range(100, 150)))
        await cluster.up()
        await until(lambda: store.pending == {} and len(set(got)) == 150)
        client = await opened(cluster)
        assert await ids_in(client, STREAM) == [event.id for event in born(*range(150))]


async def test_a_stream_deleted_while_running_is_made_again_and_gets_every_event_after(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(events_service, "WATCH", 0.2)
    store, got = EventStore(), []

    async def handle(events):
        got.extend(event.id for event in events)

    async with events_of(cluster, tmp_path, store, handle) as service:
        store.born(*born(*range(50)))
        service.wake()
        await until(lambda: store.pending == {})
        await call(service.client, f"STREAM.DELETE.{STREAM}")
        store.born(*born(*range(50, 100)))
        service.wake()
        await until(lambda: store.pending == {} and got[-1:] and {event.id for event in born(*range(50, 100))} <= set(got))
        assert len(got) == len(set(got))
        assert await ids_in(service.client, STREAM) == [event.id for event in born(*range(50, 100))]


MAILS = [f"<m{number}@example.net>" for number in range(6)]


def told(data):
    """How many notices there are about each mail, delivered or waiting."""
    with sqlite3.connect(data / "rammevagt.db") as database:
        found = database.execute("SELECT count(*) FROM notice GROUP BY subject").fetchall()
    database.close()
    return [count for (count,) in found]


async def test_law_1_a_broker_that_lost_its_memory_costs_nobody_a_notice_and_tells_nobody_twice(tmp_path, monkeypatch):
    """Half of the mails are told of before; of the others only the broker knows, when it forgets."""
    monkeypatch.setattr(notify_service, "CATCH_UP_EVERY", 0.2)
    monkeypatch.setattr(events_service, "WATCH", 0.2)
    monkeypatch.setattr(app, "ROLES", app.ROLES | {"another"})  # a guard that is not alone in its store: it waits for events
    server = NatsServer(tmp_path / "broker")
    await server.up()
    (tmp_path / "token").write_text(TOKEN)
    broker = {"url": server.url, "token_file": str(tmp_path / "token")}
    async with guarding(tmp_path / "data", town(framework()), events=broker) as running:
        events = running.guard.events
        await events.wait_ready()
        for name in MAILS[:3]:
            assert (await running.send(mail(name, sender=BO), KAREN)).startswith("250")
            await running.explained(name)
        await call(events.client, f"CONSUMER.PAUSE.{STREAM}.assess", {"pause_until": "2099-01-01T00:00:00Z"})
        for name in MAILS[3:]:
            assert (await running.send(mail(name, sender=BO), KAREN)).startswith("250")
        while await running.guard.store.outbox(1):
            await asyncio.sleep(0.01)
        assert told(tmp_path / "data") == [2, 2, 2]
        server.kill()
        server.forget()
        await server.up()
        running.clock.forward(timedelta(minutes=3))
        for name in MAILS[3:]:
            await running.explained(name)
        await until(lambda: events.connected)
        assert (await running.send(mail("<last@example.net>", sender=BO), KAREN)).startswith("250")
        await running.explained("<last@example.net>")
        assert told(tmp_path / "data") == [2] * 7  # caseworker and leader, once a mail
    server.kill()
