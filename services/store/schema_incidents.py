"""The tables of incidents, and of what was secured as evidence. The mail path writes to neither.

Conventions as in ``services.store.schema``.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, text

from services.store.schema import Text, metadata

incident = Table(  # a report with what was done about it: one row, changed under its revision
    "incident",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("unit", Text),
    Column("concerns", Text, nullable=False),  # the employee, as ``workflows.addresses.own_key``
    Column("citizen", Text, index=True),
    Column("mail", Text, index=True),
    Column("reported_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False, index=True),
    Column("next_at", BigInteger),  # when somebody must be reminded; none when there is nothing to remind of
    Column("open", Integer, nullable=False),  # how many points of its checklist are
    Column("document", Text, nullable=False),
    Index("ix_incident_unit", "unit", "reported_at"),
    Index("ix_incident_concerns", "concerns", "reported_at"),
    Index("ix_incident_reported_at", "reported_at"),
    Index("ix_incident_next_at", "next_at", sqlite_where=text("next_at IS NOT NULL"), postgresql_where=text("next_at IS NOT NULL")),
)

evidence = Table(  # a copy of its own: retention of mails never reaches it; it goes with its incident
    "evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", Text, nullable=False),
    Column("mail", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the content, as it was when it was secured
    Column("size", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("person", Text, nullable=False),  # who secured it: an address
    Column("facts", Text, nullable=False),  # JSON: how and when it came, and to whom
    Column("content", LargeBinary, nullable=False),
    Index("ix_evidence_incident", "incident", "mail", unique=True),
)
