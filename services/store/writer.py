"""The one thread that writes, with group commit.

Operations that wait at the same time share one transaction: one COMMIT, one flush to disk, one wake-up of the event loop. When an
operation spoils its group, the group is rolled back and each is run alone, so that only the one at fault hears of it.
"""

import asyncio
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from services.store.database import discard, driver
from services.store.errors import UNDONE, code_of, is_unavailable, spoils_connection, tries, words
from services.store.interface import CommitUnknown, FactsChanged, StoreUnavailable
from services.store.leases import TakeBack
from services.store.line import Line
from services.store.promises import Promises
from services.store.rows import Statements
from services.store.sessions import Session, end_session, session_of
from services.store.unit_of_work import Needs, Operation, UnitOfWork

T = TypeVar("T")
log = structlog.get_logger()

Then = Callable[[Any], None]
PAUSE = 0.02  # seconds, at most, before a try after the second: whoever was in the way is then through
RECONNECT = 0.5  # seconds from one failure to connect to the next try


@dataclass(frozen=True, slots=True)
class Item:
    """An operation, whoever waits for it, and who is told of it."""

    operation: Operation[Any]
    future: "asyncio.Future[Any]"
    then: Then | None

    @property
    def patient(self) -> bool:
        """Whether it may wait for company."""
        return self.operation.patient


Outcome = tuple[Any, BaseException | None]


class Writer:
    """Runs operations in its thread, in groups."""

    def __init__(self, engine: Engine, key: bytes, promises: Promises | None = None) -> None:
        self._engine = engine
        self._key = key
        self._promises = promises  # of a SQLite file; a database server looks after its own
        self._spoilt = False
        self._connection: Connection | None = None  # kept from transaction to transaction
        self._session: Session | None = None  # of the connection that was had last
        self._away: Exception | None = None  # why none could be made, until it is time to try again
        self._away_until = 0.0  # monotonic
        self._committing = False
        self._unsure: list[str] = []  # leases of transactions that may have been committed, and that nobody has
        self._statements = Statements(engine.dialect)
        self._line: Line[Item] = Line()
        self._closing = threading.Lock()  # nothing is queued after the end
        self._closed = False
        self._failing = False  # the last transaction that had something to write didn't get to disk
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, operation: Operation[T], then: Callable[[T], None] | None = None) -> T:
        """Run ``operation``; returns when it is durable. Raises ``StoreUnavailable``, or what the operation raised.

        After ``CommitUnknown`` it may be durable all the same.

        ``then`` is called with its result on the event loop, before this returns, and also when whoever asked has gone.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._closing:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            self._line.put(Item(operation, future, then))
        return await future

    async def works(self, probe: Operation[None]) -> bool:
        """Whether the last transaction that wrote something is on disk; where it is not, ``probe`` is tried."""
        if self._failing:
            with suppress(StoreUnavailable):
                await self.run(probe)
        return not self._failing

    def close(self) -> None:
        """Finish what was asked for, then end the thread. Blocks."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._line.end()
        self._thread.join()

    def _work(self) -> None:
        while items := self._line.next():
            for group in _groups(items):
                _resolve(group, self._run([item.operation for item in group]))
        self._drop()

    def _run(self, operations: Sequence[Operation[Any]]) -> list[Outcome]:
        if self._promises and self._promises.broken:
            return [(None, StoreUnavailable(self._promises.broken))] * len(operations)
        try:
            return self._tried(operations)
        except Exception as error:
            if self._promises:
                self._promises.failed(error)
            if is_unavailable(error):
                self._failing = True
                log.warning("store.unavailable", operations=len(operations), error=type(error).__name__, code=code_of(error))
                unknown = self._committing and code_of(error) != UNDONE
                refusal = (CommitUnknown if unknown else StoreUnavailable)(words(error))
                refusal.__cause__ = error
                return [(None, refusal)] * len(operations)
            if len(operations) == 1:
                return [(None, error)]
        return [outcome for operation in operations for outcome in self._run([operation])]

    def _tried(self, operations: Sequence[Operation[Any]]) -> list[Outcome]:
        """Once more where another process was in the way. Never after the commit was asked for: it may have been done."""
        attempt = 0
        while True:
            attempt += 1
            kept, self._committing = self._connection is not None, False
            try:
                return self._transaction(operations)
            except Exception as error:
                if self._committing:
                    self._unsure += [token for one in operations if (token := getattr(one, "token", ""))]
                if self._committing or attempt >= tries(error, kept=kept):
                    raise
                time.sleep(random.uniform(0, PAUSE) * (attempt - 1))  # noqa: S311 - so that two do not meet again

    def _transaction(self, operations: Sequence[Operation[Any]]) -> list[Outcome]:
        needs = Needs()
        for operation in operations:
            operation.needs(needs)
        try:
            with self._kept().begin():
                work = UnitOfWork(self._kept(), self._statements, self._key)
                if self._unsure:
                    TakeBack(self._unsure).apply(work)
                work.fetch(needs)
                outcomes = [_apply(operation, work) for operation in operations]
                work.finish()
                self._committing = True
            if self._promises:
                self._promises.kept(work.head)
        except BaseException as error:
            self._drop(spoilt=spoils_connection(error))
            raise
        self._failing = self._failing and not work.wrote
        self._unsure = []
        for finish in work.after_commit:
            _finish(finish)
        return outcomes

    def _kept(self) -> Connection:
        """The connection. While none can be made, whoever wants one hears so at once, and is asked again half a second later."""
        if self._connection is None:
            if self._away is not None and time.monotonic() < self._away_until:
                raise self._away
            try:
                self._connection = self._engine.connect()
                self._follow(self._connection)
                self._away = None
            except Exception as error:
                self._drop()
                self._away, self._away_until = error, time.monotonic() + RECONNECT
                raise
        if self._spoilt and self._promises:
            self._promises.reopened(driver(self._connection))
            self._spoilt = False
        return self._connection

    def _follow(self, connection: Connection) -> None:
        """Only when the session before has ended is it known what it did, and are its locks free."""
        session = session_of(connection)
        if self._session is not None and session != self._session:
            end_session(connection, self._session)
        self._session = session

    def _drop(self, *, spoilt: bool = False) -> None:
        """After a failure, and at the end. ``spoilt``: the next transaction gets a new connection, which is asked what it knows.

        After a flush that failed no second try of the same pages is believed: they count as clean though they are not on disk.
        SQLite writes a transaction's pages anew, and what had been flushed before must still be found.
        """
        if self._connection is not None:
            if spoilt:
                self._spoilt = True
                self._connection.invalidate()
            discard(self._connection)
            self._connection = None


