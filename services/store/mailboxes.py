"""Functional mailboxes as they are watched: who watches, how far, how it goes, and what was seen. ``store.mailboxes``.

A look is one transaction: what was seen, the posts that were read or answered by it, and how far the mailbox is read now.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, insert, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from services.store import post_rows, sightings
from services.store.arrivals import CommitArrival, arriving
from services.store.canaries import FoundCanary, SendCanary
from services.store.columns import instant, micros, text_in
from services.store.interface import Arrival, OutgoingMail
from services.store.posts import Change, write
from services.store.readers import Readers
from services.store.recent import Recent
from services.store.schema_mailboxes import mailbox, post, sighting
from services.store.sightings import Cursor, KnownMail, MailboxState, Sighting, flags_of
from services.store.spool import Spool
from services.store.unit_of_work import Operation, UnitOfWork
from services.store.writer import Writer
from workflows.addresses import normalise
from workflows.audit import AuditRecord
from workflows.mailbox_state import State
from workflows.post import Post, flagged

__all__ = ["Cursor", "KnownMail", "MailboxState", "Mailboxes", "Sighting"]
ACTOR = "guard"
box, seen, own = mailbox.c, sighting.c, post.c


@dataclass(frozen=True, slots=True)
class _Lease(Operation[bool]):
    """Watch a mailbox, unless another process does."""

    code: str
    address: str
    holder: str
    now: int
    until: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> bool:
        """A mailbox that nobody has watched before gets its row."""
        connection = work.connection
        free = or_(box.holder == self.holder, box.held_until.is_(None), box.held_until <= self.now)
        held = {"holder": self.holder, "held_until": self.until, "address": text_in(self.address)}
        work.wrote = True
        if connection.execute(update(mailbox).where(box.code == self.code, free).values(held)).rowcount:
            return True
        new = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        row = {"code": self.code, "state": "connecting", "since": self.now}
        first = new(mailbox).values(row | held).on_conflict_do_nothing().returning(box.code)
        return connection.execute(first).one_or_none() is not None


@dataclass(frozen=True, slots=True)
class _Renew(Operation[None]):
    """Watch all that this process watches until then; None: no more."""

    holder: str
    until: int | None
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> None:
        """A lease that another has taken over stays with that one."""
        held = {"held_until": self.until} if self.until else {"holder": None, "held_until": None}
        work.wrote = True
        work.connection.execute(update(mailbox).where(box.holder == self.holder).values(held))


@dataclass(frozen=True, slots=True)
class _Set(Operation[bool]):
    """Change columns of a mailbox; ``state`` keeps its beginning while it stays the same."""

    code: str
    values: dict[str, Any]
    now: int
    holder: str | None = None
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> bool:
        """Gives whether there is such a mailbox (and ``holder`` watches it)."""
        mine = (box.code == self.code, *([box.holder == self.holder] if self.holder else ()))
        state = self.values.get("state")
        work.wrote = True
        if state is not None:
            work.connection.execute(update(mailbox).where(*mine, box.state != state).values(since=self.now))
        return bool(work.connection.execute(update(mailbox).where(*mine).values(self.values)).rowcount)


@dataclass(frozen=True, slots=True)
class _Saw(Operation[bool]):
    """Write one look."""

    code: str
    sightings: Sequence[Sighting]
    cursor: Cursor | None
    now: int
    holder: str | None
    state: State = "watching"
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> bool:
        """Gives False, and writes nothing, where another process watches the mailbox by now."""
        values: dict[str, Any] = {"looked_at": self.now, "state": self.state, "error": None}
        if self.cursor:
            values |= self.cursor.columns()
        if not _Set(self.code, values, self.now, self.holder).apply(work):
            return False
        for one in self.sightings:
            _keep(work, self.code, one, self.now)
        self._flag(work)
        return True

    def _flag(self, work: UnitOfWork) -> None:
        """What is done with a post meanwhile waits for this, or comes first and is seen."""
        flags = flags_of(self.sightings)
        for one in post_rows.locked(work.connection, own.code == self.code, own.mail.in_(sorted(flags))) if flags else ():
            changed = flagged(one, instant(self.now), **flags[one.mail]._asdict())
            if changed != one:
                write(work, Change(changed, one.revision, audit=_told(one, changed, instant(self.now))))


@dataclass(frozen=True, slots=True)
class _Record(Operation[bool]):
    """A mail that came straight to a mailbox, with its sighting: in the store it has no recipients, and no copy to send."""

    commit: CommitArrival
    saw: _Saw
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> bool:
        """Gives False, and writes nothing, where another process watches the mailbox by now."""
        if not self.saw.apply(work):
            return False
        self.commit.apply(work)
        return True


class Mailboxes:
    """Reads and writes what is known of watched mailboxes; ``SqlStore.mailboxes``. Every method may raise ``StoreUnavailable``."""

    def __init__(
        self, writer: Writer, readers: Readers, now: Callable[[], int], spool: Spool, recent: Recent, *, shared: bool
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now
        self._spool = spool
        self._recent = recent
        self._shared = shared

    async def all(self) -> tuple[MailboxState, ...]:
        """How every mailbox is that was ever watched, by address."""
        return await self._readers.run(sightings.states)

    async def lease(self, code: str, address: str, holder: str, until: datetime) -> bool:
        """Watch a mailbox until then; False while another holder does. Whoever holds it asks again before the time is over."""
        return await self._writer.run(_Lease(code, normalise(address), holder, self._now(), micros(until)))

    async def renew(self, holder: str, until: datetime) -> None:
        """Watch what ``holder`` watches until then."""
        await self._writer.run(_Renew(holder, micros(until)))

    async def release_all(self, holder: str) -> None:
        """Watch none of them any more."""
        await self._writer.run(_Renew(holder, None))

    async def release(self, code: str, holder: str) -> None:
        """Watch it no more: others need not wait for the lease to end."""
        await self._writer.run(_Set(code, {"holder": None, "held_until": None}, self._now(), holder))

    async def state(
        self,
        code: str,
        state: State,
        error: str | None = None,
        *,
        token_until: datetime | None = None,
        holder: str | None = None,
    ) -> bool:
        """Write how it is now; its beginning stays while it does, a token's end until the next. False: ``holder`` has lost it."""
        token = {} if token_until is None else {"token_until": micros(token_until)}
        return await self._writer.run(_Set(code, {"state": state, "error": error} | token, self._now(), holder))

    async def cursor(self, code: str) -> Cursor | None:
        """How far it is read; None before the first look."""
        return await self._readers.run(sightings.cursor, code)

    async def begin(self, code: str, cursor: Cursor, *, holder: str | None = None) -> bool:
        """Note where the first look begins, before it has dealt with any message; False where ``holder`` does not watch it."""
        return await self._writer.run(_Set(code, cursor.columns(), self._now(), holder))

    async def known(self, code: str, uidvalidity: int) -> tuple[Sighting, ...]:
        """The messages of this UIDVALIDITY that were seen, are not gone and have not been dealt with, by UID."""
        return await self._readers.run(sightings.known, code, uidvalidity)

    async def sighted(self, code: str, uidvalidity: int) -> frozenset[int]:
        """The UIDs of all messages of this UIDVALIDITY that were seen to be a mail."""
        return await self._readers.run(sightings.sighted, code, uidvalidity)

    async def match(self, code: str, address: str, guard_ids: Collection[str], hashes: Collection[str]) -> tuple[KnownMail, ...]:
        """The handled mails that messages with these ids, or these SHA-256 (hexadecimal), in this mailbox may be."""
        now = instant(self._now())
        return await self._readers.run(sightings.match, code, address, guard_ids=guard_ids, hashes=hashes, now=now)

    async def saw(
        self,
        code: str,
        seen: Sequence[Sighting],
        cursor: Cursor | None = None,
        *,
        holder: str | None = None,
        state: State = "watching",
    ) -> bool:
        """Write a look that succeeded: what was seen or changed or is gone, how far it is read, and what that tells of posts.

        A message that is a mail seen before takes the place of those of it that are gone. False, and nothing is written, where
        ``holder`` does not watch the mailbox any more. ``state``: it can be looked into, and still something is in the way there.
        """
        return await self._writer.run(_Saw(code, seen, cursor, self._now(), holder, state))

    async def record(
        self, code: str, arrival: Arrival, seen: Sighting, cursor: Cursor | None = None, *, holder: str | None = None
    ) -> bool:
        """Record a mail that came straight to a mailbox, with its sighting, as ``saw`` does.

        ``arrival`` has no deliveries, and no mail of our own goes with it: in the books it has no recipient.
        """
        commit = await arriving(arrival, self._spool, shared=self._shared, straight=True)
        saved = await self._writer.run(_Record(commit, _Saw(code, [seen], cursor, self._now(), holder)))
        if saved:
            self._recent.add(arrival)
        return saved

    async def unassessed(self, after: datetime, before: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Mails found in mailboxes between these instants (both exclusive) that have no assessment yet, oldest first.

        They may have come long before: ``Store.unassessed`` looks at when a mail came.
        """
        return await self._readers.run(sightings.unassessed, after, before, limit)

    async def send_canary(self, code: str, canary: OutgoingMail, sent_at: datetime) -> bool:
        """Enqueue a canary and wait for it; False, and nothing is written, where its like was sent already (``dedupe``)."""
        return await self._writer.run(SendCanary(code, canary, micros(sent_at), self._now()))

    async def found_canary(self, code: str, sent_at: datetime) -> None:
        """The canary that was sent then lies in the mailbox: neither it nor an older one is waited for any more."""
        await self._writer.run(FoundCanary(code, micros(sent_at)))

    async def forget_canary(self, code: str) -> None:
        """Wait for none that was sent."""
        await self._writer.run(_Set(code, {"canary_sent_at": None}, self._now()))

    async def keep_login(self, code: str, sealed: str | None) -> bool:
        """Keep a login (sealed) that goes before the one in the settings; None: that one counts again. False: no such mailbox."""
        return await self._writer.run(_Set(code, {"login": sealed}, self._now()))

    async def login(self, code: str) -> str | None:
        """The login that was kept."""
        return await self._readers.run(sightings.login, code)


def _keep(work: UnitOfWork, code: str, one: Sighting, now: int) -> None:
    """Seen elsewhere (moved back, or under a new UIDVALIDITY), a mail is seen there from now on; copies that lie there stay."""
    connection = work.connection
    place = (seen.mailbox == code, seen.uidvalidity == one.uidvalidity, seen.uid == one.uid)
    if one.mail and not one.gone:
        over = or_(seen.uidvalidity != one.uidvalidity, and_(seen.gone_at.is_not(None), seen.uid != one.uid))
        connection.execute(delete(sighting).where(seen.mailbox == code, seen.mail == one.mail, over))
    values = {
        "mail": one.mail,
        "sha256": one.sha256,
        "internal_date": micros(one.internal_date),
        "seen": int(one.seen),
        "answered": int(one.answered),
        "gone_at": now if one.gone else None,
    }
    if not connection.execute(update(sighting).where(*place).values(values)).rowcount:
        row = {"mailbox": code, "uidvalidity": one.uidvalidity, "uid": one.uid, "found_at": now}
        connection.execute(insert(sighting).values(row | values))


def _told(before: Post, after: Post, now: datetime) -> tuple[AuditRecord, ...]:
    done = [
        what for what, at in (("read", before.read_at), ("answered", before.answered_at)) if not at and getattr(after, f"{what}_at")
    ]
    return tuple(AuditRecord(now, ACTOR, f"post.{what}", after.id, {"how": "flag"}) for what in done)
