"""What people are told, a row a person and event, and how they want to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Two new tables. Notices of before stay mails in the queue, and are told as they were to be."""
    op.create_table(
        "notice",
        sa.Column("id", TEXT, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("person", "subject", "batch", "urgency", "role")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("channel", TEXT, nullable=True),
        sa.Column("failed", TEXT, nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("delivery", TEXT, nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("told_at", "seen_at", "opened_at")),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_person", "notice", ["person", "at", "id"])
    op.create_index("ix_notice_batch", "notice", ["person", "batch", "told_at"])
    op.create_index("ix_notice_subject", "notice", ["subject"])
    op.create_index("ix_notice_at", "notice", ["at"])
    waits = sa.text("next_at IS NOT NULL")
    op.create_index("ix_notice_next_at", "notice", ["next_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_notice_delivery", "notice", ["delivery"])
    op.create_table(
        "notice_preference",
        sa.Column("person", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_notice_preference")),
    )
