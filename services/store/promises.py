"""What has been promised, and whether more may be: the mark beside a SQLite database, and the check before a start.

A lost or foreign write-ahead log leaves a database that looks whole and lacks mails that senders were told are ours. So after each
commit, and before anybody is answered, the audit chain's last entry is written into a small file, the mark. It is never flushed: a
killed process leaves it exact in the page cache, and after a power cut it is at most older than the database, which is flushed. A
mark that is *newer* than the database says that promised mails are gone. A person has to decide then, and says so by removing it.
"""

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

import structlog

from services.store.errors import LostPromises, UnsoundStore, code_of, is_damage
from services.store.keys import sync_folder

log = structlog.get_logger()
Head = tuple[int, str]  # number and hash of an entry of the audit chain

MARK = "rammevagt.promised"
WIDTH = 128  # bytes: one write within one sector, so the mark is never torn
DOUBT = "doubt"
HELP = "see deploy/runbook.md"


class Mark:
    """The file. Its last word is ``doubt`` once damage was met: then the next start reads the whole database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def read(self) -> tuple[Head, bool] | None:
        """What it says, and whether there is doubt; None where there is no mark. Raises ``UnsoundStore``."""
        try:
            words = self.path.read_text("ascii").split()
            return (int(words[0]), words[1]), words[2:] == [DOUBT]
        except FileNotFoundError:
            return None
        except (ValueError, IndexError) as error:
            raise UnsoundStore(f"{self.path}: can't be read, so nobody knows whether mails were lost; {HELP} (mark)") from error

    def open(self, head: Head) -> None:
        """Have it there, on disk, and in use by this process."""
        made = not self.path.exists()
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self.write(head)
        if made:
            os.fsync(self._file)
            sync_folder(self.path.parent)

    def write(self, head: Head, *more: str) -> None:
        """Change what it says. Raises OSError."""
        if self._file is not None:
            os.pwrite(self._file, f"{' '.join((str(head[0]), head[1], *more)):<{WIDTH - 1}}\n".encode("ascii"), 0)

    def is_in_use(self) -> bool:
        """Whether a process has the store open."""
        try:
            with self.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        """Give the file up."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Promises:
    """Of one SQLite database. Used by the writer's thread but for ``failed``, which any thread may call."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._log = database.with_name(database.name + "-wal")
        self._mark = Mark(database.with_name(MARK))
        self._head: Head = (0, "")
        self._files: tuple[int, int] | None = None
        self.broken: str | None = None  # why nothing more may be promised before the next start

    def is_there(self) -> bool:
        """Whether there is a database. Raises ``UnsoundStore`` where there was one."""
        if self._database.exists() and self._database.stat().st_size:
            return True
        marked = self._mark.read()
        if marked and marked[0][0]:
            raise UnsoundStore(f"{self._database}: the database is gone or empty; restore it: {HELP} (database)")
        return False

    def check(self) -> None:
        """Before anything is opened for writing. Raises ``UnsoundStore``, and changes nothing on disk."""
        marked = self._mark.read()
        unclean = self._log.exists() and self._log.stat().st_size > 0
        thorough = (marked is None or marked[1] or unclean) and not self._mark.is_in_use()
        try:
            _look(self._database, marked[0] if marked else None, thorough)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            raise UnsoundStore(f"{self._database}: the database is damaged ({error}); {HELP} (database)") from error

    def begin(self, connection: sqlite3.Connection) -> None:
        """The store is open: from here on promises are kept."""
        self._head = _head_of(connection) or self._head
        self._files = self._inodes()
        self._mark.open(self._head)

    def reopened(self, connection: sqlite3.Connection) -> None:
        """After a failure a new connection must still know what was promised: a failed flush may have taken back what was there."""
        if not _knows(connection, self._head):
            self._break("what was promised is not in the database any more")
        self._files = self._inodes()

    def kept(self, head: Head | None) -> None:
        """A transaction is committed, with ``head`` as the chain's end where it got longer. Raises OSError: promise nothing."""
        if self._files != self._inodes():
            self._break("the database or its write-ahead log was removed or replaced")
        if head is None:
            return
        self._head = head
        try:
            self._mark.write(head)
        except OSError as error:  # the mark stays older: mails are safe, only their loss might not show
            log.error("store.mark_not_written", errno=error.errno)

    def failed(self, error: BaseException) -> None:
        """Look at what went wrong: after damage nothing more is promised."""
        if is_damage(error) and self.broken is None:
            self._doubt(f"the database is damaged ({code_of(error)})")

    def close(self) -> None:
        """The store is closed."""
        self._mark.close()

    def _break(self, why: str) -> None:
        self._doubt(why)
        raise OSError(errno.ESTALE, why)

    def _doubt(self, why: str) -> None:
        self.broken = why
        log.critical("store.damaged", why=why, file=str(self._database))
        try:
            self._mark.write(self._head, DOUBT)
        except OSError as error:
            log.error("store.mark_not_written", errno=error.errno)

    def _inodes(self) -> tuple[int, int] | None:
        try:
            return self._database.stat().st_ino, self._log.stat().st_ino
        except FileNotFoundError:
            return None


def _look(database: Path, promised: Head | None, thorough: bool) -> None:
    """By a connection that may not write: closing it leaves a foreign log where it is. Raises ``UnsoundStore``."""
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        head = _head_of(connection) or (0, "")
        if promised and promised[0] > head[0]:
            lost = promised[0] - head[0]
            raise LostPromises(
                f"{database}: the books end {lost} entries before what was promised: its write-ahead log, or newer data, is lost;"
                f" {HELP} (lost log)"
            )
        if promised and not _knows(connection, promised):
            raise LostPromises(f"{database}: this is not the database, or not the write-ahead log, of {MARK}; {HELP} (lost log)")
        if thorough and (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise UnsoundStore(f"{database}: the database is damaged ({' '.join(str(found).split())}); {HELP} (database)")
    finally:
        connection.close()


def _head_of(connection: sqlite3.Connection) -> Head | None:
    """The end of the chain; None while there are no tables."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return None
    found = connection.execute("SELECT value FROM meta WHERE name = 'audit_head'").fetchone()
    if found is None:
        return None
    seq, _, hash = str(found[0]).partition(" ")
    return int(seq), hash


def _knows(connection: sqlite3.Connection, promised: Head) -> bool:
    """Whether the chain holds this entry. A homecoming removes entries, but never the last: then it goes on behind this one."""
    seq, hash = promised
    if not seq:
        return True
    found = connection.execute("SELECT hash FROM audit WHERE seq = ?", (seq,)).fetchone()
    return found[0] == hash if found else (_head_of(connection) or (0, ""))[0] > seq
