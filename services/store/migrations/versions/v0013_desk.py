"""Calls for help, and wishes for relief in a case."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """One new table; nothing that is there changes."""
    op.create_table(
        "desk_matter",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("unit", TEXT, nullable=True),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("citizen", TEXT, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_matter")),
    )
    for column in ("citizen", "changed_at"):
        op.create_index(op.f(f"ix_desk_matter_{column}"), "desk_matter", [column])
    is_open, waits = sa.text("open = 1"), sa.text("next_at IS NOT NULL")
    op.create_index("ix_desk_matter_unit", "desk_matter", ["unit", "at"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_index("ix_desk_matter_person", "desk_matter", ["person", "at"])
    op.create_index("ix_desk_matter_next_at", "desk_matter", ["next_at"], sqlite_where=waits, postgresql_where=waits)
