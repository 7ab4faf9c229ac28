"""The journal of route mode."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """A new table."""
    op.create_table(
        "routing",
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("mailbox", TEXT, nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("mended", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("message_id", TEXT, nullable=True),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("target_uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("target_next", sa.BigInteger(), nullable=True),
        sa.Column("target_uid", sa.BigInteger(), nullable=True),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("why", TEXT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mail", name=op.f("pk_routing")),
    )
    op.create_index("ix_routing_mailbox", "routing", ["mailbox", "uidvalidity", "uid"], unique=True)
    op.create_index("ix_routing_target", "routing", ["target", "mended"])
    waits = sa.text("next_at IS NOT NULL")
    op.create_index("ix_routing_next_at", "routing", ["next_at"], sqlite_where=waits, postgresql_where=waits)
