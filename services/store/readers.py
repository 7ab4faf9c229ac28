"""Threads that read: the event loop never waits for the disk itself."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine

from services.store.database import READERS, discard
from services.store.errors import is_unavailable, spoils_connection, tries, words
from services.store.interface import StoreUnavailable
from services.store.promises import Promises

P = ParamSpec("P")
T = TypeVar("T")


class LostMeanwhile(StoreUnavailable):
    """A new connection may do better."""


class Readers:
    """A few threads, each of which keeps its connection; a call sees one snapshot."""

    def __init__(self, engine: Engine, promises: Promises | None = None) -> None:
        self._engine = engine
        self._promises = promises
        self._own = threading.local()
        self._connections: list[Connection] = []
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
        """The same in this thread; once more where the connection was lost meanwhile, as reading twice does no harm."""
        try:
            return self._once(read, *args, **kwargs)
        except LostMeanwhile:
            return self._once(read, *args, **kwargs)

    def _once(self, read: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        connected = False
        try:
            connection = self._connection()
            connected = True
            with connection.begin():
                return read(connection, *args, **kwargs)
        except Exception as error:
            self._drop(spoilt=spoils_connection(error))
            if self._promises:
                self._promises.failed(error)
            if is_unavailable(error):
                kind = LostMeanwhile if connected and tries(error, kept=True) > 1 else StoreUnavailable
                raise kind(words(error)) from error
            raise

    def close(self) -> None:
        """Finish what is under way. Blocks."""
        self._threads.shutdown(wait=True, cancel_futures=False)
        for connection in self._connections:
            connection.close()

    def _connection(self) -> Connection:
        kept: Connection | None = getattr(self._own, "connection", None)
        if kept is None:
            kept = self._own.connection = self._engine.connect()
            self._connections.append(kept)
        return kept

    def _drop(self, *, spoilt: bool) -> None:
        """After a failure: the next call gets a connection that nothing has happened to."""
        kept: Connection | None = getattr(self._own, "connection", None)
        if kept is not None:
            self._own.connection = None
            self._connections.remove(kept)
            if spoilt:
                kept.invalidate()
            discard(kept)
