"""The one thread that writes, with group commit.

Operations that wait at the same time share one transaction: one COMMIT, one flush to disk, one wake-up of the event loop. When an
operation spoils its group, the group is rolled back and each is run alone, so that only the one at fault hears of it.
"""

import asyncio
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from services.store.errors import is_unavailable
from services.store.interface import FactsChanged, StoreUnavailable
from services.store.rows import Statements
from services.store.unit_of_work import Needs, Operation, UnitOfWork

T = TypeVar("T")
MOST = 500  # operations in a group
BUSY = 3  # operations that somebody waits for, in a group, beyond which the next group is given time: a lonely mail never waits
GATHER = 0.006  # seconds: few larger groups cost less than many small ones, and the event loop works meanwhile
PATIENCE = 0.02  # seconds that patient operations wait for one that is not, to share its flush to disk
log = structlog.get_logger()


Then = Callable[[Any], None]
Item = tuple[Operation[Any], "asyncio.Future[Any]", Then | None]
Outcome = tuple[Any, BaseException | None]


class Writer:
    """Runs operations in its thread, in groups."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        self._engine = engine
        self._key = key
        self._connection: Connection | None = None  # kept from transaction to transaction
        self._statements = Statements(engine.dialect)
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._closing = threading.Lock()  # nothing is queued after the end
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, operation: Operation[T], then: Callable[[T], None] | None = None) -> T:
        """Run ``operation``; returns when it is durable. Raises ``StoreUnavailable``, or what the operation raised.

        ``then`` is called with its result on the event loop, before this returns, and also when whoever asked has gone.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._closing:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            self._queue.put((operation, future, then))
        return await future

    def close(self) -> None:
        """Finish what was asked for, then end the thread. Blocks."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        ended = False
        before = 0
        while not ended:
            items, ended = self._gathered(before)
            before = sum([not item[0].patient for item in items])
            for group in _groups(items):
                _resolve(group, self._run([item[0] for item in group]))
        self._drop()

    def _gathered(self, before: int) -> tuple[list[Item], bool]:
        """What is to be written next, at most ``MOST``; and whether nothing comes behind it.

        ``before``: how many were waited for in the group before.
        """
        items: list[Item] = []
        item = self._queue.get()
        if before > BUSY:
            time.sleep(GATHER)
        ends, patient = time.monotonic() + PATIENCE, True
        while item is not None:
            items.append(item)
            if len(items) == MOST:
                return items, False
            patient = patient and item[0].patient
            try:
                item = self._queue.get(timeout=max(0.0, ends - time.monotonic()) if patient else 0.0)
            except queue.Empty:
                return items, False
        return items, True

    def _run(self, operations: Sequence[Operation[Any]]) -> list[Outcome]:
        try:
            return self._transaction(operations)
        except Exception as error:
            if is_unavailable(error):
                log.warning("store.unavailable", operations=len(operations), error=type(error).__name__)
                refusal = StoreUnavailable(str(getattr(error, "orig", error)))
                refusal.__cause__ = error
                return [(None, refusal)] * len(operations)
            if len(operations) == 1:
                return [(None, error)]
        return [outcome for operation in operations for outcome in self._run([operation])]

    def _transaction(self, operations: Sequence[Operation[Any]]) -> list[Outcome]:
        needs = Needs()
        for operation in operations:
            operation.needs(needs)
        try:
            with self._kept().begin():
                work = UnitOfWork(self._kept(), self._statements, self._key)
                work.fetch(needs)
                outcomes = [_apply(operation, work) for operation in operations]
                work.flush()
        except BaseException:
            self._drop()
            raise
        for finish in work.after_commit:
            _finish(finish)
        return outcomes

    def _kept(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _drop(self) -> None:
        """After a failure, and at the end: the next transaction gets a connection that nothing has happened to."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _apply(operation: Operation[Any], work: UnitOfWork) -> Outcome:
    try:
        return operation.apply(work), None
    except FactsChanged as error:
        return None, error


def _finish(finish: Callable[[], None]) -> None:
    """What follows a commit can't undo it: a file that stays is an orphan, and goes at the next start."""
    try:
        finish()
    except OSError as error:
        log.warning("store.file_not_removed", error=type(error).__name__)


def _groups(items: list[Item]) -> list[list[Item]]:
    """Those that share a transaction first, then those that want their own."""
    shared = sorted((item for item in items if not item[0].alone), key=lambda item: item[0].queries)
    return [*([shared] if shared else []), *([item] for item in items if item[0].alone)]


def _resolve(group: list[Item], outcomes: list[Outcome]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Item, Outcome]]] = defaultdict(list)
    for item, outcome in zip(group, outcomes, strict=True):
        by_loop[item[1].get_loop()].append((item, outcome))
    for loop, settled in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(_settle, settled)


def _settle(settled: list[tuple[Item, Outcome]]) -> None:
    for (_, future, then), (result, error) in settled:
        if then is not None and error is None:
            _tell(then, result)
        if future.done():  # whoever asked has gone: what was written stays written
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


def _tell(then: Then, result: object) -> None:
    """A failure here is not that of what was written, and must not keep its neighbours from hearing of theirs."""
    try:
        then(result)
    except Exception:
        log.exception("store.follow_up_failed")
