"""What the store tells people and commands. All instants are aware datetimes. Import it from ``services.store.interface``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from services.store.values import Hop, Kind

Booked = Literal["mailbox", "recipient"]
"""By what the books can be told apart: the address where a mail ended or waits to go, or the one that it was written to."""
Gap = Literal["no_row", "no_mail", "no_state", "no_delivery", "no_content", "two_copies"]
"""Why a recipient is not accounted for exactly once."""


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A handled mail. ``decision`` is the contract's JSON with the assessed parts merged in; ``content`` is None once removed."""

    id: str
    received_at: datetime
    decision: dict[str, Any]
    size: int
    content: bytes | Path | None
    way: tuple[dict[str, Any], ...]  # one entry a delivery: address, state, attempts, times, last error


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One delivery that waits, for ``rammevagt queue``."""

    id: str
    mail: str
    kind: Kind
    address: str
    hop: Hop
    queued_at: datetime
    attempts: int
    due: datetime
    error: str | None
    stuck: bool
    under_way: bool
    unit: str | None = None
    framework: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One Danish day's recipients of received mail. It balances when accepted is the sum of the other four."""

    day: date
    accepted: int
    delivered: int
    redirected: int
    queued: int
    returned: int

    def balances(self) -> bool:
        """Whether every accepted recipient is accounted for."""
        return self.accepted == self.delivered + self.redirected + self.queued + self.returned


@dataclass(frozen=True, slots=True)
class Account:
    """One day of one mailbox or recipient (an address, normalised); None for what has no row of its own any more."""

    name: str | None
    row: LedgerRow


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """A recipient (the ``n``-th of the envelope; None: it has no row) that the tables can't account for exactly once."""

    mail: str
    n: int | None
    day: date
    why: Gap
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """The books of some days, as one snapshot tells them, and the days of which a copy still waits."""

    rows: tuple[LedgerRow, ...]
    unaccounted: tuple[Unaccounted, ...]
    open_days: frozenset[date]

    def balance(self) -> bool:
        """Whether every accepted recipient is accounted for exactly once."""
        return not self.unaccounted and all(row.balances() for row in self.rows)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The result of walking the audit chain. ``broken_at`` is the first entry that does not hold, with ``why``."""

    entries: int
    head: str
    broken_at: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Purged:
    """What a retention run removed."""

    contents: int = 0
    mails: int = 0
    frameworks: int = 0


class Progress(Protocol):
    """Called with (done, total) while something long runs."""

    def __call__(self, done: int, total: int) -> None:
        """So much is done."""
        ...


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """What a load did to each kind of entry: counts of added, changed and removed ids."""

    added: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
