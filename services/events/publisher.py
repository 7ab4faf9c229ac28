"""Events to JetStream, in order, each its own message.

A group goes as one atomic batch (nats-server 2.12, ADR-50): one flush to disk for all of them, where single publishes with
``sync_interval: always`` pay one each. When a batch is refused (a duplicate after a lost answer, a server or a stream without
batches), the same events are published one by one under the same ``Nats-Msg-Id``, and the broker drops what it has already.
"""

import asyncio
import itertools
import json
import secrets
from collections.abc import Iterable, Sequence
from typing import Literal

import structlog
from nats.aio.client import Client
from nats.errors import ConnectionClosedError, NoRespondersError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError

from services.store.interface import Pending
from workflows.events import STREAM

log = structlog.get_logger()

ACK_TIMEOUT = 5.0
ATOMIC_FROM = 16  # events; below, a batch costs more than its single publishes
ATOMIC_LIMIT = 1000  # the server's
STRETCH = 40  # events before others have their turn: some tenths of a millisecond
_ONE_LINE = {ord("\r"): " ", ord("\n"): " "}


class Publisher:
    """Publishes over one connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._batches = itertools.count(1)
        self._name = secrets.token_hex(8)

    async def publish(self, pending: Sequence[Pending]) -> list[int]:
        """Publish ``pending``; returns the places of those that the broker has on disk.

        Events of one subject never overtake each other: where one fails, the later ones of its subject wait.
        """
        if not self._client.is_connected:
            return []
        if not ATOMIC_FROM <= len(pending) <= ATOMIC_LIMIT:
            return await self._one_by_one(pending)
        match await self._as_batch(pending):
            case "done":
                return [one.seq for one in pending]
            case "refused":  # one of them is there already, after a lost answer: each for itself, the broker drops it
                return await self._one_by_one(pending)
            case "unanswered":  # a broker that is slow or away gets no hundreds of single events on top
                return []

    async def _as_batch(self, pending: Sequence[Pending]) -> Literal["done", "refused", "unanswered"]:
        batch = f"{self._name}.{next(self._batches)}"
        *before, last = pending
        if any(len(one.body) > self._client.max_payload for one in before):  # the server would end the connection
            return "refused"
        try:
            for start in range(0, len(before), STRETCH):
                await self._send(
                    [_message(one, batch, place) for place, one in enumerate(before[start : start + STRETCH], start + 1)]
                )
                await asyncio.sleep(0)  # mail comes first
            headers = {
                "Nats-Msg-Id": last.id,
                "Nats-Batch-Id": batch,
                "Nats-Batch-Sequence": str(len(pending)),
                "Nats-Batch-Commit": "1",
            }
            reply = await self._client.request(last.topic, last.body, timeout=ACK_TIMEOUT, headers=headers)
        except (NatsError, OSError) as error:
            log.info("event_batch_failed", why=type(error).__name__)
            return "unanswered" if isinstance(error, NatsTimeoutError | NoRespondersError | OSError) else "refused"
        ack = json.loads(reply.data)
        if refusal := ack.get("error"):
            log.info("event_batch_refused", code=refusal.get("err_code"))
        return "done" if ack.get("batch") == batch and ack.get("count") == len(pending) else "refused"

    async def _send(self, messages: Iterable[bytes]) -> None:
        """Many messages at once: the library's ``publish`` costs, for those of a mail, as much as deciding it does."""
        if not self._client.is_connected:
            raise ConnectionClosedError
        await self._client._send_command(b"".join(messages))
        await self._client._flush_pending()

    async def _one_by_one(self, pending: Iterable[Pending]) -> list[int]:
        lanes: dict[str, list[Pending]] = {}
        for one in pending:
            lanes.setdefault(one.subject, []).append(one)
        return list(itertools.chain.from_iterable(await asyncio.gather(*map(self._lane, lanes.values()))))

    async def _lane(self, pending: Sequence[Pending]) -> list[int]:
        done = []
        for one in pending:
            if not await self._single(one):
                break
            done.append(one.seq)
        return done

    async def _single(self, one: Pending) -> bool:
        try:
            headers = {"Nats-Msg-Id": one.id, "Nats-Expected-Stream": STREAM}
            reply = await self._client.request(one.topic, one.body, timeout=ACK_TIMEOUT, headers=headers)
            ack = json.loads(reply.data)
        except (NatsError, OSError, ValueError) as error:
            log.info("event_publish_failed", event_id=one.id, why=type(error).__name__)
            return False
        if refusal := ack.get("error"):
            log.warning("event_refused", event_id=one.id, code=refusal.get("err_code"))
        return bool(ack.get("stream") == STREAM and ack.get("seq"))


def _message(one: Pending, batch: str, place: int) -> bytes:
    """``one`` as it goes to the server (HPUB of the NATS protocol), under the very id that ``publish`` would give it."""
    id = one.id.strip().translate(_ONE_LINE)
    headers = f"NATS/1.0\r\nNats-Msg-Id: {id}\r\nNats-Batch-Id: {batch}\r\nNats-Batch-Sequence: {place}\r\n\r\n".encode()
    size = len(headers) + len(one.body)
    return b"HPUB %b  %d %d\r\n%b%b\r\n" % (one.topic.encode(), len(headers), size, headers, one.body)
