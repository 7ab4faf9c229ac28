"""Webhooks over a real nats-server, a real store and real HTTP: each event gets there, in order, signed, whoever dies meanwhile."""

import asyncio
import gc
import ssl
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from fakes.certificate import self_signed
from fakes.hooks import AT, World, received, until
from fakes.nats import NatsServer
from fakes.receiver import SECRET, Receiver

from services.events import webhook_place, webhooks
from services.events.service import Events
from services.events.streams import DLQ, EVENTS_STREAM, call, ensure_stream
from services.events.webhooks import Sending
from services.store.interface import StoreUnavailable
from services.store.webhooks import WebhookState
from workflows.events import STREAM, Event, mail_received
from workflows.webhooks import REFUSALS

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # nats-py leaves half-made connections to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
async def server(tmp_path_factory):
    one = NatsServer(tmp_path_factory.mktemp("broker"))
    await one.up()
    yield one
    one.kill()
    gc.collect()


@pytest.fixture(scope="module")
async def whole(server, tmp_path_factory):
    async with World(server, tmp_path_factory.mktemp("guard")).open() as one:
        yield one


@pytest.fixture
async def world(whole, monkeypatch):
    monkeypatch.setattr(webhooks, "FETCH", 0.1)
    monkeypatch.setattr(webhooks, "LOOK", 0.1)
    monkeypatch.setattr(webhooks, "PAUSE", 0.1)
    await whole.begin()
    return whole


@pytest.fixture
async def receiver():
    async with Receiver() as one:
        yield one


async def test_events_come_as_they_were_published_signed_and_over_one_connection(world, receiver):
    async with world.running(world.hook(receiver)):
        await world.publish(*(f"m{n}" for n in range(30)))
        await until(lambda: len(receiver.came) == 30)
    assert receiver.ids == received(*(f"m{n}" for n in range(30))) and receiver.connections == 1
    assert all(one.genuine for one in receiver.came)
    assert receiver.came[0].body == mail_received("m0", AT, 1, 1).body().encode()
    assert receiver.came[0].headers["content-type"] == "application/cloudevents+json"
    assert receiver.came[0].headers["user-agent"].startswith("rammevagt/")
    state = await world.state()
    assert (state.state, state.aside) == ("sending", 0) and state.sent_at and state.reached


async def test_what_fails_is_tried_again_under_the_same_id_and_nothing_overtakes_it(world, receiver):
    receiver.answers = [503, 0, 500, 301]
    async with world.running(world.hook(receiver)):
        await world.publish("m1", "m2", "m3")
        await until(lambda: len(receiver.came) == 7)
    assert receiver.ids == received("m1", "m1", "m1", "m1", "m1", "m2", "m3")
    assert (await world.state()).state == "sending" and all(one.genuine for one in receiver.came)


async def test_a_new_webhook_begins_now_and_one_that_was_stopped_goes_on(world, receiver):
    await world.publish("before")
    hook = world.hook(receiver)
    async with world.running(hook):
        await world.publish("m1")
        await until(lambda: receiver.ids == received("m1"))
        await world.becomes(state="sending")
    await world.publish("m2")
    async with world.running(hook):
        await until(lambda: receiver.ids == received("m1", "m2"))


async def test_kinds_and_unit_choose_and_a_change_of_kinds_keeps_the_place(world, receiver):
    def stuck(id, unit):
        return Event(id, "mail.stuck", "m1", AT, {"mail": "m1", "unit": unit})

    async with world.running(world.hook(receiver, "", "mail.stuck", unit="u-1")):
        await world.publish("m1", stuck("s1", "u-2"), stuck("s2", "u-1"), stuck("s3", None))
        await until(lambda: receiver.ids == ["s2"])
    await world.publish("m2", stuck("s4", "u-1"))
    async with world.running(world.hook(receiver, "", "mail.stuck", "mail.received")):
        await until(lambda: receiver.ids[1:] == ["s3", "m2.received", "s4"] or receiver.ids[1:] == ["m2.received", "s4"])


async def test_a_dead_system_keeps_no_other_from_its_events(world, receiver):
    async with Receiver() as other:
        other.gate.clear()  # it takes the request, and never answers
        async with world.running(world.hook(receiver), world.hook(other, "esdh")):
            await world.publish(*(f"m{n}" for n in range(20)))
            await until(lambda: len(receiver.came) == 20)
            assert other.ids == received("m0")
            other.gate.set()
            await until(lambda: len(other.came) == 20)
    assert other.ids == receiver.ids


