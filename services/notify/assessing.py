"""Has mails read and assessed by the reader, another process. It never fails: what could not be read is told as unreadable."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from services.notify.reader import Wanted, told, unreadable
from workflows.signals import SignalWords

log = structlog.get_logger()

PATIENCE = 30.0  # seconds for a group; the largest mails take a tenth of one
STOP_WITHIN = 2.0  # seconds that the reader has to end
ANSWER_LIMIT = 1 << 25  # bytes of one answer: some hundred bytes a mail, and of one that wants to be long its clues
_COMMAND = (sys.executable, "-P", "-m", "services.notify.reader")

Content = bytes | Path | None
Asked = tuple[bytes | Path, Wanted]
Wire = dict[str, Any]


class ReaderLost(Exception):
    """The reader ended, or did not answer in time."""


class Assessor:
    """Keeps a reader and asks it. A mail over which it dies, or which it can't finish, is unreadable; those beside it are not."""

    def __init__(self, words: SignalWords, command: Sequence[str] = _COMMAND, patience: float = PATIENCE, key: bytes = b"") -> None:
        self._unreadable = unreadable(words).wire()
        self._command = (*command, told(words.tuning))
        self._patience = patience
        self._key = key.hex()
        self._reader: Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> None:
        """Start the reader, so that the first mail does not wait for it. Where that fails mail flows, and the next mail tries."""
        try:
            async with self._one_at_a_time:
                await self._running()
        except OSError as error:
            log.error("reader_not_started", why=type(error).__name__)

    async def assess(self, contents: Sequence[Content], wanted: Sequence[Wanted] = ()) -> list[Wire]:
        """``signals`` and ``rights`` (contract) of each of ``contents``, and what of its ``figures`` and ``clues`` is ``wanted``;
        without a key there are no clues. None: its content was removed."""
        each = wanted or [Wanted()] * len(contents)
        there = [(one, more) for one, more in zip(contents, each, strict=True) if one is not None]
        async with self._one_at_a_time:
            found = iter(await self._assess(there) if there else ())
        return [self._unreadable if one is None else next(found) for one in contents]

    async def stop(self) -> None:
        """End the reader."""
        if self._reader is None or self._reader.stdin is None:
            return
        self._reader.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reader.wait(), STOP_WITHIN)
        await self._end()

    async def _assess(self, contents: Sequence[Asked]) -> list[Wire]:
        try:
            return await self._ask(contents)
        except ReaderLost as error:
            log.error("reader_lost", why=str(error), mails=len(contents))
        return [await self._alone(one) for one in contents]

    async def _alone(self, content: Asked) -> Wire:
        """One mail, by a reader that has read nothing else since the last was lost."""
        try:
            return (await self._ask([content]))[0]
        except ReaderLost as error:
            log.error("mail_unreadable", why=str(error))
            return self._unreadable

    async def _ask(self, contents: Sequence[Asked]) -> list[Wire]:
        """The answer of the reader; one that did not give it is ended, since it may still answer later. ``ReaderLost`` then."""
        reader = await self._running()
        try:
            async with asyncio.timeout(self._patience):
                answer = await _answered(reader, contents, self._key)
        except (TimeoutError, OSError) as error:
            await self._end()
            raise ReaderLost(type(error).__name__) from error
        except asyncio.CancelledError:
            await self._end()
            raise
        return [self._told(wire, why) for wire, why in json.loads(answer)]

    def _told(self, wire: Wire, why: str | None) -> Wire:
        if why is not None:
            log.error("assessment_failed", why=why)
        return wire

    async def _running(self) -> Process:
        if self._reader is None:
            self._reader = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, limit=ANSWER_LIMIT)
        return self._reader

    async def _end(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            with contextlib.suppress(ProcessLookupError):
                reader.kill()
            await reader.wait()


async def _answered(reader: Process, contents: Sequence[Asked], key: str) -> bytes:
    """One line of JSON. ``OSError`` where the reader has ended."""
    assert reader.stdin is not None and reader.stdout is not None  # both are pipes
    entries = [(len(one) if isinstance(one, bytes) else str(one), wanted) for one, wanted in contents]
    bodies = [one for one, _ in contents if isinstance(one, bytes)]
    reader.stdin.write(b"".join([json.dumps({"key": key, "mails": entries}).encode(), b"\n", *bodies]))
    await reader.stdin.drain()
    answer = await reader.stdout.readline()
    if not answer.endswith(b"\n"):
        raise ConnectionResetError
    return answer
