"""What has to be done by itself from time to time: retention, the books on ``/metrics``, the head of the audit chain."""

import asyncio
import contextlib

import structlog
from prometheus_client import Gauge

from services.clock import Clock
from services.repeating import repeat
from services.settings import Settings
from services.store.interface import Store

log = structlog.get_logger()
BOOKS_EVERY = 120.0  # seconds
PURGE_EVERY = 3600.0
QUEUED = Gauge("rammevagt_queue_deliveries", "Deliveries that wait", ["kind"])
OLDEST = Gauge("rammevagt_queue_oldest_seconds", "How long the oldest delivery has waited; not notices before their hour")
STUCK = Gauge("rammevagt_queue_stuck", "Deliveries that nobody takes and that people have been told about")
UNBALANCED = Gauge("rammevagt_ledger_unbalanced_days", "Days whose books do not balance: anything but 0 is an alarm")


class Upkeep:
    """Runs beside the services; a failure is logged and tried again at the next turn."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [
            asyncio.create_task(repeat(self.books, BOOKS_EVERY)),
            asyncio.create_task(repeat(self.purge, PURGE_EVERY)),
        ]

    async def stop(self) -> None:
        """End; a run under way is given up, and the next start takes it up."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def books(self) -> None:
        """Balance the books and measure the queue."""
        unbalanced = [row for row in await self._store.ledger() if not row.balances()]
        UNBALANCED.set(len(unbalanced))
        for row in unbalanced:
            log.error("ledger_unbalanced", day=row.day.isoformat())
        waiting = await self._store.queue()
        for kind in ("mail", "receipt", "notice", "report"):
            QUEUED.labels(kind).set(sum(item.kind == kind for item in waiting))
        STUCK.set(sum(item.stuck for item in waiting))
        now = self._clock.now()
        late = [(now - item.queued_at).total_seconds() for item in waiting if item.attempts or item.error or item.due <= now]
        OLDEST.set(max(late, default=0.0))

    async def purge(self) -> None:
        """Remove what the retention settings say."""
        keep = self._settings.retention
        removed = await self._store.purge(self._clock.now(), keep.bodies, keep.facts, keep.frameworks)
        if removed.contents or removed.mails or removed.frameworks:
            log.info("retention_removed", contents=removed.contents, mails=removed.mails, frameworks=removed.frameworks)
