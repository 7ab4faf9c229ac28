"""The journal of route mode: one row a message that was found in an employee's INBOX and belongs in a functional mailbox.

Of every other message there is nothing, here or anywhere: no sighting, no flag, no time.
Conventions as in ``services.store.schema``.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, text

from services.store.schema import Text, metadata

_OPEN = "next_at IS NOT NULL"

routing = Table(
    "routing",
    metadata,
    Column("mail", Text, primary_key=True),  # the guard's id that the mail has from ``copied`` on
    Column("mailbox", Text, nullable=False),  # code of the employee's mailbox
    Column("uidvalidity", BigInteger, nullable=False),  # where it lay when it was found
    Column("uid", BigInteger, nullable=False),
    Column("target", Text, nullable=False),  # code of the functional mailbox
    Column("sha256", Text, nullable=False),  # of the bytes as the server gave them
    Column("mended", Text, nullable=False),  # the same after the two mends: the mail's own, by which a message is known
    Column("size", BigInteger, nullable=False),
    Column("message_id", Text),  # to find it by: never what proves that it is the one
    Column("arrived_at", BigInteger, nullable=False),  # the server's internal date
    Column("target_uidvalidity", BigInteger),  # of the functional mailbox just before the first APPEND
    Column("target_next", BigInteger),  # its UIDNEXT then: a copy of ours is no earlier message
    Column("target_uid", BigInteger),  # where the copy was found
    Column("stage", Text, nullable=False),
    Column("why", Text),  # what is in the way, or why it stays
    Column("tries", Integer, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("next_at", BigInteger),  # when it is to be worked on; none when it has come to its end
    Column("revision", Integer, nullable=False),
    Index("ix_routing_mailbox", "mailbox", "uidvalidity", "uid", unique=True),
    Index("ix_routing_target", "target", "mended"),
    Index("ix_routing_next_at", "next_at", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
)
