"""The delivery service: both hops, one recorder, and a clean stop."""

import asyncio
import ssl
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

import structlog

from services.clock import Clock
from services.clock_watch import ClockWatch
from services.delivery.bookkeeper import Bookkeeper, Random
from services.delivery.hop import HopLoop
from services.delivery.keeper import LEASE
from services.delivery.pool import Pool
from services.delivery.presence import OnProblem
from services.delivery.recorder import Recorder
from services.delivery.settling import House
from services.delivery.target import target
from services.delivery.timeouts import RFC_TIMEOUTS, Timeouts
from services.dkim import signer_of
from services.gather import policy_of
from services.marks import Marks
from services.settings import Settings
from services.store.interface import Claim, Hop, Store
from workflows.backoff import probe_delay as default_probe_delay

log = structlog.get_logger()
HOPS: tuple[Hop, ...] = ("next", "internet")


def _nobody(hop: Hop, what: str) -> None:
    """The log has it already."""


class Deliverer:
    """Sends what the store has queued, to the municipality's mail server and to the internet's.

    ``random`` gives numbers in [0, 1). ``on_problem(hop, what)`` is called with ``hop_down`` and ``hop_up``. ``contexts`` stand
    in for the system's certificates. ``marks`` tell what a process before this one died of. Its leases are the caller's to take
    back (``Store.release_dead``).
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        random: Random,
        on_problem: OnProblem = _nobody,
        *,
        timeouts: Timeouts = RFC_TIMEOUTS,
        contexts: Mapping[Hop, ssl.SSLContext] | None = None,
        probe_delay: Callable[[int], timedelta] = default_probe_delay,
        marks: Marks | None = None,
        watch: ClockWatch | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        """ValueError where the settings ask for a hop without TLS that isn't on loopback; ``BadKey`` for one that can't sign."""
        self._recorder = Recorder(store, self.wake)
        targets = {hop: target(settings, hop, (contexts or {}).get(hop)) for hop in HOPS}
        policy = policy_of(settings)
        house = House(policy.domains, policy.bounce_domain, settings.notifications.sender, targets["next"].helo, policy.postmaster)
        books = Bookkeeper(house, self._recorder, clock, random, watch := watch or ClockWatch(clock))
        marks, signer = marks or Marks(), signer_of(settings, clock)
        self._loops = {
            hop: HopLoop(
                hop=hop,
                pool=Pool(hop, targets[hop], timeouts),
                store=store,
                books=books,
                clock=clock,
                slots=settings.delivery.connections,
                watch=watch,
                lease=lease,
                probe_delay=probe_delay,
                on_problem=on_problem,
                marks=marks,
                signer=signer,
            )
            for hop in HOPS
        }
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def down(self) -> frozenset[Hop]:
        """The hops that are away."""
        return frozenset(loop.hop for loop in self._loops.values() if loop.presence.failures)

    @property
    def up_since(self) -> dict[str, datetime]:
        """The hops that are there, and since when."""
        return {hop: loop.presence.up_since for hop, loop in self._loops.items() if loop.presence.up_since}

    async def start(self) -> None:
        """Begin to deliver."""
        self._recorder.start()
        self._tasks = [asyncio.create_task(loop.run(), name=f"delivery-{loop.hop}") for loop in self._loops.values()]

    def wake(self, hops: Collection[Hop] = HOPS) -> None:
        """New mail for ``hops`` was committed: look for it now. Cheap, and safe to call for every mail."""
        for hop in hops:
            self._loops[hop].wake()

    def claim(self, copies: int) -> Claim | None:
        """A claim on the copies of a mail that is about to be committed; None where they are to wait in the store."""
        return self._loops["next"].claim(copies)

    async def stop(self, grace: float = 10.0) -> None:
        """Lease no more, let what is under way finish for ``grace`` seconds, record it, and give back the rest."""
        await asyncio.gather(*(loop.stop(grace) for loop in self._loops.values()))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._recorder.stop(grace)
        released = await asyncio.gather(*(loop.release() for loop in self._loops.values()), return_exceptions=True)
        for hop, error in zip(self._loops, released, strict=True):
            if error is not None:  # whoever delivers next takes these leases back
                log.warning("leases_not_given_back", hop=hop, error=type(error).__name__)
