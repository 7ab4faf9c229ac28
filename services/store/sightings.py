"""What is seen in functional mailboxes, as values and rows; and which handled mail a message in a mailbox may be."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, exists, func, select

from services.store import routing, schema
from services.store.columns import instant, instant_or_none, micros, text_in, text_out
from services.store.schema_mailboxes import mailbox, post, sighting
from services.store.unit_of_work import UnitOfWork, batched
from workflows.addresses import own_key
from workflows.post import Post, flagged

UNASSESSED = timedelta(minutes=10)  # how long ago a mail can have come that has no post yet: assessing takes seconds
box, seen, own, mail = mailbox.c, sighting.c, post.c, schema.mail.c


@dataclass(frozen=True, slots=True)
class Sighting:
    """One message in a mailbox (RFC 3501 2.3.1.1): ``mail`` is the guard's id of the mail that it is; None where none is kept.

    ``seen`` and ``answered`` are its flags. ``gone``: it was here, and is no longer. ``sha256`` is of its bytes after the
    two mends.
    """

    uidvalidity: int
    uid: int
    mail: str | None
    internal_date: datetime
    seen: bool = False
    answered: bool = False
    gone: bool = False
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a mailbox is read: up to and with ``last_uid``. ``modseq`` where the server counts changes (RFC 7162).

    ``first``: the first look is under way, and of the messages up to ``last_uid`` it has not dealt with all that it is to.
    """

    uidvalidity: int
    last_uid: int
    modseq: int | None
    baseline_at: datetime
    first: bool = False

    def columns(self) -> dict[str, Any]:
        """As it lies in the table: ``last_uid`` below zero during the first look."""
        last_uid = -1 - self.last_uid if self.first else self.last_uid
        began = micros(self.baseline_at)
        return {"uidvalidity": self.uidvalidity, "last_uid": last_uid, "modseq": self.modseq, "baseline_at": began}


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How a watched mailbox is. ``error`` is a short code; ``own_login``: a login mended on a page goes before the settings'.

    ``canary_sent_at`` is when the first canary was sent that was not found yet, and ``canary_found_at`` when the newest that was.
    """

    code: str
    address: str
    state: str
    error: str | None
    since: datetime
    looked_at: datetime | None
    token_until: datetime | None
    holder: str | None
    held_until: datetime | None
    own_login: bool
    canary_sent_at: datetime | None = None
    canary_found_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownMail:
    """A handled mail that a message may be. ``here``: it ended, or was to end, in this mailbox. ``seen_as``: the messages that were
    seen to be it."""

    id: str
    sha256: str
    message_id: str | None
    here: bool
    seen_as: tuple[Sighting, ...]


class Flags(NamedTuple):
    """What the messages of one mail tell together: one copy that is read, or answered, is enough."""

    seen: bool = False
    answered: bool = False


def flags_of(sightings: Iterable[Sighting]) -> dict[str, Flags]:
    """Of each mail that any flag tells something of."""
    found: dict[str, Flags] = {}
    for one in sightings:
        if one.mail and (one.seen or one.answered):
            before = found.get(one.mail, Flags())
            found[one.mail] = Flags(before.seen or one.seen, before.answered or one.answered)
    return found


def sighting_of(row: Row[Any]) -> Sighting:
    """From the columns of the table."""
    flags = bool(row.seen), bool(row.answered), row.gone_at is not None
    return Sighting(row.uidvalidity, row.uid, row.mail, instant(row.internal_date), *flags, row.sha256)


def states(connection: Connection) -> tuple[MailboxState, ...]:
    """Of every mailbox that was ever watched, by address."""
    return tuple(_state(row) for row in connection.execute(select(mailbox).order_by(box.address)))


def _state(row: Row[Any]) -> MailboxState:
    return MailboxState(
        code=row.code,
        address=text_out(row.address),
        state=row.state,
        error=row.error,
        since=instant(row.since),
        looked_at=instant_or_none(row.looked_at),
        token_until=instant_or_none(row.token_until),
        holder=row.holder,
        held_until=instant_or_none(row.held_until),
        own_login=row.login is not None,
        canary_sent_at=instant_or_none(row.canary_sent_at),
        canary_found_at=instant_or_none(row.canary_found_at),
    )


def cursor(connection: Connection, code: str) -> Cursor | None:
    """How far it is read; None before the first look."""
    row = connection.execute(
        select(box.uidvalidity, box.last_uid, box.modseq, box.baseline_at).where(box.code == code)
    ).one_or_none()
    if row is None or row.uidvalidity is None:
        return None
    first = row.last_uid < 0
    return Cursor(row.uidvalidity, -1 - row.last_uid if first else row.last_uid, row.modseq, instant(row.baseline_at), first)


def login(connection: Connection, code: str) -> str | None:
    """The sealed login that was mended on a page."""
    return connection.execute(select(box.login).where(box.code == code)).scalar()


def sighted(connection: Connection, code: str, uidvalidity: int) -> frozenset[int]:
    """The UIDs of all messages of this UIDVALIDITY that were seen to be a mail."""
    where = (seen.mailbox == code, seen.uidvalidity == uidvalidity, seen.mail.is_not(None))
    return frozenset(connection.execute(select(seen.uid).where(*where)).scalars())


def known(connection: Connection, code: str, uidvalidity: int) -> tuple[Sighting, ...]:
    """The messages of this UIDVALIDITY that were seen, are not gone and have not been dealt with, by UID."""
    done = select(own.id).where(own.mail == seen.mail, own.code == code, own.done_at.is_not(None)).exists()
    here = (seen.mailbox == code, seen.uidvalidity == uidvalidity, seen.gone_at.is_(None), ~done)
    return tuple(sighting_of(row) for row in connection.execute(select(sighting).where(*here).order_by(seen.uid)))


def match(
    connection: Connection, code: str, address: str, *, guard_ids: Collection[str], hashes: Collection[str], now: datetime
) -> tuple[KnownMail, ...]:
    """The mails with these ids, and those with these hashes that ended in this mailbox.

    By hash also what has just come and is not assessed yet: it has no post by which its mailbox is known.
    """
    recent = mail.received_at >= micros(now - UNASSESSED)
    rows: dict[str, Any] = {}
    for some in batched(map(text_in, guard_ids)):
        rows |= _mails(connection, mail.id.in_(some))
    for some in batched(hashes):
        of_mailbox = select(own.mail).where(own.code == code)
        seen_here = select(seen.mail).where(seen.mailbox == code, seen.mail.is_not(None))
        rows |= _mails(connection, mail.sha256.in_(some), mail.id.in_(of_mailbox))
        rows |= _mails(connection, mail.sha256.in_(some), mail.id.in_(seen_here))
        rows |= _mails(connection, mail.sha256.in_(some), recent)
    seen_as = _seen_as(connection, code, rows)
    here = _ended_in(connection, code, address, rows) | seen_as.keys()
    found = (
        KnownMail(row.id, row.sha256, _text(row.message_id), id in here, tuple(seen_as.get(id, ())))
        for id, row in sorted(rows.items())
    )
    put_there = _put_there(connection, code, hashes)
    return (*put_there.values(), *(one for one in found if (one.here or one.id in guard_ids) and one.id not in put_there))


def _put_there(connection: Connection, code: str, hashes: Collection[str]) -> dict[str, KnownMail]:
    """What route mode has put there, or is about to: it is known by the bytes that it has there, before it is in the books."""
    copies = {id: sha256 for some in batched(hashes) for id, sha256 in routing.copies(connection, code, some)}
    seen_as = _seen_as(connection, code, copies)
    return {id: KnownMail(id, sha256, None, True, tuple(seen_as.get(id, ()))) for id, sha256 in sorted(copies.items())}


def _mails(connection: Connection, *where: ColumnElement[bool]) -> dict[str, Any]:
    return {str(row.id): row for row in connection.execute(select(mail.id, mail.sha256, mail.message_id).where(*where))}


def _ended_in(connection: Connection, code: str, address: str, mails: Collection[str]) -> set[str]:
    """By its post, or by a copy that went to the address: a mail that fell back to a mailbox has a copy there and no post."""
    delivery, found = schema.delivery.c, set[str]()
    for some in batched(mails):
        found |= set(connection.execute(select(own.mail).where(own.mail.in_(some), own.code == code)).scalars())
        copies = select(delivery.mail, delivery.address).where(delivery.mail.in_(some), delivery.kind == "mail")
        found |= {row.mail for row in connection.execute(copies) if _same(text_out(row.address), address)}
    return found


def _same(one: str, other: str) -> bool:
    return own_key(one) == own_key(other)


def _seen_as(connection: Connection, code: str, mails: Collection[str]) -> dict[str, list[Sighting]]:
    found: dict[str, list[Sighting]] = {}
    for some in batched(mails):
        for row in connection.execute(select(sighting).where(seen.mail.in_(some), seen.mailbox == code).order_by(seen.uid)):
            found.setdefault(str(row.mail), []).append(sighting_of(row))
    return found


def _text(value: str | None) -> str | None:
    return None if value is None else text_out(value)


def unassessed(connection: Connection, after: datetime, before: datetime, limit: int) -> list[tuple[str, datetime]]:
    """The mails found in mailboxes between these instants that have no assessment: id and when they were found, oldest first."""
    found = (seen.mail.is_not(None), seen.found_at > micros(after), seen.found_at < micros(before))
    assessed = exists().where(schema.assessment.c.mail == mail.id)
    found_at = func.min(seen.found_at)
    waiting = select(mail.id, found_at).join(sighting, seen.mail == mail.id).where(*found, ~assessed).group_by(mail.id)
    return [(id, instant(at)) for id, at in connection.execute(waiting.order_by(found_at).limit(limit))]


def born(work: UnitOfWork, posts: Sequence[Post], now: int) -> list[Post]:
    """New posts as the flags of their messages tell: a message may be read before its mail is assessed."""
    wanted = sorted({one.mail for one in posts})
    rows = work.connection.execute(select(sighting).where(seen.mail.in_(wanted))) if wanted else ()
    by_mailbox: dict[str, list[Sighting]] = {}
    for row in rows:
        by_mailbox.setdefault(row.mailbox, []).append(sighting_of(row))
    flags = {code: flags_of(some) for code, some in by_mailbox.items()}
    found = [(one, flags.get(one.code, {}).get(one.mail)) for one in posts]
    return [flagged(one, instant(now), **flag._asdict()) if flag else one for one, flag in found]
