"""Where a webhook is in the stream: a durable consumer of its own, with one event under way at a time."""

from datetime import UTC, datetime

import structlog
from nats.aio.client import Client

from services.events.streams import NANO, NOT_FOUND, ApiError, Json, call
from services.settings import Webhook
from services.store.webhooks import Asked
from workflows.events import STREAM, SUBJECT_PREFIX
from workflows.webhooks import kinds_of

log = structlog.get_logger()

ACK_WAIT = 30.0  # seconds, more than a request has; then an event comes again in whose middle the guard or the broker died


class Place:
    """The consumer of one webhook, found or made. Every method raises ``ApiError`` or a ``nats.errors.Error``."""

    def __init__(self, webhook: Webhook, client: Client) -> None:
        self.durable = f"webhook_{webhook.name}"
        self._client = client
        self._subjects = sorted({SUBJECT_PREFIX + kind for one in webhook.events for kind in kinds_of(one)})

    async def found(self, reached: datetime | None, asked: Asked | None) -> datetime:
        """Make it be there; gives when it was made.

        A new one begins with what comes from now on; one that the broker has lost, at ``reached``; one of which something was
        ``asked``, at the first event that is not dealt with, or at that instant.
        """
        info = await self._info()
        if asked:
            start = await self._asked(asked, info, reached)
            if info:
                await call(self._client, f"CONSUMER.DELETE.{STREAM}.{self.durable}")
            info = await self._make(start)
        elif not info:
            info = await self._make(_from(reached))
            log.info("webhook_place_made", durable=self.durable, lost=reached is not None)
        elif info["config"].get("filter_subjects", [info["config"].get("filter_subject")]) != self._subjects:
            kept = {key: value for key, value in info["config"].items() if key != "filter_subject"}
            info = await self._make(kept)
            log.info("webhook_kinds_changed", durable=self.durable)
        return _instant(info["created"])

    async def _asked(self, asked: Asked, info: Json | None, reached: datetime | None) -> Json:
        if asked.since:
            return _from(asked.since)
        if not info:
            return _from(reached)
        floor = int(info["ack_floor"]["stream_seq"])
        if floor:
            return {"deliver_policy": "by_start_sequence", "opt_start_seq": floor + 1}
        config = info["config"]  # nothing was dealt with since it was made: it begins where it began
        begins = {key: config[key] for key in ("deliver_policy", "opt_start_seq", "opt_start_time") if key in config}
        return _from(_instant(info["created"])) if begins.get("deliver_policy") == "new" else begins

    async def _info(self) -> Json | None:
        try:
            return await call(self._client, f"CONSUMER.INFO.{STREAM}.{self.durable}")
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            return None

    async def _make(self, base: Json) -> Json:
        config = {
            **base,
            "durable_name": self.durable,
            "name": self.durable,
            "filter_subjects": self._subjects,
            "ack_policy": "explicit",
            "ack_wait": int(ACK_WAIT * NANO),
            "max_deliver": -1,
            "max_ack_pending": 1,
        }
        return await call(self._client, f"CONSUMER.CREATE.{STREAM}.{self.durable}", {"stream_name": STREAM, "config": config})


def _from(instant: datetime | None) -> Json:
    if instant is None:
        return {"deliver_policy": "new"}
    return {"deliver_policy": "by_start_time", "opt_start_time": instant.astimezone(UTC).isoformat()}


def _instant(text: str) -> datetime:
    """An instant of the broker's, which has nanoseconds."""
    return datetime.fromisoformat(text[:19] + text[19:].partition("Z")[0][:7] + "+00:00")
