"""Posts: what waits in functional mailboxes for people, and what they do with it. ``store.posts``.

Who saves names the revision that they started from: if another came in between, nothing is written.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from services.store import missing_posts, post_rows
from services.store.columns import instant, micros, text_in
from services.store.looked_up import Page, PostCounts
from services.store.missing_posts import Missing, OpenMissing
from services.store.post_rows import TIMED, Which
from services.store.readers import Readers
from services.store.schema_mailboxes import post as table
from services.store.unit_of_work import Operation, UnitOfWork
from services.store.writer import Writer
from workflows.audit import AuditRecord
from workflows.events import Event
from workflows.post import Post

__all__ = ["Change", "Overtaken", "Posts", "Timed"]
PAGE = 50
own = table.c


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else changed it in between: what there is now; None where it is gone."""

    now: Post | None


@dataclass(frozen=True, slots=True)
class Change:
    """A post as it is to be (``post``), from its revision ``since``, with the events and audit entries born with that."""

    post: Post
    since: int
    events: tuple[Event, ...] = ()
    audit: tuple[AuditRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Timed:
    """What the timers found: a post as they were given it, as it is to be, and whom that tells."""

    before: Post
    after: Post
    events: tuple[Event, ...] = ()
    audit: tuple[AuditRecord, ...] = ()


def write(work: UnitOfWork, one: Change) -> Post | None:
    """The changed post; None, and nothing is written, where it is not at that revision any more."""
    post = replace(one.post, revision=one.since + 1)
    row = {name: value for name, value in post_rows.row_of(post).items() if name not in TIMED} | _found(work, post)
    found = (own.id == text_in(post.id), own.revision == one.since)
    work.wrote = True
    if not work.connection.execute(update(table).where(*found).values(row)).rowcount:
        return None
    work.born(one.events, one.audit)
    return post


def _found(work: UnitOfWork, post: Post) -> dict[str, Any]:
    """The column with the clocks of rights that a reader has found, behind those that the timers write.

    Of a post that was done, and is open again, it is all that the timers write: they begin anew.
    """
    kept = None if post.done_at else next(iter(post_rows.locked(work.connection, own.id == text_in(post.id))), None)
    if kept is None:
        return {}
    if kept.done_at:
        return {name: value for name, value in post_rows.row_of(post).items() if name in TIMED}
    new = [one for one in post.clocks if one.right not in {each.right for each in kept.clocks}]
    return {"clocks": post_rows.clocks_of([*kept.clocks, *new])} if new else {}


@dataclass(frozen=True, slots=True)
class _Save(Operation[tuple[Post | None, ...]]):
    """Write changes, each or nothing of it. In the order of their ids, so that two who write several do not wait for each other."""

    changes: Sequence[Change]
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> tuple[Post | None, ...]:
        """Gives what became of each, as given."""
        order = sorted(range(len(self.changes)), key=lambda place: self.changes[place].post.id)
        written = {place: write(work, self.changes[place]) for place in order}
        return tuple(written[place] for place in range(len(self.changes)))


@dataclass(frozen=True, slots=True)
class _Tick(Operation[int]):
    """Write what the timers found, each unless somebody was faster; gives how many were written.

    The revision stays: whoever has the post before them on a page is not overtaken by a clock.
    """

    found: Sequence[Timed]
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """In the order of their ids, as ``_Save``."""
        return sum(self._tick(work, one) for one in sorted(self.found, key=lambda one: one.before.id))

    def _tick(self, work: UnitOfWork, one: Timed) -> bool:
        """Who was told of it in between has changed the stages."""
        before, after = post_rows.row_of(one.before), post_rows.row_of(one.after)
        same = [table.columns[name] == before[name] for name in ("id", "revision", "unread_stage", "answer_stage", "clocks")]
        values = {name: after[name] for name in (*TIMED, "next_at")}
        work.wrote = True
        if not work.connection.execute(update(table).where(*same).values(values)).rowcount:
            return False
        work.born(one.events, one.audit)
        return True


@dataclass(frozen=True, slots=True)
class _Due(Operation[list[Post]]):
    """Hand out what the timers must look at; until ``until`` nobody else is given it."""

    now: int
    until: int
    limit: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> list[Post]:
        """Whoever is given them and dies leaves them to the next."""
        self._unsay(work)
        due = select(own.id).where(own.next_at.is_not(None), own.next_at <= self.now).order_by(own.next_at, own.id)
        free = due.limit(self.limit).with_for_update(skip_locked=True)
        ids = list(work.connection.execute(free).scalars())
        if not ids:
            return []
        found = post_rows.posts(work.connection, own.id.in_(ids))
        work.connection.execute(update(table).where(own.id.in_(ids)).values(next_at=self.until))
        work.wrote = True
        return sorted(found, key=lambda one: (one.next_at or one.arrived_at, one.id))

    def _unsay(self, work: UnitOfWork) -> None:
        """What was told of by a clock that was ahead was told now: the next step is not to wait until that year."""
        ahead = (own.next_at > self.now, own.told_at > self.now)
        changed = update(table).where(*ahead).values(told_at=self.now, next_at=self.now)
        work.wrote = bool(work.connection.execute(changed).rowcount) or work.wrote


class Posts:
    """Reads and writes posts; ``SqlStore.posts``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now

    async def late_of(self, citizen: str, limit: int = PAGE) -> tuple[Post, ...]:
        """A citizen's posts of which something that is owed has fallen due, the longest overdue first."""
        return await self._readers.run(post_rows.late_of, citizen, self._now(), limit)

    async def open(
        self,
        units: Collection[str] | None = None,
        mailboxes: Collection[str] | None = None,
        *,
        limit: int = PAGE,
        after: str | None = None,
    ) -> Page[Post]:
        """What is not done in these units (ids), or in these mailboxes (codes), the first to fall due first."""
        return await self._readers.run(post_rows.listed_open, Which(units, mailboxes), limit, after)

    async def closed(
        self,
        since: datetime,
        units: Collection[str] | None = None,
        mailboxes: Collection[str] | None = None,
        *,
        limit: int = PAGE,
        after: str | None = None,
    ) -> Page[Post]:
        """What was done since then, the last one first."""
        return await self._readers.run(post_rows.listed_done, Which(units, mailboxes), since, limit, after)

    async def get(self, id: str) -> Post | None:
        """One post."""
        return await self._readers.run(post_rows.one_post, id)

    async def of_mail(self, mail: str) -> tuple[Post, ...]:
        """The posts of a mail: one for each functional mailbox where it ended."""
        return (await self.of_mails([mail])).get(mail, ())

    async def of_mails(self, mails: Collection[str]) -> dict[str, tuple[Post, ...]]:
        """The posts of several mails, by mail; of those that have any."""
        return await self._readers.run(post_rows.of_mails, mails) if mails else {}

    async def of_citizen(self, citizen: str) -> tuple[Post, ...]:
        """All of a citizen's, the newest first."""
        return await self._readers.run(post_rows.of_citizen, citizen)

    async def counts(
        self, units: Collection[str] | None = None, mailboxes: Collection[str] | None = None
    ) -> tuple[PostCounts, ...]:
        """What is open, by mailbox and unit."""
        return await self._readers.run(post_rows.counts, Which(units, mailboxes), instant(self._now()))

    async def answerable(self, message_ids: Collection[str]) -> tuple[Post, ...]:
        """The posts that wait for an answer to a mail with one of these Message-IDs."""
        return await self._readers.run(post_rows.answerable, message_ids) if message_ids else ()

    async def last_told(self, codes: Collection[str]) -> dict[tuple[str, str | None], datetime]:
        """When people last heard of something late in each of these mailboxes, red left out; by code and unit."""
        return await self._readers.run(post_rows.last_told, codes) if codes else {}

    async def save(self, post: Post, since_revision: int, audit: AuditRecord) -> Post | Overtaken:
        """Write what somebody did with it, with its audit entry; nothing where another came in between."""
        [saved] = await self.change([Change(post, since_revision, audit=(audit,))])
        return saved or Overtaken(await self.get(post.id))

    async def change(self, changes: Sequence[Change]) -> tuple[Post | None, ...]:
        """Write several in one transaction, each fenced by its own revision; None for those that another changed meanwhile."""
        return await self._writer.run(_Save(changes)) if changes else ()

    async def due(self, now: datetime, until: datetime, limit: int) -> list[Post]:
        """What the timers must look at, the longest due first; until ``until`` nobody else is given it."""
        return await self._writer.run(_Due(micros(now), micros(until), limit))

    async def missing(self, codes: Collection[str], since: datetime) -> list[Missing]:
        """Mails that were found in these mailboxes since then, are assessed, and have no post there; some of them."""
        return await self._readers.run(missing_posts.missing, codes, since) if codes else []

    async def open_missing(self, posts: Sequence[Post]) -> int:
        """Open posts that were ``missing``, each unless another process did; returns how many."""
        return await self._writer.run(OpenMissing(posts, self._now())) if posts else 0

    async def tick(self, found: Sequence[Timed]) -> int:
        """Write what the timers found of what they were given, but of what somebody has changed since; returns how many."""
        return await self._writer.run(_Tick(found)) if found else 0
