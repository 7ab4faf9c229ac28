"""What came of leased deliveries, fenced by their lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from services.store import receipts
from services.store.columns import compact, micros, numbers_out, text_in, text_out
from services.store.deliveries import DEFERRED, FRESH, WAITING, add_outgoing, addresses_out, dedupes_of
from services.store.interface import (
    Attempt,
    Deferred,
    Delivered,
    DeliveryOutcome,
    Failed,
    Leased,
    Rerouted,
    Returned,
)
from services.store.unit_of_work import DeliveryState, Needs, Operation, UnitOfWork
from workflows.addresses import normalise


@dataclass(frozen=True, slots=True)
class RecordAttempts(Operation[list[str]]):
    """Write the outcomes; gives the ids that were fenced out."""

    attempts: Sequence[Attempt]
    now: int
    patient = True

    def needs(self, needs: Needs) -> None:
        """The deliveries, and what of the reports is known."""
        for one in self.attempts:
            needs.deliveries.add(one.delivery)
            needs.dedupes |= dedupes_of(one.outgoing)
            if one.undelivered:
                needs.dedupes |= receipts.dedupes_of((one.undelivered,))

    def apply(self, work: UnitOfWork) -> list[str]:
        """Nothing of a late writer's attempt is written."""
        fenced = []
        for one in self.attempts:
            state = work.delivery(one.delivery)
            if state is None or state.lease != one.lease:
                fenced.append(one.delivery)
                continue
            change(state, one.outcome)
            work.changed(state)
            work.recipients_reached(state, recipients_states(state, one.outcome))
            add_outgoing(work, one.outgoing, self.now)
            work.born(one.events, one.audit)
            if one.undelivered:
                receipts.write(work, one.undelivered)
        return fenced


@dataclass(frozen=True, slots=True)
class Release(Operation[None]):
    """Give back leases that were not used."""

    leases: Sequence[Leased]
    patient = True

    def needs(self, needs: Needs) -> None:
        """The deliveries."""
        needs.deliveries.update(one.delivery.id for one in self.leases)

    def apply(self, work: UnitOfWork) -> None:
        """Only what is still held."""
        for one in self.leases:
            state = work.delivery(one.delivery.id)
            if state is not None and state.lease == one.lease:
                state.lease, state.ready_at = None, state.due
                work.changed(state)


@dataclass(frozen=True, slots=True)
class Renew(Operation[list[str]]):
    """Have leases, each a delivery's id and its token, end at ``until`` (microseconds); gives the ids whose lease is not held."""

    leases: Sequence[tuple[str, str]]
    until: int

    def needs(self, needs: Needs) -> None:
        """The deliveries."""
        needs.deliveries.update(id for id, _ in self.leases)

    def apply(self, work: UnitOfWork) -> list[str]:
        """Only what is still held."""
        lost = []
        for id, token in self.leases:
            state = work.delivery(id)
            if state is None or state.lease != token:
                lost.append(id)
            else:
                state.ready_at = self.until
                work.changed(state)
        return lost


def recipients_states(state: DeliveryState, outcome: DeliveryOutcome) -> list[tuple[int, str]]:
    """Where each recipient that a delivery serves now is, by number; none where they are still queued."""
    numbers = numbers_out(state.serves)
    match outcome:
        case Delivered() if state.redirected:
            address = normalise(text_out(state.address))
            ends = ("delivered" if normalise(one) == address else "redirected" for one in addresses_out(state.originals))
            return list(zip(numbers, ends, strict=True))  # who was written to at that very address got it as addressed
        case Delivered():
            return [(n, "delivered") for n in numbers]
        case Returned():
            return [(n, "returned") for n in numbers]
        case Deferred() | Rerouted() | Failed():
            return []
        case _:
            assert_never(outcome)


def change(state: DeliveryState, outcome: DeliveryOutcome) -> None:
    """Bring a delivery's row to what ``outcome`` makes of it; its lease ends."""
    state.lease, state.stuck = None, 0
    match outcome:
        case Delivered():
            _finish(state, "delivered", micros(outcome.at), None)
        case Returned():
            _finish(state, "returned", micros(outcome.at), outcome.error)
        case Failed():
            _finish(state, "failed", micros(outcome.at), outcome.error)
        case Deferred():
            state.attempts += int(outcome.counts)
            state.tier = DEFERRED if state.attempts else FRESH
            state.error, state.stuck = text_in(outcome.error), int(outcome.stuck)
            state.due = state.ready_at = micros(outcome.due)
        case Rerouted():
            _reroute(state, outcome)
        case _:
            assert_never(outcome)


def _finish(state: DeliveryState, end: str, at: int, error: str | None) -> None:
    state.attempts += 1
    state.state, state.tier, state.ready_at, state.finished_at = end, None, None, at
    state.error = None if error is None else text_in(error)


def _reroute(state: DeliveryState, outcome: Rerouted) -> None:
    """A new way starts with no attempts of its own."""
    state.attempts, state.tier, state.state = 0, FRESH, WAITING
    state.due = state.ready_at = micros(outcome.due)
    state.address, state.fallbacks = text_in(outcome.address), compact(outcome.fallbacks)
    state.error, state.redirected = text_in(outcome.error), int(outcome.redirected)
    if outcome.hop is not None:
        state.hop = outcome.hop
    if outcome.envelope_from is not None:
        state.envelope_from = text_in(outcome.envelope_from)
