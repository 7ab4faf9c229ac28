"""Assessments in a table of their own, and events kept as they are published."""

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """A mail's row is written once; a waiting event is what goes out."""
    _assessments()
    _outbox()
    _indexes()


def _assessments() -> None:
    op.create_table(
        "assessment",
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("mail", name=op.f("pk_assessment")),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO assessment (mail, document) SELECT id, assessment FROM mail WHERE assessment IS NOT NULL")
    op.execute("ALTER TABLE mail DROP COLUMN assessment")


def _outbox() -> None:
    """Numbers stay: one that was used is not used again."""
    op.execute("ALTER TABLE outbox RENAME COLUMN what TO topic")
    op.execute("ALTER TABLE outbox RENAME COLUMN data TO body")
    names = ("seq", "id", "topic", "subject", "at", "body")
    outbox = sa.table("outbox", *(sa.column(name) for name in names))
    connection = op.get_bind()
    for row in connection.execute(sa.select(outbox)).all():
        changed = {"topic": f"rammevagt.{row.topic}", "body": json.dumps(_cloudevent(row), separators=(",", ":"))}
        connection.execute(sa.update(outbox).where(outbox.c.seq == row.seq).values(changed))


def _indexes() -> None:
    """Only what was tried before is counted by its address; every mail would pay for the others."""
    op.drop_index("ix_delivery_leased", "delivery")
    tried = sa.text("lease IS NOT NULL AND attempts > 0")
    columns = ["hop"] if op.get_bind().dialect.name == "postgresql" else ["hop", "address"]
    op.create_index("ix_delivery_tried", "delivery", columns, sqlite_where=tried, postgresql_where=tried)


def _cloudevent(row: sa.Row[tuple[object, ...]]) -> dict[str, object]:
    """As version 1 of the events was: a migration does not change when the program does."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row.at)
    return {
        "specversion": "1.0",
        "id": row.id,
        "source": "/rammevagt",
        "type": f"dk.rammevagt.{row.topic}.v1",
        "subject": row.subject,
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": json.loads(row.body),
    }
