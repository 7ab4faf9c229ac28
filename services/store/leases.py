"""Leasing deliveries: fresh ones first, old ones with a share of their own, and no sick address in everybody's way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, or_, select, update
from sqlalchemy import Row as SqlRow

from services.store import schema
from services.store.columns import instant, text_out
from services.store.deliveries import DEFERRED, FRESH, NEW_COLUMNS, addresses_out, delivery_of
from services.store.interface import Hop, Leased
from services.store.spool import Spool
from services.store.unit_of_work import Needs, UnitOfWork, batched

AT_ONCE = 5  # deferred deliveries to one address under way at the same time
delivery, content = schema.delivery.c, schema.content.c
Due = tuple[int, str]  # since when, id
_LEASED = select(
    *NEW_COLUMNS,
    delivery.attempts,
    delivery.queued_at,
    delivery.originals,
    delivery.original_sender,
    delivery.stuck,
    content.bytes,
    content.file,
).join(schema.content, content.id == delivery.content)
_HAS_CONTENT = exists().where(content.id == delivery.content)  # an empty mail is never sent in the place of a lost one


@dataclass(frozen=True, slots=True)
class Lease:
    """Take up to ``limit`` due deliveries of ``hop`` under the lease ``token`` until ``until`` (microseconds, as ``now``)."""

    hop: Hop
    now: int
    until: int
    limit: int
    token: str
    spool: Spool
    queries = True
    alone = False

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def apply(self, work: UnitOfWork) -> list[Leased]:
        """Lease them."""
        work.flush()
        connection = work.connection
        ids = shares(self._fresh(connection), self._deferred(connection), self.limit)
        for some in batched(ids):
            taken = update(schema.delivery).where(delivery.id.in_(some))
            connection.execute(taken.values(lease=self.token, ready_at=self.until))
        found = {row[0]: row for some in batched(ids) for row in connection.execute(_LEASED.where(delivery.id.in_(some)))}
        return [self._leased(found[id]) for id in ids]

    def _fresh(self, connection: Connection) -> list[Due]:
        due = _due(self.hop, FRESH, self.now).limit(self.limit)
        return [(row.ready_at, row.id) for row in connection.execute(due)]

    def _deferred(self, connection: Connection) -> list[Due]:
        """Due deliveries in order, at most ``AT_ONCE`` an address with those under way."""
        busy: Counter[str] = Counter({address: count for address, count in connection.execute(_under_way(self.hop, self.now))})
        chosen: dict[str, Due] = {}
        page = max(2 * self.limit, 50)  # over half of a page that does not fill us is of full addresses: each round leaves some out
        while True:
            full = [address for address, count in busy.items() if count >= AT_ONCE]
            due = _due(self.hop, DEFERRED, self.now).where(delivery.address.not_in(full)).limit(page)
            rows = connection.execute(due).all()
            for row in rows:
                if row.id not in chosen and busy[row.address] < AT_ONCE and len(chosen) < self.limit:
                    busy[row.address] += 1
                    chosen[row.id] = (row.ready_at, row.id)
            if len(rows) < page or len(chosen) == self.limit:
                return list(chosen.values())

    def _leased(self, row: SqlRow[*tuple[Any, ...]]) -> Leased:
        kept = self.spool.content(row.bytes, row.file)
        assert kept is not None  # a content row holds the one or the other
        return Leased(
            delivery=delivery_of(row),
            lease=self.token,
            until=instant(self.until),
            attempts=row.attempts,
            queued_at=instant(row.queued_at),
            content=kept,
            originals=addresses_out(row.originals),
            original_sender=text_out(row.original_sender),
            stuck=bool(row.stuck),
        )


@dataclass(frozen=True, slots=True)
class ReleaseAll:
    """Take back every lease; gives how many."""

    queries = True
    alone = False

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def apply(self, work: UnitOfWork) -> int:
        """At once."""
        work.flush()
        back = update(schema.delivery).where(delivery.lease.is_not(None)).values(lease=None, ready_at=delivery.due)
        return work.connection.execute(back).rowcount


@dataclass(frozen=True, slots=True)
class Retry:
    """Make waiting deliveries that are not under way due now; gives how many."""

    ids: Sequence[str] | None
    now: int
    queries = True
    alone = False

    def needs(self, needs: Needs) -> None:
        """Nothing."""

    def apply(self, work: UnitOfWork) -> int:
        """At once."""
        work.flush()
        idle = or_(delivery.lease.is_(None), delivery.ready_at <= self.now)
        due = update(schema.delivery).where(delivery.tier.is_not(None), idle).values(lease=None, due=self.now, ready_at=self.now)
        if self.ids is None:
            return work.connection.execute(due).rowcount
        return sum(work.connection.execute(due.where(delivery.id.in_(some))).rowcount for some in batched(self.ids))


def shares(fresh: list[Due], deferred: list[Due], limit: int) -> list[str]:
    """A quarter for deferred deliveries, the rest for fresh ones; what one side leaves the other gets.

    Of fewer than four places the longest waiting get them: else one side would starve.
    """
    if limit < 4:
        return [id for _, id in sorted([*fresh, *deferred])[:limit]]
    first = fresh[: limit - min(len(deferred), limit // 4)]
    return [id for _, id in [*first, *deferred[: limit - len(first)]]]


def _due(hop: Hop, tier: int, now: int) -> Select[Any]:
    found = select(delivery.id, delivery.ready_at, delivery.address).order_by(delivery.ready_at)
    return found.where(delivery.hop == hop, delivery.tier == tier, delivery.ready_at <= now, _HAS_CONTENT)


def _under_way(hop: Hop, now: int) -> Select[Any]:
    leased = and_(delivery.lease.is_not(None), delivery.hop == hop, delivery.attempts > 0, delivery.ready_at > now)
    return select(delivery.address, func.count()).where(leased).group_by(delivery.address)


def next_due(connection: Connection, hop: Hop, now: int) -> int | None:
    """When the first delivery of ``hop`` that is not under way is due (microseconds)."""
    idle = or_(delivery.lease.is_(None), delivery.ready_at <= now)
    times = [
        connection.execute(
            select(delivery.ready_at).where(delivery.hop == hop, delivery.tier == tier, idle).order_by(delivery.ready_at).limit(1)
        ).scalar()
        for tier in (FRESH, DEFERRED)
    ]
    return min((time for time in times if time is not None), default=None)
