"""Which faults mean that the store can't promise durability now."""

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
UNTRUSTED = (*DAMAGE, "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_PROTOCOL", "SQLITE_CANTOPEN")
UNAVAILABLE = (OperationalError, InterfaceError, TimeoutError, sqlite3.OperationalError, OSError)


class WrongKey(Exception):
    """The key file does not belong to this store: its audit chain and hashes were made with another one."""


class UnsoundStore(Exception):
    """The database is damaged, or lacks what was promised: nothing may be taken in before a person has decided. Names the mend."""


class LostPromises(UnsoundStore):
    """The database may be whole and lacks what was promised: it can still be looked at."""


class UnsupportedStore(Exception):
    """``store.url`` names a kind of store that this version does not have."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the fault lies with the disk or the database, not with what was asked for."""
    return isinstance(error, UNAVAILABLE) or is_damage(error)


def is_damage(error: BaseException) -> bool:
    """Whether the database's own pages can't be believed."""
    return code_of(error).startswith(DAMAGE)


def spoils_connection(error: BaseException) -> bool:
    """Whether a connection that has met this may not be believed to know what is on disk."""
    return code_of(error).startswith(UNTRUSTED)


def code_of(error: BaseException) -> str:
    """SQLite's name of what went wrong, such as ``SQLITE_IOERR_FSYNC``; else the error's class."""
    inner = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return str(getattr(inner, "sqlite_errorname", type(inner).__name__))
