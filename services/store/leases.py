"""Leasing deliveries: fresh ones first, old ones with a share of their own, and no sick address in everybody's way."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, update

from services.store import schema
from services.store.columns import instant, text_out
from services.store.deliveries import DEFERRED, FRESH, addresses_out, delivery_of
from services.store.interface import Hop, Leased
from services.store.rows import NEW_COLUMNS, Row
from services.store.spool import Spool
from services.store.unit_of_work import Operation, UnitOfWork, batched

AT_ONCE = 5  # deferred deliveries to one address under way at the same time
delivery = schema.delivery.c
Due = tuple[int, str]  # since when, id


@dataclass(frozen=True, slots=True)
class Lease(Operation[list[Leased]]):
    """Take up to ``limit`` due deliveries of ``hop`` under the lease ``token`` until ``until`` (microseconds, as ``now``)."""

    hop: Hop
    now: int
    until: int
    limit: int
    token: str
    spool: Spool
    queries = True

    def apply(self, work: UnitOfWork) -> list[Leased]:
        """Lease them."""
        work.flush()
        connection, statements = work.connection, work.statements
        ids = shares(self._fresh(work), self._deferred(work), self.limit)
        statements.take.run(connection, [(id, self.token, self.until) for id in ids])
        found = {row[0]: row for row in statements.leased.run(connection, ids)}
        return [self._leased(found[id]) for id in ids]

    def _fresh(self, work: UnitOfWork) -> list[Due]:
        due = work.statements.due.run(work.connection, hop=self.hop, tier=FRESH, now=self.now, most=self.limit)
        return [(ready_at, id) for id, ready_at, _ in due]

    def _deferred(self, work: UnitOfWork) -> list[Due]:
        """Due deliveries in order, at most ``AT_ONCE`` an address with those under way."""
        connection, statements = work.connection, work.statements
        busy: Counter[str] = Counter(dict(statements.under_way.run(connection, hop=self.hop, now=self.now)))
        chosen: dict[str, Due] = {}
        page = max(2 * self.limit, 50)  # over half of a page that does not fill us is of full addresses: each round leaves some out
        while True:
            full = [address for address, count in busy.items() if count >= AT_ONCE]
            wanted = {"hop": self.hop, "tier": DEFERRED, "now": self.now, "most": page}
            query = statements.due_elsewhere(len(full)) if full else statements.due
            rows = query.run(connection, **wanted, **{f"full_{n}": address for n, address in enumerate(full)})
            for id, ready_at, address in rows:
                if id not in chosen and busy[address] < AT_ONCE and len(chosen) < self.limit:
                    busy[address] += 1
                    chosen[id] = (ready_at, id)
            if len(rows) < page or len(chosen) == self.limit:
                return list(chosen.values())

    def _leased(self, row: Row) -> Leased:
        attempts, queued_at, originals, original_sender, stuck, in_row, file, sha256 = row[len(NEW_COLUMNS) :]
        kept = self.spool.content(in_row, file)
        assert kept is not None  # a content row holds the one or the other
        return Leased(
            delivery=delivery_of(row),
            lease=self.token,
            until=instant(self.until),
            attempts=attempts,
            queued_at=instant(queued_at),
            content=kept,
            originals=addresses_out(originals),
            original_sender=text_out(original_sender),
            stuck=bool(stuck),
            sha256=sha256,
        )


@dataclass(frozen=True, slots=True)
class TakeBack(Operation[int]):
    """Take back the leases that are one of ``names``, or whose holder is; gives how many."""

    names: Collection[str]
    queries = True

    def apply(self, work: UnitOfWork) -> int:
        """At once."""
        work.flush()
        held = and_(delivery.tier.is_not(None), or_(*(_named(one) for one in self.names)))
        return work.connection.execute(update(schema.delivery).where(held).values(lease=None, ready_at=delivery.due)).rowcount


@dataclass(frozen=True, slots=True)
class Retry(Operation[int]):
    """Make waiting deliveries that are not under way due now; gives how many."""

    ids: Sequence[str] | None
    now: int
    queries = True

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


def _named(name: str) -> ColumnElement[bool]:
    return or_(delivery.lease == name, delivery.lease.startswith(f"{name}.", autoescape=True))
