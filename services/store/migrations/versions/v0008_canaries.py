"""Canaries: what was sent to a watched mailbox to see that mail gets there."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new columns. Nothing was sent before."""
    op.add_column("mailbox", sa.Column("canary_sent_at", sa.BigInteger(), nullable=True))
    op.add_column("mailbox", sa.Column("canary_found_at", sa.BigInteger(), nullable=True))
