"""Webhooks: other systems are sent events by HTTP, each by itself, in the order in which the broker has them.

Each has a durable consumer of its own in which one event at a time is under way. So the order holds through crashes and with
several guards, tries are counted by the broker, and a system that is away keeps no other from its events. What people see of it
(``store.webhooks``) is written when it changes, and at most twice a minute while all is well.
"""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.client import JetStreamContext
from pydantic import ValidationError

from services.clock import Clock
from services.events.metrics import WEBHOOK_EVENTS, WEBHOOK_STATE, WEBHOOK_WAITING
from services.events.streams import DLQ, DLQ_PREFIX, ApiError
from services.events.webhook_place import Place
from services.events.webhook_post import TIMEOUT, Post, Sent
from services.settings import Webhook
from services.store.interface import Store, StoreUnavailable
from services.store.webhooks import WebhookState
from workflows.backoff import webhook_delay
from workflows.events import STREAM, parse_event
from workflows.webhooks import REFUSALS, Answer, concerns

log = structlog.get_logger()

FETCH = 0.5  # seconds for which an event is waited for; then it is looked whether somebody asked for something
LOOK = 1.0  # seconds between those looks where events keep coming
SAVE = timedelta(seconds=30)  # between notes that all is well
PAUSE = 1.0  # seconds after a failure of broker or store
GIVE_UP = timedelta(days=3)  # for which a system may be away; then only a person goes on
STATES = {"sending": 0, "failing": 1, "stopped": 2}
Pace = Callable[[int, float], timedelta]


