"""Webhooks that really run: a broker with its streams, a store, and senders as often as a test wants them."""

import asyncio
import contextlib
import gc
from datetime import UTC, datetime, timedelta

from fakes.nats import TOKEN
from fakes.receiver import SECRET

from services.clock import SystemClock
from services.events import webhooks
from services.events.publisher import Publisher
from services.events.streams import DLQ_STREAM, EVENTS_STREAM, call, ensure_stream
from services.events.webhooks import Sending
from services.settings import Settings, Webhook
from services.store.interface import Pending
from services.store.open import open_store
from services.store.webhooks import Asked
from workflows.audit import AuditRecord
from workflows.events import STREAM, Event, mail_received

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def quickly(failures, chance):
    return timedelta(milliseconds=20)


class Moving(SystemClock):
    """The system's, set forward as a test says."""

    ahead = timedelta()

    def now(self):
        return super().now() + self.ahead


class World:
    """A broker with its streams, a store, and webhooks that run as often as a test wants."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.clock = Moving()
        self.secret = folder / "webhook.secret"
        self.secret.write_text(SECRET + "\n")
        token = folder / "token"
        token.write_text(TOKEN)
        self.settings = Settings(data=folder / "data", events={"url": server.url, "token_file": str(token)})
        self.settings.data.mkdir()
        self.born = self.tests = 0

    def hook(self, receiver, name="", *events, unit=None):
        return Webhook(name=name or self.name, url=receiver.url, secret_file=str(self.secret), events=events or ("*",), unit=unit)

    @contextlib.asynccontextmanager
    async def open(self):
        self.store = await open_store(self.settings, self.clock, extra_authorities=())
        self.client = await self.server.connect()
        self.publisher = Publisher(self.client)
        yield self
        await self.client.close()
        await self.store.close()
        gc.collect()

    async def begin(self):
        """Empty streams, and a name that no webhook had."""
        self.tests += 1
        self.name = f"journal-{self.tests}"
        self.clock.ahead = timedelta()
        self.secret.write_text(SECRET + "\n")
        for stream in (await call(self.client, "STREAM.NAMES"))["streams"] or ():
            await call(self.client, f"STREAM.DELETE.{stream}")
        for spec in (EVENTS_STREAM, DLQ_STREAM):
            await ensure_stream(self.client, spec)

    @contextlib.asynccontextmanager
    async def running(self, *hooks, **more):
        client = await self.server.connect()
        sendings = [Sending(one, client, self.store, self.clock, **({"pace": quickly} | more)) for one in hooks]
        tasks = [asyncio.create_task(one.run()) for one in sendings]
        for one in hooks:
            await self.placed(one.name)
        yield
        await webhooks.end(tuple(sendings), tasks)
        for task in tasks:
            task.exception()
        await client.close()

    async def killed(self, *hooks, until, **more):
        """Run until then, and end in the middle of whatever is under way."""
        client = await self.server.connect()
        tasks = [asyncio.create_task(Sending(one, client, self.store, self.clock, **more).run()) for one in hooks]
        await until()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await client.close()

    async def placed(self, name):
        async with asyncio.timeout(60):
            while f"webhook_{name}" not in ((await call(self.client, f"CONSUMER.NAMES.{STREAM}"))["consumers"] or ()):
                await asyncio.sleep(0.01)

    async def publish(self, *events):
        made = []
        for one in events:
            self.born += 1
            event = one if isinstance(one, Event) else mail_received(one, AT, 1, 1)
            made.append(Pending(self.born, event.id, event.topic(), event.subject, event.at, event.body().encode()))
        assert len(await self.publisher.publish(made)) == len(made)

    async def state(self, name=""):
        return (await self.store.webhooks.states([name or self.name])).get(name or self.name)

    async def becomes(self, name="", **wanted):
        async with asyncio.timeout(60):
            while True:
                found = await self.state(name)
                if found and all(getattr(found, key) == value for key, value in wanted.items()):
                    return found
                await asyncio.sleep(0.01)

    async def ask(self, since=None):
        asked = Asked(self.clock.now(), since)
        await self.store.webhooks.ask(self.name, asked, AuditRecord(self.clock.now(), "eva", "webhook.retried", self.name))


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


def received(*mails):
    return [f"{one}.received" for one in mails]
