"""Which faults mean that the store can't promise durability now, and which of them another try may pass."""

import sqlite3

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
READS_ONLY = "25006"  # a PostgreSQL server that became a standby: the next connection may find the one that writes
UNTRUSTED = (*DAMAGE, "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_PROTOCOL", "SQLITE_CANTOPEN", READS_ONLY)
UNAVAILABLE = (OperationalError, InterfaceError, TimeoutError, sqlite3.OperationalError, OSError)
AWAY = ("08", "25", "53", "57", "58", "40", "XX", "55P03")  # SQLSTATEs, or their classes: PostgreSQL, appendix A
IN_THE_WAY = ("40001", "40P01", "55P03")  # another transaction was: serialization, deadlock, a lock that was not given
TAKEN = "23505"  # a row with that key is there: another process may just have written it
UNDONE = "SQLITE_FULL"  # a commit that failed with this was surely not done: its last page is not in the log
TRIES = 5


class WrongKey(Exception):
    """The key file does not belong to this store: its audit chain and hashes were made with another one."""


class UnsoundStore(Exception):
    """The database is damaged, or lacks what was promised: nothing may be taken in before a person has decided. Names the mend."""


class LostPromises(UnsoundStore):
    """The database may be whole and lacks what was promised: it can still be looked at."""


class BadStore(Exception):
    """``store.url`` or the data folder can't be used so; the message names the place and the mend, and never the password."""


def is_unavailable(error: BaseException) -> bool:
    """Whether the fault lies with the disk or the database, not with what was asked for."""
    if (state := sqlstate(error)) is not None:
        return state.startswith(AWAY)
    return isinstance(error, UNAVAILABLE) or is_damage(error) or _is_lost(error)


def is_damage(error: BaseException) -> bool:
    """Whether the database's own pages can't be believed."""
    return code_of(error).startswith(DAMAGE)


def spoils_connection(error: BaseException) -> bool:
    """Whether a connection that has met this may not be believed to know what is on disk."""
    return code_of(error).startswith(UNTRUSTED)


def code_of(error: BaseException) -> str:
    """The database's own name of what went wrong, such as ``SQLITE_IOERR_FSYNC`` or ``40P01``; else the error's class."""
    inner = getattr(error, "orig", None) or error
    return str(getattr(inner, "sqlite_errorname", None) or sqlstate(inner) or type(inner).__name__)


def tries(error: BaseException, *, kept: bool) -> int:
    """How often a transaction that failed with ``error``, before its commit was asked for, is worth trying in all.

    ``kept``: it began on a connection that had been used before, and that may have been lost since.
    """
    state = sqlstate(error)
    if state in IN_THE_WAY:
        return TRIES
    if state == TAKEN:
        return 2
    return 2 if kept and (_is_lost(error) or (state or "").startswith(("08", "57P"))) else 1


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code of the fault; None for what no server said."""
    found = getattr(getattr(error, "orig", error), "sqlstate", None)
    return found if isinstance(found, str) else None


def words(error: BaseException) -> str:
    """The fault in one line, without the rows that a database quotes in the lines after it."""
    return next(iter(str(getattr(error, "orig", error)).splitlines()), type(error).__name__)


def _is_lost(error: BaseException) -> bool:
    """Whether psycopg has lost its connection or got none. Told by names: only a store on PostgreSQL imports it."""
    cause = getattr(error, "orig", error)
    named = {f"{one.__module__}.{one.__name__}" for one in type(cause).__mro__}
    return not named.isdisjoint({"psycopg.OperationalError", "psycopg.InterfaceError"}) and sqlstate(cause) is None
