"""Writes what came of deliveries: at once, and in groups while the store is busy with the group before."""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from services.store.interface import Attempt, Rerouted, Store, StoreUnavailable

log = structlog.get_logger()
AGAIN = 1.0  # seconds until a store that was unavailable is asked again
GROUP = 500  # attempts in one write


class Recorder:
    """Takes attempts from every connection and records them in the order in which they ended.

    What was delivered and isn't recorded would be delivered again, so attempts are kept until the store has them.
    """

    def __init__(self, store: Store, on_new: Callable[[], None]) -> None:
        """``on_new`` is called when something that was recorded is itself to be delivered at once."""
        self._store = store
        self._on_new = on_new
        self._waiting: list[Attempt] = []
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many attempts aren't on disk yet."""
        return len(self._waiting)

    def held(self) -> Iterator[tuple[str, str]]:
        """Deliveries that aren't recorded yet, each with its lease."""
        return ((one.delivery, one.lease) for one in self._waiting)

    def start(self) -> None:
        """Begin to record."""
        self._task = asyncio.create_task(self._run(), name="delivery-recorder")

    def add(self, attempt: Attempt) -> None:
        """Have ``attempt`` recorded."""
        if not self._waiting:
            self._none.clear()
            self._some.set()
        self._waiting.append(attempt)

    async def stop(self, grace: float) -> None:
        """Record what is there, for at most ``grace`` seconds, and end."""
        try:
            async with asyncio.timeout(grace):
                await self._none.wait()
        except TimeoutError:
            log.error("attempts_not_recorded", count=len(self._waiting))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            group = self._waiting[:GROUP]
            if await self._record(group):
                del self._waiting[: len(group)]
                self._mark()
            else:
                await asyncio.sleep(AGAIN)

    def _mark(self) -> None:
        if not self._waiting:
            self._some.clear()
            self._none.set()

    async def _record(self, group: list[Attempt]) -> bool:
        """Whether ``group`` is done with; False: the store is to be asked again."""
        try:
            fenced = await self._store.record(group)
        except StoreUnavailable:
            log.warning("store_unavailable", what="record", waiting=len(self._waiting))
            return False
        except Exception:
            return await self._one_by_one(group)
        for delivery in fenced:
            log.warning("delivery_fenced", delivery=delivery)
        if any(one.outgoing or isinstance(one.outcome, Rerouted) for one in group):
            self._on_new()
        return True

    async def _one_by_one(self, group: list[Attempt]) -> bool:
        """One attempt that the store can't take must not keep the others from it."""
        if len(group) == 1:
            log.exception("attempt_not_recordable", delivery=group[0].delivery)
            return True
        while group:
            if await self._record(group[:1]):
                group = group[1:]
            else:
                await asyncio.sleep(AGAIN)
        return True
