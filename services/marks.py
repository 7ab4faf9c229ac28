"""What is in hand right now, noted where it outlives the process: so that the next start knows what the last one died of.

A note is written into the kernel's page cache, without a flush: it outlives a crash and kill -9, which is what a mail can cause.
The file is mapped into memory, as SQLite maps its index of the log: a call of the system for each note would let another thread in.
What a loss of power forgets was not a mail's fault. Mailman keeps its counter of shunted messages in their metadata for the same
end.
"""

import fcntl
import mmap
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()
CRASHES = 3  # after so many something is set aside
KEY = 64  # octets of a name, such as a SHA-256 in hex
FELLOWS = 16  # services of a kind that share a data folder; one more notes nothing
SLOTS = 128  # in hand at once; beyond that nothing is noted
REMEMBERED = 128  # names with their crashes; the oldest go first
ENTRY = KEY + 2
SIZE = SLOTS * KEY + REMEMBERED * ENTRY


@dataclass(slots=True)
class Suspect:
    """How often the process died with something in hand, and how often it had when that was last set aside."""

    crashes: int
    aside: int = 0


class Marks:
    """Notes in the file ``path``; without one nothing is noted. For one thread.

    Of services that share a data folder each has a file of its own, the first that no living one holds: so whoever starts after one
    that died learns what it died of.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file: int | None = None
        self._notes: mmap.mmap | None = None
        self._free = list(range(SLOTS))
        self._suspects: dict[bytes, Suspect] = {}
        if path is not None:
            try:
                self._open(path)
            except OSError as error:  # a full disk: mail is taken or refused as ever, and only this is not known
                log.warning("marks_unusable", file=path.name, why=error.strerror)
                self.close()

    def _open(self, first: Path) -> None:
        path = self._take(first)
        if self._file is None:
            return
        found = os.pread(self._file, SIZE, 0).ljust(SIZE, b"\0")
        self._suspects = _suspects(found[SLOTS * KEY :])
        in_hand = [found[start : start + KEY].rstrip(b"\0") for start in range(0, SLOTS * KEY, KEY)]
        for name in filter(None, in_hand):
            suspect = self._suspects.setdefault(name, Suspect(0))
            suspect.crashes = min(suspect.crashes + 1, 255)
            log.warning("died_with_in_hand", file=path.name, name=name.decode("ascii", "replace"), crashes=suspect.crashes)
        os.posix_fallocate(self._file, 0, SIZE)  # all of it has its place on disk: a note never asks for more
        os.pwrite(self._file, bytes(SLOTS * KEY), 0)
        self._save()
        os.fsync(self._file)
        self._notes = mmap.mmap(self._file, SIZE)

    def _take(self, first: Path) -> Path:
        """Have the first file that nobody holds; the lock goes with the process."""
        path = first
        for number in range(2, FELLOWS + 2):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                path = first.with_stem(f"{first.stem}-{number}")
            else:
                self._file = file
                break
        return path

    def close(self) -> None:
        """Note nothing any more."""
        if self._notes is not None:
            self._notes.close()
            self._notes = None
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def begin(self, name: str) -> int:
        """``name`` (ASCII, at most 64 octets) is in hand from now on; gives the number for ``end``."""
        if self._notes is None or not self._free:
            return -1
        slot = self._free.pop()
        self._notes[slot * KEY : (slot + 1) * KEY] = name.encode("ascii").ljust(KEY, b"\0")
        return slot

    def end(self, slot: int) -> None:
        """It came to its end, whichever."""
        if slot >= 0 and self._notes is not None:
            self._notes[slot * KEY : (slot + 1) * KEY] = bytes(KEY)
            self._free.append(slot)

    def crashes(self, name: str) -> int:
        """How often the process died with ``name`` in hand."""
        if not self._suspects:
            return 0
        found = self._suspects.get(name.encode("ascii"))
        return found.crashes if found else 0

    def may_try(self, name: str, *, aside: bool) -> bool:
        """Whether ``name`` may be taken in hand: before its third crash, and then once each time after it was set ``aside``."""
        found = self._suspects.get(name.encode("ascii"))
        return found is None or found.crashes < CRASHES or (aside and found.crashes == found.aside)

    def set_aside(self, name: str) -> None:
        """It is put off, so the next try is a new one."""
        if found := self._suspects.get(name.encode("ascii")):
            found.aside = found.crashes
            self._save()

    def forget(self, name: str) -> None:
        """It came through: it was not what the process died of."""
        if self._suspects.pop(name.encode("ascii"), None):
            self._save()

    def _save(self) -> None:
        self._suspects = dict(list(self._suspects.items())[-REMEMBERED:])
        entries = b"".join(name.ljust(KEY, b"\0") + bytes((one.crashes, one.aside)) for name, one in self._suspects.items())
        if self._file is not None:
            with suppress(OSError):
                os.pwrite(self._file, entries.ljust(REMEMBERED * ENTRY, b"\0"), SLOTS * KEY)


def _suspects(kept: bytes) -> dict[bytes, Suspect]:
    entries = [kept[start : start + ENTRY] for start in range(0, len(kept), ENTRY)]
    return {name: Suspect(one[KEY], one[KEY + 1]) for one in entries if (name := one[:KEY].rstrip(b"\0"))}
