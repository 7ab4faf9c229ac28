"""The tables of signals, what people answered to them, and of situations on cases.

Conventions as in ``services.store.schema``. A signal and its answers go with their mail; what they count for stays in
``pattern_total``, where nobody is named.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from services.store.schema import Text, metadata

signal = Table(  # one a kind and mail; without a pattern where it was found before patterns were kept
    "signal",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("level", Text, nullable=False),
    Column("pattern", Text, index=True),
    sqlite_with_rowid=False,
)

signal_answer = Table(  # what somebody said of a signal; their last word
    "signal_answer",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("person", Text, primary_key=True),  # an address; normalised
    Column("level", Text, nullable=False),
    Column("pattern", Text),
    Column("answer", Text, nullable=False),  # useful or wrong
    Column("at", BigInteger, nullable=False),
    Index("ix_signal_answer_pattern", "pattern", "answer"),
    sqlite_with_rowid=False,
)

pattern_total = Table(  # of mails that are gone
    "pattern_total",
    metadata,
    Column("pattern", Text, primary_key=True),
    Column("found", Integer, nullable=False),
    Column("useful", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    sqlite_with_rowid=False,
)

situation = Table(  # what happened in a case: workflows.situation
    "situation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("citizen", Text, nullable=False, index=True),
    Column("case_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("day", Text, nullable=False),  # ISO
    Column("noted_at", BigInteger, nullable=False),
    Column("noted_by", Text, nullable=False),  # an address; normalised
    Column("removed_at", BigInteger),
    Column("removed_by", Text),
    sqlite_with_rowid=False,
)
