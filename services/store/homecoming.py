"""Bringing mails of a machine's own store, the island, into the database, whole and once.

A mail sets out when nobody on the island is sending it. From then on its waiting copies belong to a hop that no deliverer
serves, durably: whether it has arrived may be unknown after a crash, and only another homecoming may tell. It arrives in one
transaction, and is then removed from the island. What has arrived already is known by the mail's id.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, or_, select, update

from services.store import retention, schema
from services.store.rows import DELIVERY_CHANGES, Row
from services.store.spool import Spool
from services.store.unit_of_work import HEAD, DeliveryState, Operation, UnitOfWork, head_of, read_meta
from workflows.audit import AuditRecord

AWAY = "home."  # before the hop of a copy that has set out
MOST_MAILS = 100  # in one transaction
MOST_BYTES = 8 << 20
BORN_WITH = ("mail.received", "mail.decided", "mail.accepted")  # what a mail that is known brought with it the first time
mail, delivery, content, outbox, audit = (
    schema.mail.c,
    schema.delivery.c,
    schema.content.c,
    schema.outbox.c,
    schema.audit.c,
)
COLUMNS = {name: place for place, name in enumerate(delivery.keys())}


@dataclass(slots=True)
class Cargo:
    """Everything about some mails, as rows in column order."""

    ids: list[str]
    rows: dict[str, list[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetOut(Operation[list[str]]):
    """On the island: choose mails that nobody is sending at ``now``, and let no deliverer have them any more; gives their ids."""

    now: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> list[str]:
        """The oldest first, few enough for one transaction; at least one, however large."""
        in_hand = exists().where(
            delivery.mail == mail.id, delivery.tier.is_not(None), delivery.lease.is_not(None), delivery.ready_at > self.now
        )
        found = work.connection.execute(select(mail.id, mail.size).where(~in_hand).order_by(mail.id).limit(MOST_MAILS))
        ids: list[str] = []
        size = 0
        for id, more in found.all():
            size += more
            if ids and size > MOST_BYTES:
                break
            ids.append(id)
        idle = (delivery.mail.in_(ids), delivery.tier.is_not(None), ~delivery.hop.startswith(AWAY))
        work.connection.execute(
            update(schema.delivery).where(*idle).values(hop=AWAY + delivery.hop, lease=None, ready_at=delivery.due)
        )
        work.wrote = bool(ids)
        return ids


def load(connection: Connection, ids: list[str], spool: Spool) -> Cargo:
    """Read what has set out; a content in a file comes as bytes. One that is gone is missing, and the books will say so."""
    own = select(delivery.content).where(delivery.mail.in_(ids))

    def rows(table: Table, *where: Any) -> list[Row]:  # noqa: ANN401 - SQLAlchemy's conditions
        return [tuple(row) for row in connection.execute(select(table).where(*where).order_by(*table.primary_key.columns))]

    contents = rows(schema.content, or_(content.id.in_(ids), content.id.in_(own)))
    cargo = {
        "content": [row for one in contents if (row := _whole(one, spool))],
        "mail": rows(schema.mail, mail.id.in_(ids)),
        "recipient": rows(schema.recipient, schema.recipient.c.mail.in_(ids)),
        "delivery": [_ashore(row) for row in rows(schema.delivery, delivery.mail.in_(ids))],
        "once": rows(schema.once, schema.once.c.delivery.in_(select(delivery.id).where(delivery.mail.in_(ids)))),
        "outbox": [row[1:] for row in rows(schema.outbox, outbox.subject.in_(ids))],  # it gets a new number
        "audit": rows(schema.audit, audit.subject.in_(ids)),
    }
    return Cargo(ids, cargo)


@dataclass(frozen=True, slots=True)
class Arrive(Operation[int]):
    """In the database: take in ``cargo``; gives how many mails were new.

    ``unsure`` are leases that nobody has: of this process's transactions whose answer was lost.
    """

    cargo: Cargo
    unsure: Collection[str]
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """Events and audit entries keep their own times; a copy that still waits is due as it was."""
        known = set(work.connection.execute(select(mail.id).where(mail.id.in_(self.cargo.ids))).scalars())
        changed = {row[COLUMNS["mail"]] for row in self.cargo.rows["delivery"] if row[COLUMNS["mail"]] in known}
        changed &= _settle(work, self.cargo, changed, self.unsure) if changed else set()
        fresh = set(self.cargo.ids) - known
        for name, by in (("mail", 0), ("recipient", 0), ("delivery", COLUMNS["mail"])):
            self._add(work, name, [row for row in self.cargo.rows[name] if row[by] in fresh])
        ours = {row[0] for row in self.cargo.rows["delivery"] if row[COLUMNS["mail"]] in fresh}
        contents = fresh | {row[COLUMNS["content"]] for row in self.cargo.rows["delivery"] if row[0] in ours}
        self._add(work, "content", [row for row in self.cargo.rows["content"] if row[0] in contents])
        self._add(work, "once", [row for row in self.cargo.rows["once"] if row[1] in ours])
        self._tell(work, fresh, changed)
        return len(fresh)

    def _add(self, work: UnitOfWork, name: str, rows: Sequence[Row]) -> None:
        for row in rows:
            work.add(name, row)

    def _tell(self, work: UnitOfWork, fresh: set[str], changed: set[str]) -> None:
        """Of a mail that was known only what has come of it since."""
        for row in self.cargo.rows["outbox"]:
            if row[2] in fresh or (row[2] in changed and not row[1].endswith(BORN_WITH)):
                work.add("outbox", row)
        for _, at, actor, action, subject, data, _ in self.cargo.rows["audit"]:
            if subject in fresh or (subject in changed and action not in BORN_WITH):
                work.audit(AuditRecord(datetime.fromisoformat(at), actor, action, subject, json.loads(data)))


@dataclass(frozen=True, slots=True)
class Remove(Operation[int]):
    """On the island: what has arrived is gone from here, its bytes overwritten; gives how many mails."""

    ids: list[str]
    spool: Spool
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """The audit chain's last entry stays: by it a start knows that nothing promised is missing."""
        connection, ids = work.connection, self.ids
        retention.overwrite(work)
        work.wrote = True
        own = select(delivery.id).where(delivery.mail.in_(ids))
        connection.execute(delete(schema.once).where(schema.once.c.delivery.in_(own)))
        files = retention.remove_mails(connection, ids)
        connection.execute(delete(schema.outbox).where(outbox.subject.in_(ids)))
        last, _ = head_of(read_meta(connection, [HEAD])[HEAD])
        connection.execute(delete(schema.audit).where(audit.subject.in_(ids), audit.seq < last))
        work.after_commit.append(partial(self.spool.remove, files))
        return len(ids)


