"""What the page of a functional mailbox tells of the mails that wait there."""

import json
from collections.abc import Collection

from sqlalchemy import Connection, select

from services.store import schema
from services.store.columns import text_in
from services.store.looked_up import PostMail
from services.store.unit_of_work import batched

mail, assessment = schema.mail.c, schema.assessment.c


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
