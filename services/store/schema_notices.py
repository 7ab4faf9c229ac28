"""The tables of notices, and of how people want to be told. The mail path writes to neither.

Conventions as in ``services.store.schema``.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, Table, text

from services.store.schema import Text, metadata

_WAITS = text("next_at IS NOT NULL")

notice = Table(  # one row a person and event, for ever the same however often it is told
    "notice",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),  # normalised address
    Column("subject", Text, nullable=False),  # the mail, framework or incident that it is about
    Column("batch", Text, nullable=False),  # what is told together
    Column("urgency", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # waiting, told, untold, needless
    Column("next_at", BigInteger),  # when something is to be done: tell it, or see whether somebody has looked
    Column("revision", Integer, nullable=False),
    Column("channel", Text),  # by which it was told
    Column("failed", Text, nullable=False),  # channels that did not take it
    Column("tries", SmallInteger, nullable=False),  # of the present channel
    Column("delivery", Text),  # of the mail that told it
    Column("told_at", BigInteger),
    Column("seen_at", BigInteger),
    Column("opened_at", BigInteger),  # when they opened what it is about, logged in
    Column("document", Text, nullable=False),
    Index("ix_notice_person", "person", "at", "id"),
    Index("ix_notice_batch", "person", "batch", "told_at"),
    Index("ix_notice_subject", "subject"),
    Index("ix_notice_at", "at"),
    Index("ix_notice_next_at", "next_at", sqlite_where=_WAITS, postgresql_where=_WAITS),
    Index("ix_notice_waiting", "person", "at", "id", sqlite_where=_WAITS, postgresql_where=_WAITS),
    Index("ix_notice_delivery", "delivery"),
)

notice_preference = Table(
    "notice_preference", metadata, Column("person", Text, primary_key=True), Column("document", Text, nullable=False)
)
