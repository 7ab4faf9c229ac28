"""The journal of route mode: what was found in an employee's INBOX and how far it has come, each step one transaction.

A row names its revision with every step, so that of two processes at one message the one that was overtaken writes nothing more.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select, update

from services.store import schema
from services.store.arrivals import CommitArrival, arriving
from services.store.columns import instant, instant_or_none, micros, text_in, text_out
from services.store.readers import Readers
from services.store.recent import Recent
from services.store.schema_routing import routing
from services.store.spool import Spool
from services.store.unit_of_work import Needs, Operation, UnitOfWork
from services.store.values import Arrival
from services.store.writer import Writer
from workflows.route import Fault, Stage

column = routing.c


@dataclass(frozen=True, slots=True)
class Routed:
    """One message on its way out of an employee's INBOX; the fields are those of ``schema_routing``."""

    mail: str
    mailbox: str
    uidvalidity: int
    uid: int
    target: str
    sha256: str
    mended: str
    size: int
    message_id: str | None
    arrived_at: datetime
    planned_at: datetime
    next_at: datetime | None
    target_uidvalidity: int | None = None
    target_next: int | None = None
    target_uid: int | None = None
    stage: Stage = "planned"
    why: Fault | None = None
    tries: int = 0
    revision: int = 0


class Obstacle(NamedTuple):
    """What stands in the way of so many messages of an employee's mailbox, for IT."""

    mailbox: str
    why: Fault
    messages: int


class Routing:
    """``SqlStore.routing``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, spool: Spool, recent: Recent, *, shared: bool) -> None:
        self._run = writer.run
        self._readers = readers
        self._spool = spool
        self._recent = recent
        self._shared = shared

    async def plan(self, found: Routed) -> Routed | None:
        """Note that ``found`` is to be moved; None where that message of that mailbox is in the journal already."""
        return await self._run(_Plan(found))

    async def take(self, mailbox: str, now: datetime) -> list[Routed]:
        """What waits in ``mailbox`` and is due, oldest first. It is ours from then on: who had it before can write nothing more."""
        return await self._run(_Take(mailbox, micros(now)))

    async def save(self, before: Routed, after: Routed) -> Routed | None:
        """``after`` as it is kept from now on; None where somebody else has it now."""
        return await self._run(_Save(before, after))

    async def record(self, before: Routed, after: Routed, arrival: Arrival) -> Routed | None:
        """``save``, and in the same transaction the mail: from now on it is in the books, moved as far as it says (``placed``).

        Without ``placed`` it counts as one that came straight to the functional mailbox.
        """
        commit = await arriving(arrival, self._spool, shared=self._shared, straight=not arrival.placed)
        saved = await self._run(_Record(commit, before, after))
        if saved:
            self._recent.add(commit.arrival)
        return saved

    async def drop(self, one: Routed) -> bool:
        """Forget ``one``, of which nothing was copied; False where somebody else has it now."""
        return await self._run(_Drop(one))

    async def others(self, one: Routed) -> int:
        """How many other rows there are of that mailbox with the same bytes: it was moved before, and somebody put it back."""
        return await self._readers.run(_others, one)

    async def claimed(self, target: str, uidvalidity: int) -> set[int]:
        """The messages of a functional mailbox that are known as some mail's copy."""
        return await self._readers.run(_claimed, target, uidvalidity)

    async def obstacles(self, since: datetime) -> tuple[Obstacle, ...]:
        """What stands in the way, by mailbox; of what only a person can finish, what was found ``since``."""
        return await self._readers.run(_obstacles, micros(since))


@dataclass(frozen=True, slots=True)
class _Plan(Operation["Routed | None"]):
    found: Routed
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> Routed | None:
        one = self.found
        if work.connection.execute(select(column.mail).where(*_at(one))).first():
            return None
        work.connection.execute(insert(routing).values(_row(one)))
        work.wrote = True
        return one


@dataclass(frozen=True, slots=True)
class _Take(Operation[list[Routed]]):
    mailbox: str
    now: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> list[Routed]:
        due = (column.mailbox == self.mailbox, column.next_at <= self.now)
        found = work.connection.execute(select(routing).where(*due).order_by(column.planned_at, column.mail).with_for_update())
        taken = [_routed(row) for row in found]
        ids = [one.mail for one in taken]
        work.connection.execute(update(routing).where(column.mail.in_(ids)).values(revision=column.revision + 1))
        work.wrote = work.wrote or bool(taken)
        return [replace(one, revision=one.revision + 1) for one in taken]