class Sending:
    """Sends to one webhook over one connection to the broker, for as long as it runs."""

    def __init__(
        self,
        webhook: Webhook,
        client: Client,
        store: Store,
        clock: Clock,
        *,
        pace: Pace = webhook_delay,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._webhook = webhook
        self._store = store
        self._clock = clock
        self._pace = pace
        self._chance = random.SystemRandom().random
        self._client = client
        self._place = Place(webhook, client)
        self._post = Post(webhook, tls)
        self._pull: JetStreamContext.PullSubscription | None = None
        self._state = WebhookState(webhook.name, clock.now())
        self._saved: WebhookState | None = None  # none: what is known stands in the store
        self._saved_at: datetime | None = None
        self._looked = 0.0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End ``run`` after the event under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Send until stopped. Never ends by an error: what was not taken stays with the broker."""
        try:
            while not self._stopping.is_set():
                try:
                    await self._turn()
                except (StoreUnavailable, NatsError, ApiError, OSError) as error:
                    log.info("webhook_waits", webhook=self._webhook.name, why=type(error).__name__)
                    await self._again(PAUSE)
                except Exception:
                    log.exception("webhook_failed", webhook=self._webhook.name)
                    await self._again(PAUSE)
        finally:
            if self._saved is not None:
                with contextlib.suppress(StoreUnavailable):
                    await self._save()
            await self._leave()
            await self._post.close()

    async def _turn(self) -> None:
        """Look what was asked, where it is time; then send one event."""
        now = asyncio.get_running_loop().time()
        if self._pull is None or now - self._looked >= LOOK:
            self._looked = now
            if not await self._store.publishes():  # another guard on this store sends, and tells how it goes
                self._saved = None
                await self._again(PAUSE)
                return
            await self._look()
        if self._state.state == "stopped":
            await self._wait(LOOK)
            return
        assert self._pull is not None
        try:
            (message,) = await self._pull.fetch(1, timeout=FETCH)
        except (NatsTimeoutError, TimeoutError):
            return
        await self._deal(message)

    async def _look(self) -> None:
        """Find the place in the stream, anew where somebody asked for it."""
        asked = await self._store.webhooks.asked(self._webhook.name)
        if self._pull is not None and not asked:
            return
        if self._saved is None:
            self._state = (await self._store.webhooks.states([self._webhook.name])).get(self._webhook.name, self._state)
        await self._leave()
        reached = await self._place.found(self._state.reached, asked)
        if asked:
            self._state = replace(self._state, since=self._clock.now(), state="sending", why=None, status=None, aside=0)
            self._state = replace(self._state, tries=0, refused=0, next_at=None, reached=asked.since or self._state.reached)
            log.info("webhook_begins_again", webhook=self._webhook.name, replays=asked.since is not None)
        self._state = replace(self._state, reached=self._state.reached or reached)
        await self._save()
        if asked:
            await self._store.webhooks.done(self._webhook.name, asked)
        self._pull = await self._client.jetstream().pull_subscribe_bind(self._place.durable, STREAM)

    async def _deal(self, message: Msg) -> None:
        """An event that isn't for this webhook is passed over; one that nobody could read is set aside."""
        WEBHOOK_WAITING.labels(self._webhook.name).set(message.metadata.num_pending + 1)
        try:
            event = parse_event(message.data)
        except ValidationError:
            await self._set_aside(message, "unreadable")
            return
        if not concerns(event.data, self._webhook.unit):
            await message.ack_sync()
            return
        sent = await self._post.send(event.id, message.data, self._clock.now())
        match sent.answer:
            case Answer.TAKEN:
                await self._taken(message)
            case Answer.GONE:
                await self._stop_sending(message, sent)
            case Answer.REFUSED if self._state.refused + 1 >= REFUSALS:
                await self._set_aside(message, f"status_{sent.status}")
            case _:
                await self._failed(message, sent)

    async def _taken(self, message: Msg) -> None:
        await message.ack_sync()
        WEBHOOK_EVENTS.labels(self._webhook.name, "sent").inc()
        WEBHOOK_WAITING.labels(self._webhook.name).set(message.metadata.num_pending)
        now, before = self._clock.now(), self._state
        since = before.since if before.state == "sending" else now
        self._state = WebhookState(before.name, since, sent_at=now, reached=message.metadata.timestamp, aside=before.aside)
        if before.state != "sending":
            log.info("webhook_works_again", webhook=before.name)
        if before.state != "sending" or self._saved_at is None or now - self._saved_at >= SAVE:
            await self._save()

    async def _failed(self, message: Msg, sent: Sent) -> None:
        """Tried again later, by the broker; after days only when a person says so."""
        now, before, tries = self._clock.now(), self._state, message.metadata.num_delivered
        since = before.since if before.state == "failing" else now
        if now - since >= GIVE_UP:
            await self._stop_sending(message, sent)
            return
        delay = self._pace(tries, self._chance())
        await message.nak(delay=delay.total_seconds())
        WEBHOOK_EVENTS.labels(self._webhook.name, "failed").inc()
        log.warning("webhook_not_taken", webhook=before.name, why=sent.why, status=sent.status, tries=tries)
        refused = before.refused + 1 if sent.answer is Answer.REFUSED else 0
        failing = replace(before, state="failing", why=sent.why, status=sent.status, tries=tries, since=since)
        self._state = replace(failing, refused=refused, next_at=now + delay)
        await self._save()

    async def _stop_sending(self, message: Msg, sent: Sent) -> None:
        """Nothing more is sent. The event stays with the broker, and is the first when a person has said so."""
        await message.nak()
        log.error("webhook_stopped", webhook=self._webhook.name, why=sent.why, status=sent.status)
        stopped = replace(self._state, state="stopped", why=sent.why, status=sent.status, next_at=None)
        self._state = replace(stopped, since=self._clock.now(), tries=message.metadata.num_delivered)
        await self._save()

    async def _set_aside(self, message: Msg, why: str) -> None:
        """Into the dead letters, whole; the next one goes on. Where it can't be written there, the event comes again."""
        place, name = message.metadata.sequence.stream, self._webhook.name
        headers = {"Nats-Msg-Id": f"dlq:{STREAM}:{place}:{self._place.durable}", "Rammevagt-Handler": self._place.durable}
        letter = f"{DLQ_PREFIX}{message.subject}"
        await self._client.jetstream().publish(letter, message.data, stream=DLQ, headers=headers | {"Rammevagt-Error": why})
        await message.ack_sync()
        WEBHOOK_EVENTS.labels(name, "set_aside").inc()
        log.error("webhook_event_set_aside", webhook=name, place=place, why=why)
        aside, reached = self._state.aside + 1, message.metadata.timestamp
        self._state = replace(self._state, aside=aside, reached=reached, tries=0, refused=0, next_at=None)
        await self._save()

    async def _save(self) -> None:
        WEBHOOK_STATE.labels(self._webhook.name).set(STATES[self._state.state])
        if self._state != self._saved:
            await self._store.webhooks.save(self._state)
        self._saved, self._saved_at = self._state, self._clock.now()

    async def _again(self, seconds: float) -> None:
        """Find the place anew, after a while."""
        await self._leave()
        await self._wait(seconds)

    async def _leave(self) -> None:
        if self._pull is not None:
            with contextlib.suppress(Exception):
                await self._pull.unsubscribe()
            self._pull = None

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


async def end(sendings: tuple[Sending, ...], tasks: list[asyncio.Task[None]]) -> None:
    """Let the events under way finish, within the time that a request has."""
    for one in sendings:
        one.stop()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=TIMEOUT)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
