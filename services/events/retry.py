"""What becomes of an event whose handler failed: tried again later, or set aside. Never dropped, never in a tight loop.

FastStream's own policies either give an event up at the first exception or redeliver it without a pause; so every exception
is turned here into one of three explicit answers to JetStream: done, again in so many seconds, or set aside in the
dead-letter stream and ended.
"""

# ruff: noqa: ANN401 - FastStream gives its middlewares no narrower types
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import structlog
from faststream import BaseMiddleware
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from services.events.metrics import HANDLED
from services.events.streams import DLQ, DLQ_PREFIX
from services.store.interface import StoreUnavailable

log = structlog.get_logger()

DELAYS = (1.0, 5.0, 30.0, 120.0)  # seconds before the second, third, … try
MAX_TRIES = 5  # of a handler that fails by itself
STORE_DELAY = 300.0  # seconds at most between tries while the store is away, which is nobody's fault
MAX_DELIVERIES = 40  # however they ended, a crash of this process among them: then the event is set aside untried
ACK_TIMEOUT = 5.0


class DeadLetters(Protocol):
    """Where events are set aside (a broker)."""

    async def publish(self, message: bytes, subject: str, *, stream: str, timeout: float, headers: dict[str, str]) -> Any:  # noqa: ASYNC109
        """Returns when the event is on disk there."""
        ...


def retrying(dead_letters: DeadLetters, delays: tuple[float, ...] = DELAYS) -> Callable[..., "Retry"]:
    """The middleware for a broker. ``delays`` are seconds; the last one is used from there on."""

    def build(msg: Any, /, *, context: Any) -> Retry:
        return Retry(msg, context, dead_letters, delays)

    return build


class Retry(BaseMiddleware[Any, Any]):
    """Around every call of the handlers with a group of events. The handlers give an outcome for each event: None, or its error."""

    def __init__(self, msg: Any, context: Any, dead_letters: DeadLetters, delays: tuple[float, ...]) -> None:
        super().__init__(msg, context=context)
        self._dead_letters = dead_letters
        self._delays = delays

    async def consume_scope(self, call_next: Any, msg: Any) -> Any:
        """Run the handlers and answer for each event that failed; FastStream answers "done" for the others."""
        msg.raw_message = [raw for raw in msg.raw_message if not await self._worn_out(raw)]
        outcomes: Sequence[BaseException | None] = await call_next(msg) if msg.raw_message else ()
        failed = [(raw, error) for raw, error in zip(msg.raw_message, outcomes, strict=True) if error is not None]
        if done := len(outcomes) - len(failed):
            HANDLED.labels(msg.raw_message[0].metadata.consumer, "done").inc(done)
        for raw, error in failed:
            await self._failed(raw, raw.metadata.consumer, error)
        return None

    async def _worn_out(self, raw: Msg) -> bool:
        if raw.metadata.num_delivered <= MAX_DELIVERIES:
            return False
        await self._set_aside(raw, raw.metadata.consumer, "TooManyDeliveries")
        return True

    async def _failed(self, raw: Msg, durable: str, error: BaseException) -> None:
        tries = raw.metadata.num_delivered
        if isinstance(error, StoreUnavailable):
            await self._again(raw, durable, error, min(STORE_DELAY, self._delay(tries) * 4))
        elif isinstance(error, ValidationError) or tries >= MAX_TRIES:
            log.error("event_handler_gave_up", durable=durable, tries=tries, trace=_trace(error), **_where(raw))
            await self._set_aside(raw, durable, type(error).__name__)
        else:
            await self._again(raw, durable, error, self._delay(tries))

    def _delay(self, tries: int) -> float:
        return self._delays[min(tries, len(self._delays)) - 1]

    async def _again(self, raw: Msg, durable: str, error: BaseException, delay: float) -> None:
        HANDLED.labels(durable, "retried").inc()
        log.warning("event_handler_failed", durable=durable, again_in=delay, why=type(error).__name__, **_where(raw))
        await raw.nak(delay=delay)

    async def _set_aside(self, raw: Msg, durable: str, why: str) -> None:
        """Where the dead letter can't be written, the event comes again."""
        headers = {
            "Nats-Msg-Id": f"dlq:{raw.metadata.stream}:{raw.metadata.sequence.stream}:{durable}",
            "Rammevagt-Handler": durable,
            "Rammevagt-Error": why,  # the kind of error alone: its words could hold content
        }
        try:
            await self._dead_letters.publish(raw.data, DLQ_PREFIX + raw.subject, stream=DLQ, timeout=ACK_TIMEOUT, headers=headers)
        except (NatsError, OSError) as error:
            await self._again(raw, durable, error, self._delays[-1])
            return
        HANDLED.labels(durable, "dead").inc()
        log.error("event_set_aside", durable=durable, why=why, **_where(raw))
        await raw.term()


def _trace(error: BaseException) -> list[str]:
    """Where it was raised, innermost last, without the values and words that a traceback would show."""
    return [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]


def _where(raw: Msg) -> dict[str, object]:
    return {"event_id": (raw.headers or {}).get("Nats-Msg-Id"), "place": raw.metadata.sequence.stream}
