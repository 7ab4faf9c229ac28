"""Delivery from a queue to a server that refuses, stalls, drops and goes away."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from types import SimpleNamespace

import pytest
from fakes.queue_store import START, QueueStore, SteppedClock, delivery
from fakes.sink import Sink
from prometheus_client import REGISTRY

from services.clock_watch import ClockWatch
from services.delivery.bookkeeper import Bookkeeper
from services.delivery.deliverer import Deliverer
from services.delivery.outcomes import Postponed
from services.delivery.settling import House
from services.delivery.timeouts import RFC_TIMEOUTS, Timeouts
from services.settings import Settings
from services.store.interface import Deferred, Delivered, Failed, Rerouted, Returned, StoreUnavailable

SIGNED = "rv-x-aaaaaaaaaaaaaaaa@rammevagt.eksempel.dk"
REDIRECTED = {
    "envelope_from": SIGNED,
    "redirected": True,
    "fallbacks": ("bf@eksempel.dk", "karen@eksempel.dk"),
    "unit": "boern-familie",
    "framework": "f-1",
}


class Post:
    """A sink, a queue and a deliverer between them."""

    def __init__(self, sink, timeouts=RFC_TIMEOUTS, **options):
        self.sink, self.store, self.clock, self.problems = sink, QueueStore(), SteppedClock(), []
        settings = Settings(delivery={"next_hop": sink.hop, "internet_hop": sink.hop, **options})
        told = lambda hop, what: self.problems.append((hop, what))  # noqa: E731
        probe = lambda failures: timedelta(milliseconds=20)  # noqa: E731
        self.deliverer = Deliverer(settings, self.store, self.clock, lambda: 0.5, told, timeouts=timeouts, probe_delay=probe)

    async def __aenter__(self):
        await self.deliverer.start()
        return self

    async def __aexit__(self, *_):
        await self.deliverer.stop(1)

    def add(
        self,
        id,
        address="karen@eksempel.dk",
        content=b"Subject: x\r\n\r\nhi\r\n",
        originals=None,
        sender=None,
        queued_at=None,
        **fields,
    ):
        self.store.add(delivery(id, address, **fields), content, originals, sender, queued_at)
        self.deliverer.wake()

    async def settled(self, id):
        """Wait for the first outcome of ``id`` from now on."""
        before = len(self.store.attempts)
        found = lambda: [one.outcome for one in self.store.attempts[before:] if one.delivery == id]  # noqa: E731
        await self.store.until(lambda: bool(found()))
        return found()[-1]

    async def again(self, id, **span):
        """Let time pass, and wait for the next outcome of ``id``."""
        self.clock.forward(**span)
        waiting = asyncio.ensure_future(self.settled(id))
        await asyncio.sleep(0)
        self.deliverer.wake()
        return await waiting


@pytest.fixture
async def sink():
    async with Sink() as server:
        yield server


async def test_delivers_and_tells(sink):
    async with Post(sink) as post:
        post.add("a", serves=(1, 2))
        assert await post.settled("a") == Delivered(START)
        assert sink.mails[0].content == b"X-Rammevagt-Id: m\r\nSubject: x\r\n\r\nhi\r\n"
        [event] = post.store.events()
        assert (event.id, event.what, event.subject) == ("a.delivered", "mail.delivered", "m-a")
        assert event.data == {"mail": "m-a", "delivery": "a", "recipients": [1, 2], "action": "deliver"}
        [attempt] = post.store.attempts
        assert [(one.action, one.subject) for one in attempt.audit] == [("mail.delivered", "m-a")]


async def test_copies_of_one_mail_go_in_one_transaction(sink):
    post = Post(sink)
    for number in range(150):
        post.add(f"d{number}", f"a{number}@eksempel.dk", content=b"A: b\r\n\r\n")
        row = post.store.rows[f"d{number}"]
        row.delivery = replace(row.delivery, content="c", mail="m")
    async with post:
        await post.store.recorded(150)
    assert sum(len(one.recipients) for one in sink.mails) == 150
    assert max(len(one.recipients) for one in sink.mails) > 20


async def test_connections_are_kept_and_limited(sink):
    async with Post(sink, connections=4) as post:
        for number in range(200):
            post.add(f"d{number}", f"a{number}@eksempel.dk")
        await post.store.recorded(200)
        assert sink.connections <= 4
        assert sink.count == 200


async def test_workers_rest_and_are_woken_and_end_with_the_guard(sink):
    before = asyncio.all_tasks()
    async with Post(sink, connections=4) as post:
        for turn in range(5):
            for number in range(8):
                post.add(f"d{turn}-{number}", f"a{number}@eksempel.dk")
            await post.store.recorded(8 * (turn + 1))
        assert sink.connections <= 4
        sent = {one for one in asyncio.all_tasks() - before if one.get_coro().__qualname__ == "HopLoop._work"}
        assert 1 <= len(sent) <= 4
        await post.deliverer.stop(1)
        assert all(one.done() and not one.cancelled() for one in sent)


async def test_the_transactions_under_way_are_told(sink):
    def read():
        return REGISTRY.get_sample_value("rammevagt_deliveries_in_flight", {"hop": "next"})

    sink.on("DOT", stall=True)
    async with Post(sink) as post:
        assert read() == 0
        post.add("a")
        await sink.until(lambda: bool(sink.stalled))
        assert read() == 1
        sink.forget()
        sink.release()
        await post.settled("a")
        assert read() == 0


async def test_a_refusal_for_now_is_tried_again_after_a_minute_then_more_slowly(sink):
    sink.on("RCPT", b"450 4.2.1 <karen@eksempel.dk> is busy")
    async with Post(sink) as post:
        post.add("a")
        first = await post.settled("a")
        assert first == Deferred(START + timedelta(minutes=1), "450 4.2.1 (address) is busy")
        second = await post.again("a", minutes=1)
        assert second.due == START + timedelta(minutes=3)
        sink.forget()
        assert isinstance(await post.again("a", minutes=2), Delivered)


async def test_law_1_mail_that_finally_fails_is_returned_with_a_report(sink):
    sink.on("RCPT", b"550 5.1.1 no such user", address="karen@eksempel.dk")
    async with Post(sink) as post:
        post.add("a", originals=("Karen@eksempel.dk",))
        assert await post.settled("a") == Returned(START, "550 5.1.1 no such user")
        [event] = post.store.events("mail.returned")
        assert event.data == {"mail": "m-a", "delivery": "a", "recipients": [1], "status": "5.1.1"}
        [mail] = await sink.arrived(1)
        assert (mail.sender, mail.recipients) == ("", ("bo@example.net",))
        _, status, headers = message_from_bytes(mail.content, policy=policy.SMTP).iter_parts()
        assert status.get_payload()[1]["Final-Recipient"] == "rfc822; Karen@eksempel.dk"
        assert "Subject: x" in headers.get_payload()
        assert b"\r\nhi" not in mail.content
        [outgoing] = post.store.attempts[0].outgoing
        assert (outgoing.delivery.hop, outgoing.delivery.kind, outgoing.dedupe) == ("internet", "report", "report:a")


async def test_a_report_to_one_of_our_own_goes_by_the_next_hop(sink, tmp_path):
    file = tmp_path / "content"
    file.write_bytes(b"Subject: from a file\r\n\r\n" + b"x" * 300_000 + b"\r\n")
    sink.on("RCPT", b"550 5.1.1 no", address="karen@eksempel.dk")
    async with Post(sink) as post:
        post.add("a", content=file, envelope_from="per@eksempel.dk")
        await post.settled("a")
        [outgoing] = post.store.attempts[0].outgoing
        assert outgoing.delivery.hop == "next"
        assert b"Subject: from a file\r\n" in outgoing.content
        assert b"xxx" not in outgoing.content


async def test_after_five_days_mail_is_returned(sink):
    sink.on("RCPT", b"450 4.2.1 busy", address="karen@eksempel.dk")
    async with Post(sink) as post:
        post.add("a", queued_at=START - timedelta(days=4, hours=23))
        assert isinstance(await post.settled("a"), Deferred)
        assert await post.again("a", hours=2) == Returned(START + timedelta(hours=2), "450 4.2.1 busy")
        assert post.store.events("mail.returned")[0].data["status"] == "4.4.7"


async def test_law_1_redirected_mail_tries_its_fallbacks_and_then_stays_queued(sink):
    sink.on("RCPT", b"550 5.2.1 disabled")
    async with Post(sink) as post:
        post.add("a", "bf-kontakt@eksempel.dk", originals=("Karen@eksempel.dk",), sender="bo@example.net", **REDIRECTED)
        await post.store.until(lambda: post.store.rows["a"].stuck)
        outcomes = [one.outcome for one in post.store.attempts]
        assert outcomes == [
            Rerouted("bf@eksempel.dk", ("karen@eksempel.dk",), START, "550 5.2.1 disabled"),
            Rerouted("karen@eksempel.dk", (), START, "550 5.2.1 disabled", redirected=False),
            Deferred(START + timedelta(minutes=1), "550 5.2.1 disabled", stuck=True),
        ]
        assert [one.what for one in post.store.events()] == ["mailbox.unreachable", "mailbox.unreachable", "mail.stuck"]
        assert len({one.id for one in post.store.events()}) == 3
        told = {"mail": "m-a", "delivery": "a", "unit": "boern-familie", "framework": "f-1"}
        assert [one.data for one in post.store.events()] == [{**told, "status": "5.2.1"}] * 2 + [told]
        assert (await post.again("a", days=9)).stuck
        assert len(post.store.events("mail.stuck")) == 1
        sink.forget()
        assert isinstance(await post.again("a", hours=5), Delivered)
        assert post.store.events("mail.delivered")[0].data["action"] == "deliver"
        assert sink.mails[0].sender == SIGNED


async def test_law_2_a_bounce_never_tells_where_redirected_mail_went(sink):
    sink.on("RCPT", b"550 5.2.1 disabled")
    async with Post(sink) as post:
        post.add("a", "bf-kontakt@eksempel.dk", sender="bo@example.net", **REDIRECTED)
        await post.store.until(lambda: post.store.rows["a"].stuck)
        assert not any(one.outgoing for one in post.store.attempts)


async def test_null_sender_mail_goes_on_to_people(sink):
    sink.on("RCPT", b"550 5.1.1 no", address="karen@eksempel.dk")
    sink.on("RCPT", b"550 5.1.1 no", address="per@eksempel.dk")
    async with Post(sink) as post:
        post.add("a", "karen@eksempel.dk", envelope_from="", fallbacks=("bf@eksempel.dk",))
        post.add("b", "per@eksempel.dk", envelope_from="")
        assert await post.settled("a") == Rerouted("bf@eksempel.dk", (), START, "550 5.1.1 no")
        mails = await sink.arrived(2)
        assert {one.recipients for one in mails} == {("bf@eksempel.dk",), ("postmaster@eksempel.dk",)}
        assert {one.sender for one in mails} == {""}


@pytest.mark.parametrize("kind", ["notice", "receipt"])
async def test_our_own_mails_fail_visibly(sink, kind):
    sink.on("RCPT", b"550 5.1.1 no", address="karen@eksempel.dk")
    async with Post(sink) as post:
        post.add("a", kind=kind, envelope_from="", serves=())
        assert await post.settled("a") == Failed(START, "550 5.1.1 no")


async def test_a_notice_that_was_sent_is_told(sink):
    async with Post(sink) as post:
        post.add("a", kind="notice", serves=())
        post.add("b", kind="receipt", serves=())
        await post.store.recorded(2)
        assert [(one.id, one.what, one.data) for one in post.store.events()] == [
            ("a.sent", "notification.sent", {"mail": "m-a", "delivery": "a"})
        ]


async def test_a_report_that_nobody_takes_goes_to_the_postmaster_once(sink):
    sink.on("RCPT", b"550 5.1.1 no")
    async with Post(sink) as post:
        post.add("a", "bo@example.net", kind="report", hop="internet", envelope_from="", serves=())
        await post.store.recorded(2)
        first, second = (one.outcome for one in post.store.attempts)
        assert first == Rerouted("postmaster@eksempel.dk", (), START, "550 5.1.1 no", redirected=False, hop="next")
        assert isinstance(second, Failed)


async def test_a_loop_is_returned_without_being_sent(sink):
    async with Post(sink) as post:
        post.add("a", refuse="5.4.6 Routing loop detected")
        assert await post.settled("a") == Returned(START, "5.4.6 Routing loop detected")
        [mail] = await sink.arrived(1)
        assert mail.recipients == ("bo@example.net",)
        assert b"Status: 5.4.6\r\n" in mail.content
        assert b"Diagnostic-Code" not in mail.content


async def test_a_loop_without_a_sender_reaches_people(sink):
    async with Post(sink) as post:
        post.add("a", refuse="5.4.6 Routing loop detected", envelope_from="")
        [mail] = await sink.arrived(1)
        assert mail.recipients == ("postmaster@eksempel.dk",)


async def test_one_stalling_address_blocks_nobody(sink, monkeypatch):
    monkeypatch.setattr("services.delivery.ready.SLOW", 0.05)
    monkeypatch.setattr("services.delivery.hop.POLL", 0.05)
    sink.on("RCPT", address="sick@eksempel.dk", stall=True)
    async with Post(sink, connections=4) as post:
        for number in range(40):
            post.add(f"s{number}", "sick@eksempel.dk")
        await sink.until(lambda: len(sink.stalled) == 3)
        for number in range(40):
            post.add(f"d{number}", f"a{number}@eksempel.dk")
        await post.store.recorded(37)  # what is parked holds some room until it is put off
        assert len(sink.stalled) == 3
        sink.forget()
        sink.release()
        await post.store.recorded(80)


async def test_mail_tried_before_never_holds_more_than_half_of_the_slots(sink):
    sink.on("RCPT", b"450 4.2.1 busy", times=8)
    async with Post(sink, connections=4) as post:
        for number in range(8):
            post.add(f"r{number}", f"a{number}@eksempel.dk")
        await post.store.recorded(8)
        for number in range(8):
            sink.on("RCPT", address=f"a{number}@eksempel.dk", stall=True)
        post.clock.forward(minutes=2)
        post.deliverer.wake()
        await sink.until(lambda: len(sink.stalled) == 2)
        post.add("fresh1", "b@eksempel.dk")
        post.add("fresh2", "c@eksempel.dk")
        await post.store.recorded(10)
        assert len(sink.stalled) == 2
        sink.forget()
        sink.release()
        await post.store.recorded(18)


async def test_a_timeout_is_one_mails_own(sink):
    sink.on("DOT", stall=True, times=1)
    async with Post(sink, timeouts=Timeouts(dot=0.05), connections=1) as post:
        post.add("a")
        assert await post.settled("a") == Deferred(START + timedelta(minutes=1), "timeout")
        assert not post.deliverer.down


async def test_a_kept_connection_that_the_server_ended_costs_no_mail_a_delay(sink):
    async with Post(sink, connections=1) as post:
        post.add("a")
        await post.settled("a")
        sink.on("MAIL", b"421 4.4.1 idle too long", drop="after", times=1)
        post.add("b")
        assert isinstance(await post.settled("b"), Delivered)
        assert sink.connections == 2


async def test_a_hop_that_is_away_delays_mail_no_longer_than_itself():
    sink = await Sink().start()
    async with Post(sink) as post:
        await sink.stop()
        post.add("a")
        outcome = await post.settled("a")
        assert outcome == Deferred(START + timedelta(minutes=1), "connect: ConnectionRefusedError", counts=False)
        assert post.deliverer.down == {"next"}
        post.add("b", "per@eksempel.dk")
        await sink.start(port=sink.port)
        await sink.arrived(2)
        await post.store.until(lambda: not post.store.open)
        assert not post.deliverer.down
        assert post.problems == [("next", "hop_down"), ("next", "hop_up")]
        assert post.clock.now() == START
    await sink.stop()


async def test_a_store_that_is_away_when_the_hop_comes_back_costs_what_waited_for_it_no_delay(monkeypatch):
    monkeypatch.setattr("services.delivery.hop.POLL", 0.02)
    sink = await Sink().start()
    async with Post(sink) as post:
        retry, tries = post.store.retry, []

        async def unlucky(ids, now):
            tries.append(ids)
            if len(tries) == 1:
                raise StoreUnavailable
            return await retry(ids, now)

        post.store.retry = unlucky
        await sink.stop()
        post.add("a")
        await post.settled("a")
        await sink.start(port=sink.port)
        async with asyncio.timeout(60):
            await sink.arrived(1)
        assert tries == [["a"], ["a"]]
        assert post.clock.now() == START
    await sink.stop()


@pytest.mark.parametrize(("verb", "reply"), [("CONNECT", b"554 5.7.1 no"), ("EHLO", b"421 4.3.2 no"), ("CONNECT", b"hello")])
async def test_a_greeting_that_refuses_means_that_the_hop_is_away(sink, verb, reply):
    rule = sink.on(verb, reply)
    async with Post(sink) as post:
        post.add("a")
        assert not (await post.settled("a")).counts
        rule.left = 0
        assert (await sink.arrived(1))[0].recipients == ("karen@eksempel.dk",)


async def test_after_five_days_of_an_absent_hop_mail_is_returned_and_redirected_mail_waits_on():
    sink = await Sink().start()
    await sink.stop()
    async with Post(sink) as post:
        old = START - timedelta(days=6)
        post.add("a", queued_at=old)
        post.add("b", "bf-kontakt@eksempel.dk", queued_at=old, sender="bo@example.net", **REDIRECTED)
        await post.store.until(lambda: post.store.outcome("a") is not None and post.store.outcome("b") is not None)
        assert isinstance(post.store.outcome("a"), Returned)
        assert post.store.outcome("b").stuck
        assert not post.store.outcome("b").counts
        assert not post.store.events("mailbox.unreachable")


async def test_a_server_that_takes_few_connections_gets_few(sink):
    async with Post(sink, connections=8) as post:
        post.add("first")
        await post.settled("first")
        sink.on("CONNECT", b"421 4.7.0 too many connections", drop="after")
        for number in range(100):
            post.add(f"d{number}", f"a{number}@eksempel.dk")
        await post.store.recorded(101)
        assert not post.problems
        assert all(isinstance(one.outcome, Delivered) for one in post.store.attempts)


async def test_what_cannot_be_given_back_at_a_stop_keeps_nothing_else_from_it(sink):
    sink.on("DOT", stall=True)
    async with Post(sink) as post:
        release, tries = post.store.release, []

        async def unlucky(leases):
            tries.append(leases)
            if len(tries) == 1:
                raise StoreUnavailable
            await release(leases)

        post.add("a")
        post.add("b", "bo@example.net", hop="internet")
        await sink.until(lambda: len(sink.stalled) == 2)
        post.store.release = unlucky
        await post.deliverer.stop(0.01)
        assert [post.store.rows[id].lease is None for id in ("a", "b")] == [False, True]


async def test_no_headers_are_read_for_a_report_that_is_not_sent(monkeypatch):
    """Where the clock was set nothing is too old."""
    store, clock, watch, recorded = QueueStore(), SteppedClock(), ClockWatch(SteppedClock()), []
    store.add(delivery("a"), queued_at=START - timedelta(days=6))
    leases = await store.lease("next", START, START + timedelta(minutes=10), 1)
    books = Bookkeeper(House(frozenset(), "", "", "", ""), SimpleNamespace(add=recorded.append), clock, lambda: 0.5, watch)
    read = []

    async def headers(content):
        read.append(content)
        return b""

    monkeypatch.setattr("services.delivery.bookkeeper._headers", headers)
    for settled in (False, True):
        monkeypatch.setattr(watch, "is_settled", lambda settled=settled: settled)
        await books.settle("next", leases, [Postponed("4.2.1", "450 4.2.1 busy")])
    assert [type(one.outcome) for one in recorded] == [Deferred, Returned]
    assert read == [leases[0].content]


async def test_outcomes_wait_for_a_store_that_is_away(sink, monkeypatch):
    monkeypatch.setattr("services.delivery.recorder.AGAIN", 0.01)
    async with Post(sink) as post:
        sink.on("DOT", stall=True)
        post.add("a")
        await sink.until(lambda: bool(sink.stalled))
        post.store.unavailable = 2
        sink.release()
        assert isinstance(await post.settled("a"), Delivered)
        assert sink.count == 1


async def test_an_attempt_that_cannot_be_recorded_keeps_no_other_from_it(sink, monkeypatch):
    monkeypatch.setattr("services.delivery.hop.POLL", 0.05)
    async with Post(sink) as post:
        whole = post.store.record

        async def record(attempts):
            if any(one.delivery == "bad" for one in attempts):
                raise RuntimeError("told to")
            return await whole(attempts)

        monkeypatch.setattr(post.store, "record", record)
        post.add("bad")
        for number in range(5):
            post.add(f"d{number}", f"a{number}@eksempel.dk")
        await post.store.recorded(5)


async def test_a_late_writer_is_fenced(sink):
    sink.on("DOT", stall=True)
    async with Post(sink) as post:
        post.add("a")
        await sink.until(lambda: bool(sink.stalled))
        post.store.rows["a"].lease = "somebody else's"
        sink.release()
        await post.store.until(lambda: bool(post.store.fenced))
        assert post.store.fenced == ["a"]
        assert not post.store.attempts


async def test_stopping_finishes_what_is_under_way_and_gives_back_the_rest(sink):
    sink.on("DOT", stall=True)
    async with Post(sink, connections=2) as post:
        for number in range(8):
            post.add(f"d{number}", f"a{number}@eksempel.dk")
        await sink.until(lambda: len(sink.stalled) == 2)
        stopping = asyncio.ensure_future(post.deliverer.stop(5))
        await asyncio.sleep(0)
        sink.forget()
        sink.release()
        await stopping
    outcomes = [row.outcome for row in post.store.rows.values()]
    assert sum(isinstance(one, Delivered) for one in outcomes) == 2 == sink.count
    assert all(row.lease is None for row in post.store.rows.values())


async def test_stopping_does_not_wait_for_ever(sink):
    sink.on("DOT", stall=True)
    async with Post(sink) as post:
        post.add("a")
        await sink.until(lambda: bool(sink.stalled))
        await post.deliverer.stop(0.05)
        assert post.store.rows["a"].lease is None
        assert post.store.outcome("a") is None


async def test_law_1_every_mail_ends_once_whatever_the_server_does(sink):
    """A server that refuses, drops and talks nonsense by chance; every mail arrives, or is returned."""
    chance = random.Random(7)
    for verb in ("MAIL", "RCPT", "DATA", "DOT"):
        for rule in (
            {"drop": "before"},
            {"reply": b"450 4.2.1 no"},
            {"reply": b"421 4.2.1 no", "drop": "after"},
            {"reply": b"nonsense"},
        ):
            sink.on(verb, times=chance.randrange(1, 5), **rule)
    sink.on("RCPT", b"550 5.1.1 no", address="a3@eksempel.dk")
    async with Post(sink, connections=3) as post:
        for number in range(60):
            post.add(f"d{number}", f"a{number % 12}@eksempel.dk")
        waits = lambda: all(row.lease is None and row.delivery.due > post.clock.now() for row in post.store.open)  # noqa: E731
        while post.store.open:
            await post.store.until(waits)
            post.clock.forward(hours=5)
            post.deliverer.wake()
        for number in range(60):
            expected = Returned if number % 12 == 3 else Delivered
            assert isinstance(post.store.outcome(f"d{number}"), expected)
