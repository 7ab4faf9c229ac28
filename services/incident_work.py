"""Reminds people of what is not done about incidents, and removes those that are over their term.

What is told is told once for each point, however many guards look; while nobody is sure what time it is, it waits.
"""

from datetime import timedelta

import structlog

from services.clock import Clock
from services.clock_watch import ClockWatch
from services.incidents import IncidentDesk
from services.store.interface import StoreUnavailable

log = structlog.get_logger()
EVERY = 600.0  # seconds: the shortest span that people are reminded ahead of is an hour


class IncidentWork:
    """``kept`` is ``retention.incidents``, in days."""

    def __init__(self, desk: IncidentDesk, clock: Clock, watch: ClockWatch, kept: int) -> None:
        self._desk = desk
        self._clock = clock
        self._watch = watch
        self._kept = timedelta(days=kept)

    async def turn(self) -> None:
        """Look at everything whose time has come. One that fails does not keep others waiting."""
        now = self._clock.now()
        if not self._watch.is_settled() or self._watch.is_wrong(now):
            log.warning("incidents_wait", why="clock_set")
            return
        for one in await self._desk.incidents.waiting(now):
            try:
                await self._desk.remind(one)
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("incident_failed", incident=one.incident.id)

    async def purge(self) -> None:
        """Remove what nobody has written on for as long as incidents are kept."""
        if self._watch.is_settled() and (removed := await self._desk.incidents.remove(self._clock.now() - self._kept)):
            log.info("incidents_removed", incidents=removed)
