"""Looking up what waits, and who did what."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from services.store import schema
from services.store.columns import instant, text_in
from services.store.looked_up import Page, QueueSummary, Seen
from services.store.places import page, place

delivery, audit = schema.delivery.c, schema.audit.c


def queue(connection: Connection) -> list[QueueSummary]:
    """What waits, a row a hop."""
    counted = (func.count(), func.sum(delivery.tier), func.sum(delivery.stuck), func.min(delivery.queued_at))
    rows = connection.execute(
        select(delivery.hop, *counted).where(delivery.tier.is_not(None)).group_by(delivery.hop).order_by(delivery.hop)
    )
    return [QueueSummary(hop, count, int(tried), int(stuck), instant(oldest)) for hop, count, tried, stuck, oldest in rows]


def seen(connection: Connection, subjects: Sequence[str], limit: int, after: str | None) -> Page[Seen]:
    """What people did about these subjects, the newest first."""
    entries = select(schema.audit).where(audit.subject.in_(list(map(text_in, subjects))), text("actor <> 'guard'"))
    if begins := place(after, int):
        entries = entries.where(audit.seq < begins[0])
    rows = connection.execute(entries.order_by(audit.seq.desc()).limit(limit + 1)).all()
    return page(rows, limit, lambda row: (row.seq,), lambda kept: [_seen(row) for row in kept])


def _seen(row: Row[Any]) -> Seen:
    return Seen(row.seq, datetime.fromisoformat(row.at), row.actor, row.action, row.subject, json.loads(row.data))
