"""Mails with numbers: who was promised what, and how often each arrived."""

import asyncio
import time
from array import array
from contextlib import suppress

from bench import sample
from bench.client import Session, content_of
from bench.sinks import BENCH_ID, StampingSink

SENDERS = 20
IN_TWENTY = 20  # one mail in twenty is from a citizen with a framework
IN_HUNDRED = 100  # one in a hundred is kept in the spool folder
SMALL, LARGE = 4096, 100_000


class CountingStamps(StampingSink):
    """Notes for each numbered mail when it first came, and the instants of each further time."""

    def __init__(self) -> None:
        super().__init__()
        self.first = array("d")
        self.again: list[tuple[int, float]] = []
        self.numbered = 0  # different ones
        self.all = 0  # whatever came, notices too

    def _stamp(self, content: bytes) -> None:
        self.all += 1
        self._came.set()
        found = BENCH_ID.search(content[:4096])
        if found is None or not found[1].startswith(b"soak-"):
            return
        number = int(found[1][5:])
        if number >= len(self.first):
            self.first.extend([0.0] * (number + 1 - len(self.first)))
        if self.first[number]:
            self.again.append((number, time.monotonic()))
        else:
            self.first[number] = time.monotonic()
            self.numbered += 1

    def has(self, number: int) -> bool:
        return number < len(self.first) and self.first[number] > 0


class Load:
    """Sends ``rate`` mails a second, and each as often as it takes until the guard says 250, as a mail server does."""

    def __init__(self, port: int, rate: float, citizens: int) -> None:
        self._port, self._pause, self._citizens = port, SENDERS / rate, citizens
        self.began = array("d")  # when each was first sent
        self.promised = bytearray()
        self.refused = 0  # sendings without a 250: the guard was away, or asked to come again
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Until ``stop``; every mail that was begun is promised at its end."""
        async with asyncio.TaskGroup() as tasks:
            for lane in range(SENDERS):
                tasks.create_task(self._lane(lane / SENDERS))

    def stop(self) -> None:
        self._over.set()

    def count(self) -> int:
        return sum(self.promised)

    async def _lane(self, offset: float) -> None:
        session: Session | None = None
        due = time.monotonic() + offset * self._pause
        while not self._over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), max(0.001, due - time.monotonic()))
            due = max(due + self._pause, time.monotonic() - 1)  # what an absence kept is made up for a second's worth
            session = await self._send(session)
        if session:
            with suppress(OSError):
                await session.close()

    async def _send(self, session: Session | None) -> Session:
        number = len(self.began)
        self.began.append(time.monotonic())
        self.promised.append(0)
        sender = sample.citizen(number // IN_TWENTY % self._citizens) if number % IN_TWENTY == 0 else sample.STRANGER
        content = content_of(sender, LARGE if number % IN_HUNDRED == 0 else SMALL, f"soak-{number}")
        while True:
            try:
                session = session or await asyncio.wait_for(Session.open(self._port), 30)
                await asyncio.wait_for(self._one(session, sender, content), 60)
            except (OSError, TimeoutError):  # killed under the session, stopped, or asked to come again
                self.refused += 1
                session = None
                await asyncio.sleep(0.1)
            else:
                self.promised[number] = 1
                return session

    async def _one(self, session: Session, sender: str, content: bytes) -> None:
        await session.begin(sender)
        await session.body(content)
        await session.end()
