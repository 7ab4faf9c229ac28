"""SQLite's engines: one that writes (BEGIN IMMEDIATE, full flushes), one that reads (a snapshot a transaction). The migrations."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, inspect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from services.store import (  # noqa: F401 - their tables belong to the same metadata
    schema,
    schema_desk,
    schema_incidents,
    schema_mailboxes,
    schema_notices,
    schema_people,
    schema_receipts,
    schema_routing,
    schema_signals,
)
from services.store.errors import BadStore
from services.store.locks import Lock, lock

HEAD = "0015"  # the newest migration
MIGRATIONS = Path(__file__).parent / "migrations"
READERS = 4
STATEMENTS = 512  # kept prepared for each connection: those of the mail path for every number of rows
_WRITER_PRAGMAS = (
    "busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=4000",
    "cache_size=-32768", "secure_delete=FAST",
)  # fmt: skip
_READER_PRAGMAS = ("busy_timeout=5000", "foreign_keys=ON", "query_only=ON", "cache_size=-4096")


def sqlite_writer(path: Path) -> Engine:
    """The engine of the writer thread: every transaction takes the write lock at once, so no update is lost."""
    return _sqlite(path, _WRITER_PRAGMAS, "BEGIN IMMEDIATE", 1)


def sqlite_reader(path: Path) -> Engine:
    """The engine of the reader threads."""
    return _sqlite(path, _READER_PRAGMAS, "BEGIN", READERS)


def sqlite_read_only(path: Path, *, immutable: bool) -> Engine:
    """The engine for a folder that can't be written. ``immutable``: nobody else can write there either, and there is no log."""
    how = "mode=ro&immutable=1" if immutable else "mode=ro"
    return _sqlite(f"{path.absolute().as_uri()}?{how}&uri=true", _READER_PRAGMAS, "BEGIN", READERS)


def _sqlite(path: Path | str, pragmas: tuple[str, ...], begin: str, size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=1,  # those of the threads are kept: one for whoever opens the store
        hide_parameters=True,  # an error's text goes to the log: no content, no address
        connect_args={"check_same_thread": False, "timeout": 5, "cached_statements": STATEMENTS},
    )

    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # the driver's own BEGIN would come too late
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    def start(connection: Connection) -> None:
        driver(connection).execute(begin).close()  # past SQLAlchemy, which makes a context and a result of it

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)
    return engine


def driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection under SQLAlchemy's."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def migrate(engine: Engine) -> None:
    """Bring the tables to ``HEAD``, in one transaction; of several processes that start at once, one does it."""
    if revision(engine) == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - a third of a second that a start without migration does not pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # however long another one migrates
        lock(connection, Lock.START)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_version(engine: Engine, place: str) -> None:
    """Raises ``BadStore`` for tables that a newer version made: this one doesn't know what they mean, and changes nothing."""
    found = revision(engine)
    if found is not None and found > HEAD:
        raise BadStore(
            f"{place}: its tables are of version {found}, and this version knows them up to {HEAD};"
            " install the newer version again, or put back a backup from before it"
        )


def revision(engine: Engine) -> str | None:
    """The newest migration that the database has had."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def discard(connection: Connection) -> None:
    """Give a connection back after a failure; one that is lost is not used again."""
    if not connection.invalidated and getattr(connection.connection.driver_connection, "closed", False):
        connection.invalidate()
    connection.close()


def differences(connection: Connection, metadata: MetaData = schema.metadata) -> list[object]:
    """What the migrated tables and ``metadata`` differ in (for the test that keeps them equal)."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))
