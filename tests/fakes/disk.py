"""A small file system of its own for a test, which can be filled and made read-only. Needs root."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


class Disk:
    """A tmpfs on ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Leave so many bytes. Others write meanwhile, so it is tried until nobody was quicker."""
        with self._ballast.open("ab") as file:
            filled = False
            while not filled:
                room = os.statvfs(self.folder)
                more = max(room.f_bavail * room.f_bsize - leave, 0)
                try:
                    os.posix_fallocate(file.fileno(), 0, max(self._ballast.stat().st_size + more, 1))
                    filled = True
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    filled = more == 0

    def empty(self) -> None:
        """There is room again."""
        self._ballast.unlink()

    def read_only(self) -> None:
        """Nothing can be written any more; refused while a file is open for writing."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Disk]:
    """The file system, gone at the end with all that was in it."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "rammevagt-test", str(folder)], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
