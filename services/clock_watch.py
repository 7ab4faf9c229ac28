"""Watches the machine's clock beside one that nobody can set, and beside what the store has written down."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from services.clock import Clock

log = structlog.get_logger()
Steady = Callable[[], float]  # seconds since some instant, never set
STEP = 60.0  # seconds that the clock may drift between two looks; more, and somebody set it
WRONG = timedelta(minutes=5)  # so far before the newest record the clock can't be right
SETTLED = 86_400.0  # seconds after which a clock that was set is taken as it is


def boot_clock() -> float:
    """Seconds since the machine was started, those in which it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ClockWatch:
    """``newest``: when the store's newest record was written. Without ``steady`` the clock is its own measure: it is never set."""

    def __init__(self, clock: Clock, steady: Steady | None = None, newest: datetime | None = None) -> None:
        self._clock = clock
        self.steady = steady or (lambda: clock.now().timestamp())
        self._newest = newest or clock.now()
        self._ahead = self._start = clock.now().timestamp() - self.steady()  # of the steady clock
        self._set_at = float("-inf")
        self._wrong_since: float | None = None

    def set_by(self) -> float:
        """How many seconds the clock has been set since the start, forward or (negative) back."""
        steady = self.steady()
        ahead = self._clock.now().timestamp() - steady
        step = ahead - self._ahead
        if abs(step) >= STEP:
            self._set_at = steady
            log.error("clock_set", seconds=round(step))
            self._ahead = ahead
        return self._ahead - self._start

    def is_settled(self) -> bool:
        """Whether nobody has set the clock for a day: else nothing is given up or removed because of its age."""
        self.set_by()
        return self.steady() - self._set_at >= SETTLED

    def behind(self, now: datetime) -> timedelta:
        """How long before the newest record ``now`` is, if at all."""
        self._newest = max(self._newest, now)
        return self._newest - now

    def is_wrong(self, now: datetime) -> bool:
        """Whether ``now`` can't be the time: it has long been later. After a day of it the clock is taken as it is."""
        behind = self.behind(now)
        if behind < WRONG:
            if self._wrong_since is not None:
                self._wrong_since = None
                log.warning("clock_right")
            return False
        if self._wrong_since is None:
            self._wrong_since = self.steady()
            log.error("clock_wrong", seconds=round(behind.total_seconds()))
        if self.steady() - self._wrong_since < SETTLED:
            return True
        self._newest = now
        return False
