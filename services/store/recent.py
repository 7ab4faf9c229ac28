"""Mails that this process has just committed, in memory until they are assessed: so few are ever read back from the disk."""

from collections.abc import Iterable, Sequence

from services.store.interface import Arrival, Unassessed

MOST = 1000  # mails
ROOM = 8 << 20  # bytes of content


class Recent:
    """What was put in last, as far as there is room. It keeps nothing until somebody has asked: not every process assesses."""

    def __init__(self) -> None:
        self._asked = False
        self._arrivals: dict[str, Arrival] = {}
        self._held = 0

    def add(self, arrival: Arrival) -> None:
        """Keep ``arrival``, which is on disk."""
        if not self._asked or arrival.decision.mail.id is None:
            return
        self._arrivals[arrival.decision.mail.id] = arrival
        self._held += _size(arrival)
        while self._held > ROOM or len(self._arrivals) > MOST:
            self.drop([next(iter(self._arrivals))])

    def drop(self, ids: Iterable[str]) -> None:
        """These were assessed."""
        for id in ids:
            if arrival := self._arrivals.pop(id, None):
                self._held -= _size(arrival)

    def arrivals(self, ids: Sequence[str]) -> dict[str, Arrival]:
        """Those of the mails that are here, by id."""
        self._asked = True
        return {id: self._arrivals[id] for id in ids if id in self._arrivals}


def unassessed(id: str, arrival: Arrival) -> Unassessed:
    """``arrival`` as what waits to be assessed."""
    return Unassessed(id, arrival.received_at, arrival.content)


def _size(arrival: Arrival) -> int:
    return len(arrival.content) if isinstance(arrival.content, bytes) else 0
