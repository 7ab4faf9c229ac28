"""From a watcher's thread to the event loop, where the store is."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from services.mailbox.trouble import Trouble
from services.store.interface import StoreUnavailable

T = TypeVar("T")


class Asking:
    """Runs a coroutine on ``loop`` and waits for what it gives. A store that is away, or takes too long, is ``Trouble``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, patience: float = 60.0) -> None:
        self._loop = loop
        self._patience = patience

    def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` gives."""
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # the loop has ended
            work.close()
            raise Trouble("store") from error
        try:
            return future.result(self._patience)
        except TimeoutError as error:
            future.cancel()
            raise Trouble("store") from error
        except (StoreUnavailable, CancelledError) as error:
            raise Trouble("store") from error
