"""A message while it is fetched: mended as a received mail is, hashed, and kept in memory while small, else in a spool file."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.header_mend import HeaderMend
from services.mailbox.trouble import Trouble
from workflows.mends import crlf
from workflows.reading import MAX_BLOCK
from workflows.sighting import Mark, mark_of

IN_MEMORY = 64 * 1024  # octets


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole message. ``content``, ``sha256`` and ``size`` are after the two mends; ``below`` hashes what lies below our mark."""

    content: bytes | Path
    sha256: str
    size: int
    header_block: bytes
    mark: Mark
    below: str | None

    def discard(self) -> None:
        """It is kept already, or shall not be."""
        if isinstance(self.content, Path):
            self.content.unlink(missing_ok=True)


class Content:
    """``write`` every part (the first one holds the header section), then ``finish``; or ``discard``.

    A file is ``<folder>/<id>.eml``, flushed to disk with its folder. A disk that takes no more is ``Trouble``.
    """

    def __init__(self, folder: Path, id: str) -> None:
        self._path = folder / f"{id}.eml"
        self._mend = HeaderMend()
        self._sha256, self._below = hashlib.sha256(), hashlib.sha256()
        self._held = bytearray()
        self._size = 0
        self._file: BinaryIO | None = None
        self._mark: Mark | None = None
        self.finished = False
        self._line_end = b""  # a CR whose LF may come with the next part

    def write(self, part: bytes) -> None:
        """The next octets, as the server gave them."""
        if self._mark is None:
            self._mark = mark_of(part[:MAX_BLOCK])
            self._below.update(part[self._mark.begins or 0 :])
        else:
            self._below.update(part)
        raw, self._line_end = self._line_end + part, b""
        if raw.endswith(b"\r"):
            raw, self._line_end = raw[:-1], b"\r"
        self._keep(self._mend.feed(crlf(raw)))

    def finish(self) -> Fetched:
        """All of it."""
        self._keep(self._mend.feed(crlf(self._line_end)) + self._mend.finish())
        mark = self._mark or Mark()
        try:
            content = self._on_disk() if self._file else bytes(self._held)
        except OSError as error:
            self.discard()
            raise Trouble("store") from error
        self.finished = True
        below = self._below.hexdigest() if mark.begins is not None else None
        return Fetched(content, self._sha256.hexdigest(), self._size, self._mend.block, mark, below)

    def discard(self) -> None:
        """Leave nothing behind. Harmless when done twice."""
        self._held.clear()
        if self._file is not None:
            with suppress(OSError):  # a full disk refuses the last buffer
                self._file.close()
            self._path.unlink(missing_ok=True)

    def _keep(self, mended: bytes) -> None:
        self._sha256.update(mended)
        self._size += len(mended)
        self._held += mended
        if len(self._held) > IN_MEMORY:
            try:
                self._write()
            except OSError as error:
                self.discard()
                raise Trouble("store") from error

    def _write(self) -> None:
        if self._file is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = open(self._path, "xb", opener=_private)  # noqa: SIM115 - Path.open takes no opener; closed below
        self._file.write(self._held)
        self._held.clear()

    def _on_disk(self) -> Path:
        assert self._file is not None
        self._write()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self._path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
