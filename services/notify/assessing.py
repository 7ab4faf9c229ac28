"""Reads and assesses a mail's content off the event loop. It never fails: what could not be read is told as unreadable."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from workflows.assess import Assessment, Signal, assess
from workflows.reading import MAX_CONTENT, read_mail
from workflows.signals import SignalWords

log = structlog.get_logger()

THREADS = 2  # the work is Python's own: more would only take turns
WITHIN = 30.0  # seconds; the reading itself is bounded, so this is never met


class Assessor:
    """Assesses mails in a small pool of threads of its own, so that nothing else waits behind them."""

    def __init__(self, words: SignalWords) -> None:
        self._words = words
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="assess")

    async def assess(self, content: bytes | Path | None) -> Assessment:
        """The assessment of ``content``; None is a content that was removed already."""
        if content is None:
            return self._unreadable()
        loop = asyncio.get_running_loop()
        try:
            return await asyncio.wait_for(loop.run_in_executor(self._pool, self._read, content), WITHIN)
        except Exception as error:  # a mail must never block the mails after it
            log.error("assessment_failed", why=type(error).__name__)
            return self._unreadable()

    def _read(self, content: bytes | Path) -> Assessment:
        if isinstance(content, Path):
            with content.open("rb") as file:
                content = file.read(MAX_CONTENT)
        return assess(read_mail(content), self._words)

    def _unreadable(self) -> Assessment:
        return Assessment((Signal("unreadable", self._words.unreadable_level, "unreadable.content"),))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
