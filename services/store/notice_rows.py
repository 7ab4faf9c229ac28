"""Notices as rows."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select, tuple_

from services.store.columns import instant, instant_or_none, micros, text_in, text_out
from services.store.deliveries import Claimed, add_outgoing
from services.store.notice_values import NOTICE, KeptNotice
from services.store.schema_notices import notice
from services.store.unit_of_work import UnitOfWork
from workflows.notice_rules import is_red

own = notice.c


def dedupes_of(found: Iterable[KeptNotice]) -> set[str]:
    """The names under which they are told once for ever."""
    return {one.notice.dedupe for one in found}


def add(work: UnitOfWork, found: Sequence[KeptNotice], now: int, claimed: Claimed | None = None) -> list[KeptNotice]:
    """Those that nobody was told of before, with their mails; gives which. Names were asked for in ``needs``."""
    added = []
    for one in found:
        if one.notice.dedupe not in work.dedupes:
            work.dedupes.add(one.notice.dedupe)
            work.add("once", (one.notice.dedupe, one.id))
            work.add("notice", tuple(row_of(one).values()))
            if one.mail:
                add_outgoing(work, (one.mail,), now, claimed)
            added.append(one)
    return added


def row_of(one: KeptNotice) -> dict[str, Any]:
    """In column order."""
    told = one.notice
    return {
        "id": one.id,
        "person": text_in(told.to),
        "subject": told.about.mail,
        "batch": text_in(one.batch),
        "urgency": told.urgency,
        "role": told.role,
        "at": micros(one.at),
        "due": micros(told.due),
        "state": one.state,
        "next_at": micros(one.next_at) if one.next_at else None,
        "revision": one.revision,
        "channel": one.channel,
        "failed": " ".join(one.failed),
        "tries": one.tries,
        "delivery": one.delivery,
        "told_at": micros(one.told_at) if one.told_at else None,
        "seen_at": micros(one.seen_at) if one.seen_at else None,
        "opened_at": micros(one.opened_at) if one.opened_at else None,
        "document": NOTICE.dump_json(told, exclude_defaults=True).decode(),
    }


def kept(row: Any) -> KeptNotice:  # noqa: ANN401 - a row
    """A row of ``notice``."""
    return KeptNotice(
        id=row.id,
        notice=NOTICE.validate_json(row.document),
        batch=text_out(row.batch),
        at=instant(row.at),
        state=row.state,
        next_at=instant_or_none(row.next_at),
        revision=row.revision,
        channel=row.channel,
        failed=tuple(row.failed.split()),
        tries=row.tries,
        delivery=row.delivery,
        told_at=instant_or_none(row.told_at),
        seen_at=instant_or_none(row.seen_at),
        opened_at=instant_or_none(row.opened_at),
    )


def found(connection: Connection, *where: ColumnElement[bool], limit: int | None = None) -> list[KeptNotice]:
    """Those, in the order in which they were made."""
    return [kept(row) for row in connection.execute(select(notice).where(*where).order_by(own.at, own.id).limit(limit))]


def people_in(people: Collection[str]) -> list[str]:
    """As the column has them."""
    return [text_in(one) for one in people]


def overtaken(group: Sequence[KeptNotice], now: int) -> Select[Any]:
    """One of the same person's that was there before ``group`` and is to be told by now, or that a channel is asked to take: nobody
    hears of a case out of its order, however many processes tell. What is red waits for nothing that isn't."""
    first = min(group, key=lambda one: (one.at, one.id))
    red, begins = own.urgency == "now", (micros(first.at), first.id)
    same = own.batch == text_in(first.batch)
    lane = same & red if is_red(first.notice) else same | ~red
    return (
        select(own.id)
        .where(own.next_at.is_not(None))
        .where(own.person == text_in(first.notice.to), own.state == "waiting", lane, tuple_(own.at, own.id) < tuple_(*begins))
        .where(or_(own.next_at <= now, own.tries > 0), own.id.not_in([one.id for one in group]))
        .limit(1)
    )
