"""Tasks that live on: they work while there is work, and rest while there is none."""

import asyncio
from collections.abc import Callable, Coroutine


class Workers:
    """``work`` is what each of them does; it calls ``rest`` where it finds nothing to do, and returns to end its worker."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        self._work = work
        self._tasks: set[asyncio.Task[None]] = set()
        self._resting: list[asyncio.Future[None]] = []

    @property
    def at_work(self) -> int:
        """How many don't rest."""
        return len(self._tasks) - len(self._resting)

    def add(self, count: int) -> None:
        """Have so many more at work; the one that rested last is woken first."""
        for _ in range(count):
            if self._resting:
                self._resting.pop().set_result(None)
            else:
                worker = asyncio.create_task(self._work())
                self._tasks.add(worker)
                worker.add_done_callback(self._tasks.discard)

    async def rest(self) -> None:
        """Wait until there is something to do."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._resting.append(woken)
        try:
            await woken
        except asyncio.CancelledError:
            if woken.cancelled():  # else it was woken before
                self._resting.remove(woken)
            raise

    async def stop(self, grace: float) -> None:
        """Wake all, who have to end now; those that still work after ``grace`` seconds are cancelled."""
        self.add(len(self._resting))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for worker in self._tasks:
            worker.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
