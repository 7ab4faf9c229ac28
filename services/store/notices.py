"""Notices, and how people want to be told. ``store.notices``.

Who changes a notice names the revision that they started from: of two processes that would tell it, one changes no row.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, tuple_, update

from services.store import schema
from services.store.columns import instant, micros, text_in, text_out
from services.store.deliveries import add_outgoing
from services.store.deliveries import dedupes_of as mails_of
from services.store.interface import OutgoingMail
from services.store.looked_up import Page
from services.store.notice_rows import add, dedupes_of, found, kept, overtaken, own, people_in, row_of
from services.store.notice_values import PREFERENCES, KeptNotice, Known
from services.store.places import page, place
from services.store.readers import Readers
from services.store.schema_notices import notice, notice_preference
from services.store.unit_of_work import Needs, Operation, UnitOfWork
from services.store.writer import Writer
from workflows.audit import AuditRecord
from workflows.events import Event
from workflows.notice_rules import CONSOLE, MAIL, Preferences

preference, sent = notice_preference.c, schema.delivery.c
MARKS = frozenset({"seen_at", "opened_at"})  # who reads sets them, and is in nobody's way who tells


@dataclass(frozen=True, slots=True)
class Change:
    """Notices as they are to be from now on, each from the revision before, and what is born with that.

    ``in_turn``: nothing is written while one that they must not overtake waits (``overtaken``).
    """

    changed: Sequence[KeptNotice] = ()
    new: Sequence[KeptNotice] = ()
    mail: OutgoingMail | None = None
    events: Sequence[Event] = ()
    audit: Sequence[AuditRecord] = ()
    in_turn: bool = False


class Made(NamedTuple):
    """What is done; ``new`` are those of its notices that nobody was told of before."""

    new: Sequence[KeptNotice]


@dataclass(frozen=True, slots=True)
class _Make(Operation[Made | None]):
    """Write a change whole; None, and nothing is written, where somebody came in between or waits before."""

    change: Change
    now: int
    queries = True
    alone = True

    def needs(self, needs: Needs) -> None:
        """What of it is known."""
        needs.dedupes |= dedupes_of(self.change.new) | mails_of([self.change.mail] if self.change.mail else [])

    def apply(self, work: UnitOfWork) -> Made | None:
        """The rows are looked at first, in one order, and held to the end of the transaction."""
        change = self.change
        wanted = [(one.id, one.revision) for one in change.changed]
        there = select(own.id).where(tuple_(own.id, own.revision).in_(wanted)).order_by(own.id).with_for_update()
        if wanted and len(work.connection.execute(there).all()) != len(wanted):
            return None
        if change.in_turn and work.connection.execute(overtaken(change.changed, self.now)).first():
            return None
        for one in change.changed:
            row = row_of(replace(one, revision=one.revision + 1))
            values = {name: value for name, value in row.items() if name not in MARKS}
            work.connection.execute(update(notice).where(own.id == one.id).values(values))
        if change.mail:
            add_outgoing(work, (change.mail,), self.now)
        new = add(work, change.new, self.now)
        work.born(change.events, change.audit)
        work.wrote = True
        return Made(new)


@dataclass(frozen=True, slots=True)
class _Mark(Operation[int]):
    """Note that somebody has seen their notices, or opened what they are about; gives how many that was new for."""

    people: Sequence[str]
    now: int
    subject: str | None = None  # of these alone
    since: int | None = None
    before: int | None = None
    told_with: KeptNotice | None = None
    opened: bool = False
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """What is opened is seen too."""
        mine: list[ColumnElement[bool]] = [own.person.in_(people_in(self.people))]
        mine += [own.subject == self.subject] if self.subject is not None else []
        mine += [own.at >= self.since] if self.since is not None else []
        mine += [own.at <= self.before] if self.before is not None else []
        mine += _told_with(self.told_with) if self.told_with else []
        fresh = own.opened_at.is_(None) if self.opened else own.seen_at.is_(None)
        values = {"seen_at": func.coalesce(own.seen_at, self.now)} | ({"opened_at": self.now} if self.opened else {})
        done = work.connection.execute(update(notice).where(*mine, fresh).values(values)).rowcount
        work.wrote = bool(done)
        return done


@dataclass(frozen=True, slots=True)
class _Prefer(Operation[None]):
    """Keep how somebody wants to be told."""

    person: str
    preferences: Preferences
    record: AuditRecord
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> None:
        """In place of what was."""
        work.connection.execute(delete(notice_preference).where(preference.person == self.person))
        row = {"person": self.person, "document": PREFERENCES.dump_json(self.preferences).decode()}
        work.connection.execute(insert(notice_preference).values(row))
        work.born((), (self.record,))
        work.wrote = True


class Notices:
    """``SqlStore.notices``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now

    async def make(self, change: Change) -> Made | None:
        """Write it whole; None, and nothing is written, where somebody came in between or waits before."""
        return await self._writer.run(_Make(change, self._now()))

    async def known(self, people: Collection[str], batches: Collection[str]) -> Known:
        """What is known of these people, and of these batches."""
        return await self._readers.run(_known, people, batches) if people else Known()

    async def due(self, limit: int, *, without: Collection[str] = ()) -> list[KeptNotice]:
        """With which something is to be done by now, the oldest first; nothing that is still to be told to ``without``."""
        now, others = self._now(), people_in(without)
        wanted = [own.next_at <= now, *([or_(own.state != "waiting", own.person.not_in(others))] if others else [])]
        return await self._readers.run(lambda connection: found(connection, *wanted, limit=limit))

    async def hampered(self, person: str, since: datetime) -> list[KeptNotice]:
        """Somebody's that a channel is asked to take, or will be asked again, and those told since then by another than was asked
        first."""
        now, them = self._now(), text_in(person)
        tried = (own.state == "waiting") & (own.tries > 0) & (own.next_at > now)
        replaced = (own.state == "told") & (own.failed != "") & (own.told_at >= micros(since))
        return await self._readers.run(lambda connection: found(connection, own.person == them, or_(tried, replaced)))

    async def about(self, subject: str) -> list[KeptNotice]:
        """Those about a mail, framework or incident."""
        return await self._readers.run(lambda connection: found(connection, own.subject == text_in(subject)))

    async def get(self, id: str) -> KeptNotice | None:
        """One."""
        one = await self._readers.run(lambda connection: found(connection, own.id == text_in(id)))
        return one[0] if one else None

    async def is_alone(self, one: KeptNotice) -> bool:
        """Whether it was told by itself, and not together with others."""
        return len(await self._readers.run(lambda connection: found(connection, *_told_with(one), limit=2))) == 1

    async def not_taken(self, since: datetime, late: datetime) -> list[tuple[KeptNotice, bool]]:
        """Those told by mail since then whose mail was refused (True), or waits since before ``late`` where its person has
        wishes of their own, and that nobody saw; at most 500, the refused first."""
        return await self._readers.run(_not_taken, micros(since), micros(late))

    async def is_brought(self, delivery: str | None) -> bool:
        """Whether this mail was taken, or still waits to be."""
        there = select(sent.id).where(sent.id == delivery, sent.state != "failed")
        return await self._readers.run(lambda connection: connection.execute(there).first() is not None)

    async def of_people(self, people: Collection[str], *, limit: int, after: str | None = None) -> Page[KeptNotice]:
        """Somebody's own (of all their addresses), the newest first."""
        return await self._readers.run(_listed, people, limit, after)

    async def unseen(self, people: Collection[str], most: int) -> int:
        """How many they have been told of, or are told of here alone, and have not seen; counted up to ``most``."""
        return await self._readers.run(_unseen, people, most)

    async def seen(
        self, people: Sequence[str], *, subject: str | None = None, since: datetime | None = None, before: datetime | None = None
    ) -> int:
        """They have seen those about ``subject``, or those made in this time; gives how many of them they had not seen."""
        begins, ends = (micros(one) if one else None for one in (since, before))
        about = None if subject is None else text_in(subject)
        return await self._writer.run(_Mark(tuple(people), self._now(), subject=about, since=begins, before=ends))

    async def seen_link(self, one: KeptNotice) -> int:
        """Its person has followed its link: they have seen what it was told together with; gives how much of it was new."""
        return await self._writer.run(_Mark((one.notice.to,), self._now(), told_with=one))

    async def opened(self, people: Sequence[str], subject: str) -> int:
        """They have opened what their notices are about; gives of how many that is new."""
        return await self._writer.run(_Mark(tuple(people), self._now(), subject=text_in(subject), opened=True))

    async def preferences(self, person: str) -> Preferences:
        """How somebody wants to be told."""
        return (await self.known([person], ())).preferences.get(person, Preferences())

    async def prefer(self, person: str, preferences: Preferences, record: AuditRecord) -> None:
        """Keep how somebody wants to be told."""
        await self._writer.run(_Prefer(text_in(person), preferences, record))


