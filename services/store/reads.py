"""What is read of mails, events and the queue, each in one snapshot."""

import json
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, exists, select

from services.store import schema
from services.store.columns import instant, instant_or_none, text_in, text_out
from services.store.deliveries import addresses_out, delivery_of
from services.store.interface import Pending, QueueItem, Redirection, StoredMail, Unassessed
from services.store.rows import NEW_COLUMNS
from services.store.schema_routing import routing
from services.store.spool import Spool
from workflows.route import came_at

mail, assessment, delivery, outbox, content = (
    schema.mail.c,
    schema.assessment.c,
    schema.delivery.c,
    schema.outbox.c,
    schema.content.c,
)
_QUEUE_COLUMNS = tuple(
    schema.delivery.columns[name]
    for name in (
        "id", "mail", "kind", "address", "hop", "queued_at", "attempts", "due", "error", "stuck", "lease", "ready_at",
        "unit", "framework",
    )
)  # fmt: skip


def stored_mail(connection: Connection, id: str, spool: Spool, zone: tzinfo) -> StoredMail | None:
    """A handled mail with its whole way; times in ``zone``."""
    found = connection.execute(
        select(mail.id, mail.received_at, mail.size, mail.decision, assessment.document, content.bytes, content.file)
        .outerjoin(schema.assessment, assessment.mail == mail.id)
        .outerjoin(schema.content, content.id == mail.id)
        .where(mail.id == id)
    ).one_or_none()
    if found is None:
        return None
    decision = json.loads(found.decision)
    if found.document is not None:
        decision |= json.loads(found.document) | {"assessed": True}
    return StoredMail(
        id=found.id,
        received_at=instant(found.received_at),
        decision=decision,
        size=found.size,
        content=spool.content(found.bytes, found.file),
        way=way(connection, id, zone),
    )


def mails_to_assess(connection: Connection, ids: Sequence[str], spool: Spool) -> list[Unassessed]:
    """Those of the mails that have no assessment yet."""
    rows = connection.execute(
        select(mail.id, mail.received_at, routing.c.arrived_at, content.bytes, content.file, mail.decision)
        .outerjoin(schema.content, content.id == mail.id)
        .outerjoin(routing, routing.c.mail == mail.id)
        .where(mail.id.in_(ids), ~exists().where(assessment.mail == mail.id))
    )
    return [
        Unassessed(id, _came_at(lay_there, received_at), spool.content(bytes, file), _ends(decision))
        for id, received_at, lay_there, bytes, file, decision in rows
    ]


def _came_at(lay_there: int | None, received_at: int) -> datetime:
    return came_at(instant(received_at if lay_there is None else lay_there), instant(received_at))


def _ends(decision: str) -> tuple[str, ...]:
    return tuple(to for one in json.loads(decision)["recipients"] for to in one["deliver_to"])


def unassessed(connection: Connection, after: int, before: int, limit: int) -> list[tuple[str, datetime]]:
    """The mails received between these instants that have no assessment, oldest first."""
    received = (mail.received_at > after, mail.received_at < before)
    waiting = select(mail.id, mail.received_at).where(*received, ~exists().where(assessment.mail == mail.id))
    return [(id, instant(at)) for id, at in connection.execute(waiting.order_by(mail.received_at).limit(limit))]


def decisions(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What was decided about the mails."""
    rows = connection.execute(select(mail.id, mail.decision).where(mail.id.in_(ids)))
    return {id: json.loads(decision) for id, decision in rows}


def way(connection: Connection, id: str, zone: tzinfo) -> tuple[dict[str, Any], ...]:
    """Every delivery about a mail, in the order in which they were queued, ready for JSON."""
    rows = connection.execute(select(schema.delivery).where(delivery.mail == id).order_by(delivery.queued_at, delivery.id))

    def time(value: int | None) -> str | None:
        return None if value is None else instant(value).astimezone(zone).isoformat()

    return tuple(
        {
            "delivery": row.id,
            "kind": row.kind,
            "address": text_out(row.address),
            "recipients": list(addresses_out(row.originals)),
            "state": row.state,
            "redirected": bool(row.redirected),
            "framework": row.framework,
            "attempts": row.attempts,
            "queued_at": time(row.queued_at),
            "due": time(row.due) if row.tier is not None else None,
            "finished_at": time(row.finished_at),
            "error": None if row.error is None else text_out(row.error),
        }
        for row in rows
    )


def ids_by_message_id(connection: Connection, message_id: str) -> list[str]:
    """The mails that carry this Message-ID, oldest first."""
    return list(connection.execute(select(mail.id).where(mail.message_id == text_in(message_id)).order_by(mail.id)).scalars())


def redirection(connection: Connection, id: str) -> Redirection | None:
    """What a bounce that names ``id`` is about."""
    row = connection.execute(
        select(*NEW_COLUMNS, content.id.is_not(None))
        .outerjoin(schema.content, content.id == delivery.content)
        .where(delivery.id == id, delivery.kind.in_(("mail", "receipt")))
    ).one_or_none()
    return None if row is None else Redirection(delivery_of(row), bool(row[-1]))


def last_receipt(connection: Connection, sender_hash: str) -> datetime | None:
    """When the sender of this keyed hash last got a receipt."""
    sent = select(schema.receipt.c.sent_at).where(schema.receipt.c.sender_hash == sender_hash)
    return instant_or_none(connection.execute(sent).scalar())


def pending(connection: Connection, limit: int) -> list[Pending]:
    """The oldest events not yet published."""
    rows = connection.execute(select(schema.outbox).order_by(outbox.seq).limit(limit))
    return [Pending(seq, id, topic, subject, instant(at), body.encode("ascii")) for seq, id, topic, subject, at, body in rows]


def newest(connection: Connection) -> datetime | None:
    """When the last entry of the audit chain was written, by the clock of then.

    Not the newest mail's instant: one that was received while the clock was years ahead stays the newest until it is removed.
    """
    at = connection.execute(select(schema.audit.c.at).order_by(schema.audit.c.seq.desc()).limit(1)).scalar()
    return None if at is None else datetime.fromisoformat(at)


def waiting(connection: Connection, now: int) -> list[QueueItem]:
    """What waits, the longest waiting first."""
    rows = connection.execute(select(*_QUEUE_COLUMNS).where(delivery.tier.is_not(None)).order_by(delivery.queued_at, delivery.id))
    return [
        QueueItem(
            id=row.id,
            mail=row.mail,
            kind=row.kind,
            address=text_out(row.address),
            hop=row.hop,
            queued_at=instant(row.queued_at),
            attempts=row.attempts,
            due=instant(row.due),
            error=None if row.error is None else text_out(row.error),
            stuck=bool(row.stuck),
            under_way=row.lease is not None and row.ready_at > now,
            unit=row.unit,
            framework=row.framework,
        )
        for row in rows
    ]
