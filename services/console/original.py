"""What a mail says, for a person who asked for it: text first; nothing in it is shown as anything but text, and nothing fetched."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()
PATIENCE = 30.0  # seconds
AT_ONCE = asyncio.Semaphore(2)  # readers of this process: each may take a gigabyte
_COMMAND = (sys.executable, "-P", "-m", "services.one_mail")
LONGEST = 200_000  # characters that a page shows


@dataclass(frozen=True, slots=True)
class Attached:
    """A part that is not text: its name as written, its type, and its size in bytes."""

    name: str | None
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Original:
    """``unreadable`` in codes of ``workflows.reading``; ``figures`` are those of ``workflows.summary``, None: not read."""

    subject: str
    text: str
    parts: tuple[Attached, ...]
    unreadable: tuple[str, ...]
    figures: Mapping[str, Any] | None = None


UNREADABLE = Original("", "", (), ("structure",))


async def read_original(content: bytes | Path) -> Original:
    """Read by another process; one over which it dies, or that takes too long, is unreadable."""
    async with AT_ONCE:
        answer = await _answered(content)
    if answer is None:
        log.error("original_unreadable")
        return UNREADABLE
    parts = tuple(Attached(one["filename"], one["content_type"], one["size"]) for one in answer["parts"])
    more = ("too_large",) if len(answer["text"]) > LONGEST else ()
    codes = tuple(dict.fromkeys((*answer["unreadable"], *more)))
    return Original(answer["subject"], answer["text"][:LONGEST], parts, codes, answer["figures"])


async def _answered(content: bytes | Path) -> dict[str, Any] | None:
    named = (str(content),) if isinstance(content, Path) else ()
    reader = await asyncio.create_subprocess_exec(*_COMMAND, *named, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await reader.communicate(content if isinstance(content, bytes) else None)
    except TimeoutError:
        return None
    finally:
        if reader.returncode is None:
            reader.kill()
            await reader.wait()
    found: dict[str, Any] | None = json.loads(said) if reader.returncode == 0 else None
    return found