def _told_with(one: KeptNotice) -> list[ColumnElement[bool]]:
    """It and those told in the same mail, or in the same message of a chat."""
    if one.delivery:
        return [own.delivery == one.delivery]
    if one.told_at and one.channel not in (None, CONSOLE):
        return [own.told_at == micros(one.told_at), own.channel == one.channel]
    return [own.id == one.id]


def _known(connection: Connection, people: Collection[str], batches: Collection[str]) -> Known:
    named = people_in(people)
    chosen = select(notice_preference).where(preference.person.in_(named))
    wanted = {text_out(row.person): PREFERENCES.validate_json(row.document) for row in connection.execute(chosen)}
    last = select(own.person, own.batch, func.max(own.told_at)).where(
        own.person.in_(named), own.batch.in_(people_in(batches)), own.told_at.is_not(None)
    )
    rows = connection.execute(last.group_by(own.person, own.batch)).all() if batches else ()
    kept_back = select(own.person, own.batch).where(
        own.person.in_(named), own.batch.in_(people_in(batches)), own.state == "waiting", own.next_at.is_not(None)
    )
    waits = connection.execute(kept_back.distinct()).all() if batches else ()
    told = {(text_out(person), text_out(batch)): instant(at) for person, batch, at in rows}
    return Known(wanted, told, frozenset((text_out(person), text_out(batch)) for person, batch in waits))


