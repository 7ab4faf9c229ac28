"""Which faults mean that the store can't promise durability now."""

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

DAMAGED = ("malformed", "not a database")  # in SQLite's own words; it has no class of its own for them
UNAVAILABLE = (OperationalError, InterfaceError, TimeoutError, sqlite3.OperationalError, OSError)


class WrongKey(Exception):
    """The key file does not belong to this store: its audit chain and hashes were made with another one."""


class UnsupportedStore(Exception):
    """``store.url`` names a kind of store that this version does not have."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the fault lies with the disk or the database, not with what was asked for."""
    damaged = isinstance(error, DBAPIError | sqlite3.DatabaseError) and any(words in str(error) for words in DAMAGED)
    return isinstance(error, UNAVAILABLE) or damaged
