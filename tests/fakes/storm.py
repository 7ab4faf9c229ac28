"""A storm around two notifiers on one store: a real broker that is killed, a mail hop and a chat that are cut, and a clock that
goes from minute to minute, and stands while somebody works."""

import asyncio
import contextlib
from collections import Counter
from datetime import timedelta

from fakes.arrivals import arrival
from fakes.town import KAREN, PER, POLICY, facts, mail
from sqlalchemy import func, select

from services.delivery.deliverer import Deliverer
from services.events.service import Events
from services.notify.service import Notifier
from services.store.columns import instant_or_none, micros
from services.store.schema_notices import notice
from workflows.decide import decide
from workflows.events import SUBJECT_PREFIX, mail_decided
from workflows.mail import Mail

DELAYS = (0.05, 0.1, 0.2, 0.5)  # seconds before a handler that failed has its event again
MINUTE = timedelta(minutes=1)
WRITERS = (("bo@example.net", KAREN, "bf-kontakt@eksempel.dk"), ("eva@example.org", PER, "tek-kontakt@eksempel.dk"))
RED, CALM = "Jeg slår dig ihjel.", "Hej"


class At(list):
    """A list that notes by the clock when each of it came."""

    def __init__(self, now):
        super().__init__()
        self.now, self.times = now, []

    def append(self, one):
        self.times.append(self.now())
        super().append(one)


class Still:
    """Many work at once, and time moves when nobody does."""

    def __init__(self):
        self._working, self._moving = 0, False
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def at_work(self):
        async with self._changed:
            await self._changed.wait_for(lambda: not self._moving)
            self._working += 1
        try:
            yield
        finally:
            async with self._changed:
                self._working -= 1
                self._changed.notify_all()

    @contextlib.asynccontextmanager
    async def still(self):
        async with self._changed:
            await self._changed.wait_for(lambda: not self._moving)
            self._moving = True
            await self._changed.wait_for(lambda: not self._working)
        try:
            yield
        finally:
            async with self._changed:
                self._moving = False
                self._changed.notify_all()


