"""Whether a hop is there."""

from collections.abc import Callable
from datetime import datetime

import structlog

from services.clock import Clock
from services.delivery import metrics
from services.store.interface import Hop

log = structlog.get_logger()
OnProblem = Callable[[Hop, str], None]


class Presence:
    """Tells of each change, and of a hop that stays away for another reason."""

    def __init__(self, hop: Hop, clock: Clock, on_problem: OnProblem) -> None:
        self._hop = hop
        self._clock = clock
        self._on_problem = on_problem
        self._cause = ""
        self.failures = 0  # how often in a row it was away; 0 while it is there
        self.up_since: datetime | None = clock.now()  # None while it is away
        metrics.HOP_UP.labels(hop).set(1)

    def missed(self, error: str) -> None:
        """It was away."""
        self.failures += 1
        if self.failures == 1 or error != self._cause:
            self.up_since = None
            self._tell("hop_down", error)

    def found(self) -> None:
        """It is there again."""
        self.failures = 0
        self.up_since = self._clock.now()
        self._tell("hop_up", "")

    def _tell(self, what: str, error: str) -> None:
        self._cause = error
        log.warning(what, hop=self._hop, error=error)
        metrics.HOP_UP.labels(self._hop).set(what == "hop_up")
        self._on_problem(self._hop, what)
