"""All watched mailboxes of this process: one thread each, one lease for all, and a login that is mended while it is broken."""

import asyncio
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import structlog

from services.clock import Clock, new_id
from services.clock_watch import ClockWatch
from services.mailbox.asking import Asking
from services.mailbox.canary import Canaries
from services.mailbox.desk import Desk
from services.mailbox.logins import Logins
from services.mailbox.looking import Look
from services.mailbox.oauth import Tokens
from services.mailbox.trouble import Trouble
from services.mailbox.values import Bounds
from services.mailbox.watcher import LEASE, STACK, LooksOf, Watcher
from services.repeating import repeat
from services.settings import Mailbox, Settings
from services.store.interface import StoreUnavailable
from services.store.sql_store import SqlStore
from workflows.addresses import own_key
from workflows.mailbox_state import SAID, Said
from workflows.post import code_of

log = structlog.get_logger()
AT_ONCE = 8  # logins under way at the same time
RENEW_EVERY = 20.0  # seconds
END_WITHIN = 10.0  # seconds that all threads together have to end in


class Mailboxes:
    """Start it on the event loop of the store. ``told`` is called when there is something to publish; ``tls`` verifies servers.

    ``route`` looks into mailboxes of that mode, which are employees' own: without it nobody does.
    """

    def __init__(
        self,
        settings: Settings,
        store: SqlStore,
        clock: Clock,
        told: Callable[[], None] = lambda: None,
        *,
        watch: ClockWatch | None = None,
        tls: ssl.SSLContext | None = None,
        bounds: Bounds | None = None,
        route: LooksOf | None = None,
    ) -> None:
        self._route = route
        self._store = store
        self._clock = clock
        self._boxes = {code_of(store.key, own_key(one.address)): one for one in settings.mailboxes}
        self._logins = Logins(store.key, Tokens(clock, tls), tls, bounds)
        self._holder = f"{socket.gethostname()[:40]}-{os.getpid()}-{new_id(clock.now())[-8:]}"
        self._settings, self._told, self._watch = settings, told, watch
        self._watchers: dict[str, Watcher] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._canaries: Canaries | None = None

    async def start(self) -> None:
        """Watch all of them. What is wrong with one is told, and keeps no other and no start waiting."""
        ask = Asking(asyncio.get_running_loop())
        desk = Desk(self._settings, self._store, self._clock, ask, self._logins, self._holder, self._told, self._watch)
        self._canaries = Canaries(self._boxes, desk, self.wake)
        gate, chance = threading.Semaphore(AT_ONCE), random.SystemRandom().random
        for code, box in self._boxes.items():
            looks_of = Look if box.mode == "observe" else self._route
            if looks_of is not None:
                self._watchers[code] = Watcher(box, code, desk, gate, chance, looks_of=looks_of)
        _begin(self._watchers.values())
        self._canaries.start()
        if self._watchers:
            self._renewing = asyncio.create_task(repeat(self._renew, RENEW_EVERY), name="mailbox-leases")

    async def stop(self) -> None:
        """End all watching; others may take it over at once."""
        if self._renewing:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        if self._canaries:
            await self._canaries.stop()
        watchers, self._watchers = self._watchers, {}
        for one in watchers.values():
            one.stop()
        await asyncio.to_thread(_join, list(watchers.values()))
        with suppress(StoreUnavailable):
            await self._store.mailboxes.release_all(self._holder)

    def wake(self, code: str) -> None:
        """Look into a mailbox now, where this process watches it."""
        if one := self._watchers.get(code):
            one.wake()

    async def try_login(self, code: str, secret: str) -> Said | None:
        """Log in with a new password or client secret; None when the server takes it, else what is wrong."""
        box = self._boxes.get(code)
        if box is None:
            return SAID["no_login"]
        return await asyncio.to_thread(self._tried, box, secret)

    async def mend(self, code: str, secret: str) -> Said | None:
        """As ``try_login``; what the server takes is kept, sealed, and goes before the settings' own until their file is changed.

        A client's secret is kept for every mailbox that logs in with the same client.
        """
        because = await self.try_login(code, secret)
        if because is not None:
            return because
        if not await self._keep(code, secret):
            return SAID["connecting"]  # nobody has begun to watch it
        oauth2 = self._boxes[code].oauth2
        for other, box in self._boxes.items():
            if oauth2 and box.oauth2 and box.oauth2.client == oauth2.client and other != code:
                await self._keep(other, secret)
        return None

    async def _keep(self, code: str, secret: str) -> bool:
        sealed = await asyncio.to_thread(self._logins.sealed, self._boxes[code], code, secret, self._clock.now())
        kept = await self._store.mailboxes.keep_login(code, sealed)
        self.wake(code)
        return kept

    def _tried(self, box: Mailbox, secret: str) -> Said | None:
        try:
            self._logins.try_out(box, secret)
        except Trouble as error:
            return SAID[error.code]
        return None

    async def _renew(self) -> None:
        """A thread that has ended watches nothing: its mailbox is anybody's, and it begins again."""
        await self._store.mailboxes.renew(self._holder, self._clock.now() + LEASE)
        for code, one in self._watchers.items():
            if not one.lives:
                log.error("mailbox_watcher_ended", mailbox=code)
                await self._store.mailboxes.release(code, self._holder)
                _begin([one])


def _begin(watchers: Iterable[Watcher]) -> None:
    before = threading.stack_size(STACK)
    try:
        for one in watchers:
            one.start()
    finally:
        threading.stack_size(before)


def _join(watchers: list[Watcher]) -> None:
    until = time.monotonic() + END_WITHIN
    for one in watchers:
        one.join(max(0.0, until - time.monotonic()))
