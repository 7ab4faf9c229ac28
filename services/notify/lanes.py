"""Work that may wait for somebody far away, without those beside it waiting too."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine
from threading import Thread
from typing import Any, TypeVar

import structlog

from services.store.interface import StoreUnavailable

log = structlog.get_logger()
T = TypeVar("T")


class Lanes:
    """One piece of work for a person at a time, and that of several people beside each other. ``done`` is called after each that
    changed something."""

    def __init__(self, done: Callable[[], None]) -> None:
        self._done = done
        self._tasks: dict[str, asyncio.Task[bool]] = {}

    @property
    def busy(self) -> Collection[str]:
        """For whom something is under way."""
        return self._tasks.keys()

    def begin(self, person: str, work: Coroutine[Any, Any, bool]) -> None:
        """``work`` tells whether it changed something. ``person`` is not ``busy``."""
        self._tasks[person] = asyncio.create_task(self._run(person, work), name="notify-person")

    async def _run(self, person: str, work: Coroutine[Any, Any, bool]) -> bool:
        try:
            changed = await work
        except StoreUnavailable:
            log.warning("notice_not_told", why="store")
            changed = False
        except Exception:
            log.exception("notice_not_told")
            changed = False
        finally:
            del self._tasks[person]
        if changed:
            self._done()
        return changed

    async def settled(self) -> None:
        """Wait for what is under way; whoever is cancelled here cancels it."""
        await asyncio.gather(*self._tasks.values())

    async def stop(self) -> None:
        """End what is under way where it stands."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Room:
    """Threads for calls that may hang, ``most`` at once. One that hangs keeps its place until it ends, however long nobody has
    waited for it any more, and keeps no process from ending."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def run(self, call: Callable[[], T]) -> T:
        """What ``call`` gives or raises, when there was room for it."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def ended(set_it: Callable[[], None]) -> None:
            self._free.release()
            if not answer.done():
                set_it()

        def work() -> None:
            try:
                found = call()
            except Exception as error:
                tell = _said(answer.set_exception, error)
            else:
                tell = _said(answer.set_result, found)
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(ended, tell)

        Thread(target=work, name="notify-channel", daemon=True).start()
        return await answer


def _said(how: Callable[[T], None], what: T) -> Callable[[], None]:
    return lambda: how(what)
