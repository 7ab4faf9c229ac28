"""An index by which somebody's own notices are found, the newest first."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of notices alone: no other delivery is written to it."""
    of_notices = sa.text("kind = 'notice'")
    columns = ["address", "queued_at", "id"]
    op.create_index("ix_delivery_notice", "delivery", columns, sqlite_where=of_notices, postgresql_where=of_notices)
