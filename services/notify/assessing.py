"""Reads and assesses mails off the event loop. It never fails: what could not be read is told as unreadable."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from workflows.assess import Assessment, Signal, assess
from workflows.reading import MAX_CONTENT, read_mail
from workflows.signals import SignalWords

log = structlog.get_logger()

Content = bytes | Path | None


class Assessor:
    """Assesses mails in a thread of its own: the work is Python's, and a second thread would only take turns with the first.

    There is no time limit here: reading and assessing are bounded by the sizes that they look at.
    """

    def __init__(self, words: SignalWords) -> None:
        self._words = words
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="assess")

    async def assess(self, contents: Sequence[Content]) -> list[Assessment]:
        """An assessment for each of ``contents``; None is a content that was removed already."""
        if not contents:
            return []
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: [self._one(content) for content in contents])

    def _one(self, content: Content) -> Assessment:
        try:
            return self._unreadable() if content is None else assess(read_mail(_bytes(content)), self._words)
        except Exception as error:  # a mail must never block the mails after it
            log.error("assessment_failed", why=type(error).__name__)
            return self._unreadable()

    def _unreadable(self) -> Assessment:
        return Assessment((Signal("unreadable", self._words.unreadable_level, "unreadable.content"),))

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _bytes(content: bytes | Path) -> bytes:
    if isinstance(content, bytes):
        return content
    with content.open("rb") as file:
        return file.read(MAX_CONTENT)
