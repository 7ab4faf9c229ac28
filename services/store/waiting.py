"""How much waits, told in numbers: the page of IT operations shows no address, since most of them are citizens'."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from services.store import schema
from services.store.columns import instant, instant_or_none
from services.store.unit_of_work import HEAD, head_of, read_meta

SHOWN = 20
delivery, outbox, audit = schema.delivery.c, schema.outbox.c, schema.audit.c


@dataclass(frozen=True, slots=True)
class Line:
    """What waits for one hop, of one kind. ``stuck``: people have been told that nobody takes it."""

    kind: str
    hop: str
    count: int
    under_way: int
    stuck: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Waiter:
    """One delivery that waits; ``code`` is what the hop answered, without its words, which may hold an address."""

    id: str
    kind: str
    hop: str
    unit: str | None
    queued_at: datetime
    attempts: int
    due: datetime
    stuck: bool
    code: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everything that waits, in one snapshot. ``chain`` is the number of the audit chain's last entry, written at ``chain_at``."""

    lines: tuple[Line, ...]
    longest: tuple[Waiter, ...]
    events: int
    oldest_event: datetime | None
    chain: int
    chain_at: datetime | None

    @property
    def count(self) -> int:
        """How many deliveries."""
        return sum(one.count for one in self.lines)

    @property
    def stuck(self) -> int:
        """Those of them that people have been told about."""
        return sum(one.stuck for one in self.lines)


def waiting(connection: Connection) -> Waiting:
    """See ``Waiting``."""
    events, oldest = connection.execute(select(func.count(), func.min(outbox.at))).one()
    last, _ = head_of(read_meta(connection, [HEAD]).get(HEAD, "0 -"))
    at = connection.execute(select(audit.at).where(audit.seq == last)).scalar()
    return Waiting(
        tuple(_lines(connection)),
        _longest(connection),
        events,
        instant_or_none(oldest),
        last,
        datetime.fromisoformat(at) if at else None,
    )


def _lines(connection: Connection) -> Sequence[Line]:
    counted = (func.count(), func.count(delivery.lease), func.sum(delivery.stuck), func.min(delivery.queued_at))
    grouped = select(delivery.kind, delivery.hop, *counted).where(delivery.tier.is_not(None)).group_by(delivery.kind, delivery.hop)
    rows = connection.execute(grouped.order_by(delivery.hop, delivery.kind))
    return [Line(kind, hop, count, leased, int(stuck), instant(oldest)) for kind, hop, count, leased, stuck, oldest in rows]


def _longest(connection: Connection) -> tuple[Waiter, ...]:
    """Those that were tried, or are stuck: what waits for its hour, or is on its way, needs nobody."""
    c = delivery
    wanted = (c.id, c.kind, c.hop, c.unit, c.queued_at, c.attempts, c.due, c.stuck, c.error)
    tried = (c.tier.is_not(None), (c.attempts > 0) | (c.stuck == 1))
    rows = connection.execute(select(*wanted).where(*tried).order_by(c.queued_at).limit(SHOWN))
    return tuple(
        Waiter(id, kind, hop, unit, instant(since), tries, instant(due), bool(stuck), code_of(error))
        for id, kind, hop, unit, since, tries, due, stuck, error in rows
    )


def code_of(error: str | None) -> str | None:
    """The reply code with its enhanced one (RFC 3463); where no server spoke, our own words, which name nobody."""
    if not error:
        return None
    codes = [one for one in error.split()[:2] if one.replace(".", "").isdecimal()]
    return " ".join(codes) or (error[:60] if "@" not in error else "–")
