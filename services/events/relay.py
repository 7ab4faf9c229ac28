"""Outbox to broker: events leave the store only when the broker has them on disk, and in the order in which they were born."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import structlog

from services.clock import Clock
from services.events.metrics import LAG, PUBLISHED
from services.store.interface import Pending, Store, StoreUnavailable

log = structlog.get_logger()

GROUP = 1000  # events published at once
GATHER = 0.25  # seconds; one read, flush and group of handlers then serve all that came meanwhile, and people read no faster
POLL = 1.0  # seconds between looks when nobody called


class Publishes(Protocol):
    """Puts events into the broker."""

    async def publish(self, pending: Sequence[Pending]) -> list[int]:
        """The places of those that the broker has on disk."""
        ...


class Relay:
    """Publishes the outbox over one connection for as long as it runs. Of all on one store, one works."""

    def __init__(self, store: Store, publisher: Publishes, clock: Clock, gather: float = GATHER) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._gather = gather
        self._called = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """There may be something to publish."""
        self._called.set()

    def stop(self) -> None:
        """End ``run`` after the group under way."""
        self._stopping = True
        self._called.set()

    async def run(self) -> None:
        """Publish until stopped. Never ends by an error: what could not be published stays in the outbox."""
        while not self._stopping:
            try:
                more = await self.publish_some()
            except StoreUnavailable:
                log.warning("outbox_unavailable")
                more = False
            except Exception:
                log.exception("relay_failed")
                more = False
            if not more:
                await self._wait()

    async def publish_some(self) -> bool:
        """Publish the oldest group; True when all of it was taken and more may be waiting."""
        if not await self._store.publishes():
            return False
        pending = await self._store.outbox(GROUP)
        LAG.set(max(0.0, (self._clock.now() - pending[0].at).total_seconds()) if pending else 0.0)
        if not pending:
            return False
        done = await self._publisher.publish(pending)
        if done:
            await self._store.published(done)
            PUBLISHED.inc(len(done))
        return len(done) == GROUP

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._called.wait(), POLL)
        if not self._stopping:
            await asyncio.sleep(self._gather)
            self._called.clear()
