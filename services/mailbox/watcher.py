"""Watches one mailbox in a thread of its own, for ever: log in, look, wait for news, look again. What goes wrong is tried again.

Waiting is IDLE where the server has it, and a look every few minutes is the truth either way. All waiting ends at once when the
watcher is woken or stopped.
"""

import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.mailbox import metrics
from services.mailbox.desk import Desk
from services.mailbox.logins import Credential
from services.mailbox.looking import Look, Overtaken
from services.mailbox.session import Session
from services.mailbox.stumbles import Stumbles
from services.mailbox.trouble import Trouble
from services.settings import Mailbox
from workflows.mailbox_state import LOGIN, pause
from workflows.mailbox_state import Trouble as Code

log = structlog.get_logger()
LEASE = timedelta(seconds=60)
LEASE_AGAIN = 15.0  # seconds until a mailbox that another process watches is asked for again
MENDED = 3.0  # seconds until a login that was mended elsewhere is seen
UNSETTLED = 20.0  # seconds until a message that could not be told yet is looked at again
FAILED = 30.0  # seconds until it goes on after a fault of its own
STACK = 512 * 1024  # octets: hundreds of threads


class Looks(Protocol):
    """Looks into a mailbox over one connection; ``unsettled``: it should look again soon."""

    unsettled: bool

    def look(self) -> None:
        """Once. Raises ``Trouble``; ``Overtaken``."""
        ...


class LooksOf(Protocol):
    """Makes them for a new connection. The counter outlives connections (``services.mailbox.stumbles``)."""

    def __call__(self, box: Mailbox, code: str, desk: Desk, session: Session, stumbles: Stumbles, /) -> Looks:
        """Over ``session``, which is logged in."""
        ...


class Watcher:
    """One mailbox. ``gate`` bounds how many log in at the same time; ``chance`` gives numbers in [0, 1) that spread them."""

    def __init__(
        self,
        box: Mailbox,
        code: str,
        desk: Desk,
        gate: threading.Semaphore,
        chance: Callable[[], float],
        *,
        looks_of: LooksOf = Look,
    ) -> None:
        self.box = box
        self._looks_of = looks_of
        self.code = code
        self._desk = desk
        self._gate = gate
        self._chance = chance
        self._stopping = False
        self._woken = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._session: Session | None = None
        self._failures = 0
        self._stumbles = Stumbles()
        self._trouble: Code | None = None
        self._token_ends: datetime | None = None  # as it was written down
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, or begin again where the thread has ended."""
        self._thread = threading.Thread(target=self._run, name=f"mailbox-{self.code}", daemon=True)
        self._thread.start()

    @property
    def lives(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """Look now."""
        os.eventfd_write(self._woken, 1)

    def stop(self) -> None:
        """End soon: what is under way with the server is cut off."""
        self._stopping = True
        self.wake()
        if session := self._session:
            session.cut()

    def join(self, seconds: float) -> None:
        """Wait until it has ended."""
        if self._thread:
            self._thread.join(seconds)
        if not self.lives:
            os.close(self._woken)

    # -- the thread

    def _run(self) -> None:
        """Nothing ends it but ``stop``: a mailbox that nobody watches would say nothing."""
        while not self._stopping:
            try:
                self._turn()
            except Exception:
                log.exception("mailbox_watcher_failed", mailbox=self.code)
                self._rest(FAILED)

    def _turn(self) -> None:
        try:
            if self._leased():
                self._watch()
            else:
                self._rest(LEASE_AGAIN * (0.8 + 0.4 * self._chance()))
        except Overtaken:
            log.info("mailbox_taken_over", mailbox=self.code)
        except Trouble as error:
            self._troubled(error.code)
        except Exception:
            log.exception("mailbox_watch_failed", mailbox=self.code)
            self._troubled("garbled")

    def _leased(self) -> bool:
        desk, until = self._desk, self._desk.clock.now() + LEASE
        return desk.ask(desk.store.mailboxes.lease(self.code, self.box.address, desk.holder, until))

    def _watch(self) -> None:
        """Until it is stopped, or its access token is over."""
        desk = self._desk
        sealed = desk.ask(desk.store.mailboxes.login(self.code))
        credential = desk.logins.credential(self.box, self.code, sealed)
        session = self._session = desk.logins.session(self.box)
        try:
            self._login(session, credential)
            self._looks(session, credential)
        finally:
            self._session = None
            session.close()

    def _login(self, session: Session, credential: Credential) -> None:
        with self._gate:
            if self._stopping:
                return
            session.connect()
            try:
                session.login(credential.login)
            except Trouble as error:
                if error.code == "token_refused":
                    self._desk.logins.refused(credential)
                raise
        metrics.CONNECTIONS.labels(self.code).inc()

    def _looks(self, session: Session, credential: Credential) -> None:
        look = self._looks_of(self.box, self.code, self._desk, session, self._stumbles)
        while not self._stopping:
            self._hear_wakes()
            look.look()
            self._is_well(credential)
            left = self._left(credential)
            if left <= 0:
                return
            self._wait(session, min(left, UNSETTLED) if look.unsettled else left)

    def _wait(self, session: Session, seconds: float) -> None:
        if session.idles:
            session.wait(min(seconds, self.box.idle_renew_seconds), self._woken)
        else:
            self._rest(min(seconds, self.box.poll_seconds))

    def _left(self, credential: Credential) -> float:
        """Seconds for which the login is good."""
        until = credential.good_until
        return (until - self._desk.clock.now()).total_seconds() if until else float("inf")

    # -- how it is

    def _is_well(self, credential: Credential) -> None:
        now = self._desk.clock.now()
        metrics.STATE.labels(self.code).set(1)
        metrics.LOOKED_AT.labels(self.code).set(now.timestamp())
        if credential.ends:
            metrics.TOKEN_ENDS.labels(self.code).set(credential.ends.timestamp())
        if self._failures or self._trouble:
            log.info("mailbox_watched_again", mailbox=self.code)
        if credential.ends and credential.ends != self._token_ends:
            self._token_ends = credential.ends
            books = self._desk.store.mailboxes
            self._desk.ask(books.state(self.code, "watching", token_until=credential.ends, holder=self._desk.holder))
        self._failures, self._trouble = 0, None

    def _troubled(self, code: Code) -> None:
        if self._stopping:
            return
        self._failures += 1
        metrics.STATE.labels(self.code).set(0)
        metrics.TROUBLES.labels(self.code, code).inc()
        again, self._trouble = code == self._trouble, code
        if not again:
            log.warning("mailbox_trouble", mailbox=self.code, trouble=code)
        with suppress(Trouble):
            self._desk.ask(self._desk.trouble(self.box, self.code, code))
        if again or code != "token_refused":  # the first time another token may do
            self._rest_until_mended(code, pause(code, self._failures, self._chance()).total_seconds())

    # -- waiting

    def _rest(self, seconds: float) -> bool:
        """Gives whether it was woken."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        woken = bool(poll.poll(seconds * 1000))
        self._hear_wakes()
        return woken

    def _rest_until_mended(self, code: Code, seconds: float) -> None:
        """A login may be mended on a page, by another process: that one counts at once."""
        if code not in LOGIN:
            self._rest(seconds)
            return
        before = self._mended()
        while seconds > 0 and not self._rest(min(seconds, MENDED)) and not self._stopping and self._mended() == before:
            seconds -= MENDED

    def _mended(self) -> str | None:
        with suppress(Trouble):
            return self._desk.ask(self._desk.store.mailboxes.login(self.code))
        return None

    def _hear_wakes(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._woken)
