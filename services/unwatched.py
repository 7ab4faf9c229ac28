"""Tells people of a watched mailbox that nobody looks into any more, whatever the reason: also where no process watches it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from services.clock import Clock
from services.clock_watch import ClockWatch
from services.post_terms import MailboxTerms
from services.settings import Mailbox, Settings
from services.store.interface import Store
from services.store.sightings import MailboxState
from workflows.addresses import own_key
from workflows.audit import AuditRecord
from workflows.events import mailbox_not_looked_into
from workflows.mailbox_state import TROUBLES
from workflows.post import code_of

log = structlog.get_logger()
EVERY = 120.0  # seconds
PATIENCE = timedelta(minutes=15)
SPARE = timedelta(minutes=5)  # beyond the pause of a mailbox that is looked into less often than that
UNWATCHED = "unwatched"  # why, where the mailbox's own state tells of no trouble


class Unwatched:
    """Looks at the mailboxes of the settings, in a process that need not watch them. ``told``: there is something to publish.

    Time is measured by the clock that nobody can set, from when this process saw the last look: that a guard was stopped, or a
    clock was set, is no alarm.
    """

    def __init__(self, settings: Settings, store: Store, clock: Clock, watch: ClockWatch, told: Callable[[], None]) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._watch = watch
        self._told = told
        self._last: dict[str, tuple[datetime | None, float]] = {}  # the last look, and since when it is

    async def turn(self) -> None:
        """Once. People are told once for each last look; what the watcher itself told of it is not told again."""
        if not self._settings.mailboxes:
            return
        states = {one.code: one for one in await self._store.mailboxes.all()}
        for box in self._settings.mailboxes:
            code = code_of(self._store.key, own_key(box.address))
            if self._is_stale(box, code, states.get(code)):
                await self._tell(box, code, states.get(code))

    def _is_stale(self, box: Mailbox, code: str, state: MailboxState | None) -> bool:
        now, looked_at = self._watch.steady(), state.looked_at if state else None
        before, since = self._last.get(code, (looked_at, now))
        if before != looked_at:
            since = now
        self._last[code] = looked_at, since
        pause = timedelta(seconds=max(box.poll_seconds, box.idle_renew_seconds))
        return timedelta(seconds=now - since) >= max(PATIENCE, pause + SPARE)

    async def _tell(self, box: Mailbox, code: str, state: MailboxState | None) -> None:
        now, why = self._clock.now(), state.state if state and state.state in TROUBLES else UNWATCHED
        looked_at, since = (state.looked_at, state.since) if state else (None, now)
        event = mailbox_not_looked_into(code, looked_at, since, self._unit(box), why)
        if await self._store.tell((event,), (AuditRecord(now, "guard", event.what, code, {"why": why}),)):
            log.error("mailbox_not_watched", mailbox=code, why=why)
            self._told()

    def _unit(self, box: Mailbox) -> str | None:
        terms = MailboxTerms(self._settings, self._store.key).of(self._store.organisation())
        return found.unit if (found := terms.get(own_key(box.address))) else None
