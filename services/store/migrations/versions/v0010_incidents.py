"""Incidents that employees report, and the mails that were secured as evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Two new tables. What was reported before is part of its framework, and stays there."""
    op.create_table(
        "incident",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("unit", TEXT, nullable=True),
        sa.Column("concerns", TEXT, nullable=False),
        sa.Column("citizen", TEXT, nullable=True),
        sa.Column("mail", TEXT, nullable=True),
        sa.Column("reported_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    for columns in (["citizen"], ["mail"], ["changed_at"], ["reported_at"]):
        op.create_index(op.f(f"ix_incident_{columns[0]}"), "incident", columns)
    op.create_index("ix_incident_unit", "incident", ["unit", "reported_at"])
    op.create_index("ix_incident_concerns", "incident", ["concerns", "reported_at"])
    waits = sa.text("next_at IS NOT NULL")
    op.create_index("ix_incident_next_at", "incident", ["next_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_table(
        "evidence",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("incident", TEXT, nullable=False),
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("facts", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index("ix_evidence_incident", "evidence", ["incident", "mail"], unique=True)
