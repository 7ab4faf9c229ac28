"""Signals by what found them, what people answered to them, and situations on cases."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
BATCH = 2000
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Four new tables. Signals that were found before can be answered too; what found them was not kept."""
    signals = _signals()
    op.create_table(
        "pattern_total",
        sa.Column("pattern", TEXT, nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("useful", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pattern", name=op.f("pk_pattern_total")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "situation",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("citizen", TEXT, nullable=False),
        sa.Column("case_id", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("day", TEXT, nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.Column("noted_by", TEXT, nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_situation")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_situation_citizen"), "situation", ["citizen"])
    _fill(signals)


def _signals() -> sa.Table:
    made = op.create_table(
        "signal",
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("pattern", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("mail", "kind", name=op.f("pk_signal")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_signal_pattern"), "signal", ["pattern"])
    op.create_table(
        "signal_answer",
        sa.Column("mail", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("pattern", TEXT, nullable=True),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mail", "kind", "person", name=op.f("pk_signal_answer")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_signal_answer_pattern", "signal_answer", ["pattern", "answer"])
    return made


def _fill(signals: sa.Table) -> None:
    kept = sa.table("assessment", sa.column("mail"), sa.column("document"))
    some = sa.select(kept.c.mail, kept.c.document).where(kept.c.document.like('%"signals":[{%'))
    for rows in op.get_bind().execute(some).partitions(BATCH):
        op.get_bind().execute(sa.insert(signals), [one for mail, document in rows for one in _rows(mail, document)])


def _rows(mail: str, document: str) -> Iterator[dict[str, Any]]:
    for kind, level in {one["kind"]: one["level"] for one in json.loads(document)["signals"]}.items():
        yield {"mail": mail, "kind": kind, "level": level, "pattern": None}
