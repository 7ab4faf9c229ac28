"""The tables of receipts that did not reach the citizen. Rows are only ever added; they go with their mail.

Conventions as in ``services.store.schema``.
"""

from sqlalchemy import BigInteger, Column, Table

from services.store.schema import Text, metadata

undelivered_receipt = Table(  # written by the mail path, rarely: one a mail at most
    "undelivered_receipt",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("delivery", Text, nullable=False),
    Column("unit", Text, index=True),
    Column("at", BigInteger, nullable=False),
    Column("why", Text, nullable=False),  # refused, expired or reported
    sqlite_with_rowid=False,
)

citizen_told = Table(  # how somebody told the citizen all the same
    "citizen_told",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("person", Text, nullable=False),  # who did; normalised
    Column("how", Text, nullable=False),
    sqlite_with_rowid=False,
)
