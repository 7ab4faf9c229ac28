"""The tables. Portable between SQLite and PostgreSQL: instants are microseconds since 1970 (UTC), flags 0 or 1, JSON is text.

Rows are written by ``services.store.rows`` in column order. A waiting delivery has a ``tier`` (0 not yet tried, 1 deferred) and a
``ready_at``: its due time, or the end of its lease while leased, so that one index answers what may be leased now.
Finished deliveries leave that index.

On PostgreSQL no B-tree holds what a sender writes, since it takes 2704 bytes at most: there ``address`` is in no index, and that of
``message_id`` is a hash (see the migrations).
"""

import sqlalchemy
from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, text

NAMING = {"ix": "ix_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
metadata = MetaData(naming_convention=NAMING)
Text = sqlalchemy.Text().with_variant(sqlalchemy.Text(collation="C"), "postgresql")  # in the order of its bytes everywhere


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


content = Table(  # bytes that may still be sent: in the row, or in a spool file; the row goes when they go
    "content",
    metadata,
    Column("id", Text, primary_key=True),
    Column("bytes", LargeBinary),
    Column("file", Text),
    Column("size", BigInteger, nullable=False),
    Column("stored_at", BigInteger, nullable=False, index=True),
)

mail = Table(  # received mail and its decision; the large columns come last, so that the others are read without them
    "mail",
    metadata,
    Column("id", Text, primary_key=True),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("day", Text, nullable=False),
    Column("recipients", Integer, nullable=False),
    Column("framework_in_force", SmallInteger, nullable=False),
    Column("client", Text, nullable=False),
    Column("envelope_from", Text, nullable=False),
    Column("message_id", Text),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("decision", Text, nullable=False),
    Index("ix_mail_day", "day", "recipients"),
    Index("ix_mail_message_id", "message_id", postgresql_using="hash"),
)

assessment = Table(  # what the whole mail told, after 250, as JSON
    "assessment",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("document", Text, nullable=False),
    _partial("ix_assessment_red", "mail", where="""document LIKE '%"level":"red"%'"""),
    sqlite_with_rowid=False,
)

recipient = Table(  # one accepted recipient: the unit of the books
    "recipient",
    metadata,
    Column("mail", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("day", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("delivery", Text),
    _partial("ix_recipient_returned", "mail", where="state = 'returned'"),
    sqlite_with_rowid=False,
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mail", Text, nullable=False, index=True),
    Column("content", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("hop", Text, nullable=False),
    Column("tier", SmallInteger),
    Column("ready_at", BigInteger),
    Column("lease", Text),
    Column("due", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("stuck", SmallInteger, nullable=False),
    Column("redirected", SmallInteger, nullable=False),
    Column("error", Text),
    Column("queued_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("envelope_from", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("fallbacks", Text, nullable=False),
    Column("serves", Text, nullable=False),
    Column("originals", Text, nullable=False),
    Column("original_sender", Text, nullable=False),
    Column("smtputf8", SmallInteger, nullable=False),
    Column("eight_bit", SmallInteger, nullable=False),
    Column("unit", Text),
    Column("framework", Text),
    Column("refuse", Text),
    Column("prepend", LargeBinary, nullable=False),
    _partial("ix_delivery_ready", "hop", "tier", "ready_at", "address", where="tier IS NOT NULL"),
    _partial("ix_delivery_notice", "address", "queued_at", "id", where="kind = 'notice'"),  # somebody's own
    _partial("ix_delivery_tried", "hop", "address", where="lease IS NOT NULL AND attempts > 0"),
)

outbox = Table(  # events as they are published; a number is never used twice: a late "published" must not hit another event
    "outbox",
    metadata,
    Column("seq", Integer().with_variant(BigInteger, "postgresql"), primary_key=True),
    Column("id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", Text, nullable=False),
    _partial("ix_audit_subject", "subject", "seq", where="actor <> 'guard'"),  # what people did; the guard itself writes far more
)

receipt = Table(
    "receipt",
    metadata,
    Column("sender_hash", Text, primary_key=True),
    Column("sent_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

once = Table(  # what of our own mail must exist once for ever
    "once",
    metadata,
    Column("dedupe", Text, primary_key=True),
    Column("delivery", Text, nullable=False),
    sqlite_with_rowid=False,
)

meta = Table(
    "meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False), sqlite_with_rowid=False
)

day_total = Table(  # the counts of mails whose facts are removed
    "day_total",
    metadata,
    Column("day", Text, primary_key=True),
    Column("accepted", BigInteger, nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("redirected", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
)


def _entries(name: str, *columns: Column[str]) -> Table:
    """A table of register entries: ``document`` is the entry as JSON."""
    return Table(name, metadata, Column("id", Text, primary_key=True), *columns, Column("document", Text, nullable=False))


unit = _entries("unit")
employee = _entries("employee")  # id: the normalised address
open_address = _entries("open_address")  # id: the normalised address and the kind
authority = _entries("authority")
citizen = _entries("citizen")
citizen_case = _entries("citizen_case", Column("citizen", Text, nullable=False, index=True))
citizen_case.append_column(Column("unit", Text, nullable=False, server_default=""))
citizen_case.append_column(Column("caseworker", Text, nullable=False, server_default=""))  # normalised
Index("ix_citizen_case_unit", citizen_case.c.unit, citizen_case.c.citizen)
Index("ix_citizen_case_caseworker", citizen_case.c.caseworker, citizen_case.c.citizen)

framework = Table(  # versions are only ever added; the newest is in force or not by its own fields
    "framework",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("current", SmallInteger, nullable=False),
    Column("citizen", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("starts", Text),
    Column("ends", Text),
    Column("since", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Index("ix_framework_citizen", "citizen", "current"),
)

citizen_address = Table(  # hash: 64 bits, keyed, of an address of the citizen or of somebody around them
    "citizen_address",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("citizen", Text, primary_key=True),
    sqlite_with_rowid=False,
)

address_change = Table(  # hashes that small loads added, so that an index in memory need not be read again
    "address_change",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
