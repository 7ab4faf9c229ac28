"""The line before the writer: what waits to be written, and what of it goes next in one group."""

import queue
import time
from typing import Generic, Protocol, TypeVar

MOST = 500  # in a group
BUSY = 3  # that somebody waits for, in a group, beyond which the next group is given time: a lonely mail never waits
GATHER = 0.006  # seconds: few larger groups cost less than many small ones, and the event loop works meanwhile
PATIENCE = 0.05  # seconds that the patient wait for each other, to share what a transaction costs; twice that at most


class Waiting(Protocol):
    """Something in the line. For the ``patient`` nobody waits."""

    @property
    def patient(self) -> bool:
        """Whether it may wait for company."""
        ...


T = TypeVar("T", bound=Waiting)


class Line(Generic[T]):
    """Put in from any thread; ``next`` is for one. The patient keep their order, and so do the others."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._ended = False
        self._held: list[T] = []
        self._held_until = 0.0  # monotonic, where some are held
        self._before = 0

    def put(self, item: T) -> None:
        """Let ``item`` wait."""
        self._queue.put(item)

    def end(self) -> None:
        """Nothing comes behind this."""
        self._queue.put(None)

    def next(self) -> list[T]:
        """The next group; blocks until there is one. Empty at the end, when everything has gone."""
        group: list[T] = []
        while not group and not (self._ended and not self._held):
            if self._before > BUSY:
                time.sleep(GATHER)
            group = self._pressing()
            self._before = len(group)
            if self._held and self._held_go_with(group):
                group, self._held = self._held + group, []
        return group

    def _held_go_with(self, group: list[T]) -> bool:
        """Whether the patient go now: a few that somebody waits for go without them once more, so that these are through sooner."""
        if self._ended or len(self._held) >= MOST:
            return True
        over = time.monotonic() - self._held_until
        return over >= (PATIENCE if 0 < len(group) <= BUSY else 0)

    def _pressing(self) -> list[T]:
        """Those that somebody waits for; none when the patient have waited long enough before one came."""
        found: list[T] = []
        while not self._ended and len(found) < MOST and len(self._held) < MOST:
            try:
                item = self._queue.get(timeout=0.0 if found else self._time_left())
            except queue.Empty:
                break
            if item is None:
                self._ended = True
            elif item.patient:
                self._hold(item)
            else:
                found.append(item)
        return found

    def _hold(self, item: T) -> None:
        if not self._held:
            self._held_until = time.monotonic() + PATIENCE
        self._held.append(item)

    def _time_left(self) -> float | None:
        return max(0.0, self._held_until - time.monotonic()) if self._held else None
