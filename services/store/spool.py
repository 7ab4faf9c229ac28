"""Large mails in files of the spool folder: written and flushed by whoever received them, ours from the commit on."""

import asyncio
import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from services.store.values import StoreUnavailable

SPOOL = "spool"
ROOM = 16 * 1024 * 1024  # octets that must be free, so that a mail that is taken can be kept and told of
ORPHAN_SECONDS = 3600.0  # a file younger than this may belong to a mail that is just coming in


class Spool:
    """The folder ``spool`` under the data folder."""

    def __init__(self, data: Path) -> None:
        self.folder = data / SPOOL
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, exist_ok=True)

    def has_room(self) -> bool:
        """Whether the disk can be written to, and is not about to be full."""
        try:
            disk = os.statvfs(self.folder)
        except OSError:
            return False
        return not disk.f_flag & os.ST_RDONLY and disk.f_bavail * disk.f_frsize >= ROOM

    def name(self, file: Path) -> str:
        """The name under which ``file`` is kept in a row. Raises ``ValueError`` for a file that lies elsewhere."""
        if file.parent.resolve() != self.folder.resolve():
            raise ValueError("a mail's file must lie in the spool folder")
        return file.name

    def path(self, name: str) -> Path:
        """The file of that name."""
        return self.folder / name

    def content(self, in_row: bytes | None, file: str | None) -> bytes | Path | None:
        """A content as its row tells it: the bytes, the file, or None once removed."""
        return self.path(file) if file else in_row

    async def read(self, path: Path) -> bytes:
        """What is in a file. Raises ``StoreUnavailable``."""
        try:
            return await asyncio.to_thread(path.read_bytes)
        except OSError as error:
            raise StoreUnavailable(f"the spool folder: {error.strerror}") from error

    def remove(self, names: Iterable[str]) -> None:
        """Remove files whose rows are gone."""
        for name in names:
            with suppress(FileNotFoundError):
                self.path(name).unlink()

    def orphans(self, known: Collection[str], now: float) -> list[str]:
        """Files that no row names, left by a crash between their flush and the commit. ``now`` in seconds since 1970."""
        found = []
        for file in self.folder.iterdir():
            with suppress(FileNotFoundError):
                if file.name not in known and file.is_file() and now - file.stat().st_mtime > ORPHAN_SECONDS:
                    found.append(file.name)
        return found
