"""What the page of a functional mailbox tells of the mails that wait there."""

import json
from collections.abc import Collection

from sqlalchemy import Connection, select, text

from services.store import schema
from services.store.columns import text_in
from services.store.looked_up import PostMail
from services.store.unit_of_work import batched

mail, assessment, audit = schema.mail.c, schema.assessment.c, schema.audit.c


def mails(connection: Connection, ids: Collection[str]) -> dict[str, PostMail]:
    """These mails by id; those that there are. Their bytes are not read."""
    kept = select(schema.content.c.id).where(schema.content.c.id == mail.id).exists()
    columns = (mail.id, mail.received_at, mail.size, mail.decision, assessment.document, kept.label("kept"))
    read = select(*columns).outerjoin(schema.assessment, assessment.mail == mail.id)
    found: dict[str, PostMail] = {}
    for some in batched(map(text_in, ids)):
        for row in connection.execute(read.where(mail.id.in_(some))):
            assessed = json.loads(row.document) if row.document else {"signals": ()}
            told = tuple((one["kind"], one["level"]) for one in assessed["signals"])
            noted = tuple(assessed.get("noted", ()))  # assessments of before version 0.2 have none
            found[row.id] = PostMail(json.loads(row.decision), told, row.size, bool(row.kept), noted)
    return found


def given_by(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Which account handed each of these posts over to whoever has it now, by post; of those that nobody has taken since."""
    found: dict[str, str] = {}
    moved = audit.action.in_(["post.handed_over", "post.taken"])
    for some in batched(map(text_in, ids)):
        entries = select(audit.subject, audit.actor, audit.action).where(audit.subject.in_(some), text("actor <> 'guard'"), moved)
        for subject, actor, action in connection.execute(entries.order_by(audit.seq)):
            found[subject] = actor if action == "post.handed_over" else ""
    return {subject: actor for subject, actor in found.items() if actor}
