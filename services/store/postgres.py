"""PostgreSQL: connections that can be relied on, and its refusals in one line.

The writer reads what was committed last (READ COMMITTED) and locks what it is about to change; readers see a snapshot.
"""

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from services.store.errors import BadStore, words

log = structlog.get_logger()

SCHEMES = ("postgresql", "postgres")
OLDEST = 130000  # the oldest server that its makers still mend
STATEMENTS = 500  # kept prepared for each connection: those of the mail path for every number of rows
_KEPT_ALIVE = {  # seconds, but the last: a server that is gone without a word is noticed, and so are we
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000,
}  # fmt: skip
_NAMED = {"application_name": "rammevagt", "target_session_attrs": "primary"}  # of several servers the one that writes
_OPTIONS = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"  # the same, seen from the server
_WAITS = "-c lock_timeout=10s"  # however long somebody else keeps a table to himself
_WRITES = "-c idle_in_transaction_session_timeout=30s"  # one that hangs must not hold up the others
_MENDS = (
    ("password", "put the right one into store.url, or into a file that its passfile= names"),
    ("role", "make it with: createuser"),
    ("database", "make it with: createdb"),
    ("standby", "name the primary in store.url, or all servers: HOST,HOST"),
    ("translate", "name another server in store.url"),
)


def address_of(url: str) -> URL:
    """``store.url`` as SQLAlchemy takes it. Raises ``BadStore``."""
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        found = None
    if found is None or found.drivername not in SCHEMES or not found.database:
        raise BadStore("store.url: write postgresql://USER@HOST:PORT/DATABASE, or leave it empty for SQLite in the data folder")
    return found.set(drivername="postgresql+psycopg")


def place_of(url: str) -> str:
    """Where a store lies, for messages: without user and password."""
    found = address_of(url)
    hosts = found.host or found.query.get("host", "this machine")
    return f"store.url: {hosts if isinstance(hosts, str) else ','.join(hosts)}:{found.port or 5432}/{found.database}"


def writer(url: URL) -> Engine:
    """The engine of the writer thread."""
    return _engine(url, 1, "READ COMMITTED", _WRITES)


def reader(url: URL, threads: int) -> Engine:
    """The engine of the reader threads: a transaction sees one snapshot, and writes nothing."""
    engine = _engine(url, threads, "REPEATABLE READ", "")
    event.listen(engine, "connect", _only_read)
    return engine


def _engine(url: URL, size: int, isolation: str, options: str) -> Engine:
    given = url.query.get("options", "")
    engine = create_engine(
        url,
        paramstyle="format",
        isolation_level=isolation,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=2,  # those of the threads are kept: one for whoever opens the store, one for ``Fellows``
        hide_parameters=True,  # an error's text goes to the log: no content, no address
        connect_args={**_KEPT_ALIVE, **_NAMED, "options": f"{given} {_OPTIONS} {_WAITS} {options}".strip()},
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _only_read(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Each transaction, not the session: a URL with ``target_session_attrs=read-write`` refuses such a one."""
    connection.read_only = True


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """What law 1 needs: a COMMIT that returns only when it is on disk, whatever the server's own settings."""
    connection.prepared_max = STATEMENTS
    cursor = connection.cursor()
    cursor.execute("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
    cursor.close()
    connection.commit()


def check_server(connection: Connection) -> None:
    """Whether this server can keep the store. Raises ``BadStore``."""
    version, encoding, fsync = connection.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('fsync')"
    ).one()
    if version < OLDEST:
        raise BadStore(f"store.url: this server is older than PostgreSQL {OLDEST // 10_000}; take a newer one")
    if encoding != "UTF8":
        raise BadStore(f"store.url: the database is in {encoding}; make it with: createdb -E UTF8 -T template0")
    if fsync == "off":
        log.warning("store.server_does_not_flush", setting="fsync")


def trouble(url: str, error: BaseException) -> str:
    """Why no connection could be made, in one line: where, what the server said, and the mend."""
    said = words(error).rpartition(" failed: ")[2].removeprefix("FATAL:").strip()
    mend = next((mend for word, mend in _MENDS if word in said), "see that the server runs and lets this machine and user in")
    return f"{place_of(url)}: {said}; {mend}"
