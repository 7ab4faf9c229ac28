"""What the calendar does with frameworks: it writes down what has expired, asks for reviews on their day, and tells of
ends to come.

Dates end force at midnight by themselves, whether or not this runs (``ContactFramework.in_force``). So it can wait while nobody is
sure what time it is: a framework that was written down as expired would stay so.
"""

from datetime import date, timedelta

import structlog

from services.clock import Clock
from services.clock_watch import ClockWatch
from services.lifecycle import THE_GUARD, Lifecycle
from services.store.interface import Store, StoreUnavailable
from workflows.audit import AuditRecord
from workflows.dossier import DueForReview, Expired, Record
from workflows.events import framework_expires_soon
from workflows.lifecycle import Refused, moves_from
from workflows.lifecycle_needs import STAGES, stage

log = structlog.get_logger()
EVERY = 3600.0  # seconds
REST = 4.0
ONE_DAY = timedelta(days=1)
MOVES: tuple[Record, ...] = (Expired(move="expired"), DueForReview(move="due_for_review", trigger="date"))


class CalendarWork:
    """Does it for every framework, as often as asked; several guards on one store may, and each thing is done once."""

    def __init__(self, lifecycle: Lifecycle, store: Store, clock: Clock, watch: ClockWatch) -> None:
        self._lifecycle = lifecycle
        self._store = store
        self._clock = clock
        self._watch = watch

    async def adopt(self) -> None:
        """Take into dossiers what ``load`` did; of very many frameworks this takes its time."""
        await self._lifecycle.adopt(rest=REST)

    async def turn(self) -> None:
        """Look at everything that the calendar may concern today. One that fails does not keep others waiting."""
        now = self._clock.now()
        if not self._watch.is_settled() or self._watch.is_wrong(now):
            log.warning("calendar_waits", why="clock_set")
            return
        today = self._lifecycle.day(now)
        for id in await self._store.dossiers.passing(today, self._hears(today) + timedelta(days=max(STAGES))):
            try:
                await self._look(id)
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("calendar_failed", framework=id)

    def _hears(self, today: date) -> date:
        """The last day before people are at work again: what comes on a holiday is told on the working day before it, while
        there is still time."""
        calendar = self._lifecycle.calendar
        return calendar.working_day_after(today, 1) - ONE_DAY if calendar.is_working_day(today) else today

    async def _look(self, id: str) -> None:
        since = await self._store.dossiers.get(id)
        if since is None:
            return
        for record in MOVES:
            if record.move not in moves_from(since.dossier):
                continue
            if not isinstance(await self._lifecycle.move(since, record, THE_GUARD), Refused):  # as it is before its day
                break
        now, around = self._clock.now(), await self._lifecycle.around(since.dossier)
        last, today = around.last_day(since.dossier.framework), around.day(now)
        if last is None or last < today:
            return
        days = stage(since.dossier, around, min(self._hears(today), last))
        if days is not None:
            event = framework_expires_soon(id, last, days, now)
            if await self._store.tell([event], [AuditRecord(now, THE_GUARD.account, event.what, id, event.data)]):
                self._lifecycle.told()
