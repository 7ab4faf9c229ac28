"""Threads that read: the event loop never waits for the disk itself."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine

from services.store.database import READERS
from services.store.errors import is_unavailable
from services.store.interface import StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class Readers:
    """A few threads with a connection each; a call sees one snapshot."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    async def run(self, read: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``read(connection, …)`` in a thread. Raises ``StoreUnavailable``."""
        loop = asyncio.get_running_loop()
        try:
            work = loop.run_in_executor(self._threads, lambda: self.now(read, *args, **kwargs))
        except RuntimeError as error:  # the threads have ended
            raise StoreUnavailable("the store is closed") from error
        return await work

    def now(self, read: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same in this thread."""
        try:
            with self._engine.begin() as connection:
                return read(connection, *args, **kwargs)
        except Exception as error:
            if is_unavailable(error):
                raise StoreUnavailable(str(getattr(error, "orig", error))) from error
            raise

    def close(self) -> None:
        """Finish what is under way. Blocks."""
        self._threads.shutdown(wait=True, cancel_futures=False)
