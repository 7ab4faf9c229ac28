"""Locks that the processes on one PostgreSQL database take from it. In SQLite one transaction writes at a time: none is needed."""

from enum import IntEnum

from sqlalchemy import Connection

SPACE = 0x52414D4D  # the first of the two numbers of our advisory locks, so that they are nobody else's


class Lock(IntEnum):
    """What one does at a time."""

    START = 1  # migrating, and choosing the key
    RETENTION = 2
    REGISTER = 3
    RELAY = 4


def lock(connection: Connection, what: Lock, *, shared: bool = False) -> None:
    """Hold ``what`` to the end of the transaction, alone or with others who hold it ``shared``; waits for it."""
    if connection.dialect.name == "postgresql":
        kind = "_shared" if shared else ""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock{kind}({SPACE}, {int(what)})")