async def test_410_ends_a_webhook_until_a_person_says_otherwise(world, receiver):
    receiver.answers = [410]
    hook = world.hook(receiver)
    async with world.running(hook):
        await world.publish("m1", "m2")
        state = await world.becomes(state="stopped")
        assert (state.why, state.status, state.next_at) == ("gone", 410, None)
    async with world.running(hook):  # also after a restart
        await world.becomes(state="stopped")
        assert receiver.ids == received("m1")
        await world.ask()
        await until(lambda: receiver.ids == received("m1", "m1", "m2"))
        assert await world.store.webhooks.asked(world.name) is None


async def test_an_event_that_is_always_refused_is_set_aside_and_the_next_ones_go_on(world, receiver):
    receiver.refuses = set(received("m1"))
    async with world.running(world.hook(receiver)):
        await world.publish("m1", "m2")
        await until(lambda: "m2.received" in receiver.ids)
        state = await world.becomes(aside=1, state="sending")
    assert receiver.ids == received(*["m1"] * REFUSALS, "m2") and state.refused == 0
    letter = await world.client.jetstream().get_msg(DLQ, 1)
    assert letter.data == mail_received("m1", AT, 1, 1).body().encode()
    assert letter.headers["Rammevagt-Handler"] == f"webhook_{world.name}" and letter.headers["Rammevagt-Error"] == "status_422"


async def test_tries_while_a_system_is_away_are_not_held_against_the_event(world, receiver):
    receiver.answers = [503] * REFUSALS + [500, 204]
    async with world.running(world.hook(receiver)):
        await world.publish("m1")
        await until(lambda: len(receiver.came) == REFUSALS + 2)
    assert (await world.state()).aside == 0 and not await _letters(world)


async def _letters(world):
    return (await call(world.client, f"STREAM.INFO.{DLQ}"))["state"]["messages"]


async def test_after_three_days_only_a_person_goes_on(world, receiver):
    receiver.status = 503
    async with world.running(world.hook(receiver)):
        await world.publish("m1")
        await world.becomes(state="failing", why="status", status=503)
        world.clock.ahead = timedelta(days=3, minutes=1)
        await world.becomes(state="stopped")
        receiver.status = 204
        await world.ask()
        await world.becomes(state="sending")
        await until(lambda: not receiver.answers)
    assert set(receiver.ids) == {"m1.received"} and not await _letters(world)


async def test_a_replay_sends_again_what_came_since_then_with_the_same_ids_and_order(world, receiver):
    async with world.running(world.hook(receiver)):
        await world.publish("m1", "m2")
        await until(lambda: len(receiver.came) == 2)
        message = await world.client.jetstream().get_msg(STREAM, 2)
        await world.ask(since=datetime.fromisoformat(message.time.isoformat()) if message.time else AT)
        await until(lambda: len(receiver.came) >= 3)
        await world.publish("m3")
        await until(lambda: receiver.ids[-1] == "m3.received")
    assert receiver.ids == received("m1", "m2", "m2", "m3") and len({one.body for one in receiver.came}) == 3


async def test_a_guard_that_dies_in_the_middle_of_an_event_sends_it_again_first(world, receiver, monkeypatch):
    monkeypatch.setattr(webhook_place, "ACK_WAIT", 0.3)
    hook = world.hook(receiver)
    async with world.running(hook):
        pass
    await world.publish("m1", "m2")
    receiver.gate.clear()
    await world.killed(hook, until=lambda: until(lambda: receiver.came))
    receiver.gate.set()
    async with world.running(hook):
        await until(lambda: len(receiver.came) == 3)
    assert receiver.ids == received("m1", "m1", "m2")


@pytest.mark.parametrize("lost", ["consumer", "stream"])
async def test_what_the_broker_has_lost_is_made_again_at_its_place(world, receiver, lost):
    async with world.running(world.hook(receiver)):
        await world.publish("m1")
        await until(lambda: receiver.came)
        await world.becomes(state="sending")
        if lost == "consumer":
            await call(world.client, f"CONSUMER.DELETE.{STREAM}.webhook_{world.name}")
        else:
            await call(world.client, f"STREAM.DELETE.{STREAM}")
            await ensure_stream(world.client, EVENTS_STREAM)
        await world.publish("m2", "m3")
        await until(lambda: receiver.ids[-2:] == received("m2", "m3"))
    assert receiver.ids in (received("m1", "m2", "m3"), received("m1", "m1", "m2", "m3"))


