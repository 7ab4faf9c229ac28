"""How often somebody may try: delays that grow, and buckets that fill again. In memory; what must outlast it is in the store."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

FREE = 5  # tries of an account that wait for nothing
FREE_OF_CLIENT = 30  # the employees of a whole town hall may come from one address
LONGEST = timedelta(minutes=15)
REMEMBERED = 20_000  # clients; the oldest are forgotten first
T = TypeVar("T")


def delay(tries: int, free: int = FREE) -> timedelta:
    """How long to wait after so many tries without success: nothing, then 1 second, then twice as long each time.

    >>> [delay(tries).seconds for tries in (4, 5, 6, 7, 100)]
    [0, 1, 2, 4, 900]
    """
    return timedelta() if tries < free else min(timedelta(seconds=2 ** min(tries - free, 20)), LONGEST)


class Few(Generic[T]):
    """A dictionary that forgets its oldest entries."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._kept: dict[str, T] = {}

    def get(self, key: str) -> T | None:
        """What was put there last."""
        return self._kept.get(key)

    def put(self, key: str, value: T) -> None:
        """Now the newest."""
        self._kept.pop(key, None)
        self._kept[key] = value
        if len(self._kept) > self._size:
            del self._kept[next(iter(self._kept))]


class Clients:
    """Tries to log in of each client, whatever the account."""

    def __init__(self, free: int = FREE_OF_CLIENT) -> None:
        self._free = free
        self._tries: Few[tuple[int, datetime, datetime]] = Few()  # how many, locked until, the last

    def take(self, client: str, now: datetime) -> datetime | None:
        """Count a try before it is judged; gives until when none is allowed."""
        tries, until, last = self._tries.get(client) or (0, now, now)
        if now < until <= now + LONGEST:
            return until
        if now - last > 2 * LONGEST:
            tries = 0
        self._tries.put(client, (tries + 1, now + delay(tries + 1, self._free), now))
        return None

    def give_back(self, client: str) -> None:
        """It was a good one: it does not count, and makes no bad one before it good."""
        if found := self._tries.get(client):
            tries, until, last = found
            self._tries.put(client, (max(tries - 1, 0), until, last))


class Rate:
    """Requests of each key: ``burst`` at once, and ``per_second`` after that."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left: Few[tuple[float, datetime]] = Few()

    def allows(self, key: str, now: datetime) -> bool:
        """Count one."""
        left, last = self._left.get(key) or (self._burst, now)
        left = min(self._burst, left + max((now - last).total_seconds(), 0) * self._per_second)
        self._left.put(key, (max(left - 1, 0), now))
        return left >= 1
