"""The register on this machine's own disk, signed: what the gateway decides by while the database is away.

A snapshot is a SQLite file with the register's tables, and beside it a seal: the file's SHA-256, the register's version, and when
that was last seen to be the newest, under the guard's key. The file's name holds its hash, so a new one never replaces the bytes
that a seal stands for; the seal is replaced whole.
"""

import fcntl
import hashlib
import hmac
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateTable

from services.store import database, register_read, schema
from services.store.keys import sync_folder
from services.store.register_tables import KINDS

SEAL = "register.seal"
MEMBERS = (*(kind.table for kind in KINDS), schema.citizen_address, schema.meta)
KNOWN_META = ("register_version", "index_version")
ROWS = 500  # copied at once: some milliseconds of the interpreter's lock
REST = 4.0  # times as long as the copying of those took: mail goes first


class NotGenuine(Exception):
    """Seal or file are not what this guard wrote; the message says which."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a snapshot is. ``current_at``: microseconds since 1970, when the database last said that this is its newest register."""

    version: int
    tables: str
    sha256: str
    current_at: int

    @property
    def file(self) -> str:
        """The name of the file that it stands for."""
        return f"register-{self.sha256[:32]}.db"


@contextmanager
def alone(folder: Path, what: str = "register") -> Iterator[bool]:
    """Whether this process is the one that may see to ``what`` in ``folder`` now."""
    with (folder / f"{what}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def read_seal(folder: Path, key: bytes) -> Seal | None:
    """The seal in ``folder``; None where there is none. Raises ``NotGenuine``, OSError."""
    try:
        text, _, signed = (folder / SEAL).read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if not hmac.compare_digest(signed, _signature(key, text)):
        raise NotGenuine("the seal")
    try:
        return Seal(**json.loads(text))
    except TypeError:  # of another version of the guard
        return None


def open_file(folder: Path, seal: Seal) -> Path:
    """The file of ``seal``, whose every byte was compared. Raises ``NotGenuine``, OSError."""
    path = folder / seal.file
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != seal.sha256:
            raise NotGenuine("the file")
    return path


def confirm(folder: Path, key: bytes, seal: Seal, now: int) -> None:
    """At ``now`` it is the newest register still."""
    _write_seal(folder, key, replace(seal, current_at=now))


def make(connection: Connection, folder: Path, key: bytes, now: int) -> Seal:
    """Copy the register that ``connection`` sees, at a walking pace; the file is on disk before its seal. Raises OSError."""
    draft = folder / "register.draft"
    draft.unlink(missing_ok=True)
    version, _ = register_read.versions(connection)
    _copy(connection, draft)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
        seal = Seal(version, database.HEAD, hashlib.file_digest(file, "sha256").hexdigest(), now)
    draft.rename(folder / seal.file)
    sync_folder(folder)
    _write_seal(folder, key, seal)
    for old in folder.glob("register-*.db"):
        if old.name != seal.file:
            old.unlink()
    return seal


def _copy(connection: Connection, to: Path) -> None:
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(to, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")  # the whole file is flushed at the end
        copy.execute("BEGIN")
        for table in MEMBERS:
            copy.execute(str(CreateTable(table).compile(dialect=dialect())))
            for index in table.indexes:
                copy.execute(f"CREATE INDEX {index.name} ON {table.name} ({', '.join(index.columns.keys())})")
            rows = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=ROWS)
            if table is schema.framework:
                rows = rows.where(table.c.current == 1)
            if table is schema.meta:
                rows = rows.where(table.c.name.in_(KNOWN_META))
            into = str(insert(table).compile(dialect=dialect()))
            for some in connection.execute(rows).partitions():
                begun = time.monotonic()
                copy.executemany(into, [tuple(row) for row in some])
                if len(some) == ROWS:
                    time.sleep((time.monotonic() - begun) * REST)
        copy.execute("COMMIT")


def _write_seal(folder: Path, key: bytes, seal: Seal) -> None:
    text = json.dumps(asdict(seal)).encode("ascii")
    draft = folder / f"{SEAL}.draft"
    with draft.open("wb") as file:
        file.write(text + b"\n" + _signature(key, text))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / SEAL)


def _signature(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, b"rammevagt snapshot\n" + text, hashlib.sha256).hex().encode("ascii")
