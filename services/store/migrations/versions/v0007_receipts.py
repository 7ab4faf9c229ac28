"""Receipts that did not reach the citizen, and how the citizen was told instead."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Two new tables. What was sent before had no return address, so nothing is known of it."""
    op.create_table(
        "undelivered_receipt",
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("delivery", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("why", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("mail", name=op.f("pk_undelivered_receipt")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_undelivered_receipt_unit"), "undelivered_receipt", ["unit"])
    op.create_table(
        "citizen_told",
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("how", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("mail", name=op.f("pk_citizen_told")),
        sqlite_with_rowid=False,
    )
