"""The process in which ``services.aside`` has one piece of work done: how it begins, what it may take, and how it ends.

It reads a line of JSON from its standard input, and as many bytes as that says; it writes its answer, and ends. It can read the
store and change nothing. Where its input ends before, whoever asked is gone, and so is it.
"""

import asyncio
import gc
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

import structlog

from services import logs
from services.gather import national_authorities
from services.settings import Settings
from services.store.interface import StoreUnavailable
from services.store.open import open_store
from services.store.sql_store import SqlStore

MEMORY = 2 << 30  # bytes of address space; the heaviest takes a quarter of it
CPU = 50  # seconds
BEHIND = 5  # how far it steps back for mail where processors are few (nice)
FAILED, UNAVAILABLE = 1, 4  # how it ends
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class At:
    """A clock that stands at the instant at which somebody asked."""

    instant: datetime

    def now(self) -> datetime:
        """That instant."""
        return self.instant


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted, as JSON values and bytes, and what there is to do it with."""

    store: SqlStore
    settings: Settings
    clock: At
    asked: dict[str, Any]
    content: bytes


Work = Callable[[Asked], Awaitable[bytes]]


def main(work: Work) -> None:
    """Do the one piece of work that is asked for, and end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked ends it, not the terminal
    answers = _own_output()
    os.nice(BEHIND)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    gc.disable()  # it lives for seconds: looking for cycles among all that it holds takes half of them
    asked = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read(asked["bytes"])
    threading.Thread(target=_end_when_alone, daemon=True).start()
    settings = Settings.model_validate(asked["settings"])
    logs.configure(settings.log.model_copy(update={"level": "error"}))
    sys.exit(_done(work, settings, asked, content, answers))


def _own_output() -> BinaryIO:
    """The pipe for the answer, and for that alone: what else is printed goes to where errors go."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _end_when_alone() -> None:
    os.read(0, 1)  # returns when the other end is closed
    os._exit(FAILED)


def _done(work: Work, settings: Settings, asked: dict[str, Any], content: bytes, answers: BinaryIO) -> int:
    at = At(datetime.fromisoformat(asked["now"]))
    try:
        answers.write(asyncio.run(_with_store(work, settings, at, asked["asked"], content)))
        answers.flush()
    except StoreUnavailable:
        return UNAVAILABLE
    except Exception:
        log.exception("aside_work_failed")
        return FAILED
    return 0


async def _with_store(work: Work, settings: Settings, at: At, asked: dict[str, Any], content: bytes) -> bytes:
    store = await open_store(settings, at, extra_authorities=national_authorities(), look=True)
    try:
        await store.refresh()
        return await work(Asked(store, settings, at, asked, content))
    finally:
        await store.close()
