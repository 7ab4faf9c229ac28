"""Bringing mails of a machine's own store, the island, into the database, whole and once.

A mail sets out when nobody on the island is sending it. From then on its waiting copies belong to a hop that no deliverer
serves, durably: whether it has arrived may be unknown after a crash, and only another homecoming may tell. It arrives in one
transaction, and is then removed from the island. What has arrived already is known by the mail's id. A mail that the database
does not take turns back, and is sent on from the island meanwhile.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, func, or_, select, update

from services.store import retention, schema, schema_people
from services.store.rows import Row
from services.store.spool import Spool
from services.store.unit_of_work import HEAD, Operation, UnitOfWork, head_of, read_meta
from workflows.audit import AuditRecord

AWAY = "home."  # before the hop of a copy that has set out
MOST_MAILS = 100  # in one transaction
MOST_BYTES = 8 << 20
mail, delivery, content, outbox, audit = (
    schema.mail.c,
    schema.delivery.c,
    schema.content.c,
    schema.outbox.c,
    schema.audit.c,
)
COLUMNS = {name: place for place, name in enumerate(delivery.keys())}
ABOUT = schema_people.mail_about.c.keys().index("mail")


class Unreadable(Exception):
    """The file of a mail's content is there, and can't be read now."""


@dataclass(slots=True)
class Cargo:
    """Everything about some mails, as rows in column order."""

    ids: list[str]
    rows: dict[str, list[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetOut(Operation[list[str]]):
    """On the island: choose mails that nobody is sending, and let no deliverer have them any more; gives their ids.

    Not those in ``leave_out``. A lease counts for as long as it is there: whoever holds it may be sending, however slow its clock.
    """

    leave_out: Collection[str]
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> list[str]:
        """The oldest first, few enough for one transaction; at least one, however large."""
        in_hand = exists().where(delivery.mail == mail.id, delivery.tier.is_not(None), delivery.lease.is_not(None))
        oldest = select(mail.id, mail.size).where(~in_hand).order_by(mail.id).limit(MOST_MAILS + len(self.leave_out))
        ids: list[str] = []
        size = 0
        for id, more in work.connection.execute(oldest).all():
            if id in self.leave_out:
                continue
            size += more
            if len(ids) == MOST_MAILS or (ids and size > MOST_BYTES):
                break
            ids.append(id)
        idle = (delivery.mail.in_(ids), delivery.tier.is_not(None), ~delivery.hop.startswith(AWAY))
        work.connection.execute(update(schema.delivery).where(*idle).values(hop=AWAY + delivery.hop))
        work.wrote = bool(ids)
        return ids


def load(connection: Connection, ids: list[str], spool: Spool) -> Cargo:
    """Read what has set out; a content in a file comes as bytes. Raises ``Unreadable``.

    One that is gone is missing, and the books will say so.
    """
    own = select(delivery.content).where(delivery.mail.in_(ids))

    def rows(table: Table, *where: Any) -> list[Row]:  # noqa: ANN401 - SQLAlchemy's conditions
        return [tuple(row) for row in connection.execute(select(table).where(*where).order_by(*table.primary_key.columns))]

    contents = rows(schema.content, or_(content.id.in_(ids), content.id.in_(own)))
    cargo = {
        "content": [row for one in contents if (row := _whole(one, spool))],
        "mail": rows(schema.mail, mail.id.in_(ids)),
        "recipient": rows(schema.recipient, schema.recipient.c.mail.in_(ids)),
        "mail_about": rows(schema_people.mail_about, schema_people.mail_about.c.mail.in_(ids)),
        "replay": rows(schema_people.replay, schema_people.replay.c.mail.in_(ids)),
        "delivery": [_ashore(row) for row in rows(schema.delivery, delivery.mail.in_(ids))],
        "once": rows(schema.once, schema.once.c.delivery.in_(select(delivery.id).where(delivery.mail.in_(ids)))),
        "outbox": [row[1:] for row in rows(schema.outbox, outbox.subject.in_(ids))],  # it gets a new number
        "audit": rows(schema.audit, audit.subject.in_(ids)),
    }
    return Cargo(ids, cargo)


@dataclass(frozen=True, slots=True)
class Arrive(Operation[int]):
    """In the database: take in ``cargo``; gives how many mails were new. What it knows is as it was when it arrived."""

    cargo: Cargo
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """Events and audit entries keep their own times; a copy that still waits is due as it was."""
        rows = self.cargo.rows
        known = work.connection.execute(select(mail.id).where(mail.id.in_(self.cargo.ids))).scalars()
        fresh = set(self.cargo.ids).difference(known)
        copies = [row for row in rows["delivery"] if row[COLUMNS["mail"]] in fresh]
        ours = {row[0] for row in copies}
        contents = fresh | {row[COLUMNS["content"]] for row in copies}
        places = {"mail": 0, "recipient": 0, "mail_about": ABOUT, "replay": 0, "delivery": COLUMNS["mail"], "outbox": 2}
        belong = {name: (place, fresh) for name, place in places.items()} | {"content": (0, contents), "once": (1, ours)}
        for name, (place, ids) in belong.items():
            for row in rows[name]:
                if row[place] in ids:
                    work.add(name, row)
        for _, at, actor, action, subject, data, _ in rows["audit"]:
            if subject in fresh:
                work.audit(AuditRecord(datetime.fromisoformat(at), actor, action, subject, json.loads(data)))
        return len(fresh)


@dataclass(frozen=True, slots=True)
class TurnBack(Operation[int]):
    """On the island: what the database has surely not taken in is sent on from here as before; gives how many copies."""

    ids: list[str]
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """Their hops are their own again."""
        away = (delivery.mail.in_(self.ids), delivery.hop.startswith(AWAY))
        hop = func.substr(delivery.hop, len(AWAY) + 1)
        work.wrote = True
        return work.connection.execute(update(schema.delivery).where(*away).values(hop=hop)).rowcount


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
    except OSError as error:
        raise Unreadable(error.strerror) from error


def _ashore(row: Row) -> Row:
    """A copy's row as it is queued in the database. Nobody has leased it: else its mail had not set out."""
    changed = list(row)
    changed[COLUMNS["hop"]] = row[COLUMNS["hop"]].removeprefix(AWAY)
    return tuple(changed)
