"""An own SMTP client for what ``smtp-source`` cannot do: holding back the final dot, and stamping each mail."""

import asyncio
import itertools
import time
from dataclasses import dataclass

from bench import machine, sample
from bench.sinks import CountingSink, StampingSink
from bench.systems import System

PIECE = 65536
SMALL = 4096  # bytes


class Session:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Session":
        session = cls(*await asyncio.open_connection("127.0.0.1", port))
        await session._expect(b"220")
        await session.command("EHLO bench.test")
        return session

    async def command(self, line: str, code: bytes = b"250") -> None:
        """Send one command, and wait for its answer."""
        self._writer.write(line.encode() + b"\r\n")
        await self._expect(code)

    async def begin(self, sender: str) -> None:
        """Everything up to the answer to DATA."""
        await self.command(f"MAIL FROM:<{sender}>")
        await self.command(f"RCPT TO:<{sample.RECIPIENT}>")
        await self.command("DATA", b"354")

    async def body(self, content: bytes) -> None:
        """The content in pieces, as fast as the other side takes it; the final dot is held back."""
        for start in range(0, len(content), PIECE):
            self._writer.write(content[start : start + PIECE])
            await self._writer.drain()

    async def end(self) -> None:
        """The final dot, and the answer to it."""
        await self.command(".")

    async def close(self) -> None:
        await self.command("QUIT", b"221")
        self._writer.close()

    async def _expect(self, code: bytes) -> None:
        while True:
            line = await self._reader.readline()
            if not line.startswith(code):
                raise ConnectionError(f"expected {code!r}, got {line!r}")
            if line[3:4] == b" ":
                return


def content_of(sender: str, size: int, identity: str) -> bytes:
    """A mail on the wire, with CRLF and an ``X-Bench-Id``."""
    return f"X-Bench-Id: {identity}\n{sample.mail(sender, size, identity)}".replace("\n", "\r\n").encode()


async def hold(system: System, sink: CountingSink, count: int, size: int) -> tuple[int, int]:
    """Hold ``count`` bodies of ``size`` bytes at once, then end them. Returns PSS while held and at its peak, in bytes."""
    before = sink.reset()
    with machine.Peak(lambda: machine.pss_bytes(system.roots())) as peak:
        sessions = await asyncio.gather(*(Session.open(system.port) for _ in range(count)))
        await asyncio.gather(*(_pour(one, size, number) for number, one in enumerate(sessions)))
        await asyncio.sleep(1)  # let the system do what it does with a body that stands still
        held = machine.pss_bytes(system.roots())
        await asyncio.gather(*(one.end() for one in sessions))
        await asyncio.to_thread(sink.wait_for, before + count, 300)
    await asyncio.gather(*(one.close() for one in sessions))
    return held, max(held, peak.value)


async def _pour(session: Session, size: int, number: int) -> None:
    sender = sample.citizen(number) if number % 20 == 0 else sample.STRANGER
    await session.begin(sender)
    await session.body(content_of(sender, size, f"held-{number}"))


@dataclass(frozen=True)
class Delays:
    """Seconds from the start of each mail's MAIL command: to its 250, and to its arrival at the sink."""

    accepted: list[float]
    arrived: list[float]


class Pace:
    """Sends at a fixed rate, whatever the system does; a mail that finds no free connection opens one."""

    def __init__(self, system: System, sink: StampingSink, citizens: int, turn: itertools.count) -> None:
        self._system, self._sink, self._citizens, self._turn = system, sink, citizens, turn
        self._free: list[Session] = []
        self._began: dict[str, float] = {}
        self._accepted: dict[str, float] = {}

    async def run(self, rate: float, count: int, size: int, offset: float) -> Delays:
        """Send ``count`` mails, ``rate`` a second."""
        loop = asyncio.get_running_loop()
        first = loop.time() + offset
        self._began, self._accepted, tasks = {}, {}, []
        for number in range(count):
            await asyncio.sleep(max(0.0, first + number / rate - loop.time()))
            tasks.append(asyncio.create_task(self._one(size)))
        await asyncio.gather(*tasks)
        await asyncio.wait_for(self._sink.wait_for(set(self._began)), 120)
        while self._free:
            await self._free.pop().close()
        return Delays(
            [self._accepted[one] - began for one, began in self._began.items()],
            [self._sink.arrived[one] - began for one, began in self._began.items()],
        )

    async def _one(self, size: int) -> None:
        turn = next(self._turn)
        sender = sample.citizen(turn % self._citizens) if turn % 20 == 0 else sample.STRANGER
        identity = f"{self._system.name}-{turn}"
        content = content_of(sender, size, identity)
        session = self._free.pop() if self._free else await Session.open(self._system.port)
        self._began[identity] = time.monotonic()
        await session.begin(sender)
        await session.body(content)
        await session.end()
        self._accepted[identity] = time.monotonic()
        self._free.append(session)


async def beside(system: System, sink: CountingSink, flood: tuple[int, int, int], rate: float) -> list[float]:
    """Send small mails at ``rate`` a second while others send large ones. Returns the seconds that each small one took to its 250.

    ``flood`` is how many sessions send at once (each of them a ``smtp-source``, whose own sessions take turns), how many mails
    each, and of what size.
    """
    sessions, each, size = flood
    before = sink.reset()
    command = ["smtp-source", "-d", "-s", "1", "-m", str(each), "-l", str(size), "-f", sample.STRANGER, "-t", sample.RECIPIENT]
    sources = [await asyncio.create_subprocess_exec(*command, f"127.0.0.1:{system.port}") for _ in range(sessions)]
    over = asyncio.gather(*(one.wait() for one in sources))
    loop = asyncio.get_running_loop()
    first, small = loop.time(), []
    while not over.done():
        small.append(asyncio.create_task(_small(system.port, len(small))))
        await asyncio.sleep(max(0.0, first + len(small) / rate - loop.time()))
    if any(over.result()):
        raise RuntimeError(f"{system.name}: a source of large mails failed")
    taken = await asyncio.gather(*small)
    await asyncio.to_thread(sink.wait_for, before + sessions * each + len(small), 300)
    return taken


async def _small(port: int, number: int) -> float:
    """One mail over a connection of its own; the time runs from its MAIL command."""
    session = await Session.open(port)
    content = content_of(sample.STRANGER, SMALL, f"beside-{number}")
    began = time.monotonic()
    await session.begin(sample.STRANGER)
    await session.body(content)
    await session.end()
    taken = time.monotonic() - began
    await session.close()
    return taken


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of ``values`` lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
