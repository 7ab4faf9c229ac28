"""The register on the island: a signed snapshot, kept while the database is there, and read while it is away."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from prometheus_client import Gauge
from sqlalchemy import Connection, Engine

from services.clock import Clock
from services.store import database, register_read, snapshot
from services.store.columns import instant, micros
from services.store.directory import Directory
from services.store.readers import Readers
from services.store.sql_store import SqlStore
from workflows.addresses import normalise
from workflows.facts import Facts, Organisation, Policy
from workflows.mail import Mail

log = structlog.get_logger()
CONFIRM_EVERY = timedelta(minutes=1)
OLDEST = timedelta(hours=24)  # a leader can't reach a gateway that has no database: so long, at most, an ended framework goes on
AHEAD = timedelta(minutes=5)  # a seal from so far in the future is a clock's error
COPY_SHARE = 10  # a copy that took a second is made again after ten, at the earliest
AGE = Gauge("rammevagt_island_snapshot_age_seconds", "How old the word is that its register is the newest; -1: there is none")
UNUSABLE = Gauge("rammevagt_island_snapshot_unusable", "1 while mail goes as addressed since the island's register can't be used")


class IslandRegister:
    """In ``folder``, of the register that ``main`` has; ``authorities`` are those of the national list."""

    def __init__(self, folder: Path, main: SqlStore, clock: Clock, authorities: tuple[str, ...]) -> None:
        self._folder = folder
        self._main = main
        self._clock = clock
        self._authorities = authorities
        self._seal: snapshot.Seal | None = None  # of what is in use
        self._known: Directory | None = None  # what is in use, while the database is away
        self._opened: tuple[Readers, Engine] | None = None
        self._judged = False
        self._judging = asyncio.Lock()
        self._copied = False  # since this process began
        self._next_copy = 0.0  # monotonic

    def doubt(self) -> None:
        """An absence begins: the snapshot is looked at before it is used."""
        self._judged = False

    def rest(self) -> None:
        """An absence has ended."""
        UNUSABLE.set(0)

    async def facts(self, policy: Policy, mail: Mail, now: datetime) -> Facts:
        """The facts for ``mail`` by the snapshot; nothing is known where it can't be used."""
        for last in (False, True):  # one that is renewed in this very instant is judged and opened anew
            try:
                if (found := await self._facts(policy, mail, now)) is not None:
                    UNUSABLE.set(found.snapshot_expired)
                    return found
            except Exception as error:  # its words may hold what it choked on
                if last:
                    log.critical("island_snapshot_unreadable", error=type(error).__name__)
        UNUSABLE.set(1)
        return Facts(policy, Organisation(), known=False, receipts_known=False)

    async def _facts(self, policy: Policy, mail: Mail, now: datetime) -> Facts | None:
        known = await self._snapshot()
        if known is None:
            return None
        try:
            files = await known.files_of({normalise(one) for one in mail.headers.from_addresses})
        except Exception:
            if self._known is known:  # else another mail has had it judged anew
                self._judged = False
            raise
        return Facts(policy, known.organisation, files, snapshot_expired=self._is_stale(now), receipts_known=False)

    async def _snapshot(self) -> Directory | None:
        """What it tells; None where it is missing or not to be believed. Looked at once in an absence."""
        if not self._judged:
            async with self._judging:
                if not self._judged:
                    await self.close()
                    self._known = await self._judge()
                    self._judged = True
        return self._known

    async def _judge(self) -> Directory | None:
        try:
            self._seal = await asyncio.to_thread(snapshot.read_seal, self._folder, self._main.key)
            if self._seal is None or self._seal.tables != database.HEAD:
                log.critical("island_snapshot_missing")
                return None
            path = await asyncio.to_thread(snapshot.open_file, self._folder, self._seal)
            engine = database.sqlite_read_only(path, immutable=True)
            readers = Readers(engine)
            self._opened = readers, engine
            directory = await asyncio.to_thread(Directory, readers, self._main.key, self._authorities)
            await directory.refresh()
        except snapshot.NotGenuine as error:
            log.critical("island_snapshot_not_genuine", what=str(error))
            return None
        if self._is_stale(self._clock.now()):
            log.critical("island_snapshot_expired", current_at=instant(self._seal.current_at).isoformat())
        return directory

    def _is_stale(self, now: datetime) -> bool:
        return self._seal is None or not -AHEAD <= now - instant(self._seal.current_at) <= OLDEST

    async def close(self) -> None:
        """Read it no more, unless it is judged again."""
        self._judged, self._known = False, None
        opened, self._opened = self._opened, None
        if opened is not None:
            readers, engine = opened
            await asyncio.to_thread(readers.close)
            engine.dispose()

    async def keep(self) -> None:
        """Have a snapshot of the newest register, and its seal say so. Raises ``StoreUnavailable``."""
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
        await self.close()  # of an absence that is over: its file goes now
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
