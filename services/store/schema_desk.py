"""The table of what employees ask of others: help now, and relief in a case. The mail path writes nothing to it.

Conventions as in ``services.store.schema``.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, text

from services.store.schema import Text, metadata

desk_matter = Table(  # a call for help, or a wish for relief: one row, changed under its revision
    "desk_matter",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # assist or relief
    Column("revision", Integer, nullable=False),
    Column("unit", Text),
    Column("person", Text, nullable=False),  # who asks, as ``workflows.addresses.own_key``
    Column("citizen", Text, index=True),  # of whose case it is
    Column("at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False, index=True),
    Column("next_at", BigInteger),  # when the next are called; none where nobody is waited for
    Column("open", Integer, nullable=False),  # 1 while something is left to do
    Column("document", Text, nullable=False),
    Index("ix_desk_matter_unit", "unit", "at", sqlite_where=text("open = 1"), postgresql_where=text("open = 1")),
    Index("ix_desk_matter_person", "person", "at"),
    Index(
        "ix_desk_matter_next_at", "next_at", sqlite_where=text("next_at IS NOT NULL"), postgresql_where=text("next_at IS NOT NULL")
    ),
)