def _apply(operation: Operation[Any], work: UnitOfWork) -> Outcome:
    try:
        return operation.apply(work), None
    except FactsChanged as error:
        return None, error


def _finish(finish: Callable[[], None]) -> None:
    """What follows a commit can't undo it, and is no failure of it: a file that stays is an orphan, and goes at the next start."""
    try:
        finish()
    except Exception as error:
        log.warning("store.not_tidied", error=type(error).__name__)


def _groups(items: list[Item]) -> list[list[Item]]:
    """Those that share a transaction first, then those that want their own."""
    shared = sorted((item for item in items if not item.operation.alone), key=lambda item: item.operation.queries)
    return [*([shared] if shared else []), *([item] for item in items if item.operation.alone)]


def _resolve(group: list[Item], outcomes: list[Outcome]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Item, Outcome]]] = defaultdict(list)
    for item, outcome in zip(group, outcomes, strict=True):
        by_loop[item.future.get_loop()].append((item, outcome))
    for loop, settled in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(_settle, settled)


def _settle(settled: list[tuple[Item, Outcome]]) -> None:
    """Whoever waits goes on after this, and first: the sender of a mail gets its 250 before the mail is sent on."""
    for item, (result, error) in settled:
        if not item.future.done():  # else whoever asked has gone: what was written stays written
            if error is not None:
                item.future.set_exception(error)
            else:
                item.future.set_result(result)
    for item, (result, error) in settled:
        if item.then is not None and error is None:
            _tell(item.then, result)


def _tell(then: Then, result: object) -> None:
    """A failure here is not that of what was written, and must not keep its neighbours from hearing of theirs."""
    try:
        then(result)
    except Exception:
        log.exception("store.follow_up_failed")
