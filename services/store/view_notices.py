"""Looking up notices: who was told of which mail."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from services.store import schema
from services.store.columns import instant, instant_or_none, text_out
from services.store.looked_up import Notice
from workflows.addresses import normalise

delivery, assessment = schema.delivery.c, schema.assessment.c


def notices(connection: Connection, mails: Sequence[str]) -> list[Notice]:
    """The notices about these mails, in their order, each mail's as they were queued."""
    named = _named(connection, mails)
    columns = (delivery.id, delivery.mail, delivery.address, delivery.state, delivery.queued_at, delivery.due, delivery.finished_at)
    wanted = select(*columns).where(delivery.mail.in_(mails), delivery.kind == "notice").order_by(delivery.queued_at, delivery.id)
    found = [_notice(row, named) for row in connection.execute(wanted)]
    places = {id: place for place, id in enumerate(mails)}
    return sorted(found, key=lambda one: places[one.mail])


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
