"""The books: every accepted recipient, and where it ended (law 1)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, func, select

from services.store import schema
from services.store.interface import LedgerRow
from services.store.spool import Spool

mail, recipient, delivery, content, total = (
    schema.mail.c,
    schema.recipient.c,
    schema.delivery.c,
    schema.content.c,
    schema.day_total.c,
)
ENDS = ("delivered", "redirected", "returned")


def ledger(connection: Connection, since: date | None, spool: Spool) -> list[LedgerRow]:
    """A row a day. Accepted comes from the mails, the rest from the recipients, so a lost row shows.

    A recipient counts as queued only while its delivery really waits and the mail is really there.
    """
    first = "" if since is None else since.isoformat()
    days: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, count in connection.execute(select(mail.day, func.sum(mail.recipients)).where(mail.day >= first).group_by(mail.day)):
        days[day]["accepted"] += int(count)
    ended = select(recipient.day, recipient.state, func.count()).where(recipient.day >= first, recipient.state.in_(ENDS))
    for day, state, count in connection.execute(ended.group_by(recipient.day, recipient.state)):
        days[day][state] += count
    for day, count in _queued(connection, first, spool):
        days[day]["queued"] += count
    for row in connection.execute(select(schema.day_total).where(total.day >= first)):
        for name in ("accepted", *ENDS):
            days[row.day][name] += getattr(row, name)
    return [_row(day, counts) for day, counts in sorted(days.items())]


def _row(day: str, counts: dict[str, int]) -> LedgerRow:
    return LedgerRow(
        date.fromisoformat(day),
        accepted=counts["accepted"],
        delivered=counts["delivered"],
        redirected=counts["redirected"],
        queued=counts["queued"],
        returned=counts["returned"],
    )


def _queued(connection: Connection, first: str, spool: Spool) -> Iterable[tuple[str, int]]:
    waits = (
        select(recipient.day, content.file, func.count())
        .join(schema.delivery, delivery.id == recipient.delivery)
        .join(schema.content, content.id == delivery.content)
        .where(recipient.day >= first, recipient.state == "queued", delivery.tier.is_not(None))
        .group_by(recipient.day, content.file)
    )
    return [(day, count) for day, file, count in connection.execute(waits) if file is None or spool.path(file).exists()]
