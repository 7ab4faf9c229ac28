"""The one composition root: which services run in this process, in which order they start and stop."""

import asyncio
import contextlib
import fcntl
import random
import signal
import socket
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import TextIO

import structlog

from services.bad_input import BadInput
from services.clock import Clock, SystemClock
from services.clock_watch import ClockWatch, Steady, boot_clock
from services.collector import spare
from services.console.http import Http, pages
from services.delivery.deliverer import HOPS, Deliverer
from services.events.service import Events
from services.gateway.intake import StoreIntake
from services.gateway.listener import Gateway
from services.gateway.tls import TlsFilesUnusable
from services.gather import national_authorities
from services.island import Island, open_island
from services.mailbox.routing import looks
from services.mailbox.service import Mailboxes
from services.mailbox.timers import Timers
from services.marks import Marks
from services.notify.service import Notifier
from services.post_terms import MailboxTerms
from services.repeating import repeat
from services.settings import Settings
from services.store.errors import BadStore, UnsoundStore, WrongKey
from services.store.interface import Claim, Hop, StoreUnavailable
from services.store.keys import BadKey
from services.store.open import open_store
from services.store.sql_store import SqlStore
from services.upkeep import Upkeep

log = structlog.get_logger()
ROLES = frozenset({"gateway", "deliver", "relay", "notify", "watch", "console"})
TAKE_OVER_EVERY = 5.0  # seconds between looks for deliverers that died
GRACE = 10.0  # seconds that what is under way has to end in


