"""Calls that come at about the same time are done together: one read, one thread, one transaction for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.store.interface import StoreUnavailable
from workflows.events import Event

MOST = 100

Work = Callable[[Sequence[Event]], Awaitable[None]]
Group = dict[str, tuple[Event, asyncio.Future[None]]]


class Together:
    """``work`` gets the events of all calls that came while it was busy, one a subject. It must be right to do one twice."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting: Group = {}
        self._task: asyncio.Task[None] | None = None

    async def do(self, event: Event) -> None:
        """Returns when ``event`` is done; raises what ``work`` raised for it."""
        waiting = self._waiting.get(event.subject)
        if waiting is None:
            waiting = self._waiting[event.subject] = event, asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        await asyncio.shield(waiting[1])

    async def _run(self) -> None:
        while self._waiting:
            group = dict(list(self._waiting.items())[:MOST])
            for id in group:
                del self._waiting[id]
            await self._group(group)

    async def _group(self, group: Group) -> None:
        try:
            await self._work([event for event, _ in group.values()])
        except Exception as error:
            if len(group) == 1 or isinstance(error, StoreUnavailable):
                _end(group, error)
            else:  # one spoils it for all: each alone, so that only that one fails
                for id, one in group.items():
                    await self._group({id: one})
            return
        _end(group, None)


def _end(group: Group, error: Exception | None) -> None:
    for _, future in group.values():
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
            future.exception()  # whoever asked may have gone: that is no fault of its own
