"""A mail may be several messages of a mailbox: each copy of it is a sighting."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The index is no longer unique."""
    seen = sa.text("mail IS NOT NULL")
    op.drop_index("ix_sighting_mail", "sighting")
    op.create_index("ix_sighting_mail", "sighting", ["mail", "mailbox"], sqlite_where=seen, postgresql_where=seen)
