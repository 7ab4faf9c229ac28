"""Functional mailboxes: how they are watched, what was seen in them, and what waits there for a person."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """New tables; no mail has a post yet."""
    _mailboxes()
    _sightings()
    _posts()


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _mailboxes() -> None:
    op.create_table(
        "mailbox",
        sa.Column("code", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("last_uid", sa.BigInteger(), nullable=True),
        sa.Column("modseq", sa.BigInteger(), nullable=True),
        sa.Column("baseline_at", sa.BigInteger(), nullable=True),
        sa.Column("looked_at", sa.BigInteger(), nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("token_until", sa.BigInteger(), nullable=True),
        sa.Column("holder", TEXT, nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.Column("login", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_mailbox")),
    )


def _sightings() -> None:
    op.create_table(
        "sighting",
        sa.Column("mailbox", TEXT, nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mail", TEXT, nullable=True),
        sa.Column("sha256", TEXT, nullable=True),
        sa.Column("internal_date", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.SmallInteger(), nullable=False),
        sa.Column("answered", sa.SmallInteger(), nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("mailbox", "uidvalidity", "uid", name=op.f("pk_sighting")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sighting_mail", "sighting", ["mail", "mailbox"], unique=True, **_where("mail IS NOT NULL"))
    op.create_index("ix_sighting_found_at", "sighting", ["found_at"], **_where("mail IS NOT NULL"))


def _posts() -> None:
    op.create_table(
        "post",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("mailbox", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=True),
        sa.Column("citizen", TEXT, nullable=True),
        sa.Column("level", TEXT, nullable=True),
        sa.Column("rights", TEXT, nullable=False),
        sa.Column("clocks", TEXT, nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("due_read", sa.BigInteger(), nullable=False),
        sa.Column("due_answer", sa.BigInteger(), nullable=True),
        sa.Column("spared", TEXT, nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("read_how", TEXT, nullable=True),
        sa.Column("taken_by", TEXT, nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_how", TEXT, nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("done_how", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("no_reply_owed", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("unread_stage", sa.Integer(), nullable=False),
        sa.Column("answer_stage", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("summary", TEXT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
    )
    op.create_index("ix_post_mail", "post", ["mail"])
    op.create_index("ix_post_citizen", "post", ["citizen"])
    op.create_index("ix_post_code", "post", ["code", "mail"])
    op.create_index("ix_post_next_at", "post", ["next_at"], **_where("next_at IS NOT NULL"))
    op.create_index("ix_post_open", "post", ["unit", "due_at"], **_where("done_at IS NULL"))
    op.create_index("ix_post_done", "post", ["unit", "done_at"], **_where("done_at IS NOT NULL"))