class Guard:
    """The services of ``roles`` over one store."""

    def __init__(
        self, settings: Settings, roles: frozenset[str] = ROLES, clock: Clock | None = None, steady: Steady | None = None
    ) -> None:
        """``steady`` measures time beside ``clock``, which may be set; a clock that is given is its own measure where none is."""
        self.settings = settings
        self.roles = roles
        self.clock = clock or SystemClock()
        self._steady = steady if clock else boot_clock
        self.watch: ClockWatch
        self.store: SqlStore
        self.gateway: Gateway | None = None
        self.deliverer: Deliverer | None = None
        self.island: Island | None = None
        self.events: Events | None = None
        self.mailboxes: Mailboxes
        self.http: Http
        self._ends: list[tuple[str, Callable[[], Awaitable[object]]]] = []
        self._locks: list[TextIO] = []

    async def start(self) -> None:
        """Start in the order in which one needs the other. Raises ``BadInput``; what had started is stopped again."""
        try:
            with _told():
                await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self._take_locks()
        self.store = await open_store(self.settings, self.clock, extra_authorities=national_authorities())
        self._ends.append(("store", self.store.close))
        self.watch = ClockWatch(self.clock, self._steady, await self.store.newest())
        self.watch.is_wrong(self.clock.now())  # said at once, not at the first mail
        if self.roles & {"relay", "notify"}:
            self.events = Events(self.settings, self.store, self.clock, relay="relay" in self.roles)
        if self.settings.store.url and self.roles & {"gateway", "deliver"}:
            await self._start_island()
        if "deliver" in self.roles:
            await self._start_delivery()
        if "notify" in self.roles and self.events:
            await self._start_notify(self.events)
        if self.events:
            await self.events.start()
            self._ends.append(("events", self.events.stop))
        if "gateway" in self.roles:
            await self._start_gateway()
        if self.roles & {"console", "deliver"}:
            upkeep = Upkeep(
                self.settings,
                self.store,
                self.clock,
                self.watch,
                up_since=self._up_since,
                told=lambda: self._committed(()),
            )
            upkeep.start()
            self._ends.append(("upkeep", upkeep.stop))
        told = partial(self._committed, ())
        self.mailboxes = Mailboxes(self.settings, self.store, self.clock, told, watch=self.watch, route=looks)
        if "watch" in self.roles:
            await self._start_watch()
        await self._start_http()

    async def _start_island(self) -> None:
        island = self.island = await open_island(
            self.settings, self.store, self.clock, national_authorities(), decides="gateway" in self.roles
        )
        self._ends.append(("island", island.stop))
        if "deliver" in self.roles:
            sending = self._deliverer(island.store, "island.mark")
            island.claim, island.wake = sending.claim, sending.wake
            await island.store.release_dead()
            await sending.start()
            self._ends.append(("island-deliver", sending.stop))
        island.home = lambda: self._committed(HOPS)
        island.start()

    def _deliverer(self, store: SqlStore, mark: str) -> Deliverer:
        chance = random.SystemRandom().random
        return Deliverer(self.settings, store, self.clock, chance, watch=self.watch, marks=self._marks(mark))

    async def _start_delivery(self) -> None:
        await self.store.release_dead()
        deliverer = self.deliverer = self._deliverer(self.store, "sending.mark")
        await deliverer.start()
        self._ends.append(("deliver", deliverer.stop))
        taking_over = asyncio.create_task(repeat(self._take_over, TAKE_OVER_EVERY), name="take-over")
        self._ends.append(("take-over", lambda: _end(taking_over)))

    async def _start_notify(self, events: Events) -> None:
        alone = self.roles == ROLES and not self.settings.store.url  # nobody else takes mail into the store
        told, marks = self._committed, self._marks("telling.mark")
        terms = MailboxTerms(self.settings, self.store.key)
        notifier = Notifier(self.settings, self.store, self.clock, told, claim=self._claim, marks=marks, at_hand=alone, terms=terms)
        for what, durable, handler in notifier.handlers():
            events.register(what, durable, handler)
        self._ends.append(("notify", notifier.stop))
        await notifier.start()

    async def _start_watch(self) -> None:
        timers = Timers(self.settings, self.store, self.clock, self.watch, partial(self._committed, ()))
        timers.start()
        self._ends.append(("timers", timers.stop))
        await self.mailboxes.start()
        self._ends.append(("mailboxes", self.mailboxes.stop))

    async def _take_over(self) -> None:
        """What a deliverer beside this one had under way when it died."""
        if self.deliverer and (copies := await self.store.release_dead()):
            log.warning("deliverer_died", copies=copies)
            self.deliverer.wake()

    async def _start_gateway(self) -> None:
        hostname = self.settings.gateway.hostname or socket.gethostname()
        key, told, claim, marks = self.store.key, self._committed, self._claim, self._marks("deciding.mark")
        intake = StoreIntake(
            self.settings, self.store, key, hostname, told, claim=claim, marks=marks, watch=self.watch, island=self.island
        )
        try:
            gateway = Gateway(self.settings, intake, self.clock, self.settings.data / "spool")
            await gateway.start()
        except TlsFilesUnusable as error:
            raise BadInput(str(error)) from error
        except OSError as error:
            raise BadInput(f"gateway.listen: {self.settings.gateway.listen}: {error.strerror}; choose another address") from error
        self.gateway = gateway
        self._ends.append(("gateway", lambda: gateway.stop(GRACE)))

    async def _start_http(self) -> None:
        section = "console" if "console" in self.roles else "health"
        listen = self.settings.console.listen if section == "console" else self.settings.health.listen
        needed = {"store": self._can_promise, "disk": self._writable}
        shown = ({"broker": self._broker} if self.events else {}) | ({"database": self._database} if self.island else {})
        told, mend = partial(self._committed, ()), self.mailboxes.mend  # also where another process watches the mailbox
        shows = pages(self.settings, self.store, self.clock, {**needed, **shown}, told, mend=mend) if section == "console" else None
        self.http = Http(listen, needed, shown, shows)
        try:
            await self.http.start()
        except OSError as error:
            raise BadInput(f"{section}.listen: {listen}: {error.strerror}; choose another address") from error
        self._ends.append(("http", self.http.stop))

    def _marks(self, name: str) -> Marks:
        marks = Marks(self.settings.data / name)
        self._ends.append((name, partial(asyncio.to_thread, marks.close)))
        return marks

    async def _can_promise(self) -> bool:
        return self.store.ready() and (self.island is None or self.island.ready())

    async def _writable(self) -> bool:
        kept_in = self.store if self.island is None or self.island.reachable() else self.island.store
        return await kept_in.writable()

    async def _database(self) -> bool:
        return self.island is not None and self.island.reachable()

    def _up_since(self) -> Mapping[str, datetime]:
        return self.deliverer.up_since if self.deliverer else {}

    async def _broker(self) -> bool:
        return bool(self.events and self.events.connected)

    def _claim(self, copies: int) -> Claim | None:
        return self.deliverer.claim(copies) if self.deliverer else None

    def _committed(self, waiting: Collection[Hop]) -> None:
        if self.deliverer:
            self.deliverer.wake(waiting)
        if self.events:
            self.events.wake()

    def _take_locks(self) -> None:
        """The whole guard has a data folder for itself; services that run one by one share theirs, several of a kind too."""
        try:
            self.settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            for role in sorted(self.roles - {"console"}):
                self._locks.append((self.settings.data / f"{role}.lock").open("w"))
                self._lock(role, fcntl.LOCK_EX if self.roles == ROLES else fcntl.LOCK_SH)
        except OSError as error:
            place, reason = error.filename or self.settings.data, error.strerror or error
            raise BadInput(f"{place}: {reason}; the data folder must be a folder that this user can write in") from error

    def _lock(self, role: str, kind: int) -> None:
        try:
            fcntl.flock(self._locks[-1], kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"{self.settings.data}: another process runs {role} on this data folder; stop it first") from None

    async def stop(self) -> None:
        """Stop in reverse order; nothing in flight is lost."""
        while self._ends:
            name, end = self._ends.pop()
            try:
                await end()
            except Exception:
                log.exception("stop_failed", part=name)
        for lock in self._locks:
            lock.close()
        self._locks.clear()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What keeps a store from being opened or used, in one line."""
    try:
        yield
    except (BadKey, WrongKey, BadStore, UnsoundStore, StoreUnavailable) as error:
        raise BadInput(str(error)) from error


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def serve(settings: Settings, roles: frozenset[str], started: Callable[[Guard], None]) -> None:
    """Run until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    guard = Guard(settings, roles)
    starting = asyncio.create_task(guard.start())
    ended = asyncio.create_task(stopping.wait())
    await asyncio.wait({starting, ended}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        return
    await starting
    spare()
    started(guard)
    log.info("started", roles=sorted(roles))
    await ended
    await guard.stop()
    log.info("stopped", roles=sorted(roles))


def run(settings: Settings, roles: frozenset[str], started: Callable[[Guard], None] = lambda _: None) -> int:
    """Run the services of ``roles`` in this process; 0 after a clean stop. Raises ``BadInput`` when they can't start."""
    import uvloop  # noqa: PLC0415 - only the services need it

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, roles, started))
    return 0
