"""What is done by itself from time to time: retention, the calendar of frameworks, the books, and what people must hear of."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

import structlog
from prometheus_client import Gauge

from services import assistance, calendar_work, incident_work, unwatched
from services.assistance import AssistDesk, AssistWork
from services.calendar_work import CalendarWork
from services.clock import Clock
from services.clock_watch import ClockWatch
from services.incident_work import IncidentWork
from services.incidents import IncidentDesk
from services.lifecycle import Lifecycle
from services.repeating import repeat
from services.settings import ZONE, Settings
from services.store.interface import Books, LedgerRow, QueueItem, Store, Unaccounted
from services.unwatched import Unwatched
from workflows import alarms
from workflows.audit import AuditRecord
from workflows.events import Event

log = structlog.get_logger()
BOOKS_EVERY = 120.0  # seconds
PURGE_EVERY = 3600.0
QUIET_HOUR = 3  # of the Danish day, from which the whole books are read once
FIGURES = ("accepted", "delivered", "redirected", "queued", "returned")
QUEUED = Gauge("rammevagt_queue_deliveries", "Deliveries that wait", ["kind"])
OLDEST = Gauge("rammevagt_queue_oldest_seconds", "How long the oldest delivery has waited; not notices before their hour")
STUCK = Gauge("rammevagt_queue_stuck", "Deliveries that nobody takes and that people have been told about")
LATE = Gauge("rammevagt_queue_late", "Copies of received mail that have waited for hours while their hop was there", ["hop"])
UNBALANCED = Gauge("rammevagt_ledger_unbalanced_days", "Days whose books do not balance: anything but 0 is an alarm")
RECIPIENTS = Gauge("rammevagt_books_recipients", "Recipients of today and of the days of which a mail waits", ["state"])
BALANCED = Gauge("rammevagt_books_balanced", "1 while every recipient is accounted for exactly once: 0 is an alarm")
UNACCOUNTED = Gauge("rammevagt_books_unaccounted", "Recipients that the books can't account for: anything but 0 is an alarm")


def _nothing() -> None:
    """Nobody publishes here."""


class Upkeep:
    """Runs beside the services; a failure is logged and tried again at the next turn.

    ``up_since`` gives the hops that the deliverer of this process reaches, and since when: only there is it known whether mail
    waits by itself or with its hop. ``told`` is called when there is something to publish.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        watch: ClockWatch,
        *,
        up_since: Callable[[], Mapping[str, datetime]] = dict,
        told: Callable[[], None] = _nothing,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._watch = watch
        self._up_since = up_since
        self._on_told = told
        self.calendar = CalendarWork(Lifecycle(settings, store, clock, told), store, clock, watch)
        desk = IncidentDesk(settings, store, clock, told)
        self.incidents = IncidentWork(desk, clock, watch, settings.retention.incidents)
        self.assistance = AssistWork(AssistDesk(settings, store, clock, told), clock, settings.retention.incidents)
        self.unwatched = Unwatched(settings, store, clock, watch, told)
        self._tasks: list[asyncio.Task[None]] = []
        self._next_whole: date | None = None  # the day from whose quiet hour on the whole books are due; None: now
        self._open: frozenset[date] = frozenset()  # days that were not closed at the last look
        self._missing: frozenset[Unaccounted] = frozenset()  # at the last look

    def start(self) -> None:
        """Begin."""
        self._tasks = [
            asyncio.create_task(repeat(self.look, BOOKS_EVERY)),
            asyncio.create_task(repeat(self.purge, PURGE_EVERY)),
            asyncio.create_task(repeat(self.calendar.adopt, calendar_work.EVERY)),
            asyncio.create_task(repeat(self.calendar.turn, calendar_work.EVERY)),
            asyncio.create_task(repeat(self.incidents.turn, incident_work.EVERY)),
            asyncio.create_task(repeat(self.unwatched.turn, unwatched.EVERY)),
            asyncio.create_task(repeat(self.assistance.turn, assistance.EVERY)),
        ]

    async def stop(self) -> None:
        """End; a run under way is given up, and the next start takes it up."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def look(self) -> None:
        """Balance the books, measure the queue, and tell people what they must hear of."""
        missing = await self.books()
        waiting = await self._store.queue()
        self._measure(waiting)
        await self._tell([*await self._of_missing(missing), *self._of_late(waiting)])

    async def books(self) -> list[Unaccounted]:
        """Balance the days that may still change, and once a night all of them; gives what was unaccounted for twice running.

        One look alone can be wrong: a mail may be on its way from one table to the next where a database shows both.
        """
        local = self._clock.now().astimezone(ZONE)
        today, whole = local.date(), self._next_whole is None or (local.hour >= QUIET_HOUR and local.date() >= self._next_whole)
        books = await self._store.books(alone=None if whole else self._open | {today, today - timedelta(days=1)})
        if whole:
            self._next_whole = today + timedelta(days=1)
        self._show(books, today)
        self._open = books.open_days | {row.day for row in books.rows if _is_open(row)} | {one.day for one in books.unaccounted}
        again = [one for one in books.unaccounted if one in self._missing]
        self._missing = frozenset(books.unaccounted)
        return again

    def _show(self, books: Books, today: date) -> None:
        unbalanced = [row for row in books.rows if not row.balances()]
        UNBALANCED.set(len(unbalanced))
        UNACCOUNTED.set(len(books.unaccounted))
        BALANCED.set(books.balance())
        open_rows = [row for row in books.rows if row.day == today or _is_open(row)]
        for name in FIGURES:
            RECIPIENTS.labels(name).set(sum(getattr(row, name) for row in open_rows))
        for row in unbalanced:
            log.error("ledger_unbalanced", day=row.day.isoformat())
        for one in books.unaccounted[: alarms.MANY]:
            log.error("recipient_unaccounted", mail=one.mail, recipient=one.n, why=one.why)

    def _measure(self, waiting: Sequence[QueueItem]) -> None:
        for kind in ("mail", "receipt", "notice", "report"):
            QUEUED.labels(kind).set(sum(item.kind == kind for item in waiting))
        STUCK.set(sum(item.stuck for item in waiting))
        now = self._clock.now()
        late = [(now - item.queued_at).total_seconds() for item in waiting if item.attempts or item.error or item.due <= now]
        OLDEST.set(max(late, default=0.0))

    async def _of_missing(self, missing: Sequence[Unaccounted]) -> list[Event]:
        some = missing[: alarms.MANY]
        decisions = await self._store.decisions([*{one.mail for one in some}]) if some else {}
        found = []
        for one in some:
            recipients = decisions[one.mail]["recipients"] if one.mail in decisions else []
            about = recipients[one.n or 0] if (one.n or 0) < len(recipients) else {}
            found.append(alarms.Missing(one.mail, one.n, one.delivery, about.get("unit"), about.get("framework")))
        return alarms.of_missing(found, self._clock.now())

    def _of_late(self, waiting: Sequence[QueueItem]) -> list[Event]:
        copies = [_waiting(item) for item in waiting if item.kind == "mail"]
        up_since, now = self._up_since(), self._clock.now()
        late = alarms.late(copies, up_since, now)
        for hop in up_since:
            LATE.labels(hop).set(sum(one.hop == hop for one in late.copies))
        for hop, count in late.hops.items():
            log.error("mails_late", hop=hop, copies=count)
        return alarms.of_late(late.told(), now)

    async def _tell(self, events: Sequence[Event]) -> None:
        records = [AuditRecord(event.at, "guard", event.what, event.subject, event.data) for event in events]
        if await self._store.tell(events, records):
            self._on_told()

    async def purge(self) -> None:
        """Remove what the retention settings say; nothing while the clock may say that it is older than it is."""
        if not self._watch.is_settled():
            log.warning("retention_waits", why="clock_set")
            return
        keep = self._settings.retention
        removed = await self._store.purge(self._clock.now(), keep.bodies, keep.facts, keep.frameworks)
        if removed.contents or removed.mails or removed.frameworks:
            log.info("retention_removed", contents=removed.contents, mails=removed.mails, frameworks=removed.frameworks)
        await self.incidents.purge()
        await self.assistance.purge()


def _is_open(row: LedgerRow) -> bool:
    return bool(row.queued) or not row.balances()


def _waiting(item: QueueItem) -> alarms.Waiting:
    return alarms.Waiting(
        item.mail, item.id, item.hop, item.queued_at, item.attempts, item.stuck, unit=item.unit, framework=item.framework
    )
