"""The island: a small store on this machine's own disk, for the mails that come while the database is away.

It is beside a PostgreSQL database, in ``island`` under the data folder, with a signed snapshot of the register. A mail that the
database can't take is decided by the snapshot, committed here before 250, sent on from here, and brought into the database
whole as soon as that answers. Services that share a data folder share the island.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import structlog
from prometheus_client import Gauge

from services.apart import together
from services.clock import Clock
from services.island_register import IslandRegister
from services.repeating import repeat
from services.settings import Settings, StoreSettings
from services.store import homecoming, register_read, snapshot
from services.store.interface import Arrival, Claim, CommitUnknown, Hop, StoreUnavailable
from services.store.keys import key_path, sync_folder
from services.store.open import open_store
from services.store.sql_store import SqlStore

log = structlog.get_logger()
FOLDER = "island"
TEND_EVERY = 0.5  # seconds: a register that changed meanwhile is in force within a second after the return
AGAIN, SELDOM = 30.0, 3600.0  # seconds until a mail that the database did not take is sent there again, and at most
AWAY = Gauge("rammevagt_database_away", "1 while the database is away and mail is kept on the island")
MAILS = Gauge("rammevagt_island_mails", "Mails on the island that are not in the database yet")


def _nobody(_: int) -> Claim | None:
    return None


def _nothing(_: Collection[Hop]) -> None:
    return None


class Island:
    """``store`` is the island's, ``database`` the one that it stands in for.

    ``claim`` and ``wake`` are those of the deliverer on ``store`` where this process has one; ``home`` is called when mails have
    come into the database. ``decides``: this process decides mails, and so keeps a snapshot.
    """

    def __init__(
        self, folder: Path, store: SqlStore, main: SqlStore, clock: Clock, authorities: tuple[str, ...], *, decides: bool
    ) -> None:
        self.store = store
        self.away = False
        self.claim: Callable[[int], Claim | None] = _nobody
        self.wake: Callable[[Collection[Hop]], None] = _nothing
        self.home: Callable[[], None] = lambda: None
        self.register = IslandRegister(folder, main, clock, authorities)
        self._folder = folder
        self._main = main
        self._decides = decides
        self._refused: dict[str, tuple[float, float]] = {}  # by the database: the pause after that, and its end (monotonic)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look after the database, the snapshot and the way home."""
        work = [self.tend, self.keep_snapshot] if self._decides else [self.tend]
        self._tasks = [asyncio.create_task(repeat(one, TEND_EVERY), name=one.__name__) for one in work]

    async def stop(self) -> None:
        """End; what is here is brought home after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.register.close()
        await self.store.close()

    def ready(self) -> bool:
        """Whether mail can be promised."""
        return not self.away or self.store.ready()

    def reachable(self) -> bool:
        """Whether the database is there."""
        return not self.away

    def lost(self) -> None:
        """The database is away."""
        if not self.away:
            self.away = True
            self.register.doubt()
            AWAY.set(1)
            log.error("database_away")

    # -- the mail path
    async def commit(self, arrival: Arrival, claim: Claim | None) -> None:
        """Put ``arrival`` on this machine's disk. Raises ``StoreUnavailable``."""
        if not isinstance(arrival.content, Path):
            await self.store.commit(arrival, claim)
            return
        moved = self.store.spool.folder / arrival.content.name
        try:
            await asyncio.to_thread(_move, arrival.content, moved)
            await self.store.commit(replace(arrival, content=moved), claim)
        except CommitUnknown:
            raise
        except Exception as error:
            await asyncio.to_thread(moved.unlink, missing_ok=True)
            if isinstance(error, OSError):
                raise StoreUnavailable(f"the island's spool folder: {error.strerror}") from error
            raise

    async def keep_snapshot(self) -> None:
        """While the database is there."""
        if not self.away:
            await self.register.keep()

    # -- the way home
    async def tend(self) -> None:
        """Ask the database whether it is there, and bring home what is here; of the processes on this island one at a time."""
        await self._ask()
        if not await self._measure():
            return
        await self.store.release_dead()  # what a deliverer beside this one had in hand when it died
        with snapshot.alone(self._folder, "home") as mine:
            while mine and not self.away and await self._bring_home():
                self.home()

    async def _ask(self) -> None:
        try:
            await self._main.readers.run(register_read.versions)
            if self.away:
                await self._main.refresh()
                await self._main.release(())  # nothing, by way of the writer: it is connected again
        except StoreUnavailable:
            self.lost()
            return
        if self.away:
            self.away = False
            AWAY.set(0)
            self.register.rest()
            log.warning("database_back")

    async def _bring_home(self) -> bool:
        """One transaction's worth; whether there may be more."""
        now = time.monotonic()
        ids = await self.store.writer.run(homecoming.SetOut({id for id, (_, end) in self._refused.items() if end > now}))

        async def arrive(some: Sequence[str]) -> None:
            cargo = await self.store.readers.run(homecoming.load, list(some), self.store.spool)
            new = await self._main.writer.run(homecoming.Arrive(cargo))
            log.info("mails_home", mails=len(some), known=len(some) - new)

        outcomes = list(zip(ids, await together(arrive, ids), strict=True))
        if home := [id for id, error in outcomes if error is None]:
            await self.store.writer.run(homecoming.Remove(home, self.store.spool))
            self._refused = {id: again for id, again in self._refused.items() if id not in home}
        await self._turn_back({id: error for id, error in outcomes if error and not isinstance(error, StoreUnavailable)})
        for _, error in outcomes:
            if isinstance(error, StoreUnavailable):  # whether those have arrived the next homecoming tells
                raise error
        return bool(ids)

    async def _turn_back(self, refused: dict[str, Exception]) -> None:
        """They keep nobody behind them from home, and are sent on from here meanwhile."""
        if refused:
            await self.store.writer.run(homecoming.TurnBack(list(refused)))
        for id, error in refused.items():
            pause = min(2 * self._refused[id][0], SELDOM) if id in self._refused else AGAIN
            self._refused[id] = pause, time.monotonic() + pause
            log.error("mail_not_home", mail=id, error=type(error).__name__, again_in=pause)

    async def _measure(self) -> int:
        mails = await self.store.readers.run(homecoming.count)
        MAILS.set(mails)
        return mails


async def open_island(settings: Settings, main: SqlStore, clock: Clock, authorities: tuple[str, ...], *, decides: bool) -> Island:
    """The island under the data folder, made where there is none. Raises as ``open_store``."""
    folder = settings.data / FOLDER
    own = StoreSettings(key_file=str(key_path(settings)))
    store = await open_store(settings.model_copy(update={"data": folder, "store": own}), clock)
    return Island(folder, store, main, clock, authorities, decides=decides)


def _move(file: Path, to: Path) -> None:
    file.rename(to)
    sync_folder(to.parent)
