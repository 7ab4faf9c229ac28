"""Heavy work that somebody asked for on a page, done by a process of its own, so that it takes nothing from the mail.

Seconds of Python in the guard's process would hold its interpreter lock, and every session with it. A process for one piece of work
has its own, steps back for others, is bounded in memory and time (``services.aside_child``), and ends with whoever waits for it.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import structlog

from services.aside_child import UNAVAILABLE
from services.settings import Settings
from services.store.interface import StoreUnavailable

log = structlog.get_logger()
SECONDS = 60.0  # a tenth of it is more than the heaviest takes by itself
AT_ONCE = 2  # processes: each may take a gigabyte
_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Undone(Exception):
    """The process died over it, or took too long; the log says which."""


async def done_aside(module: str, settings: Settings, now: datetime, asked: dict[str, Any], content: bytes = b"") -> bytes:
    """What ``python -m MODULE`` makes of ``asked`` (JSON values) and ``content``, with this guard's store, which it only reads.

    Raises ``StoreUnavailable``, and ``Undone``. Whoever is cancelled meanwhile leaves no process behind.
    """
    head = {"settings": written(settings), "now": now.isoformat(), "asked": asked, "bytes": len(content)}
    async with _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)):
        status, answer = await _run(module, json.dumps(head).encode() + b"\n" + content)
    if status == UNAVAILABLE:
        raise StoreUnavailable("the store can't be read by another process")
    if status:
        log.error("aside_failed", module=module, status=status)
        raise Undone
    return answer


def written(settings: Settings) -> dict[str, Any]:
    """As JSON values, of which the child makes the same settings again."""
    return settings.model_dump(mode="json", by_alias=True)


async def _run(module: str, given: bytes) -> tuple[int, bytes]:
    """Its status and answer. Its input stays open: where it ends, the child knows that nobody waits any more."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", module, stdin=PIPE, stdout=PIPE)
    try:
        async with asyncio.timeout(SECONDS):
            answer = await _asked(child, given)
            return await child.wait(), answer
    except TimeoutError:
        log.error("aside_took_too_long", module=module)
        raise Undone from None
    finally:
        await _ended(child)


async def _asked(child: Process, given: bytes) -> bytes:
    assert child.stdin and child.stdout
    with suppress(ConnectionError):  # it died before it had read everything: its status tells
        child.stdin.write(given)
        await child.stdin.drain()
    return await child.stdout.read()


async def _ended(child: Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    assert child.stdin
    child.stdin.close()