class Storm:
    """``count`` mails in groups; ``seen`` counts what the weather did."""

    def __init__(self, world, broker, sink, chat, chance, count):
        self.world, self.broker, self.sink, self.chat, self.chance, self.count = world, broker, sink, chat, chance, count
        self.other = Notifier(world.settings, world.store, world.clock, lambda _: None)
        self.gate = Still()
        self.services = [self._service(world.notifier, relay=True), self._service(self.other, relay=False)]
        soon = timedelta(milliseconds=5)
        self.deliverer = Deliverer(world.settings, world.store, world.clock, chance.random, probe_delay=lambda _: soon)
        self.events, self.to, self.red, self.seen = [], [], [], Counter()

    def _service(self, notifier, *, relay):
        one = Events(self.world.settings, self.world.store, self.world.clock, relay=relay, delays=DELAYS)
        for what, durable, handler in notifier.handlers():
            one.register(what, durable, self._gated(handler))
        return one

    def _gated(self, handler):
        async def handle(events):
            async with self.gate.at_work():
                self.seen["handled"] += len(events)
                await handler(events)

        return handle

    async def __aenter__(self):
        await self.broker.up()
        await self.deliverer.start()
        for one in self.services:
            await one.start()
        return self

    async def __aexit__(self, *_):
        for one in self.services:
            await one.stop()
        await self.deliverer.stop()
        await self.other.stop()

    async def group(self, first, size):
        """So many mails come in at this instant, and the broker gives some of before once more."""
        for n in range(first, min(first + size, self.count)):
            await self._comes(n, *self.chance.choice(WRITERS))
        self.services[0].wake()
        await self._again(self.chance.sample(self.events, min(3, len(self.events))))

    async def _comes(self, n, sender, to, box):
        world, now, one = self.world, self.world.clock.now(), mail(to, sender=sender)
        found = decide(Mail(f"{n:064x}", one.envelope, one.headers, id=f"m{n:05}"), facts(world.register, one, POLICY), now)
        told, red = mail_decided(found, now), self.chance.random() < 0.1
        content = f"From: <{sender}>\r\nSubject: sag\r\n\r\n{RED if red else CALM}\r\n".encode()
        whole = arrival(f"m{n:05}", (to,), box, decision=found, events=(told,), content=content, received_at=now, sender=sender)
        await world.store.commit(whole)
        self.events.append(told)
        self.to.append(to)
        self.red += [f"m{n:05}"] * red

    async def _again(self, events):
        """Under other ids, so that the broker can't know them."""
        client = self.services[0].client
        for one in events if client and client.is_connected else ():
            self.seen["repeated"] += 1
            headers = {"Nats-Msg-Id": f"again-{self.seen['repeated']}"}
            await client.publish(SUBJECT_PREFIX + one.what, one.body().encode(), headers=headers)

    async def weather(self):
        """The hop, the chat and the broker are well, cut, or away, each by itself."""
        await asyncio.gather(self._hop(), self._chat(), self._broker())

    async def _hop(self):
        self.sink.forget()
        self.seen[what := self.chance.choice(("hop well", "hop busy", "hop cut", "hop cut after", "hop down", "hop hangs up"))] += 1
        match what:
            case "hop busy":
                self.sink.on("RCPT", b"450 4.2.1 busy", times=3)
            case "hop cut":
                self.sink.on("DOT", drop="before", times=2)
            case "hop cut after":
                self.sink.on("DOT", b"250 2.0.0 taken", drop="before", times=2)  # it has the mail, and nobody hears of it
            case "hop down":
                await self.sink.stop()
            case "hop hangs up":
                await self.sink.hang_up()
        if what != "hop down" and not self.sink._server:
            await self.sink.start(port=self.sink.port)

    async def _chat(self):
        self.chat.answers.clear()
        self.chat.status = 204
        self.seen[what := self.chance.choice(("chat well", "chat well", "chat cut after", "chat busy", "chat down"))] += 1
        match what:
            case "chat cut after":
                self.chat.answers += [0]
            case "chat busy":
                self.chat.answers += [429, 503]
            case "chat down":
                self.chat.status = 503

    async def _broker(self):
        if self.broker.child and self.chance.random() < 0.2:
            self.seen["broker killed"] += 1
            self.broker.kill()
        elif not self.broker.child and self.chance.random() < 0.5:
            await self.broker.up()

    async def opens(self):
        """Somebody opens a few of what is red."""
        for id in self.chance.sample(self.red, min(2, len(self.red))):
            alarms = [one for one in await self.world.store.notices.about(id) if one.told_at and one.notice.role == "leader"]
            if alarms:
                self.seen["opened"] += await self.world.store.notices.opened([self.chance.choice(alarms).notice.to], id)

    async def published(self):
        """Where the broker is there: until it has everything."""
        if self.broker.child:
            async with asyncio.timeout(30):
                while await self.world.store.outbox(1):
                    await asyncio.sleep(0.01)

    async def passes(self, span):
        """Time passes, from each minute in which something is due to the next."""
        end = self.world.clock.now() + span
        while True:
            async with self.gate.still():
                await asyncio.gather(self.world.sender.turn(), self.other.sender.turn())
                next_at = await self._first_due(notice.c.next_at > micros(self.world.clock.now()))
                now = self.world.clock.time
                self.world.clock.time = min(end, max(now + MINUTE, _minute(next_at))) if next_at else end
            self.deliverer.wake()
            await asyncio.sleep(0)
            if self.world.clock.now() >= end:
                return

    async def _first_due(self, of):
        first = select(func.min(notice.c.next_at)).where(of)
        return instant_or_none(await self.world.store._readers.run(lambda connection: connection.execute(first).scalar()))

    async def calm(self):
        """All is well again, and whatever waits is told and delivered."""
        self.sink.forget()
        if not self.sink._server:
            await self.sink.start(port=self.sink.port)
        self.chat.answers.clear()
        self.chat.status = 204
        if not self.broker.child:
            await self.broker.up()
        await self.published()
        await self._all_assessed()
        await self.passes(timedelta(days=1))
        while await self.world.store.queue() or await self._first_due(notice.c.next_at.is_not(None)):
            await self.passes(timedelta(hours=1))
            await asyncio.sleep(0.01)
        await self.published()

    async def _all_assessed(self):
        """By events, and as once a minute by a look into the store, where the broker's answer was lost with it."""
        now = self.world.clock.now()
        while await self.world.store.unassessed(now - timedelta(days=60), now + MINUTE, 1):
            await self.world.notifier.catch_up(now + MINUTE, timedelta(days=60))
            await asyncio.sleep(0.01)


def _minute(at):
    """The first whole minute at or after."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + MINUTE
