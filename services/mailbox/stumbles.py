"""Messages over which a connection is lost again and again: so that none of them holds up others for ever."""

from collections import Counter
from datetime import datetime, timedelta

STUMBLES = 5  # connections that may be lost over one message, one after the other
REST = timedelta(hours=1)  # until it is tried again then: the line may have been to blame


class Stumbles:
    """How often a connection was lost over fetching a message, by UIDVALIDITY and UID."""

    def __init__(self) -> None:
        self._count: Counter[tuple[int, int]] = Counter()
        self._until: dict[tuple[int, int], datetime] = {}

    def add(self, message: tuple[int, int], now: datetime) -> None:
        """Once more."""
        self._count[message] += 1
        self._until[message] = now + REST

    def rests(self, message: tuple[int, int], now: datetime) -> bool:
        """Whether it is left alone for a while, so that others are seen."""
        return self._count[message] >= STUMBLES and now < self._until[message] <= now + REST
