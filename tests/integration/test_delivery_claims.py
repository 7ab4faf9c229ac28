"""Fresh mail that the deliverer takes at its commit, and when it leaves it to the queue."""

import asyncio
from datetime import timedelta

import pytest
from fakes.queue_store import QueueStore, SteppedClock, delivery
from fakes.sink import Sink

from services.delivery.deliverer import Deliverer
from services.delivery.hop import CLAIMED, COPIES
from services.marks import Marks
from services.settings import Settings
from services.store.interface import Delivered
from workflows.backoff import probe_delay


@pytest.fixture
async def sink():
    async with Sink() as server:
        yield server


class Post:
    """A deliverer over a queue, and a gateway's part in the same process."""

    def __init__(self, sink, probe=probe_delay, **options):
        self.store = QueueStore()
        settings = Settings(delivery={"next_hop": sink.hop, "internet_hop": sink.hop, **options})
        self.deliverer = Deliverer(settings, self.store, SteppedClock(), lambda: 0.5, probe_delay=probe)

    async def __aenter__(self):
        self.store.add(delivery("first"))
        await self.deliverer.start()
        await self.store.recorded(1)  # it has looked at the queue, and nothing waits there
        return self

    async def __aexit__(self, *_):
        await self.deliverer.stop(1)

    def take(self, id, address="karen@eksempel.dk", copies=1):
        claim = self.deliverer.claim(copies)
        self.store.commit(delivery(id, address), claim)
        if claim is None:
            self.deliverer.wake({"next"})
        return claim is not None


async def test_fresh_mail_is_delivered_without_a_lease(sink):
    async with Post(sink) as post:
        assert post.take("a")
        await post.store.recorded(2)
        assert post.store.outcome("a") == Delivered(SteppedClock().now())
        assert post.store.leased == 1


async def test_a_mail_with_very_many_copies_waits_in_the_store(sink):
    async with Post(sink) as post:
        assert not post.take("a", copies=COPIES + 1)
        await post.store.recorded(2)
        assert post.store.leased == 2


async def test_beyond_the_room_mail_waits_in_the_store_and_what_comes_later_queues_behind_it(sink):
    async with Post(sink, connections=1) as post:
        taken = [post.take(f"d{number}", f"a{number}@eksempel.dk") for number in range(CLAIMED + 5)]
        assert taken == [True] * CLAIMED + [False] * 5
        await post.store.recorded(len(taken) + 1)
        assert sink.count == len(taken) + 1
        assert post.take("later")
        await post.store.recorded(len(taken) + 2)


async def test_nothing_is_claimed_while_the_hop_is_away_and_what_was_is_given_back(sink):
    async with Post(sink) as post:
        claim = post.deliverer.claim(1)
        await sink.stop()
        assert post.take("a")
        await post.store.until(lambda: bool(post.deliverer.down))
        assert not post.take("b")
        post.store.commit(delivery("c"), claim)
        assert post.store.rows["c"].lease is not None
        await post.deliverer.stop(1)
        assert all(row.lease is None for row in post.store.open)


async def test_what_was_claimed_as_the_hop_went_away_is_delivered_when_it_is_back(sink):
    async with Post(sink, probe=lambda _: timedelta(milliseconds=20)) as post:
        claim = post.deliverer.claim(1)
        await sink.stop()
        post.take("a")
        await post.store.until(lambda: bool(post.deliverer.down))
        post.store.commit(delivery("c"), claim)
        await sink.start(port=sink.port)
        await post.store.until(lambda: not post.store.open)


async def test_what_was_claimed_as_the_guard_stops_is_given_back(sink):
    async with Post(sink) as post:
        claim = post.deliverer.claim(1)
        stopping = post.deliverer.stop(1)
        post.store.commit(delivery("a"), claim)
        await stopping
        assert not post.store.open or post.store.rows["a"].lease is None
        assert post.deliverer.claim(1) is None


async def test_after_a_crash_suspects_wait_for_each_other_and_for_nothing_else(sink, tmp_path, monkeypatch):
    """Not for the next look at the queue: twenty of them would take twenty seconds."""
    names = [f"s{n}" for n in range(8)]
    crashed = Marks(tmp_path / "sending.mark")
    for name in names:
        crashed.begin(f"c-{name}")
    crashed.close()
    monkeypatch.setattr("services.delivery.hop.POLL", 3600)
    store, marks = QueueStore(), Marks(tmp_path / "sending.mark")
    for number, name in enumerate(names):
        store.add(delivery(name, f"a{number}@eksempel.dk"))
    settings = Settings(delivery={"next_hop": sink.hop, "internet_hop": sink.hop})
    deliverer = Deliverer(settings, store, SteppedClock(), lambda: 0.5, marks=marks)
    await deliverer.start()
    async with asyncio.timeout(60):
        await store.recorded(len(names))
    await deliverer.stop(1)
    marks.close()
    assert not store.open
