"""The books: every accepted recipient, and where it ended (law 1)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select

from services.store import schema
from services.store.columns import text_out
from services.store.interface import Account, Booked, LedgerRow
from services.store.spool import Spool
from workflows.addresses import normalise

mail, recipient, delivery, content, total = (
    schema.mail.c,
    schema.recipient.c,
    schema.delivery.c,
    schema.content.c,
    schema.day_total.c,
)
ENDS = ("delivered", "redirected", "returned")
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Days:
    """Which days are meant: these alone, else all from ``since`` on (None: all)."""

    since: date | None = None
    alone: Collection[date] | None = None

    def of(self, day: ColumnElement[str]) -> ColumnElement[bool]:
        """For a table with few rows, or an index on its day."""
        if self.alone is None:
            return day >= ("" if self.since is None else self.since.isoformat())
        return day.in_([one.isoformat() for one in self.alone])

    def of_recipients(self) -> ColumnElement[bool]:
        """Single days are found by their mails, which have an index on the day: a recipient more would cost every mail."""
        if self.alone is None:
            return self.of(recipient.day)
        return recipient.mail.in_(select(mail.id).where(self.of(mail.day)))


def ledger(connection: Connection, days: Days, spool: Spool) -> list[LedgerRow]:
    """A row a day. Accepted comes from the mails, the rest from the recipients, so a lost row shows.

    A recipient counts as queued only while its delivery really waits and the mail is really there.
    """
    counts: Counts = defaultdict(lambda: defaultdict(int))
    received = select(mail.day, func.sum(mail.recipients)).where(days.of(mail.day)).group_by(mail.day)
    for day, count in connection.execute(received):
        counts[day]["accepted"] += int(count)
    ended = select(recipient.day, recipient.state, func.count()).where(days.of_recipients(), recipient.state.in_(ENDS))
    for day, state, count in connection.execute(ended.group_by(recipient.day, recipient.state)):
        counts[day][state] += count
    for day, _, count in _queued(connection, days, spool):
        counts[day]["queued"] += count
    for row in connection.execute(select(schema.day_total).where(days.of(total.day))):
        for name in ("accepted", *ENDS):
            counts[row.day][name] += getattr(row, name)
    return [_row(day, found) for day, found in sorted(counts.items())]


def open_days(connection: Connection) -> set[date]:
    """The days of which a copy still waits."""
    waiting = select(delivery.mail).where(delivery.tier.is_not(None), delivery.kind == "mail")
    found = connection.execute(select(mail.day).where(mail.id.in_(waiting)).distinct()).scalars()
    return {date.fromisoformat(one) for one in found}


def accounts(connection: Connection, by: Booked, since: date | None, spool: Spool) -> list[Account]:
    """The same books with a row a day and mailbox, or recipient.

    What has no name of its own any more (removed by the retention settings, or lost) stands under None: the rows of a day always
    add up to the ledger's.
    """
    days = Days(since)
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, address, figure, count in _by_address(connection, by, days, spool):
        found[day, normalise(text_out(address))][figure] += count
    rows = [Account(name, _row(day, counts)) for (day, name), counts in sorted(found.items())]
    rest = [_rest(row, [one.row for one in rows if one.row.day == row.day]) for row in ledger(connection, days, spool)]
    return sorted(
        [*rows, *(Account(None, row) for row in rest if any(_figures(row)))], key=lambda one: (one.row.day, one.name or "~")
    )


def _by_address(connection: Connection, by: Booked, days: Days, spool: Spool) -> Iterable[tuple[str, str, str, int]]:
    address = recipient.address if by == "recipient" else func.coalesce(delivery.address, recipient.address)
    linked = select(recipient.day, address, recipient.state, func.count()).outerjoin(
        schema.delivery, delivery.id == recipient.delivery
    )
    kept = (days.of_recipients(), exists().where(mail.id == recipient.mail))
    for day, name, state, count in connection.execute(linked.where(*kept).group_by(recipient.day, address, recipient.state)):
        yield day, name, "accepted", count
        if state in ENDS:
            yield day, name, state, count
    for day, name, count in _queued(connection, days, spool, address):
        yield day, name, "queued", count


def _rest(whole: LedgerRow, named: Sequence[LedgerRow]) -> LedgerRow:
    left = [all_ - sum(parts) for all_, *parts in zip(_figures(whole), *map(_figures, named), strict=True)]
    return LedgerRow(whole.day, *left)


def _figures(row: LedgerRow) -> list[int]:
    return [getattr(row, one.name) for one in fields(row) if one.name != "day"]


def _row(day: str, counts: dict[str, int]) -> LedgerRow:
    return LedgerRow(
        date.fromisoformat(day),
        accepted=counts["accepted"],
        delivered=counts["delivered"],
        redirected=counts["redirected"],
        queued=counts["queued"],
        returned=counts["returned"],
    )


def _queued(
    connection: Connection, days: Days, spool: Spool, name: ColumnElement[Any] = recipient.day
) -> Iterable[tuple[str, str, int]]:
    waits = (
        select(recipient.day, name.label("name"), content.file, func.count())
        .join(schema.delivery, delivery.id == recipient.delivery)
        .join(schema.content, content.id == delivery.content)
        .where(days.of_recipients(), recipient.state == "queued", delivery.tier.is_not(None))
        .group_by(recipient.day, name, content.file)
    )
    for day, of, file, count in connection.execute(waits):
        if file is None or spool.path(file).exists():
            yield day, of, count
