"""A storm of mails, with events that come again and a mail hop that is cut at random: everybody is told once of each, in order.

``NOTICE_STORM=10000 .venv/bin/pytest tests/integration/test_notice_storm.py --timeout 0`` for a long one.
"""

import asyncio
import os
import random
from collections import Counter
from datetime import time, timedelta

from fakes.arrivals import arrival
from fakes.noticing import KAREN, LENE, Noticing, parsed
from fakes.sink import Sink
from fakes.town import CPH, POLICY, facts, mail

from services.delivery.deliverer import Deliverer
from services.notify.service import Notifier
from workflows.decide import decide
from workflows.events import mail_decided
from workflows.mail import Mail

EVENTS = int(os.environ.get("NOTICE_STORM", "300"))
GROUP = 10
QUIET = (time(20), time(7))


class Storm:
    """Two notifiers on one store, of which either may get an event, and both may."""

    def __init__(self, world, sink, chance):
        self.world, self.sink, self.chance = world, sink, chance
        self.other = Notifier(world.settings, world.store, world.clock, lambda _: None)
        self.soon = lambda _: timedelta(milliseconds=5)
        self.deliverer = Deliverer(world.settings, world.store, world.clock, chance.random, probe_delay=self.soon)
        self.events = []

    async def group(self, first):
        """Mails come in, and the broker gives their events once or more, and some of before again."""
        born = [await self._mail(n) for n in range(first, min(first + GROUP, EVENTS))]
        again = self.chance.sample(self.events, min(3, len(self.events)))
        self.events += born
        given = born + again + self.chance.choices(born, k=3)
        half = self.chance.randrange(len(given))
        await asyncio.gather(self.world.notifier.mail_decided(given[:half] + born), self.other.mail_decided(given[half:]))

    async def _mail(self, n):
        world, now = self.world, self.world.clock.now()
        one = mail(KAREN)
        found = decide(Mail(f"{n:064x}", one.envelope, one.headers, id=f"m{n:05}"), facts(world.register, one, POLICY), now)
        told = mail_decided(found, now)
        content = b"From: Bo <bo@example.net>\r\nSubject: sag\r\n\r\nHej\r\n"
        kept = arrival(
            f"m{n:05}", (KAREN,), "bf-kontakt@eksempel.dk", decision=found, events=(told,), content=content, received_at=now
        )
        await world.store.commit(kept)
        return told

    async def weather(self):
        """The hop is a good one, busy, hangs up before it has taken a mail, or is away."""
        self.sink.forget()
        match self.chance.randrange(4):
            case 1:
                self.sink.on("RCPT", b"450 4.2.1 busy", times=3)
            case 2:
                self.sink.on("DOT", drop="before", times=2)
            case 3:
                await self.sink.hang_up()

    async def turn(self, **span):
        self.world.clock.move(**span)
        await asyncio.gather(self.world.sender.turn(), self.other.sender.turn())
        self.deliverer.wake()

    async def calm(self):
        """Everything that waits is told and delivered."""
        self.sink.forget()
        while await self.world.store.queue():
            await self.turn(minutes=30)
            await asyncio.sleep(0.01)


async def test_a_storm_tells_everybody_once_of_each_mail_in_order_and_nobody_in_their_quiet_hours(tmp_path):
    chance = random.Random(7)
    async with Sink() as sink, Noticing(tmp_path, delivery={"next_hop": sink.hop, "internet_hop": sink.hop}) as world:
        await world.prefer(LENE, quiet=QUIET)
        storm = Storm(world, sink, chance)
        await storm.deliverer.start()
        for first in range(0, EVENTS, GROUP):
            await storm.weather()
            await storm.group(first)
            await storm.turn(minutes=chance.choice((1, 20, 240)))
        for _ in range(4):
            await storm.turn(hours=24)
        async with asyncio.timeout(60 + EVENTS / 10):
            await storm.calm()
        await storm.deliverer.stop()
        await storm.other.stop()
        rows = [row for n in range(EVENTS) for row in await world.store.notices.about(f"m{n:05}")]
        held_together(rows, [parsed(one.content) for one in sink.mails if b".notice@" in one.content])


def held_together(rows, mails):
    """What the books say is what the hop has: each person once of each mail. Whoever hangs up before we hear that they took a mail
    gets it again, by the same id."""
    assert Counter((one.notice.to, one.notice.about.mail) for one in rows) == {
        (to, f"m{n:05}"): 1 for to in (LENE, KAREN) for n in range(EVENTS)
    }
    assert {one.state for one in rows} == {"told"}
    distinct = {one["Message-ID"]: one for one in mails}
    assert len(distinct) == len({one.delivery for one in rows}) < len(rows)
    assert Counter(one["To"] for one in distinct.values()) == Counter(
        to for to, _ in {(one.notice.to, one.delivery) for one in rows}
    )
    for to in (LENE, KAREN):
        told = [one.told_at for one in sorted(rows, key=lambda one: (one.at, one.told_at)) if one.notice.to == to]
        assert told == sorted(told)
    asleep = [one.told_at.astimezone(CPH).time() for one in rows if one.notice.to == LENE]
    assert all(time(7) <= at < time(20) for at in asleep) and asleep
