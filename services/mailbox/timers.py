"""The timers of functional mailboxes: deadlines lie in the store, and this looks at those that have come.

Several processes may: each post is handed to one of them at a time, and each step is written once. People are told by the events.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from prometheus_client import Gauge

from services.clock import Clock
from services.clock_watch import ClockWatch
from services.gather import policy_of
from services.mailbox.byways import Byways
from services.post_terms import MailboxTerms
from services.repeating import repeat
from services.settings import Settings
from services.store.posts import Timed
from services.store.sql_store import SqlStore
from services.working_hours import working_hours
from workflows import post_timers
from workflows.audit import AuditRecord
from workflows.events import Event
from workflows.notices import House
from workflows.post import Post
from workflows.post_timers import Look

log = structlog.get_logger()
EVERY = 15.0  # seconds
LEASE = timedelta(minutes=2)  # for which nobody else is given a post that is looked at
AT_ONCE = 500  # posts in one transaction
MOST = 10_000  # posts in one look
ACTOR = "guard"
POSTS = Gauge("rammevagt_mailbox_posts", "Mails that wait in a functional mailbox for a person", ["mailbox", "state"])
STATES = ("open", "unread", "overdue")


class Timers:
    """Looks at what is due, again and again. ``told`` is called when there is something to publish."""

    def __init__(self, settings: Settings, store: SqlStore, clock: Clock, watch: ClockWatch, told: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._watch = watch
        self._told = told
        self._policy = policy_of(settings)
        self._hours = working_hours(settings)
        self._byways = Byways(settings, store, clock, MailboxTerms(settings, store.key))
        self._counted: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(repeat(self._turn, EVERY), name="mailbox-timers")

    async def stop(self) -> None:
        """End; what is under way is given to others when its lease is over."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> int:
        """Look at what is due now; returns at how many. While the clock is wrong nobody is told that anything is late.

        A clock that was set is believed: better somebody hears of a mail too early than nobody does for a day.
        """
        now = self._clock.now()
        if self._watch.is_wrong(now):
            log.warning("mailbox_timers_wait", why="clock_wrong")
            return 0
        due = await self._due(now)
        last_told = await self._store.posts.last_told({one.code for one in due})
        house = House(self._store.organisation(), self._policy, self._hours)
        found = [(one, look) for one in due if (look := _look(one, last_told.get((one.code, one.unit)), now, house))]
        events = post_timers.events_of([look for _, look in found], now)
        ticks = [_timed(*one, some) for one, some in zip(found, events, strict=True)]
        for start in range(0, len(ticks), AT_ONCE):
            await self._store.posts.tick(ticks[start : start + AT_ONCE])
        if raised := sum(map(len, events)):
            log.info("mailbox_late", posts=raised)
            self._told()
        return len(due)

    async def _due(self, now: datetime) -> list[Post]:
        """All of it, handed out a part at a time: a notice tells the number of all that it is about."""
        due: list[Post] = []
        while len(due) < MOST:
            some = await self._store.posts.due(now, now + LEASE, AT_ONCE)
            due += some
            if len(some) < AT_ONCE:
                break
        return due

    async def _turn(self) -> None:
        await self._byways.look()
        looked = MOST
        while looked >= MOST:
            looked = await self.look()
        await self._count()

    async def _count(self) -> None:
        counts: dict[str, list[int]] = {code: [0, 0, 0] for code in self._counted}
        for one in await self._store.posts.counts():
            before = counts.get(one.code, [0, 0, 0])
            counts[one.code] = [have + more for have, more in zip(before, (one.open, one.unread, one.overdue), strict=True)]
        for code, numbers in counts.items():
            for state, number in zip(STATES, numbers, strict=True):
                POSTS.labels(code, state).set(number)
        self._counted = set(counts)


def _look(post: Post, last_told: datetime | None, now: datetime, house: House) -> Look | None:
    """What has just been told of another mail in the mailbox waits a little, so that the next notice tells of all.

    A post that can't be looked at keeps no other from it: it is told in the log, and looked at again when its lease is over.
    """
    try:
        found = post_timers.look(post, now, house)
        later = post_timers.put_off(found, last_told, now, house)
    except Exception:
        log.exception("mailbox_post_failed", post=post.id)
        return None
    return Look(replace(post, next_at=later)) if later else found


def _timed(post: Post, found: Look, events: Sequence[Event]) -> Timed:
    audit = tuple(AuditRecord(one.at, ACTOR, one.what, post.id, {"stage": one.data["stage"]}) for one in events)
    return Timed(post, found.post, tuple(events), audit)
