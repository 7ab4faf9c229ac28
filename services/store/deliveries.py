"""A delivery as a row, and back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.store.columns import compact, instant, micros, numbers_in, numbers_out, text_in, text_out
from services.store.interface import Claim, Leased, NewDelivery, OutgoingMail
from services.store.rows import Row
from services.store.unit_of_work import UnitOfWork

FRESH, DEFERRED = 0, 1  # tiers
WAITING = "waiting"  # the state of every delivery with a tier


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a delivery comes from, as columns: the recipients it serves, their addresses as written, the sender as written."""

    serves: tuple[int, ...] = ()
    originals: str = "[]"
    sender: str = ""


def new_row(one: NewDelivery, origin: Origin, queued_at: int, lease: tuple[str, int] | None = None) -> Row:
    """The row of a delivery that nobody has tried, in column order; ``lease``: its token and its end where it is born leased."""
    due = micros(one.due)
    token, ready_at = lease or (None, due)
    fallbacks = compact(one.fallbacks) if one.fallbacks else "[]"
    return (
        one.id, one.mail, one.content, one.kind, one.hop, FRESH, ready_at, token, due, 0, WAITING, int(one.stuck),
        int(one.redirected), None, queued_at, None, text_in(one.envelope_from), text_in(one.address), fallbacks,
        numbers_in(origin.serves), origin.originals, origin.sender, int(one.smtputf8), int(one.eight_bit), one.unit,
        one.framework, one.refuse, one.prepend,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claimed:
    """Gathers what is born under the lease ``token``, because a ``claim`` wants it."""

    claim: Claim
    token: str
    leases: list[Leased] = field(default_factory=list)

    def take(self, one: OutgoingMail, now: int) -> tuple[str, int] | None:
        """The lease of a new mail of our own, its token and its end; None where it is not wanted, or not due."""
        to, until = one.delivery, self.claim.until
        if to.hop != self.claim.hop or micros(to.due) > now:
            return None
        self.leases.append(Leased(to, self.token, until, 0, instant(now), one.content, (), to.envelope_from))
        return self.token, micros(until)


def add_outgoing(work: UnitOfWork, outgoing: Sequence[OutgoingMail], now: int, claimed: Claimed | None = None) -> int:
    """Enqueue mails of our own, but those whose ``dedupe`` is known; returns how many were new."""
    added = 0
    for one in outgoing:
        if one.dedupe is not None:
            if one.dedupe in work.dedupes:
                continue
            work.dedupes.add(one.dedupe)
            work.add("once", (one.dedupe, one.delivery.id))
        work.add("content", (one.delivery.content, one.content, None, len(one.content), now))
        lease = claimed.take(one, now) if claimed else None
        work.add("delivery", new_row(one.delivery, Origin(sender=text_in(one.delivery.envelope_from)), now, lease))
        added += 1
    return added


def dedupes_of(outgoing: Sequence[OutgoingMail]) -> set[str]:
    """The values that must exist once among ``outgoing``."""
    return {one.dedupe for one in outgoing if one.dedupe is not None}


def delivery_of(row: Sequence[Any]) -> NewDelivery:
    """The delivery whose ``NEW_COLUMNS`` begin ``row``."""
    return NewDelivery(
        id=row[0],
        mail=row[1],
        content=row[2],
        kind=row[3],
        hop=row[4],
        envelope_from=text_out(row[5]),
        address=text_out(row[6]),
        prepend=row[7],
        due=instant(row[8]),
        serves=numbers_out(row[9]),
        fallbacks=addresses_out(row[10]),
        smtputf8=bool(row[11]),
        eight_bit=bool(row[12]),
        redirected=bool(row[13]),
        unit=row[14],
        framework=row[15],
        refuse=row[16],
    )


def addresses_out(value: str) -> tuple[str, ...]:
    """Addresses that were written as a JSON list."""
    return () if value == "[]" else tuple(json.loads(value))
