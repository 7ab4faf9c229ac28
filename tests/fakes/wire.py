"""A gateway session over a transport in memory: bytes in by any chunks, replies out, one conversation a call."""

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from fakes.gateway import StandingClock
from fakes.intake import FakeIntake

from services.gateway.gate import Gate
from services.gateway.reception import Reception
from services.gateway.session import GuardSMTP
from services.settings import Gateway

LIMIT = 100_000
_QUEUED = re.compile(rb"queued as [a-z0-9]+")


@dataclass
class MemoryTransport(asyncio.Transport):
    """Keeps what is written; tells its session when it is closed."""

    peer: str = "127.0.0.1"
    written: bytearray = field(default_factory=bytearray)
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self.reading.set()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self.peer, 40_000) if name == "peername" else default

    def write(self, data: Any) -> None:
        assert not self.closed, "written after the close"
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.reading.set()
            asyncio.get_running_loop().call_soon(self.session.connection_lost, None)

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.reading.clear()

    def resume_reading(self) -> None:
        self.reading.set()


@dataclass
class Heard:
    """What came of a conversation."""

    replies: tuple[str, ...]
    intake: FakeIntake

    @property
    def mails(self) -> list[tuple[str, tuple[str, ...], bytes]]:
        """Sender, recipients and content of each mail taken."""
        return [
            (one.envelope.sender, one.envelope.recipients, text)
            for one, text in zip(self.intake.taken, self.intake.contents, strict=True)
        ]


class Conversations:
    """One event loop and one spool folder for many of them."""

    def __init__(self, spool: Path, **settings: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(1)
        self._spool = spool
        self._settings = Gateway(hostname="gw.eksempel.dk", max_message_bytes=LIMIT, **settings)

    def hold(self, chunks: Sequence[bytes]) -> Heard:
        """The client sends ``chunks`` and closes its side; all that is heard until the session is over."""
        return self._loop.run_until_complete(asyncio.wait_for(self._hold(chunks), 30))

    def close(self) -> None:
        self._loop.close()
        self._pool.shutdown()

    async def _hold(self, chunks: Sequence[bytes]) -> Heard:
        failures: list[object] = []
        self._loop.set_exception_handler(lambda _, context: failures.append(context.get("exception") or context["message"]))
        intake = FakeIntake()
        reception = self._reception(intake)
        session = GuardSMTP(reception, self._loop)
        transport = MemoryTransport()
        transport.session = session
        session.connection_made(transport)
        for chunk in chunks:
            await transport.reading.wait()
            if transport.closed:
                break
            session.data_received(chunk)
        await transport.reading.wait()
        if not transport.closed:
            session.eof_received()
        await session.over
        assert not failures, failures
        assert not reception.sessions and not reception.connections
        written = _QUEUED.sub(b"queued as id", bytes(transport.written))
        assert written.endswith(b"\r\n") or not written
        return Heard(tuple(written.decode("ascii").split("\r\n")[:-1]), intake)

    def _reception(self, intake: FakeIntake) -> Reception:
        return Reception(
            settings=self._settings,
            domain="eksempel.dk",
            hostname="gw.eksempel.dk",
            intake=intake,
            clock=StandingClock(),
            gate=Gate((IPv4Network("127.0.0.0/8"), IPv4Network("192.0.2.0/24"))),
            spool=self._spool,
            pool=self._pool,
            tls=None,
            idle_timeout=300,
        )
