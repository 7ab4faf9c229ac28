"""What is leased and waits for a connection: fresh mail, mail tried before, and a limit for each final address.

Pure bookkeeping, without I/O or clock. Mail tried before never holds more than half of the slots, so that a backlog can't starve
arrivals; one address never holds more than its share, so that a sick mailbox can't block the others.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from services.store.interface import Leased

RECIPIENTS_LIMIT = 100  # of one transaction; every server takes as many (RFC 5321 4.5.3.1.8)
PER_ADDRESS = 3  # transactions under way at least allowed to one address
SLOW = 5.0  # seconds after which a transaction makes others to its address wait in the store


class Batch:
    """Deliveries of one content with one sender and one set of prepended fields: one transaction.

    ``addresses`` are the final ones in the order of ``leases``, as their limits count them. ``taken`` is when they were leased, by
    the keeper's clock.
    """

    __slots__ = ("addresses", "leases", "retried", "taken")

    def __init__(self, leases: Sequence[Leased], taken: float = 0.0) -> None:
        self.leases = leases
        self.taken = taken
        self.retried = leases[0].attempts > 0
        self.addresses = [one.delivery.address.lower() for one in leases]


def batches(leases: Iterable[Leased], taken: float = 0.0) -> list[Batch]:
    """Group ``leases`` into transactions, in order. What was tried before goes alone: a sick address fails its fellows once."""
    groups: dict[tuple[object, ...], list[Leased]] = {}
    for lease in leases:
        one = lease.delivery
        alone = one.id if lease.attempts or one.refuse else None
        groups.setdefault((alone, one.content, one.envelope_from, one.prepend, one.smtputf8, one.eight_bit), []).append(lease)
    return [
        Batch(group[start : start + RECIPIENTS_LIMIT], taken)
        for group in groups.values()
        for start in range(0, len(group), RECIPIENTS_LIMIT)
    ]


class Ready:
    """The batches of one hop that are leased and not yet under way, and how much is under way where."""

    def __init__(self, slots: int) -> None:
        self._fresh: deque[Batch] = deque()
        self._retried: deque[Batch] = deque()
        self._parked: dict[str, deque[Batch]] = {}  # behind an address that has its share
        self._under_way: dict[str, dict[Batch, float]] = {}  # address -> what goes to it now -> when that began
        self._retried_slots = max(1, slots // 2)
        self._retried_under_way = 0
        self._share = max(PER_ADDRESS, slots // 4)
        self._waiting = 0

    def __len__(self) -> int:
        """How many batches wait."""
        return self._waiting

    def add(self, batch: Batch) -> None:
        """Put ``batch`` last in its line."""
        self._line(batch).append(batch)
        self._waiting += 1

    def put_back(self, batch: Batch) -> None:
        """Put ``batch``, which wasn't tried after all, first in its line."""
        self._line(batch).appendleft(batch)
        self._waiting += 1

    def has_next(self) -> bool:
        """Whether ``take`` may have something."""
        return bool(self._fresh) or (bool(self._retried) and self._retried_under_way < self._retried_slots)

    def take(self, now: float) -> Batch | None:
        """The next batch to send, or None; ``done`` must follow. Deliveries to an address that has its share are parked."""
        while self.has_next():
            may_retry = bool(self._retried) and self._retried_under_way < self._retried_slots
            first = self._retried if may_retry and (not self._fresh or not self._retried_under_way) else self._fresh
            batch = self._free(first.popleft())
            if batch is not None:
                self._begin(batch, now)
                return batch
        return None

    def done(self, batch: Batch) -> None:
        """``batch`` is no longer under way: those parked behind its addresses come first."""
        self._retried_under_way -= batch.retried
        for address in set(batch.addresses):
            begun = self._under_way[address]
            del begun[batch]
            if not begun:
                del self._under_way[address]
            if parked := self._parked.get(address):
                self._line(parked[0]).appendleft(parked.popleft())
                if not parked:
                    del self._parked[address]

    def behind_slow(self, now: float) -> list[Leased]:
        """Take out what is parked behind an address whose transactions are slow: it holds room that others need."""
        slow = [one for one in self._parked if any(now - begun > SLOW for begun in self._under_way.get(one, {}).values())]
        return self._take_out(self._parked.pop(one) for one in slow)

    def held(self) -> Iterator[Leased]:
        """What waits and what is under way."""
        lines = (self._fresh, self._retried, *self._parked.values(), {one for begun in self._under_way.values() for one in begun})
        return (lease for line in lines for batch in line for lease in batch.leases)

    def clear(self) -> list[Leased]:
        """Take out everything that waits."""
        lines = (self._fresh, self._retried, *self._parked.values())
        taken = self._take_out([deque(line) for line in lines])
        self._fresh.clear()
        self._retried.clear()
        self._parked.clear()
        return taken

    def _take_out(self, lines: Iterable[Sequence[Batch]]) -> list[Leased]:
        taken = [batch for line in lines for batch in line]
        self._waiting -= len(taken)
        return [lease for batch in taken for lease in batch.leases]

    def _line(self, batch: Batch) -> deque[Batch]:
        return self._retried if batch.retried else self._fresh

    def _free(self, batch: Batch) -> Batch | None:
        """``batch`` without the deliveries whose address has its share; they are parked. None where nothing is left."""
        full = {one for one in batch.addresses if len(self._under_way.get(one, ())) >= self._share}
        self._waiting -= 1
        if not full:
            return batch
        rest = []
        for address, lease in zip(batch.addresses, batch.leases, strict=True):
            if address in full:
                self._parked.setdefault(address, deque()).append(Batch([lease], batch.taken))
                self._waiting += 1
            else:
                rest.append(lease)
        return Batch(rest, batch.taken) if rest else None

    def _begin(self, batch: Batch, now: float) -> None:
        self._retried_under_way += batch.retried
        for address in batch.addresses:
            self._under_way.setdefault(address, {})[batch] = now
