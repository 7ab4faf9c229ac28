"""Who may have written: by what people are found, and what leaders are asked."""

import sqlalchemy as sa
from alembic import op

from services.identity_words import load
from workflows.found_by import keys_of_citizen
from workflows.people import Citizen

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
BATCH = 2000
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Three new tables, and of a register that is there the keys: it holds no number yet, so none needs a secret."""
    keys = op.create_table(
        "citizen_key",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key", "citizen", name=op.f("pk_citizen_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_citizen_key_citizen"), "citizen_key", ["citizen"])
    op.create_table(
        "mail_words",
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("hash", "mail", name=op.f("pk_mail_words")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_mail_words_mail"), "mail_words", ["mail"])
    _links()
    _fill(keys)


def _links() -> None:
    op.create_table(
        "identity_link",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.Column("address", sa.BigInteger(), nullable=False),
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=True),
        sa.Column("about", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("again_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", TEXT, nullable=True),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_link")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_identity_link_citizen"), "identity_link", ["citizen"])
    op.create_index(op.f("ix_identity_link_mail"), "identity_link", ["mail"])
    op.create_index("ix_identity_link_unit", "identity_link", ["unit", "state"])


def _fill(keys: sa.Table) -> None:
    common = load().common
    table = sa.table("citizen", sa.column("document"))
    for rows in op.get_bind().execute(sa.select(table.c.document)).partitions(BATCH):
        read = [Citizen.model_validate_json(document) for (document,) in rows]
        given = [{"key": key, "citizen": one.id} for one in read for key in sorted(keys_of_citizen(b"", one, common))]
        if given:
            op.get_bind().execute(sa.insert(keys), given)
