"""What waits for one person is found among all that they were ever told."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new index."""
    waits = sa.text("next_at IS NOT NULL")
    op.create_index("ix_notice_waiting", "notice", ["person", "at", "id"], sqlite_where=waits, postgresql_where=waits)
