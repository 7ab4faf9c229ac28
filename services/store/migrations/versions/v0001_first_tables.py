"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GENESIS = "0" * 64
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # in the order of its bytes, whatever the server's language


def upgrade() -> None:
    """Make the tables, and the values that each store begins with."""
    _mail()
    _delivery()
    _books()
    _register()
    meta = sa.table("meta", sa.column("name", sa.Text), sa.column("value", sa.Text))
    first = {"register_version": "0", "index_version": "0", "audit_head": f"0 {GENESIS}"}
    op.bulk_insert(meta, [{"name": name, "value": value} for name, value in first.items()])


def _mail() -> None:
    op.create_table(
        "content",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=True),
        sa.Column("file", TEXT, nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content")),
    )
    op.create_index(op.f("ix_content_stored_at"), "content", ["stored_at"], unique=False)
    op.create_table(
        "mail",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("framework_in_force", sa.SmallInteger(), nullable=False),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("envelope_from", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=True),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("assessment", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    op.create_index("ix_mail_day", "mail", ["day", "recipients"], unique=False)
    op.create_index(op.f("ix_mail_message_id"), "mail", ["message_id"], unique=False, postgresql_using="hash")
    op.create_index(op.f("ix_mail_received_at"), "mail", ["received_at"], unique=False)
    op.create_table(
        "recipient",
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("delivery", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("mail", "n", name=op.f("pk_recipient")),
        sqlite_with_rowid=False,
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("hop", TEXT, nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=True),
        sa.Column("ready_at", sa.BigInteger(), nullable=True),
        sa.Column("lease", TEXT, nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("stuck", sa.SmallInteger(), nullable=False),
        sa.Column("redirected", sa.SmallInteger(), nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("envelope_from", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("fallbacks", TEXT, nullable=False),
        sa.Column("serves", TEXT, nullable=False),
        sa.Column("originals", TEXT, nullable=False),
        sa.Column("original_sender", TEXT, nullable=False),
        sa.Column("smtputf8", sa.SmallInteger(), nullable=False),
        sa.Column("eight_bit", sa.SmallInteger(), nullable=False),
        sa.Column("unit", TEXT, nullable=True),
        sa.Column("framework", TEXT, nullable=True),
        sa.Column("refuse", TEXT, nullable=True),
        sa.Column("prepend", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_content"), "delivery", ["content"], unique=False)
    op.create_index(
        "ix_delivery_leased",
        "delivery",
        ["hop", *_short("address")],
        unique=False,
        sqlite_where=sa.text("lease IS NOT NULL"),
        postgresql_where=sa.text("lease IS NOT NULL"),
    )
    op.create_index(op.f("ix_delivery_mail"), "delivery", ["mail"], unique=False)
    op.create_index(
        "ix_delivery_ready",
        "delivery",
        ["hop", "tier", "ready_at", *_short("address")],
        unique=False,
        sqlite_where=sa.text("tier IS NOT NULL"),
        postgresql_where=sa.text("tier IS NOT NULL"),
    )


def _short(column: str) -> list[str]:
    """In SQLite alone: a B-tree of PostgreSQL takes 2704 bytes, and a sender may write longer addresses."""
    return [] if op.get_bind().dialect.name == "postgresql" else [column]


def _books() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "day_total",
        sa.Column("day", TEXT, nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.Column("redirected", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_day_total")),
    )
    op.create_table(
        "meta",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "once",
        sa.Column("dedupe", TEXT, nullable=False),
        sa.Column("delivery", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("dedupe", name=op.f("pk_once")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "receipt",
        sa.Column("sender_hash", TEXT, nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sender_hash", name=op.f("pk_receipt")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_receipt_sent_at"), "receipt", ["sent_at"], unique=False)


def _register() -> None:
    op.create_table(
        "address_change",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("version", "hash", name=op.f("pk_address_change")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "authority",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority")),
    )
    op.create_table(
        "citizen",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen")),
    )
    op.create_table(
        "citizen_address",
        sa.Column("hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("hash", "citizen", name=op.f("pk_citizen_address")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "citizen_case",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen_case")),
    )
    op.create_index(op.f("ix_citizen_case_citizen"), "citizen_case", ["citizen"], unique=False)
    op.create_table(
        "employee",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee")),
    )
    op.create_table(
        "framework",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("current", sa.SmallInteger(), nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("starts", TEXT, nullable=True),
        sa.Column("ends", TEXT, nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_framework")),
    )
    op.create_index("ix_framework_citizen", "framework", ["citizen", "current"], unique=False)
    op.create_table(
        "open_address",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_address")),
    )
    op.create_table(
        "unit",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
    )
