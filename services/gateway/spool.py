"""Where a mail's content is kept while it comes in: in memory while small, else in a file, written off the event loop."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import BinaryIO

IN_MEMORY_LIMIT = 64 * 1024
_BATCH = (
    512 * 1024
)  # so much is held for one write: few hops to a thread, and fifty connections hold no more than a queue of small mails


@dataclass(frozen=True, slots=True)
class Kept:
    """The whole content. A file is flushed to disk, with its folder. ``sha256`` is in hexadecimal, ``size`` in bytes."""

    content: bytes | Path
    sha256: str
    size: int
    eight_bit: bool


@dataclass(frozen=True, slots=True)
class TooBig:
    """Over the limit: nothing is kept."""


@dataclass(frozen=True, slots=True)
class Unwritable:
    """The spool folder takes no more: nothing is kept. ``error`` is the kind of failure, such as ``OSError 28``."""

    error: str


Spooled = Kept | TooBig | Unwritable


class Spool:
    """Collects one mail's content: ``add`` every piece, ``flush`` when told to, then ``keep`` or ``discard``.

    A content over 64 KiB goes to the file ``<folder>/<id>.eml``; ``limit`` in bytes is what a mail may have at most.
    """

    __slots__ = ("_eight_bit", "_failure", "_file", "_folder", "_held", "_id", "_limit", "_pieces", "_pool", "_size")

    def __init__(self, folder: Path, id: str, limit: int, pool: Executor) -> None:
        self._folder = folder
        self._id = id
        self._limit = limit
        self._pool = pool
        self._pieces: list[bytes] = []
        self._held = 0
        self._size = 0
        self._eight_bit = False
        self._file: _SpoolFile | None = None
        self._failure: TooBig | Unwritable | None = None

    def add(self, piece: bytes) -> bool:
        """Take the next piece; says whether ``flush`` is due. After a failure pieces are dropped."""
        self._size += len(piece)
        if self._failure is not None:
            return False
        if self._size > self._limit:
            self._fail(TooBig())
            return False
        self._pieces.append(piece)
        self._held += len(piece)
        self._eight_bit = self._eight_bit or not piece.isascii()
        return self._held >= _BATCH

    async def flush(self) -> None:
        """Write to the file what is held, in a thread; a failure is remembered for ``keep``."""
        pieces, self._pieces, self._held = self._pieces, [], 0
        if self._file is None:
            self._file = _SpoolFile(self._folder / f"{self._id}.eml")
        await self._in_thread(partial(self._file.write, pieces))

    async def keep(self) -> Spooled:
        """The content, whole and safe to hand on; or why there is none."""
        if self._failure is None and (self._file is not None or self._held > IN_MEMORY_LIMIT):
            await self.flush()
        if self._failure is None and self._file is not None:
            await self._in_thread(self._file.finish)
        if self._failure is not None:
            await self.discard()
            return self._failure
        if self._file is not None:
            return Kept(self._file.path, self._file.sha256, self._size, self._eight_bit)
        content = b"".join(self._pieces)
        return Kept(content, hashlib.sha256(content).hexdigest(), self._size, self._eight_bit)

    async def discard(self) -> None:
        """Forget everything, and remove the file where there is one. Harmless when done twice."""
        self._pieces, self._held = [], 0
        if self._file is not None:
            file, self._file = self._file, None
            await self._in_thread(file.remove)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except OSError as error:
            self._fail(Unwritable(f"{type(error).__name__} {error.errno}"))

    def _fail(self, failure: TooBig | Unwritable) -> None:
        self._failure = failure
        self._pieces, self._held = [], 0


class _SpoolFile:
    """The file side, for threads. A write that comes after ``remove`` (its session was cut off meanwhile) does nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._file: BinaryIO | None = None
        self._made = False
        self._over = False
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, pieces: list[bytes]) -> None:
        with self._lock:
            if self._over:
                return
            if self._file is None:
                self._file = open(self.path, "xb", opener=_private)  # noqa: SIM115 - Path.open takes no opener; closed below
                self._made = True
            for piece in pieces:
                self._digest.update(piece)
                self._file.write(piece)

    def finish(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
            self._file = None
            _sync_folder(self.path.parent)

    def remove(self) -> None:
        with self._lock:
            self._over = True
            if self._file is not None:
                with suppress(OSError):  # a full disk refuses the last buffer; the descriptor is closed all the same
                    self._file.close()
            self._file = None
            if self._made:
                self.path.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
