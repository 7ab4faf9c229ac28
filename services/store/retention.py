"""Removing what the retention settings say, a batch a transaction, so that mail coming in never waits long.

Counts and audit entries stay. Nothing that a waiting delivery needs is ever removed.
"""

import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

from sqlalchemy import Connection, Select, delete, exists, func, insert, select, tuple_, update

from services.settings import ZONE
from services.store import (
    dossier_rows,
    link_rows,
    routing,
    schema,
    schema_mailboxes,
    schema_notices,
    schema_people,
    schema_receipts,
    signals,
    situations,
)
from services.store.columns import instant, micros
from services.store.interface import Purged
from services.store.locks import Lock, lock
from services.store.register_tables import BY_NAME
from services.store.spool import Spool
from services.store.unit_of_work import Operation, UnitOfWork
from workflows.deadlines import WorkingCalendar
from workflows.framework import ContactFramework, State

BATCH = 200
Run = Callable[[Operation[int]], Awaitable[int]]
CLOSED = frozenset({State.LIFTED, State.EXPIRED, State.REJECTED, State.REGISTERED_IN_ERROR})
content, mail, recipient, delivery, total = (
    schema.content.c,
    schema.mail.c,
    schema.recipient.c,
    schema.delivery.c,
    schema.day_total.c,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is older than these instants is removed."""

    bodies: datetime
    facts: datetime
    frameworks: datetime


async def purge(run: Run, before: Terms, spool: Spool, calendar: WorkingCalendar) -> Purged:
    """Remove what is over its term. ``run`` runs an operation in a transaction."""
    contents = await _all(run, RemoveContents(micros(before.bodies), spool))
    mails = await _all(run, RemoveMails(micros(before.facts), micros(before.frameworks), spool))
    await _all(run, RemoveOwn(micros(before.facts)))
    await _all(run, RemoveNotices(micros(before.facts)))
    await _all(run, RemoveSightings(micros(before.facts)))
    await run(routing.RemoveOld(micros(before.facts)))
    await run(RemoveSituations(micros(before.facts)))
    ended = await run(RemoveFrameworks(before.frameworks, calendar))
    return Purged(contents, mails, ended)


async def _all(run: Run, batch: Operation[int]) -> int:
    total = 0
    while removed := await run(batch):
        total += removed
    return total


@dataclass(frozen=True, slots=True)
class RemoveContents(Operation[int]):
    """Remove a batch of contents whose last delivery ended before ``before``; gives how many."""

    before: int
    spool: Spool
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """The files go after the commit."""
        _begin(work)
        needed = exists().where(
            delivery.content == content.id, (delivery.tier.is_not(None)) | (delivery.finished_at >= self.before)
        )
        old = select(content.id, content.file).where(content.stored_at < self.before, ~needed).limit(BATCH)
        rows = work.connection.execute(old).all()
        work.connection.execute(delete(schema.content).where(content.id.in_([row.id for row in rows])))
        work.after_commit.append(partial(self.spool.remove, [row.file for row in rows if row.file]))
        return len(rows)


@dataclass(frozen=True, slots=True)
class RemoveMails(Operation[int]):
    """Remove a batch of mails that are older than their term and wholly ended; their counts move to ``day_total``.

    A mail that still waits for a person in a functional mailbox stays.
    """

    facts_before: int
    frameworks_before: int
    spool: Spool
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """Gives how many."""
        _begin(work)
        connection = work.connection
        ids: list[str] = list(connection.execute(self._old()).scalars())
        if ids:
            _count(connection, ids)
            files = remove_mails(connection, ids)
            work.after_commit.append(partial(self.spool.remove, files))
        return len(ids)

    def _old(self) -> Select[str]:
        waits = exists().where((delivery.mail == mail.id) | (delivery.content == mail.id), delivery.tier.is_not(None))
        open_recipient = exists().where(recipient.mail == mail.id, recipient.state == "queued")
        post = schema_mailboxes.post.c
        open_post = exists().where(post.mail == mail.id, post.done_at.is_(None))
        plain = (mail.framework_in_force == 0) & (mail.received_at < self.facts_before)
        old = plain | (mail.received_at < min(self.facts_before, self.frameworks_before))
        return select(mail.id).where(old, ~waits, ~open_recipient, ~open_post).order_by(mail.received_at).limit(BATCH)


@dataclass(frozen=True, slots=True)
class RemoveOwn(Operation[int]):
    """Remove a batch of our own mails' deliveries that ended before ``before`` and belong to no mail that is kept."""

    before: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """Gives how many."""
        _begin(work)
        kept = exists().where(mail.id == delivery.mail)
        old = select(delivery.id).where(delivery.tier.is_(None), delivery.finished_at < self.before, ~kept).limit(BATCH)
        ids = list(work.connection.execute(old).scalars())
        work.connection.execute(delete(schema.delivery).where(delivery.id.in_(ids)))
        return len(ids)


@dataclass(frozen=True, slots=True)
class RemoveNotices(Operation[int]):
    """Remove a batch of notices that were made before ``before`` and wait for nothing any more; gives how many."""

    before: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """That they were told once is remembered."""
        _begin(work)
        notice = schema_notices.notice.c
        old = select(notice.id).where(notice.next_at.is_(None), notice.at < self.before).limit(BATCH)
        ids = list(work.connection.execute(old).scalars())
        work.connection.execute(delete(schema_notices.notice).where(notice.id.in_(ids)))
        return len(ids)


@dataclass(frozen=True, slots=True)
class RemoveSightings(Operation[int]):
    """Remove a batch of what was seen in mailboxes before ``before`` and kept of no mail; gives how many."""

    before: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """The mailbox is read beyond them."""
        _begin(work)
        seen = schema_mailboxes.sighting.c
        key = tuple_(seen.mailbox, seen.uidvalidity, seen.uid)
        old = select(seen.mailbox, seen.uidvalidity, seen.uid).where(seen.mail.is_(None), seen.found_at < self.before).limit(BATCH)
        return work.connection.execute(delete(schema_mailboxes.sighting).where(key.in_(old))).rowcount


@dataclass(frozen=True, slots=True)
class RemoveSituations(Operation[int]):
    """Remove what was noted on cases before ``before`` and taken away, or whose case has left the register; gives how many."""

    before: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """All of them: they are few."""
        _begin(work)
        return situations.remove(work.connection, self.before)


@dataclass(frozen=True, slots=True)
class RemoveFrameworks(Operation[int]):
    """Remove the frameworks that ended before ``before``, with all their versions, dossiers and letters; gives how many."""

    before: datetime
    calendar: WorkingCalendar
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """All of them."""
        _begin(work)
        lock(work.connection, Lock.REGISTER)
        table = schema.framework.c
        started = table.starts.is_(None) | (table.starts < self.before.date().isoformat())  # what began after it didn't end before
        wanted = (table.current == 1, started | table.state.in_(CLOSED))
        rows = work.connection.execute(select(table.id, table.since, table.document).where(*wanted))
        ended = [row.id for row in rows if self._is_over(BY_NAME["frameworks"].entry(row.document), instant(row.since))]
        dossier_rows.remove(work.connection, ended)
        dossier_rows.remove(work.connection, dossier_rows.orphans(work.connection, micros(self.before)))
        return len(ended)

    def _is_over(self, framework: ContactFramework, since: datetime) -> bool:
        ends = ended_at(framework, since, self.calendar)
        return ends is not None and ends < self.before


def ended_at(framework: ContactFramework, since: datetime, calendar: WorkingCalendar) -> datetime | None:
    """When a framework ended: by its dates, or by the version (of ``since``) that closed it, if that came first. None: never."""
    last = framework.last_day(calendar)
    by_date = datetime.combine(last + timedelta(days=1), time.min, ZONE) if last else None
    if framework.state not in CLOSED:
        return by_date
    return since if by_date is None else min(since, by_date)


def _begin(work: UnitOfWork) -> None:
    """One process removes at a time, and nothing that has ended begins to wait again meanwhile."""
    lock(work.connection, Lock.RETENTION)
    overwrite(work)


def overwrite(work: UnitOfWork) -> None:
    """Have what this transaction removes overwritten in the file, not only given up (SQLite's ``secure_delete``, law 10).

    Afterwards pages are only given up again: what the mail path removes are published events, which hold nothing of anybody.
    """
    driver = work.connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute("PRAGMA secure_delete = ON").close()
        work.after_commit.append(lambda: driver.execute("PRAGMA secure_delete = FAST").close())


def _count(connection: Connection, ids: list[str]) -> None:
    counts: dict[str, Counter[str]] = {}
    accepted = select(mail.day, func.sum(mail.recipients)).where(mail.id.in_(ids)).group_by(mail.day)
    for day, count in connection.execute(accepted):
        counts.setdefault(day, Counter())["accepted"] += int(count)
    ended = (
        select(recipient.day, recipient.state, func.count()).where(recipient.mail.in_(ids)).group_by(recipient.day, recipient.state)
    )
    for day, state, count in connection.execute(ended):
        counts.setdefault(day, Counter())[state] += count
    for day, one in counts.items():
        names = ("accepted", "delivered", "redirected", "returned")
        more = update(schema.day_total).where(total.day == day).values({name: total[name] + one[name] for name in names})
        if connection.execute(more).rowcount == 0:
            connection.execute(insert(schema.day_total).values(day=day, **{name: one[name] for name in names}))


def remove_mails(connection: Connection, ids: list[str]) -> list[str]:
    """Gives the spool files that are to go."""
    own = select(delivery.content).where(delivery.mail.in_(ids))
    files = list(
        connection.execute(
            select(content.file).where(content.id.in_(own) | content.id.in_(ids), content.file.is_not(None))
        ).scalars()
    )
    connection.execute(delete(schema.content).where(content.id.in_(own) | content.id.in_(ids)))
    connection.execute(delete(schema.delivery).where(delivery.mail.in_(ids)))
    connection.execute(delete(schema.recipient).where(recipient.mail.in_(ids)))
    people, boxes, receipts = schema_people, schema_mailboxes, schema_receipts
    told = (receipts.undelivered_receipt, receipts.citizen_told)
    for of_mail in (schema.assessment, people.mail_about, people.replay, boxes.post, boxes.sighting, *told):
        connection.execute(delete(of_mail).where(of_mail.c.mail.in_(ids)))
    routing.remove(connection, ids)
    link_rows.remove(connection, ids)
    signals.remove(connection, ids)
    connection.execute(delete(schema.mail).where(mail.id.in_(ids)))
    return files