@dataclass(frozen=True, slots=True)
class _Save(Operation["Routed | None"]):
    before: Routed
    after: Routed
    queries = True

    def apply(self, work: UnitOfWork) -> Routed | None:
        return _write(work, self.before, self.after)


@dataclass(frozen=True, slots=True)
class _Record(Operation["Routed | None"]):
    commit: CommitArrival
    before: Routed
    after: Routed
    queries = True

    def needs(self, needs: Needs) -> None:
        self.commit.needs(needs)

    def apply(self, work: UnitOfWork) -> Routed | None:
        """Nothing of the mail is written where somebody else has the message: they write it."""
        changed = _write(work, self.before, self.after)
        if changed:
            self.commit.apply(work)
        return changed


@dataclass(frozen=True, slots=True)
class _Drop(Operation[bool]):
    one: Routed
    queries = True

    def apply(self, work: UnitOfWork) -> bool:
        gone = work.connection.execute(delete(routing).where(_is(self.one), column.stage == "planned"))
        work.wrote = True
        return bool(gone.rowcount)


@dataclass(frozen=True, slots=True)
class RemoveOld(Operation[int]):
    """Remove what came to its end without a mail in the books, and was found before ``before``."""

    before: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """Gives how many; few, since a person had to look at each."""
        booked = exists().where(schema.mail.c.id == column.mail)
        gone = work.connection.execute(delete(routing).where(column.next_at.is_(None), column.planned_at < self.before, ~booked))
        work.wrote = True
        return gone.rowcount


def _write(work: UnitOfWork, before: Routed, after: Routed) -> Routed | None:
    """A message that was found again elsewhere (a new UIDVALIDITY) may have been planned anew there: that plan gives way."""
    if (before.uidvalidity, before.uid) != (after.uidvalidity, after.uid):
        anew = (*_at(after), column.mail != after.mail, column.target_next.is_(None))
        work.connection.execute(delete(routing).where(*anew))
    changed = replace(after, revision=before.revision + 1)
    done = work.connection.execute(update(routing).where(_is(before)).values(_row(changed)))
    work.wrote = True
    return changed if done.rowcount else None


def _at(one: Routed) -> tuple[ColumnElement[bool], ...]:
    return column.mailbox == one.mailbox, column.uidvalidity == one.uidvalidity, column.uid == one.uid


def _is(one: Routed) -> ColumnElement[bool]:
    return (column.mail == one.mail) & (column.revision == one.revision)


def copies(connection: Connection, target: str, hashes: Collection[str]) -> list[tuple[str, str]]:
    """Mails whose copy in a functional mailbox has one of these SHA-256 (after the two mends), each with its own.

    Also those that are not in the books yet.
    """
    there = (
        column.target == target,
        column.mended.in_(list(hashes)),
        (column.stage != "left") | (column.why == "framework_changed"),
    )
    return [(row.mail, row.mended) for row in connection.execute(select(column.mail, column.mended).where(*there))]


def remove(connection: Connection, mails: Collection[str]) -> None:
    """With the facts of these mails goes where they lay."""
    connection.execute(delete(routing).where(column.mail.in_(list(mails))))


def _others(connection: Connection, one: Routed) -> int:
    same = (column.mailbox == one.mailbox, column.sha256 == one.sha256, column.mail != one.mail)
    return connection.execute(select(func.count()).where(*same)).scalar_one()


def _obstacles(connection: Connection, since: int) -> tuple[Obstacle, ...]:
    by = (column.mailbox, column.why)
    stands = (column.why.is_not(None), column.next_at.is_not(None) | (column.planned_at >= since))
    rows = connection.execute(select(*by, func.count().label("messages")).where(*stands).group_by(*by).order_by(*by))
    return tuple(Obstacle(row.mailbox, row.why, row.messages) for row in rows)


def _claimed(connection: Connection, target: str, uidvalidity: int) -> set[int]:
    here = (column.target == target, column.target_uidvalidity == uidvalidity, column.target_uid.is_not(None))
    return set(connection.execute(select(column.target_uid).where(*here)).scalars())


def _row(one: Routed) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in one.__slots__}
    for name in ("arrived_at", "planned_at", "next_at"):
        values[name] = None if values[name] is None else micros(values[name])
    values["message_id"] = None if one.message_id is None else text_in(one.message_id)
    return values


def _routed(row: Row[Any]) -> Routed:
    values = dict(row._mapping)
    for name in ("arrived_at", "planned_at"):
        values[name] = instant(values[name])
    values["next_at"] = instant_or_none(values["next_at"])
    values["message_id"] = None if values["message_id"] is None else text_out(values["message_id"])
    return Routed(**values)
