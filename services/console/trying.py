"""Trials of drafted frameworks that are under way, or were made a moment ago: each is made once, however often it is looked at."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from services.clock import Clock
from workflows.trial import Overview

log = structlog.get_logger()
PATIENCE = 0.1  # seconds for which a page waits before it says that it takes longer
KEPT_FOR = timedelta(minutes=10)
MOST = 40  # trials that are kept
AT_ONCE = 1  # made at a time: where there is much mail, each takes a processor for seconds


@dataclass(frozen=True, slots=True)
class About:
    """What a trial is about: the framework as somebody saw it, and since when; for ``account``, who sees ``units`` (None: all)."""

    account: str
    units: frozenset[str] | None
    framework: str
    revision: int
    version: int
    since: date


@dataclass(slots=True)
class _Trial:
    task: asyncio.Task[Overview]
    begun: datetime


class Failed(Exception):
    """It could not be made."""


class Trials:
    """One a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[About, _Trial] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def get(self, about: About, make: Callable[[], Awaitable[Overview]]) -> Overview | None:
        """What came of it; None while it is under way. Raises ``Failed``, and the next who asks tries again."""
        self._forget()
        trial = self._made.get(about)
        if trial is None:
            trial = _Trial(asyncio.create_task(self._run(make), name="console-trial"), self._clock.now())
            self._made[about] = trial
        done, _ = await asyncio.wait({trial.task}, timeout=PATIENCE)
        if not done:
            return None
        if error := trial.task.exception():
            del self._made[about]
            log.warning("trial_failed", error=type(error).__name__)
            raise Failed from error
        return trial.task.result()

    async def _run(self, make: Callable[[], Awaitable[Overview]]) -> Overview:
        async with self._turn:
            return await make()

    def _forget(self) -> None:
        now = self._clock.now()
        over = [about for about, one in self._made.items() if one.task.done() and not timedelta() <= now - one.begun < KEPT_FOR]
        finished = [about for about, one in self._made.items() if one.task.done()]
        for about in {*over, *finished[: max(len(self._made) - MOST, 0)]}:
            del self._made[about]
