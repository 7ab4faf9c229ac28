"""What takes long to find out is found out once for everybody, and a page shows the last answer with its time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from services.clock import Clock

T = TypeVar("T")
PATIENCE = 0.1  # seconds that a page waits for a new answer before it shows the last one
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """An answer and when it was true."""

    value: T
    at: datetime


class Lately(Generic[T]):
    """Asks ``find`` when the last answer is older than ``age`` (None: only when it is asked to), never twice at once."""

    def __init__(self, find: Callable[[], Awaitable[T]], clock: Clock, age: timedelta | None) -> None:
        self._find = find
        self._clock = clock
        self._age = age
        self._task: asyncio.Task[None] | None = None
        self.found: Found[T] | None = None

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._task is not None and not self._task.done()

    async def get(self) -> Found[T] | None:
        """The newest answer that there is."""
        if self._age is not None and (self.found is None or self._clock.now() - self.found.at >= self._age):
            await self.ask()
        return self.found

    async def ask(self) -> None:
        """Find out now; returns soon, whether it is found out or not."""
        if not self.busy:
            self._task = asyncio.create_task(self._run(), name="console-lately")
        if self._task:
            await asyncio.wait({self._task}, timeout=PATIENCE)

    async def _run(self) -> None:
        at = self._clock.now()
        try:
            self.found = Found(await self._find(), at)
        except Exception as error:  # the page goes on showing the last answer with its time
            log.warning("console_not_found_out", error=type(error).__name__)
