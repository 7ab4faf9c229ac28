"""What the guard needs in JetStream: two streams and a durable consumer for each of its handlers.

Provisioned here and never by a library: a library that declares streams overwrites what an operator has set, and one that finds
an existing consumer leaves its old settings in force. The server's JSON is read, merged and sent back whole, so that settings
which this client does not know survive.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import structlog
from nats.aio.client import Client

from workflows.events import STREAM, SUBJECT_PREFIX

log = structlog.get_logger()

DLQ = "DLQ"
DLQ_PREFIX = "dlq."
NANO = 1_000_000_000
API_TIMEOUT = 5.0
UNCHANGEABLE = 10012  # a consumer that exists, and a setting that is fixed at its birth
NOT_FOUND = 404
REPLICAS = 3
TOO_FEW_SERVERS = (10005, 10074)  # no peers for so many replicas; no cluster at all
Json = dict[str, Any]


class ApiError(Exception):
    """JetStream's own refusal: ``code`` as in HTTP, ``err_code`` as in its documentation."""

    def __init__(self, what: str, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{what}: {code} {err_code} {description}")
        self.code = code
        self.err_code = err_code


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream: how it is made, and what it must have whoever made it."""

    name: str
    subject: str
    made_with: Json
    must_have: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """A durable pull consumer on one subject."""

    durable: str
    subject: str
    ack_wait: float = 60.0  # seconds; at least ten times what a handler takes
    max_ack_pending: int = 256

    def config(self) -> Json:
        """What is ours of its configuration. ``max_deliver`` has no limit: giving up is the retry middleware's, never silent.

        It has as many replicas as its stream, since nothing else is said here.
        """
        return {
            "durable_name": self.durable,
            "name": self.durable,
            "filter_subject": self.subject,
            "ack_policy": "explicit",
            "ack_wait": int(self.ack_wait * NANO),
            "max_deliver": -1,
            "max_ack_pending": self.max_ack_pending,
        }


# Enough for a handler that was away for a fortnight; the window of duplicates covers a broker that was away for an hour.
EVENTS_STREAM = StreamSpec(
    STREAM,
    f"{SUBJECT_PREFIX}>",
    {"max_age": 14 * 86_400 * NANO, "max_bytes": 4 << 30, "duplicate_window": 3_600 * NANO},
    {"allow_atomic": True},
)
DLQ_STREAM = StreamSpec(
    DLQ, f"{DLQ_PREFIX}>", {"max_age": 90 * 86_400 * NANO, "max_bytes": 256 << 20, "duplicate_window": 3_600 * NANO}
)
_ALWAYS: Json = {"retention": "limits", "storage": "file", "discard": "old"}


class Provision:
    """Makes and mends streams and consumers; ``check`` can be called again and again, and notices what was deleted."""

    def __init__(self, client: Client, consumers: tuple[ConsumerSpec, ...]) -> None:
        self._client = client
        self._consumers = consumers
        self._floors: dict[str, int] = {}  # durable -> the last event up to which all are handled

    async def check(self) -> list[str]:
        """Put everything in its place; returns what had to be made. Raises ``ApiError`` or a ``nats.errors.Error``."""
        made = [spec.name for spec in (EVENTS_STREAM, DLQ_STREAM) if await ensure_stream(self._client, spec)]
        if STREAM in made:
            self._floors.clear()
        for spec in self._consumers:
            if await self._ensure_consumer(spec):
                made.append(spec.durable)
        return made

    async def _ensure_consumer(self, spec: ConsumerSpec) -> bool:
        where = f"{STREAM}.{spec.durable}"
        try:
            found = await call(self._client, f"CONSUMER.INFO.{where}")
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            await self._create(spec)
            return True
        self._floors[spec.durable] = found["ack_floor"]["stream_seq"]
        if not _has(found["config"], spec.config()):
            await self._update(spec, found["config"])
        return False

    async def _create(self, spec: ConsumerSpec) -> None:
        """Go on after the last event that we know was handled, else from the first."""
        start: Json = {"deliver_policy": "all"}
        if floor := self._floors.get(spec.durable):
            start = {"deliver_policy": "by_start_sequence", "opt_start_seq": floor + 1}
        await self._send(spec, start)
        log.info("consumer_created", durable=spec.durable)

    async def _update(self, spec: ConsumerSpec, current: Json) -> None:
        try:
            await self._send(spec, current)
        except ApiError as error:
            if error.err_code != UNCHANGEABLE:  # not now, as while the stream is on its way to other servers
                raise
            await call(self._client, f"CONSUMER.DELETE.{STREAM}.{spec.durable}")
            await self._create(spec)
        log.warning("consumer_settings_restored", durable=spec.durable)

    async def _send(self, spec: ConsumerSpec, base: Json) -> None:
        body = {"stream_name": STREAM, "config": {**base, **spec.config()}}
        await call(self._client, f"CONSUMER.CREATE.{STREAM}.{spec.durable}.{spec.subject}", body)


async def ensure_stream(client: Client, spec: StreamSpec) -> bool:
    """True when it had to be made. An existing one keeps every setting but what the guard can't do without."""
    try:
        found = await call(client, f"STREAM.INFO.{spec.name}")
    except ApiError as error:
        if error.code != NOT_FOUND:
            raise
        await _create_stream(client, spec)
        return True
    current = found["config"]
    if spec.subject not in current["subjects"] or not _has(current, spec.must_have):
        current = {**current, **spec.must_have, "subjects": list(dict.fromkeys([*current["subjects"], spec.subject]))}
        await call(client, f"STREAM.UPDATE.{spec.name}", current)
        log.warning("stream_settings_restored", stream=spec.name)
    if current["num_replicas"] < REPLICAS and found.get("cluster", {}).get("name"):
        await _replicate(client, spec.name, current)
    return False


async def _create_stream(client: Client, spec: StreamSpec) -> None:
    body = {"name": spec.name, "subjects": [spec.subject], **_ALWAYS, **spec.made_with, **spec.must_have}
    for replicas in (REPLICAS, 1):
        try:
            await call(client, f"STREAM.CREATE.{spec.name}", body | {"num_replicas": replicas})
        except ApiError as error:
            if replicas == 1 or error.err_code not in TOO_FEW_SERVERS:
                raise
        else:
            log.info("stream_created", stream=spec.name, replicas=replicas)
            return


async def _replicate(client: Client, stream: str, config: Json) -> None:
    try:
        await call(client, f"STREAM.UPDATE.{stream}", {**config, "num_replicas": REPLICAS})
    except ApiError as error:
        if error.err_code not in TOO_FEW_SERVERS:
            raise
    else:
        log.info("stream_replicated", stream=stream, replicas=REPLICAS)


def _has(current: Json, wanted: Json) -> bool:
    return all(current.get(name) == value for name, value in wanted.items())


async def call(client: Client, what: str, body: Json | None = None) -> Json:
    """One request to the JetStream API. Raises ``ApiError``, or a ``nats.errors.Error`` when nobody answers."""
    reply = await client.request(f"$JS.API.{what}", json.dumps(body).encode() if body else b"", timeout=API_TIMEOUT)
    found: Json = json.loads(reply.data)
    if error := found.get("error"):
        raise ApiError(what, error.get("code", 0), error.get("err_code", 0), error.get("description", ""))
    return found
