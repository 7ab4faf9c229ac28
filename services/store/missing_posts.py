"""Mails seen in a functional mailbox where no post of theirs waits: they were decided for another address that ends there."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from services.store import post_rows, schema
from services.store.columns import instant, micros
from services.store.schema_mailboxes import post as table
from services.store.schema_mailboxes import sighting
from services.store.schema_routing import routing
from services.store.sightings import born
from services.store.unit_of_work import Operation, UnitOfWork
from workflows.audit import AuditRecord
from workflows.post import Post
from workflows.route import came_at

LIMIT = 100
own, seen, mail, assessment = table.c, sighting.c, schema.mail.c, schema.assessment.c


@dataclass(frozen=True, slots=True)
class Missing:
    """A mail without a post in the mailbox ``code``, where it lies; ``came_at`` as of ``Unassessed``."""

    mail: str
    code: str
    came_at: datetime
    decision: dict[str, Any]
    assessment: dict[str, Any]


def missing(connection: Connection, codes: Collection[str], since: datetime) -> list[Missing]:
    """Of what was found in these mailboxes since then and is assessed: a post that its decision gives it is born with that."""
    has_post = exists().where(own.mail == seen.mail, own.code == seen.mailbox)
    found = (seen.mail.is_not(None), seen.found_at > micros(since), seen.mailbox.in_(sorted(codes)), ~has_post)
    rows = connection.execute(
        select(mail.id, seen.mailbox, mail.received_at, routing.c.arrived_at, mail.decision, assessment.document)
        .select_from(sighting)
        .join(schema.mail, mail.id == seen.mail)
        .join(schema.assessment, assessment.mail == seen.mail)
        .outerjoin(routing, routing.c.mail == seen.mail)
        .where(*found)
        .order_by(seen.found_at)
        .limit(LIMIT)
    )
    return [_missing(*row) for row in rows]


def _missing(id: str, code: str, received_at: int, lay_there: int | None, decision: str, assessed: str) -> Missing:  # noqa: PLR0917 - a row
    came = came_at(instant(received_at if lay_there is None else lay_there), instant(received_at))
    return Missing(id, code, came, json.loads(decision), json.loads(assessed))


@dataclass(frozen=True, slots=True)
class OpenMissing(Operation[int]):
    """Open posts as the flags of their messages tell; gives how many were missing still."""

    posts: Sequence[Post]
    now: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> int:
        """Each with its audit entry; what another process was faster with stays as that one made it."""
        return sum(self._open(work, one) for one in born(work, self.posts, self.now))

    def _open(self, work: UnitOfWork, one: Post) -> bool:
        new = postgresql.insert if work.connection.dialect.name == "postgresql" else sqlite.insert
        row = new(table).values(post_rows.row_of(one)).on_conflict_do_nothing().returning(own.id)
        work.wrote = True
        if work.connection.execute(row).one_or_none() is None:
            return False
        work.born((), (AuditRecord(instant(self.now), "guard", "post.opened", one.id, {"how": "seen"}),))
        return True
