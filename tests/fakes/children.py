"""The processes that ``services.aside`` starts, as they are started."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services import aside


@contextmanager
def noting(note: Callable[[asyncio.subprocess.Process], object]) -> Iterator[None]:
    start = asyncio.create_subprocess_exec

    async def noted(*words, **given):
        note(child := await start(*words, **given))
        return child

    aside.asyncio.create_subprocess_exec = noted  # type: ignore[attr-defined]
    try:
        yield
    finally:
        aside.asyncio.create_subprocess_exec = start  # type: ignore[attr-defined]


def is_gone(pid: int) -> bool:
    """Ended; whoever takes in what its parent left behind may not have looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
