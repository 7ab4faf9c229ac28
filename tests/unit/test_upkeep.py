"""The figures of the queue on ``/metrics``: what an alarm hangs on."""

from datetime import timedelta

import pytest
from fakes.arrivals import NOW, SetClock

from services.clock_watch import ClockWatch
from services.settings import Settings
from services.store.interface import Books, QueueItem
from services.upkeep import OLDEST, Upkeep


class Waiting:
    """A store with one waiting delivery and books that balance."""

    def __init__(self, item):
        self.item = item

    async def books(self, alone):
        return Books((), (), frozenset())

    async def queue(self):
        return [self.item]

    async def tell(self, events, audit):
        assert not events
        return 0


def item(kind="mail", *, attempts=0, error=None, due=NOW):
    since = NOW - timedelta(hours=2)
    return QueueItem("d", "m", kind, "karen@eksempel.dk", "next", since, attempts, due, error, stuck=False, under_way=False)


@pytest.mark.parametrize(
    ("waiting", "seconds"),
    [
        (item(attempts=3, error="450", due=NOW + timedelta(hours=1)), 7200),
        (item(error="connect: refused", due=NOW + timedelta(minutes=1)), 7200),  # the hop is down: no attempt of its own
        (item(), 7200),
        (item("notice", due=NOW + timedelta(hours=1)), 0),  # waits for working hours, by plan
    ],
)
async def test_the_oldest_delivery_counts_also_while_its_hop_is_down(waiting, seconds):
    await Upkeep(Settings(), Waiting(waiting), SetClock(), ClockWatch(SetClock())).look()
    assert OLDEST._value.get() == seconds
