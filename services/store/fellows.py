"""The other processes on one PostgreSQL database: which of them live, and which one publishes events.

Each store holds a lock of the server's as long as its connection lives. Leases of a store without one are taken back, so that mail
does not wait for the end of a lease because a machine is gone; a connection that was only lost is made again long before that.
Two that send one copy do so at worst twice: every record is fenced by its lease.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection
from hashlib import blake2b
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine, func, select

from services.repeating import repeat
from services.store import schema
from services.store.errors import is_unavailable, words
from services.store.interface import StoreUnavailable
from services.store.locks import SPACE, Lock

LOOK_SECONDS = 2.0
GONE_SECONDS = 20.0  # without a lock, until a store counts as dead: after a restart of the server all need a moment
LIVING = SPACE + 1  # the first of the two numbers of a living store's lock
T = TypeVar("T")
_LIVING = (
    "SELECT objid::bigint FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
    " WHERE locktype = 'advisory' AND classid = %s AND datname = current_database() AND granted"
)
log = structlog.get_logger()


class Fellows:
    """Holds the lock of store ``holder``, and has ``take_back`` take the leases of stores that are gone."""

    def __init__(self, engine: Engine, holder: str, take_back: Callable[[Collection[str]], Awaitable[int]]) -> None:
        self._engine = engine
        self._holder = holder
        self._take_back = take_back
        self._using = threading.Lock()
        self._connection: Connection | None = None
        self._publishes = False
        self._missed: dict[str, float] = {}  # holder -> since when it has no lock
        self._task: asyncio.Task[None] | None = None
        self._run(self._keep)

    def start(self) -> None:
        """Begin to look after the others."""
        self._task = asyncio.create_task(repeat(self.look, LOOK_SECONDS), name="store-fellows")

    async def publishes(self) -> bool:
        """Whether this is the store whose relay publishes: the first that asked, until it is gone. Raises ``StoreUnavailable``."""
        return await asyncio.to_thread(self._run, self._lead)

    async def look(self) -> None:
        """Take back the leases of stores that have been gone long enough. Raises ``StoreUnavailable``."""
        missing = await asyncio.to_thread(self._run, self._absent)
        now = monotonic()
        self._missed = {one: self._missed.get(one, now) for one in missing}
        gone = [one for one, since in self._missed.items() if now - since >= GONE_SECONDS]
        if gone:
            log.warning("store.fellows_gone", stores=len(gone), leases=await self._take_back(gone))

    async def close(self) -> None:
        """Stop looking, and let the locks go."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._drop)

    def _run(self, work: Callable[[Connection], T]) -> T:
        with self._using:
            try:
                return work(self._kept())
            except Exception as error:
                self._drop()
                if is_unavailable(error):
                    raise StoreUnavailable(words(error)) from error
                raise

    def _kept(self) -> Connection:
        """The connection; a new one takes the store's lock before anything else, shared: the lost one may still have it."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection.exec_driver_sql(f"SELECT pg_advisory_lock_shared({LIVING}, {_number(self._holder)})")
        return self._connection

    def _keep(self, _: Connection) -> bool:
        return True

    def _lead(self, connection: Connection) -> bool:
        if self._publishes:
            connection.exec_driver_sql("SELECT 1")  # else the lock is gone with its connection
        else:
            asked = f"SELECT pg_try_advisory_lock({SPACE}, {int(Lock.RELAY)})"
            self._publishes = bool(connection.exec_driver_sql(asked).scalar_one())
        return self._publishes

    def _absent(self, connection: Connection) -> list[str]:
        delivery = schema.delivery.c
        holder = func.split_part(delivery.lease, ".", 1)
        leased = select(holder).where(delivery.tier.is_not(None), delivery.lease.is_not(None)).distinct()
        numbers = set(connection.exec_driver_sql(_LIVING, (LIVING,)).scalars())
        return [one for one in connection.execute(leased).scalars() if _number(one) not in numbers]

    def _drop(self) -> None:
        kept, self._connection, self._publishes = self._connection, None, False
        if kept is not None:
            kept.invalidate()  # its locks end with it
            kept.close()


def _number(holder: str) -> int:
    """31 bits of a holder."""
    return int.from_bytes(blake2b(holder.encode(), digest_size=4).digest(), "big") >> 1
