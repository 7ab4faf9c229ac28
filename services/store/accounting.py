"""Each recipient by itself: which of them the tables can't account for, and why (law 1)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection, and_, exists, func, or_, select

from services.store import schema
from services.store.books import ENDS, Days, content, delivery, ledger, mail, open_days, recipient
from services.store.columns import numbers_out
from services.store.interface import Books, Gap, Unaccounted
from services.store.spool import Spool
from services.store.unit_of_work import batched


def books(connection: Connection, days: Days, spool: Spool) -> Books:
    """The ledger with what it can't account for, in one snapshot."""
    rows, lost = ledger(connection, days, spool), unaccounted(connection, days, spool)
    return Books(tuple(rows), tuple(lost), frozenset(open_days(connection)))


def unaccounted(connection: Connection, days: Days, spool: Spool) -> list[Unaccounted]:
    """What the recipients' rows, their copies and the bytes of those don't agree on; by mail and number."""
    found = {
        *_without_row(connection, days),
        *_without_mail(connection, days),
        *_without_state(connection, days),
        *_without_copy(connection, days, spool),
        *_with_two_copies(connection, days),
    }
    return sorted(found, key=lambda one: (one.day, one.mail, -1 if one.n is None else one.n, one.why))


def _without_row(connection: Connection, days: Days) -> Iterator[Unaccounted]:
    rows = (
        select(mail.id, mail.day)
        .outerjoin(schema.recipient, recipient.mail == mail.id)
        .where(days.of(mail.day))
        .group_by(mail.id, mail.day, mail.recipients)
        .having(func.count(recipient.n) != mail.recipients)
    )
    for id, day in connection.execute(rows):
        yield Unaccounted(id, None, date.fromisoformat(day), "no_row")


def _without_mail(connection: Connection, days: Days) -> Iterator[Unaccounted]:
    lost = select(recipient.mail, recipient.n, recipient.day, recipient.delivery)
    for row in connection.execute(lost.where(days.of_recipients(), ~exists().where(mail.id == recipient.mail))):
        yield Unaccounted(row.mail, row.n, date.fromisoformat(row.day), "no_mail", row.delivery)


def _without_state(connection: Connection, days: Days) -> Iterator[Unaccounted]:
    odd = select(recipient.mail, recipient.n, recipient.day, recipient.delivery)
    for row in connection.execute(odd.where(days.of_recipients(), recipient.state.not_in(("queued", *ENDS)))):
        yield Unaccounted(row.mail, row.n, date.fromisoformat(row.day), "no_state", row.delivery)


def _without_copy(connection: Connection, days: Days, spool: Spool) -> Iterator[Unaccounted]:
    """Queued, and nothing that waits would deliver it; or it waits, and its bytes are gone."""
    linked = and_(delivery.id == recipient.delivery, delivery.tier.is_not(None))
    rows = (
        select(recipient.mail, recipient.n, recipient.day, recipient.delivery, delivery.id.label("waits"), content.id, content.file)
        .outerjoin(schema.delivery, linked)
        .outerjoin(schema.content, content.id == delivery.content)
        .where(days.of_recipients(), recipient.state == "queued", or_(content.id.is_(None), content.file.is_not(None)))
    )
    for row in connection.execute(rows):
        why: Gap = "no_delivery" if row.waits is None else "no_content"
        if row.id is None or not spool.path(row.file).exists():
            yield Unaccounted(row.mail, row.n, date.fromisoformat(row.day), why, row.delivery)


def _with_two_copies(connection: Connection, days: Days) -> Iterator[Unaccounted]:
    """A copy that waits for a recipient who is told by another one, or has had the mail."""
    serves, linked = {}, defaultdict(set)
    waits = (delivery.tier.is_not(None), delivery.kind == "mail")
    for row in connection.execute(select(delivery.id, delivery.mail, delivery.serves).where(*waits)):
        serves[row.id] = row.mail, set(numbers_out(row.serves))
    queued = select(recipient.delivery, recipient.n).join(schema.delivery, delivery.id == recipient.delivery)
    for id, n in connection.execute(queued.where(*waits, recipient.state == "queued", recipient.mail == delivery.mail)):
        linked[id].add(n)
    left = {id: (of, numbers - linked[id]) for id, (of, numbers) in serves.items() if numbers - linked[id]}
    for some in batched({of for of, _ in left.values()}):
        rows = select(recipient.mail, recipient.n, recipient.day).where(days.of_recipients(), recipient.mail.in_(some))
        for row in connection.execute(rows):
            for id, (of, numbers) in left.items():
                if of == row.mail and row.n in numbers:
                    yield Unaccounted(row.mail, row.n, date.fromisoformat(row.day), "two_copies", id)
