"""Keeps the leases of one hop while they are in use, and its due times where somebody sets the clock.

Within the process a lease is measured by a clock that nobody sets. In the store it ends by the clock on the wall, which may be
set: forward, and it would end under a mail that is being sent; back, and what is due would wait for the time to come again.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from services.clock import Clock
from services.clock_watch import WRONG, ClockWatch
from services.store.interface import Hop, Leased, QueueItem, Store

LEASE = timedelta(minutes=10)  # what a process that died had is taken up again after so long, where others go on
SET = 60.0  # seconds
Held = Iterable[tuple[str, str]]  # delivery and lease


class Keeper:
    """``held`` gives what is leased here and not yet recorded."""

    def __init__(
        self,
        *,
        hop: Hop,
        store: Store,
        clock: Clock,
        watch: ClockWatch,
        held: Callable[[], Held],
        lease: timedelta,
    ) -> None:
        self._hop = hop
        self._store = store
        self._clock = clock
        self._watch = watch
        self._held = held
        self.lease = lease
        self._kept = watch.steady()
        self._gone: set[tuple[str, str]] = set()  # what somebody else had taken when it was to be kept
        self._set_by = watch.set_by()
        behind = watch.behind(clock.now())
        self._late = behind if behind >= WRONG else timedelta()  # what was due before this process began

    def instant(self) -> float:
        """Now, by the clock that nobody sets."""
        return self._watch.steady()

    def holds(self, leases: Sequence[Leased], taken: float) -> bool:
        """Whether what was leased at that instant is still ours, as far as can be told here: a process can sleep through it."""
        if self._gone and any((one.delivery.id, one.lease) in self._gone for one in leases):
            return False
        return self.instant() < max(taken, self._kept) + self.lease.total_seconds()

    async def keep(self) -> None:
        """To be called often, and before each lease: nothing of ours may have ended by then."""
        step = self._watch.set_by() - self._set_by
        if abs(step) < SET and not self._late and self.instant() - self._kept < self.lease.total_seconds() / 3:
            return
        kept, now = self.instant(), self._clock.now()
        held = list(self._held())
        lost = set(await self._store.renew(held, now + self.lease)) if held else set()
        self._gone = {one for one in held if one[0] in lost}
        self._kept = kept
        back = max(self._late, timedelta(seconds=-step))
        if back > timedelta(seconds=SET):
            late = [one.id for one in await self._store.queue() if self._was_due(one, back)]
            await self._store.retry(late, now)
        self._set_by, self._late = self._set_by + step, timedelta()

    def _was_due(self, one: QueueItem, back: timedelta) -> bool:
        """Whether it waits for a time that only the clock before had in sight; a notice may wait for its hour."""
        if one.hop != self._hop or one.due <= self._clock.now():
            return False
        return one.kind != "notice" or one.due <= self._clock.now() + back
