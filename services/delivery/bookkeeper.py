"""From the answers of an attempt to what is recorded: settles, counts, and says in the log what a person may have to look at."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import structlog
from prometheus_client import Counter

from services.clock import Clock, new_id
from services.clock_watch import ClockWatch
from services.delivery import metrics
from services.delivery.outcomes import Accepted, Result
from services.delivery.recorder import Recorder
from services.delivery.settling import Circumstances, House, delivered, needs_headers, settle
from services.store.interface import Attempt, Hop, Leased
from workflows.reports import HEADERS_LIMIT, header_section

log = structlog.get_logger()
Random = Callable[[], float]  # numbers in [0, 1)


class Bookkeeper:
    """Settles attempts and hands them to the recorder."""

    def __init__(self, house: House, recorder: Recorder, clock: Clock, random: Random, watch: ClockWatch) -> None:
        self._house = house
        self._recorder = recorder
        self._clock = clock
        self._random = random
        self._watch = watch

    @property
    def unrecorded(self) -> int:
        """Attempts that aren't on disk yet."""
        return len(self._recorder)

    def held(self) -> Iterator[tuple[str, str]]:
        """Deliveries whose attempts aren't on disk yet, each with its lease."""
        return self._recorder.held()

    async def settle(self, hop: Hop, leases: Sequence[Leased], results: Sequence[Result], hop_failures: int = 1) -> None:
        """Have recorded what came of ``leases``, one result each."""
        for lease, result in zip(leases, results, strict=True):
            if isinstance(result, Accepted):
                attempt = delivered(lease, self._clock.now())
            else:
                attempt = await self._unfinished(lease, result, hop_failures)
                self._tell(hop, lease, attempt)
            outcome = type(attempt.outcome).__name__.lower()
            _counter(hop, outcome).inc()
            self._recorder.add(attempt)

    async def _unfinished(self, lease: Leased, result: Result, hop_failures: int) -> Attempt:
        now = self._clock.now()
        patient = not self._watch.is_settled()
        headers = await _headers(lease.content) if needs_headers(lease, result, now, patient=patient) else b""
        about = Circumstances(self._house, now, self._random(), new_id(now), headers, hop_failures, patient)
        return settle(lease, result, about)

    def _tell(self, hop: Hop, lease: Leased, attempt: Attempt) -> None:
        outcome = type(attempt.outcome).__name__.lower()
        one = lease.delivery
        log.info("delivery_unfinished", hop=hop, delivery=one.id, mail=one.mail, kind=one.kind, outcome=outcome)


@cache
def _counter(hop: Hop, outcome: str) -> Counter:
    return metrics.DELIVERIES.labels(hop, outcome)


async def _headers(content: bytes | Path) -> bytes:
    if isinstance(content, bytes):
        return header_section(content)
    return header_section(await asyncio.to_thread(_start_of, content))


def _start_of(content: Path) -> bytes:
    try:
        with content.open("rb") as file:
            return file.read(HEADERS_LIMIT * 2)
    except OSError:  # a report without the original's headers is better than none
        return b""
