"""The island: a small store on this machine's own disk, for the mails that come while the database is away.

It is beside a PostgreSQL database, in ``island`` under the data folder, with a signed snapshot of the register. A mail that the
database can't take is decided by the snapshot, committed here before 250, sent on from here, and brought into the database
whole as soon as that answers. Services that share a data folder share the island.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from prometheus_client import Gauge
from sqlalchemy import Connection, Engine

from services.apart import together
from services.clock import Clock
from services.repeating import repeat
from services.settings import Settings, StoreSettings
from services.store import database, homecoming, register_read, snapshot
from services.store.columns import instant, micros
from services.store.directory import Directory
from services.store.interface import Arrival, Claim, Hop, StoreUnavailable
from services.store.keys import key_path, sync_folder
from services.store.leases import TakeBack
from services.store.open import open_store
from services.store.readers import Readers
from services.store.sql_store import SqlStore
from workflows.addresses import normalise
from workflows.facts import Facts, Organisation, Policy
from workflows.mail import Mail

log = structlog.get_logger()
FOLDER = "island"
TEND_EVERY = 0.5  # seconds: a register that changed meanwhile is in force within a second after the return
CONFIRM_EVERY = timedelta(minutes=1)
OLDEST = timedelta(hours=24)  # a leader can't reach a gateway that has no database: so long, at most, an ended framework goes on
AHEAD = timedelta(minutes=5)  # a seal from so far in the future is a clock's error
COPY_SHARE = 10  # a copy that took a second is made again after ten, at the earliest
AWAY = Gauge("rammevagt_database_away", "1 while the database is away and mail is kept on the island")
MAILS = Gauge("rammevagt_island_mails", "Mails on the island that are not in the database yet")
AGE = Gauge("rammevagt_island_snapshot_age_seconds", "How old the word is that its register is the newest; -1: there is none")
UNUSABLE = Gauge("rammevagt_island_snapshot_unusable", "1 while mail goes as addressed since the island's register can't be used")


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
        self._folder = folder
        self._main = main
        self._clock = clock
        self._authorities = authorities
        self._decides = decides
        self._seal: snapshot.Seal | None = None
        self._copied = False  # since this process began
        self._next_copy = 0.0  # monotonic
        self._known: tuple[Directory, Readers, Engine] | None = None  # the snapshot in use, while the database is away
        self._judged = False
        self._judging = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        main.writer.takes_back = False

    def start(self) -> None:
        """Begin to look after the database, the snapshot and the way home."""
        work = [self.tend, self.keep_snapshot] if self._decides else [self.tend]
        self._tasks = [asyncio.create_task(repeat(one, TEND_EVERY), name=one.__name__) for one in work]

    async def stop(self) -> None:
        """End; what is here is brought home after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._put_away()
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
            self.away, self._judged = True, False
            AWAY.set(1)
            log.error("database_away")

    # -- the mail path
    async def facts(self, policy: Policy, mail: Mail, now: datetime) -> Facts:
        """The facts for ``mail`` by the snapshot."""
        try:
            known = await self._snapshot()
            if known is not None:
                files = await known.files_of({normalise(one) for one in mail.headers.from_addresses})
                stale = self._is_stale(now)
                UNUSABLE.set(stale)
                return Facts(policy, known.organisation, files, snapshot_expired=stale, receipts_known=False)
        except StoreUnavailable:
            log.critical("island_snapshot_unreadable")
        UNUSABLE.set(1)
        return Facts(policy, Organisation(), known=False, receipts_known=False)

    async def commit(self, arrival: Arrival, claim: Claim | None) -> None:
        """Put ``arrival`` on this machine's disk. Raises ``StoreUnavailable``."""
        if not isinstance(arrival.content, Path):
            await self.store.commit(arrival, claim)
            return
        moved = self.store.spool.folder / arrival.content.name
        try:
            await asyncio.to_thread(_move, arrival.content, moved)
            await self.store.commit(replace(arrival, content=moved), claim)
        except OSError as error:
            raise StoreUnavailable(f"the island's spool folder: {error.strerror}") from error
        except StoreUnavailable:
            await asyncio.to_thread(moved.unlink, missing_ok=True)
            raise

    # -- the snapshot
    async def _snapshot(self) -> Directory | None:
        """What it tells; None where it is missing or not to be believed. Looked at once in an absence."""
        if not self._judged:
            async with self._judging:
                if not self._judged:
                    await self._put_away()
                    self._known = await self._judge()
                    self._judged = True
        return self._known[0] if self._known else None

    async def _judge(self) -> tuple[Directory, Readers, Engine] | None:
        try:
            self._seal = await asyncio.to_thread(snapshot.read_seal, self._folder, self._main.key)
            if self._seal is None or self._seal.tables != database.HEAD:
                log.critical("island_snapshot_missing")
                return None
            path = await asyncio.to_thread(snapshot.open_file, self._folder, self._seal)
            engine = database.sqlite_read_only(path, immutable=True)
            readers = Readers(engine)
            directory = await asyncio.to_thread(Directory, readers, self._main.key, self._authorities)
            await directory.refresh()
        except (snapshot.NotGenuine, OSError, ValueError) as error:
            log.critical("island_snapshot_not_genuine", what=type(error).__name__ if isinstance(error, OSError) else str(error))
            return None
        if self._is_stale(self._clock.now()):
            log.critical("island_snapshot_expired", current_at=instant(self._seal.current_at).isoformat())
        return directory, readers, engine

    def _is_stale(self, now: datetime) -> bool:
        return self._seal is None or not -AHEAD <= now - instant(self._seal.current_at) <= OLDEST

    async def _put_away(self) -> None:
        known, self._known = self._known, None
        if known is not None:
            _, readers, engine = known
            await asyncio.to_thread(readers.close)
            engine.dispose()

    async def keep_snapshot(self) -> None:
        """Have a snapshot of the newest register, and its seal say so."""
        if self.away:
            return
        version, _ = await self._main.readers.run(register_read.versions)
        now = self._clock.now()
        try:
            seal = await asyncio.to_thread(snapshot.read_seal, self._folder, self._main.key)
        except snapshot.NotGenuine:
            log.critical("island_snapshot_not_genuine", what="the seal")
            seal = None
        current = seal is not None and (seal.version, seal.tables) == (version, database.HEAD) and self._copied
        AGE.set((now - instant(seal.current_at)).total_seconds() if seal else -1)
        if not current or seal is None or not (self._folder / seal.file).exists():
            if time.monotonic() >= self._next_copy:
                await self._copy()
        elif abs(now - instant(seal.current_at)) >= CONFIRM_EVERY:
            await asyncio.to_thread(self._confirm, seal, micros(now))

    async def _copy(self) -> None:
        begun = time.monotonic()
        await self._put_away()  # of an absence that is over: its file goes now
        seal = await self._main.readers.run(self._make, micros(self._clock.now()))
        took = time.monotonic() - begun
        self._next_copy = time.monotonic() + COPY_SHARE * took
        if seal is not None:
            self._copied = True
            log.info("island_snapshot_made", version=seal.version, seconds=round(took, 1))

    def _make(self, connection: Connection, now: int) -> snapshot.Seal | None:
        with snapshot.alone(self._folder) as mine:
            return snapshot.make(connection, self._folder, self._main.key, now) if mine else None

    def _confirm(self, seal: snapshot.Seal, now: int) -> None:
        with snapshot.alone(self._folder) as mine:
            if mine and snapshot.read_seal(self._folder, self._main.key) == seal:
                snapshot.confirm(self._folder, self._main.key, seal, now)

    # -- the way home
    async def tend(self) -> None:
        """Ask the database whether it is there, and bring home what is here."""
        try:
            await self._main.readers.run(register_read.versions)
            if self.away:
                await self._main.refresh()
                await self._main.release(())  # nothing, by way of the writer: it is connected again
        except StoreUnavailable:
            self.lost()
            await self._measure()
            return
        if self.away:
            self.away = False
            AWAY.set(0)
            UNUSABLE.set(0)
            log.warning("database_back")
        unsure = tuple(self._main.writer.unsure)
        with suppress(StoreUnavailable):
            while await self._bring_home(unsure):
                self.home()
            if not await self._measure() and unsure:
                await self._main.writer.run(TakeBack(unsure))
                self._main.writer.unsure = [one for one in self._main.writer.unsure if one not in unsure]

    async def _bring_home(self, unsure: Collection[str]) -> bool:
        """One transaction's worth; whether there may be more."""
        if not await self._measure():
            return False
        ids = await self.store.writer.run(homecoming.SetOut(micros(self._clock.now())))

        async def ship(some: Sequence[str]) -> None:
            cargo = await self.store.readers.run(homecoming.load, list(some), self.store.spool)
            new = await self._main.writer.run(homecoming.Arrive(cargo, unsure))
            await self.store.writer.run(homecoming.Remove(cargo.ids, self.store.spool))
            log.info("mails_home", mails=len(some), known=len(some) - new)

        failed = {id: error for id, error in zip(ids, await together(ship, ids), strict=True) if error is not None}
        for id, error in failed.items():
            if isinstance(error, StoreUnavailable):
                raise error
            log.error("mail_not_home", mail=id, error=type(error).__name__)
        return len(failed) < len(ids)

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
