"""Calls that come at about the same time are done together: one read, one thread, one transaction for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.store.interface import StoreUnavailable

MOST = 100

Work = Callable[[Sequence[str]], Awaitable[None]]


class Together:
    """``work`` gets the ids of all calls that came while it was busy. It must be right to do one id twice."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def do(self, id: str) -> None:
        """Returns when ``id`` is done; raises what ``work`` raised for it."""
        future = self._waiting.get(id)
        if future is None:
            future = self._waiting[id] = asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        await asyncio.shield(future)

    async def _run(self) -> None:
        while self._waiting:
            group = dict(list(self._waiting.items())[:MOST])
            for id in group:
                del self._waiting[id]
            await self._group(group)

    async def _group(self, group: dict[str, asyncio.Future[None]]) -> None:
        try:
            await self._work(tuple(group))
        except Exception as error:
            if len(group) == 1 or isinstance(error, StoreUnavailable):
                _end(group, error)
            else:  # one spoils it for all: each alone, so that only that one fails
                for id, future in group.items():
                    await self._group({id: future})
            return
        _end(group, None)


def _end(group: dict[str, asyncio.Future[None]], error: Exception | None) -> None:
    for future in group.values():
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
            future.exception()  # whoever asked may have gone: that is no fault of its own