def _not_taken(connection: Connection, since: int, late: int) -> list[tuple[KeptNotice, bool]]:
    refused = sent.state == "failed"
    wishes = own.person.in_(select(preference.person))  # nobody else has another channel
    in_vain = (sent.state == "waiting") & (sent.queued_at < late) & wishes  # a hop that is away is no attempt
    mine = (own.channel == MAIL, own.state == "told", own.seen_at.is_(None), own.told_at >= since)
    both = select(notice, sent.state.label("sent")).join(schema.delivery, sent.id == own.delivery)
    joined = both.where(*mine, or_(refused, in_vain))
    rows = connection.execute(joined.order_by(sent.state, own.at, own.id).limit(500))
    return [(kept(row), row.sent == "failed") for row in rows]


def _listed(connection: Connection, people: Collection[str], limit: int, after: str | None) -> Page[KeptNotice]:
    begins = place(after, int, str)
    before = [tuple_(own.at, own.id) < tuple_(*begins)] if begins else []
    mine = select(notice).where(own.person.in_(people_in(people)), *before)
    rows = connection.execute(mine.order_by(own.at.desc(), own.id.desc()).limit(limit + 1)).all()
    return page(rows, limit, lambda row: (row.at, row.id), lambda rows: [kept(row) for row in rows])


def _unseen(connection: Connection, people: Collection[str], most: int) -> int:
    theirs = (own.person.in_(people_in(people)), own.seen_at.is_(None), own.state.in_(("told", "untold")))
    mine = select(own.id).where(*theirs).limit(most)
    return int(connection.execute(select(func.count()).select_from(mine.subquery())).scalar_one())
