"""The processes that ``services.aside`` starts, as they are started."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services import aside
from services.aside_child import Asked, At, Work
from services.store.sql_store import SqlStore


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


def in_this_process(store: SqlStore, work: Work) -> Callable[..., Awaitable[bytes]]:
    """Instead of ``done_aside``, for tests that are about what is answered: a process takes most of a second to begin."""

    async def done(_module, settings, now, asked, content=b""):
        return await work(Asked(store, settings, At(now), asked, content))

    return done


def is_gone(pid: int) -> bool:
    """Ended; whoever takes in what its parent left behind may not have looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
