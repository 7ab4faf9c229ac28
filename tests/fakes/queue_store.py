"""A queue in memory: the part of ``Store`` that delivery uses, with leases that fence, for tests of delivery alone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from services.store.interface import (
    Attempt,
    Claim,
    Deferred,
    Delivered,
    DeliveryOutcome,
    Failed,
    Leased,
    NewDelivery,
    Rerouted,
    Returned,
    StoreUnavailable,
)

CONTENT = b"Subject: x\r\n\r\nhi\r\n"
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class SteppedClock:
    """A clock that stands still until it is told."""

    def __init__(self, now: datetime = START):
        self._now = now

    def now(self) -> datetime:
        return self._now

    def forward(self, **span: float) -> None:
        self._now += timedelta(**span)


@dataclass(slots=True)
class Row:
    """One delivery with its state."""

    delivery: NewDelivery
    content: bytes | Path
    originals: tuple[str, ...]
    sender: str
    queued_at: datetime
    attempts: int = 0
    lease: str | None = None
    until: datetime | None = None
    stuck: bool = False
    outcome: DeliveryOutcome | None = None


def delivery(id: str, address: str = "karen@eksempel.dk", **fields) -> NewDelivery:
    """A delivery of a received mail; ``fields`` replace its defaults."""
    base = NewDelivery(
        id=id,
        mail=f"m-{id}",
        content=f"c-{id}",
        kind="mail",
        hop="next",
        envelope_from="bo@example.net",
        address=address,
        prepend=b"X-Rammevagt-Id: m\r\n",
        due=START,
        serves=(1,),
    )
    return replace(base, **fields)


class QueueStore:
    """``rows`` in order of arrival; ``attempts`` as they were recorded. ``unavailable`` makes the next calls of it fail."""

    def __init__(self):
        self.rows: dict[str, Row] = {}
        self.attempts: list[Attempt] = []
        self.fenced: list[str] = []
        self.leased = 0
        self.claimed = 0
        self.unavailable = 0
        self._open: dict[str, Row] = {}
        self._numbers = count()
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def add(
        self, new: NewDelivery, content: bytes | Path = b"Subject: x\r\n\r\nhi\r\n", originals=None, sender=None, queued_at=None
    ):
        """Queue ``new``; it serves ``originals`` (else its address) of a mail from ``sender`` (else its envelope sender)."""
        served = (new.address,) if originals is None else originals
        row = Row(new, content, served, new.envelope_from if sender is None else sender, queued_at or START)
        self.rows[new.id] = self._open[new.id] = row

    # -- Store
    async def lease(self, hop, now, until, limit) -> list[Leased]:
        self._fail()
        due = (row for row in self._open.values() if row.delivery.hop == hop and row.delivery.due <= now)
        free = (row for row in due if row.lease is None or (row.until is not None and row.until <= now))
        taken = [row for row, _ in zip(free, range(limit), strict=False)]
        self.leased += len(taken)
        return [self._take(row, until) for row in taken]

    async def release(self, leases) -> None:
        for one in leases:
            row = self._open.get(one.delivery.id)
            if row and row.lease == one.lease:
                row.lease = None
        self._changed()

    async def renew(self, leases, until) -> list[str]:
        held = {(id, row.lease): row for id, row in self._open.items()}
        for one in leases:
            if one in held:
                held[one].until = until
        return [one[0] for one in leases if one not in held]

    async def record(self, attempts) -> list[str]:
        self._fail()
        fenced = [one.delivery for one in attempts if not self._record(one)]
        self.fenced += fenced
        self._changed()
        return fenced

    async def retry(self, ids, now) -> int:
        rows = [row for row in self._open.values() if row.lease is None and (ids is None or row.delivery.id in ids)]
        for row in rows:
            row.delivery = replace(row.delivery, due=now)
        return len(rows)

    # -- for tests
    def commit(self, new: NewDelivery, claim: Claim | None) -> None:
        """Queue ``new`` as the gateway of the same process does: leased at birth where it is claimed."""
        self.add(new)
        if claim is not None:
            self.claimed += 1
            claim.take([self._take(self.rows[new.id], claim.until)])

    @property
    def open(self) -> list[Row]:
        """What hasn't ended."""
        return list(self._open.values())

    def outcome(self, id: str) -> DeliveryOutcome | None:
        return self.rows[id].outcome

    def events(self, what: str | None = None):
        return [event for one in self.attempts for event in one.events if what in (None, event.what)]

    async def recorded(self, number: int) -> list[Attempt]:
        """Wait until ``number`` attempts are recorded."""
        await self.until(lambda: len(self.attempts) >= number)
        return self.attempts

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until ``holds()``; looked at after every record and release."""
        if not holds():
            future = asyncio.get_running_loop().create_future()
            self._waiters.append((holds, future))
            await future

    def _take(self, row: Row, until: datetime) -> Leased:
        row.lease, row.until = f"lease-{next(self._numbers)}", until
        return Leased(
            row.delivery, row.lease, until, row.attempts, row.queued_at, row.content, row.originals, row.sender, stuck=row.stuck
        )

    def _record(self, one: Attempt) -> bool:
        row = self._open.get(one.delivery)
        if row is None or row.lease != one.lease:
            return False
        self.attempts.append(one)
        row.outcome, row.lease = one.outcome, None
        self._apply(row, one.outcome)
        for mail in one.outgoing:
            self.add(mail.delivery, mail.content, originals=(), sender="", queued_at=mail.delivery.due)
        return True

    def _apply(self, row: Row, outcome: DeliveryOutcome) -> None:
        match outcome:
            case Delivered() | Returned() | Failed():
                del self._open[row.delivery.id]
            case Deferred():
                row.delivery = replace(row.delivery, due=outcome.due)
                row.attempts += outcome.counts
                row.stuck = outcome.stuck
            case Rerouted():
                row.delivery = replace(
                    row.delivery,
                    address=outcome.address,
                    fallbacks=outcome.fallbacks,
                    due=outcome.due,
                    redirected=outcome.redirected,
                    envelope_from=outcome.envelope_from or row.delivery.envelope_from,
                    hop=outcome.hop or row.delivery.hop,
                )
                row.attempts = 0

    def _fail(self) -> None:
        if self.unavailable:
            self.unavailable -= 1
            raise StoreUnavailable("told to be")

    def _changed(self) -> None:
        for holds, future in self._waiters:
            if not future.done() and holds():
                future.set_result(None)
        self._waiters = [one for one in self._waiters if not one[1].done()]
