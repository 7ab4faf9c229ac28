"""Looking up notices: who was told of which mail, and what somebody was told."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal_column, select, tuple_

from services.store import schema
from services.store.columns import instant, instant_or_none, text_in, text_out
from services.store.looked_up import Notice, Page
from services.store.places import Key, page, place
from workflows.addresses import normalise

delivery, assessment = schema.delivery.c, schema.assessment.c
_KIND: ColumnElement[str] = literal_column("'notice'")  # as the index says it: a parameter could be anything
_COLUMNS = (delivery.id, delivery.mail, delivery.address, delivery.state, delivery.queued_at, delivery.due, delivery.finished_at)


def notices(connection: Connection, mails: Sequence[str]) -> list[Notice]:
    """The notices about these mails, in their order, each mail's as they were queued."""
    named = _named(connection, mails)
    wanted = select(*_COLUMNS).where(delivery.mail.in_(mails), delivery.kind == _KIND).order_by(delivery.queued_at, delivery.id)
    found = [_notice(row, named) for row in connection.execute(wanted)]
    places = {id: place for place, id in enumerate(mails)}
    return sorted(found, key=lambda one: places[one.mail])


def notices_to(connection: Connection, addresses: Collection[str], limit: int, after: str | None) -> Page[Notice]:
    """The notices to these addresses, the newest first: of each address no more is read than a page takes."""
    begins = place(after, int, str)
    kept = [delivery.kind == _KIND]
    if begins:
        kept.append(tuple_(delivery.queued_at, delivery.id) < tuple_(*begins))
    wanted = select(*_COLUMNS).where(*kept).order_by(delivery.queued_at.desc(), delivery.id.desc()).limit(limit + 1)
    found = [row for to in sorted(addresses) for row in connection.execute(wanted.where(delivery.address == text_in(to)))]
    rows = sorted(found, key=_when, reverse=True)[: limit + 1]
    named = _named(connection, [row.mail for row in rows])
    return page(rows, limit, _when, lambda rows: [_notice(row, named) for row in rows])


def _when(row: Any) -> Key:  # noqa: ANN401 - a row
    return row.queued_at, row.id


def _named(connection: Connection, mails: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Whom each mail's assessment names."""
    rows = connection.execute(select(assessment.mail, assessment.document).where(assessment.mail.in_(mails)))
    return {(id, normalise(one["to"])): one for id, document in rows for one in json.loads(document).get("notify") or ()}


def _notice(row: Any, named: dict[tuple[str, str], dict[str, Any]]) -> Notice:  # noqa: ANN401 - a row
    to = text_out(row.address)
    one = named.get((row.mail, normalise(to)), {})
    finished = instant_or_none(row.finished_at)
    return Notice(
        row.id, row.mail, to, one.get("role"), one.get("urgency"), row.state, instant(row.queued_at), instant(row.due), finished
    )
