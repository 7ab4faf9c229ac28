"""What this process has just written or read, and will soon be asked for: in memory, so that little is read from the disk."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from services.store.interface import Arrival, Unassessed
from workflows.events import Event
from workflows.route import came_at

MOST = 1000  # mails
ROOM = 8 << 20  # bytes of content
LINE = 10_000  # mails that wait to be assessed here, beyond which they are left to whoever looks for them in the store
SENDERS = 2000  # whose last receipt is remembered: those who write, write often


class Recent:
    """Mails that were just committed, until they are assessed, as far as there is room.

    It keeps nothing until somebody has asked: not every process assesses.
    """

    def __init__(self) -> None:
        self._asked = False
        self._arrivals: dict[str, Arrival] = {}
        self._held = 0
        self._decided: list[Event] | None = None  # of those that nobody has been given; None while nobody wants them
        self._some = asyncio.Event()

    def add(self, arrival: Arrival) -> None:
        """Keep ``arrival``, which is on disk."""
        if not self._asked or arrival.decision.mail.id is None:
            return
        self._arrivals[arrival.decision.mail.id] = arrival
        self._held += _size(arrival)
        if self._decided is not None and len(self._decided) < LINE:
            self._decided += [one for one in arrival.events if one.what == "mail.decided"]
            self._some.set()
        while self._held > ROOM or len(self._arrivals) > MOST:
            self.drop([next(iter(self._arrivals))])

    async def decided(self, most: int) -> list[Event]:
        """The oldest events ``mail.decided`` of what was added since the first call, each once; waits for the first."""
        self._asked = True
        if not self._decided:
            self._decided = []
            self._some.clear()
            await self._some.wait()
        given, self._decided = self._decided[:most], self._decided[most:]
        return given

    def drop(self, ids: Iterable[str]) -> None:
        """These were assessed."""
        for id in ids:
            if arrival := self._arrivals.pop(id, None):
                self._held -= _size(arrival)

    def arrivals(self, ids: Sequence[str]) -> dict[str, Arrival]:
        """Those of the mails that are here, by id."""
        self._asked = True
        return {id: self._arrivals[id] for id in ids if id in self._arrivals}


class LastReceipts:
    """When senders last got a receipt. What is known here may be too old, never too new: a commit that relies on it says so."""

    def __init__(self) -> None:
        self._sent: dict[str, datetime] = {}

    def get(self, sender: str) -> datetime | None:
        """As last noted; None where nothing is."""
        return self._sent.get(sender)

    def note(self, sender: str, sent: datetime | None) -> datetime | None:
        """Remember ``sent``, which is returned, where there is one."""
        if sent is not None:
            if len(self._sent) >= SENDERS:
                self._sent.clear()
            self._sent[sender] = sent
        return sent

    def forget(self, sender: str | None) -> None:
        """What was noted of ``sender`` is too old."""
        self._sent.pop(sender or "", None)


def unassessed(id: str, arrival: Arrival) -> Unassessed:
    """``arrival`` as what waits to be assessed."""
    ends = tuple([to for one in arrival.decision.recipients for to in one.deliver_to])
    came = came_at(arrival.came_at or arrival.received_at, arrival.received_at)
    return Unassessed(id, came, arrival.content, ends)


def _size(arrival: Arrival) -> int:
    return len(arrival.content) if isinstance(arrival.content, bytes) else 0
