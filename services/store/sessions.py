"""The server's side of a connection: a session that was lost here may still commit there, or hold its locks."""

import time
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from services.store.interface import StoreUnavailable

Row = tuple[Any, ...]
PATIENCE = 1.0  # seconds that a session has to end
PAUSE = 0.01
_OURS = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND backend_start = %s"


class Session(NamedTuple):
    """One of PostgreSQL's, by a number that is given again, and when it began."""

    pid: int
    began: datetime


def session_of(connection: Connection) -> Session | None:
    """The session behind ``connection``; SQLite has none."""
    if connection.dialect.name != "postgresql":
        return None
    [found] = _rows(connection, _OURS)
    return Session(*found)


def end_session(connection: Connection, lost: Session) -> None:
    """Returns when ``lost`` has ended, with a commit or without. Raises ``StoreUnavailable`` when it does not end."""
    until = time.monotonic() + PATIENCE
    while _rows(connection, _END, lost):
        if time.monotonic() > until:
            raise StoreUnavailable("the server has not ended the session that was lost")
        time.sleep(PAUSE)


def _rows(connection: Connection, statement: str, values: tuple[object, ...] = ()) -> list[Row]:
    """Outside of SQLAlchemy's transaction, which is still to begin."""
    under = connection.connection
    cursor = under.cursor()
    found: list[Row] = cursor.execute(statement, values).fetchall()
    cursor.close()
    under.rollback()
    return found
