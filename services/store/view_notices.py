"""Looking up notices: who was told of which mail, and what somebody was told."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, select, tuple_

from services.store.columns import instant, instant_or_none, text_in, text_out
from services.store.looked_up import Notice, Page
from services.store.places import Key, page, place
from services.store.schema_notices import notice

own = notice.c
_COLUMNS = (own.id, own.subject, own.person, own.role, own.urgency, own.state, own.at, own.due, own.told_at)


def notices(connection: Connection, mails: Sequence[str]) -> list[Notice]:
    """The notices about these mails, in their order, each mail's as they were made."""
    wanted = select(*_COLUMNS).where(own.subject.in_(mails)).order_by(own.at, own.id)
    found = [_notice(row) for row in connection.execute(wanted)]
    places = {id: place for place, id in enumerate(mails)}
    return sorted(found, key=lambda one: places[one.mail])


def notices_to(connection: Connection, addresses: Collection[str], limit: int, after: str | None) -> Page[Notice]:
    """The notices to these addresses, the newest first: of each address no more is read than a page takes."""
    begins = place(after, int, str)
    before = [tuple_(own.at, own.id) < tuple_(*begins)] if begins else []
    wanted = select(*_COLUMNS).where(*before).order_by(own.at.desc(), own.id.desc()).limit(limit + 1)
    found = [row for to in sorted(addresses) for row in connection.execute(wanted.where(own.person == text_in(to)))]
    rows = sorted(found, key=_when, reverse=True)[: limit + 1]
    return page(rows, limit, _when, lambda rows: [_notice(row) for row in rows])


def _when(row: Any) -> Key:  # noqa: ANN401 - a row
    return row.at, row.id


def _notice(row: Any) -> Notice:  # noqa: ANN401 - a row
    return Notice(
        row.id, row.subject, text_out(row.person), row.role, row.urgency, row.state,
        instant(row.at), instant(row.due), instant_or_none(row.told_at),
    )  # fmt: skip