def count(connection: Connection) -> int:
    """How many mails there are."""
    return connection.execute(select(func.count()).select_from(schema.mail)).scalar_one()


def _whole(row: Row, spool: Spool) -> Row | None:
    id, held, file, *rest = row
    try:
        return (id, spool.path(file).read_bytes() if file else held, None, *rest)
    except FileNotFoundError:
        return None


def _ashore(row: Row) -> Row:
    """A copy's row as it is queued in the database: nobody's."""
    changed = list(row)
    changed[COLUMNS["hop"]] = row[COLUMNS["hop"]].removeprefix(AWAY)
    changed[COLUMNS["lease"]] = None
    if row[COLUMNS["tier"]] is not None:
        changed[COLUMNS["ready_at"]] = row[COLUMNS["due"]]
    return tuple(changed)


def _settle(work: UnitOfWork, cargo: Cargo, known: set[str], unsure: Collection[str]) -> set[str]:
    """Of mails that are there already, what has come of a copy on the island holds where nobody has touched it in the database.

    Either a commit was done whose answer was lost, or an arrival was not followed by its removal. Gives what was changed.
    """
    found = {row[0]: row for row in cargo.rows["delivery"] if row[COLUMNS["mail"]] in known}
    there = [DeliveryState(*row) for row in work.statements.deliveries.run(work.connection, list(found))]
    changed = set()
    for state in there:
        row = found.pop(state.id)
        untouched = state.tier is not None and not state.attempts and (state.lease is None or state.lease in unsure)
        if untouched and row[COLUMNS["attempts"]]:
            for name in DELIVERY_CHANGES:
                setattr(state, name, row[COLUMNS[name]])
            work.changed(state)
            ends = [(n, end) for mail, n, *_, end, by in cargo.rows["recipient"] if mail == state.mail and by == state.id]
            work.recipients_reached(state, ends)
            changed.add(state.mail)
    own = {row[0]: row for row in found.values() if row[COLUMNS["mail"]] in changed}  # reports that were born on the island
    for row in own.values():
        work.add("delivery", row)
    contents = {row[COLUMNS["content"]] for row in own.values()}
    for row in cargo.rows["content"]:
        if row[0] in contents:
            work.add("content", row)
    for row in cargo.rows["once"]:
        if row[1] in own:
            work.add("once", row)
    return changed