async def test_a_broker_that_dies_costs_no_event(world, receiver, server, monkeypatch):
    """What it had no time to write down it gives once more, and under the same id."""
    monkeypatch.setattr(webhook_place, "ACK_WAIT", 0.3)
    async with world.running(world.hook(receiver)):
        await world.publish("m1")
        await until(lambda: receiver.came)
        server.kill()
        await server.up()
        await until(lambda: world.client.is_connected)
        await world.publish("m2")
        await until(lambda: receiver.ids[-1] == "m2.received")
    assert receiver.ids in (received("m1", "m2"), received("m1", "m1", "m2"))


async def test_a_store_that_is_away_holds_nothing_back_for_good(world, receiver, monkeypatch):
    asked, away = world.store.webhooks.asked, [1] * 5

    async def sometimes(name):
        if away:
            away.pop()
            raise StoreUnavailable
        return await asked(name)

    monkeypatch.setattr(world.store.webhooks, "asked", sometimes)
    async with world.running(world.hook(receiver)):
        await world.publish("m1")
        await until(lambda: not away and receiver.came)
    assert receiver.ids == received("m1")


async def test_the_certificate_is_verified_and_redirections_are_not_followed(world, tmp_path):
    files = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    async with Receiver(context) as receiver, Receiver() as elsewhere:
        async with world.running(world.hook(receiver)):
            await world.publish("m1")
            await world.becomes(state="failing", why="certificate")
        assert receiver.came == []
        receiver.answers, receiver.more = [307, 302], f"location: {elsewhere.url}\r\n"
        trusting = ssl.create_default_context(cafile=files[0])
        async with world.running(world.hook(receiver), tls=trusting):
            await until(lambda: len(receiver.came) == 3)
        assert elsewhere.came == [] and receiver.ids == received(*["m1"] * 3)


async def test_a_system_that_is_too_slow_or_not_there_is_told_of_so(world, receiver, monkeypatch):
    monkeypatch.setattr("services.events.webhook_post.TIMEOUT", 0.05)
    receiver.gate.clear()
    async with world.running(world.hook(receiver)):
        await world.publish("m1")
        await world.becomes(state="failing", why="too_slow")
        receiver.gate.set()
        await world.becomes(state="sending")
    async with Receiver() as gone:
        hook = world.hook(gone, "gone")
    async with world.running(hook):
        await world.publish("m2")
        await world.becomes("gone", state="failing", why="no_connection")


async def test_a_secret_that_is_changed_counts_from_the_next_event_and_a_missing_one_stops_nothing_else(world, receiver):
    async with world.running(world.hook(receiver)):
        world.secret.unlink()
        await world.publish("m1")
        await world.becomes(state="failing", why="secret")
        world.secret.write_text("whsec_" + "A" * 44 + "\n" + SECRET)
        await until(lambda: receiver.came)
    assert receiver.came[0].genuine and receiver.came[0].headers["webhook-signature"].count("v1,") == 2


async def test_two_guards_on_one_store_share_a_webhook_and_keep_its_order(world, receiver):
    hook = world.hook(receiver)
    async with world.running(hook), world.running(hook):
        await world.publish(*(f"m{n}" for n in range(40)))
        await until(lambda: len(receiver.came) == 40)
    assert receiver.ids == received(*(f"m{n}" for n in range(40)))


async def test_a_guard_whose_turn_it_is_not_sends_nothing_and_tells_nothing(world, receiver, monkeypatch):
    stopped = WebhookState(world.name, AT, "stopped", "gone", 410)
    await world.store.webhooks.save(stopped)
    asked = []

    async def publishes():
        asked.append(1)
        return False

    monkeypatch.setattr(world.store, "publishes", publishes)
    client = await world.server.connect()
    one = Sending(world.hook(receiver), client, world.store, world.clock)
    task = asyncio.create_task(one.run())
    await until(lambda: len(asked) > 2)
    await webhooks.end((one,), [task])
    await client.close()
    assert await world.state() == stopped and receiver.came == []


async def test_what_nobody_can_read_is_set_aside(world, receiver):
    async with world.running(world.hook(receiver)):
        await world.client.jetstream().publish("rammevagt.mail.received", b'{"id":')
        await world.publish("m1")
        await until(lambda: receiver.came)
        await world.becomes(aside=1)
    assert receiver.ids == received("m1") and await _letters(world) == 1


async def test_the_service_runs_them_where_it_publishes(world, receiver):
    settings = world.settings.model_copy(update={"webhooks": (world.hook(receiver),)})
    one = Events(settings, world.store, world.clock)
    await one.start()
    await world.placed(world.name)
    await world.publish("m1")
    await until(lambda: receiver.came)
    await one.stop()
    state = await world.becomes(state="sending")
    assert state == replace(state, tries=0, why=None) and receiver.ids == received("m1")
