"""The tables of who may have written: by what people are found, and what leaders were asked.

Conventions as in ``services.store.schema``.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from services.store.schema import Text, metadata

citizen_key = Table(  # by what a citizen, or somebody around them, is found: workflows.found_by
    "citizen_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("citizen", Text, primary_key=True, index=True),
    sqlite_with_rowid=False,
)

mail_words = Table(  # keyed hashes of sentences of mails that registered citizens wrote; they go with their mail
    "mail_words",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("mail", Text, primary_key=True, index=True),
    Column("citizen", Text, nullable=False),
    sqlite_with_rowid=False,
)

identity_link = Table(  # what was asked of an address and a citizen, and answered: workflows.link_answers
    "identity_link",
    metadata,
    Column("id", Text, primary_key=True),
    Column("citizen", Text, nullable=False, index=True),
    Column("address", BigInteger, nullable=False),
    Column("mail", Text, nullable=False, index=True),
    Column("unit", Text),
    Column("about", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("again_at", BigInteger),
    Column("answered_at", BigInteger),
    Column("answered_by", Text),
    Column("document", Text, nullable=False),
    Index("ix_identity_link_unit", "unit", "state"),
    sqlite_with_rowid=False,
)
