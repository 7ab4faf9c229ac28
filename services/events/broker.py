"""The FastStream broker: subscribers as we want them, and the two places where its pull loop needs help."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.message import NatsBatchMessage
from faststream.security import BaseSecurity
from nats.aio.client import Client
from nats.errors import ConnectionClosedError, SecureConnRequiredError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import ConsumerConfig
from nats.js.errors import ServiceUnavailableError
from pydantic import ValidationError

from services.apart import Outcome, together
from services.events.retry import DELAYS, retrying
from services.events.streams import ConsumerSpec
from workflows.events import STREAM, SUBJECT_PREFIX, Event, parse_event

log = structlog.get_logger()

Handle = Callable[[Sequence[Event]], Awaitable[None]]
BATCH = 250  # events handled together: they share their reads and writes, and all of them their ``ack_wait``
FETCH_TIMEOUT = 1.0  # seconds; without one a pull never comes back after a restart of the broker
GRACE = 10.0  # seconds that running handlers have at a stop
PAUSE = 0.5  # seconds after a fetch that failed at once


@dataclass(frozen=True, slots=True)
class Subscription:
    """``handle`` gets every event of the kind ``what`` (as ``mail.decided``) at least once; ``durable`` is its name for ever.

    It gets them in groups, so that they share a read, a thread and a transaction; it must be right to handle one twice.
    """

    what: str
    durable: str
    handle: Handle

    def consumer(self) -> ConsumerSpec:
        """Its place in JetStream."""
        return ConsumerSpec(self.durable, SUBJECT_PREFIX + self.what)


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the connection tells."""

    lost: Callable[[], Awaitable[None]]
    back: Callable[[], Awaitable[None]]
    closed: Callable[[], Awaitable[None]]
    error: Callable[[Exception], Awaitable[None]]


def build_broker(
    servers: Sequence[str],
    security: BaseSecurity | None,
    subscriptions: tuple[Subscription, ...],
    on: Callbacks,
    delays: tuple[float, ...] = DELAYS,
) -> NatsBroker:
    """A broker that reconnects for ever, to whichever of ``servers`` answers. Streams and consumers must be there at its start."""
    broker = Broker(
        list(servers),
        security=security,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.5,  # type: ignore[arg-type]  # seconds; nats-py sleeps for it
        connect_timeout=3,
        graceful_timeout=GRACE,
        disconnected_cb=on.lost,
        reconnected_cb=on.back,
        closed_cb=on.closed,
        error_cb=on.error,
        logger=None,
        apply_types=False,
        name="rammevagt",
    )
    broker.add_middleware(retrying(broker, delays))
    for one in subscriptions:
        _subscribe(broker, one)
    return broker


class Broker(NatsBroker):
    """FastStream's, over a connection that keeps to TLS."""

    async def _connect(self) -> Client:
        client = TlsClient() if any(one.startswith("tls://") for one in self._connection_kwargs["servers"]) else Client()
        await client.connect(**self._connection_kwargs)
        self.config.connect(client)
        return client


class TlsClient(Client):
    """Says who it is under TLS alone. The library's own, told ``tls://``, gives its password in clear to a server without TLS."""

    def _connect_command(self) -> bytes:
        if not self._server_info.get("tls_required"):
            raise SecureConnRequiredError
        return super()._connect_command()


def _subscribe(broker: NatsBroker, one: Subscription) -> None:
    spec = one.consumer()

    async def handler(bodies: list[bytes]) -> list[Outcome]:
        return await handled(one.handle, [_read(body) for body in bodies])

    broker.subscriber(
        spec.subject,
        stream=JStream(STREAM, declare=False),
        durable=spec.durable,
        pull_sub=PullSub(batch_size=BATCH, timeout=FETCH_TIMEOUT, batch=True),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        config=ConsumerConfig(ack_wait=spec.ack_wait, max_deliver=-1, max_ack_pending=spec.max_ack_pending),
        decoder=_bodies,
    )(handler)


def _read(body: bytes) -> Event | ValidationError:
    try:
        return parse_event(body)
    except ValidationError as error:
        return error


async def handled(handle: Handle, found: Sequence[Event | ValidationError]) -> list[Outcome]:
    """What came of each: None, or its error."""
    outcomes = iter(await together(handle, [one for one in found if isinstance(one, Event)]))
    return [next(outcomes) if isinstance(one, Event) else one for one in found]


async def _bodies(message: NatsBatchMessage) -> list[bytes]:
    return [one.data for one in message.raw_message]


async def start_broker(broker: NatsBroker) -> None:
    """Start the subscribers of a connected broker."""
    await broker.start()
    for subscriber in broker.subscribers:
        subscriber.subscription = Patient(subscriber.subscription)  # type: ignore[attr-defined]


class Patient:
    """A pull subscription that gives what there is, and pauses when a fetch fails at once.

    FastStream waits for a whole group until the time-out. And it fetches again without a pause when the connection is closed or
    the consumer is gone: on a closed connection nothing in that loop ever waits, so the whole process would stand still.
    """

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - nats-py has no type for it
        self._inner = inner
        self._part = False

    async def fetch(self, batch: int = 1, timeout: float | None = FETCH_TIMEOUT) -> list[Any]:  # noqa: ASYNC109 - its interface
        """As the subscription it stands for."""
        if self._part:  # FastStream would wait for the rest of the group, and people for their notices
            self._part = False
            raise NatsTimeoutError
        try:
            found = list(await self._inner.fetch(batch=batch, timeout=timeout))
        except TimeoutError as error:  # nats-py raises its own and the interpreter's; FastStream's loop survives the first alone
            raise NatsTimeoutError from error
        except (ConnectionClosedError, ServiceUnavailableError):
            await asyncio.sleep(PAUSE)
            raise
        self._part = 0 < len(found) < batch
        return found

    async def unsubscribe(self) -> None:
        """Also with the connection gone: an error here would end FastStream's stop half-way."""
        with contextlib.suppress(NatsError):
            await self._inner.unsubscribe()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the other has
        return getattr(self._inner, name)


async def stop_broker(broker: NatsBroker, client: Client | None) -> None:
    """Let running handlers finish, then close. Never raises, also with the broker away."""
    try:
        await asyncio.wait_for(broker.stop(), GRACE + 2)
    except Exception as error:
        log.info("broker_stop_incomplete", why=type(error).__name__)
    if client is not None and not client.is_closed:
        with contextlib.suppress(Exception):
            await client.close()
