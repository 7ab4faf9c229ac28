"""The demo's receiving mail server: the municipality's own server and the internet behind it, in one.

It takes every recipient, answers as a mail server does, and keeps what it gets in memory and as files, one folder an
address: ``karen@eksempel.dk/001.eml``. A demo and nothing more: no limits on clients, no TLS, no quota.
"""

import asyncio
import logging
import re
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST = 200_000_000  # bytes; more than the guard passes on
LONGEST_LINE = 1 << 20
_UNSAFE = re.compile(r"[^\w@.+=-]")

log = structlog.get_logger()


class Delivered(NamedTuple):
    """One mail in one mailbox. ``envelope_from`` is empty for the null sender."""

    recipient: str
    content: bytes
    envelope_from: str


class Receiver:
    """An SMTP server (RFC 5321) on ``host``; port 0 takes a free one. Start it and stop it in one event loop.

    ``received`` holds all deliveries since the start, one for each recipient, in order of arrival.
    """

    def __init__(self, folder: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        self.folder = folder
        self.received: list[Delivered] = []
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._changed = asyncio.Condition()
        self._writing = asyncio.Lock()

    @property
    def address(self) -> str:
        """Where it listens, as HOST:PORT; raises ``RuntimeError`` when it is not started."""
        if self._server is None:
            raise RuntimeError("the receiver is not started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def start(self) -> None:
        """Listens; raises ``OSError`` when the port is taken."""
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd's log holds addresses and content
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Session(self, loop), self._host, self._port)
        log.info("demo.receiver_started", address=self.address)

    async def stop(self) -> None:
        """Stops listening and closes every connection. What was answered with 250 is on disk."""
        if self._server is None:
            return
        self._server.close()
        for session in tuple(self._sessions):
            session.hang_up()
        await self._server.wait_closed()
        self._server = None
        log.info("demo.receiver_stopped", mails=len(self.received))

    async def wait_for(self, count: int, seconds: float = 30) -> None:
        """Returns when ``count`` deliveries have come in all; raises ``TimeoutError`` after ``seconds``."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: len(self.received) >= count)

    async def keep(self, sender: str, recipients: list[str], content: bytes) -> None:
        """One copy for each recipient, on disk before it returns."""
        new = [Delivered(one, content, sender) for one in recipients]
        async with self._writing:
            for one in new:
                await asyncio.to_thread(self._write, one)
        async with self._changed:
            self.received += new
            self._changed.notify_all()

    def _write(self, mail: Delivered) -> None:
        mailbox = self.folder / mailbox_name(mail.recipient)
        mailbox.mkdir(parents=True, exist_ok=True)
        number = max((int(one.stem) for one in mailbox.glob("*.eml") if one.stem.isdigit()), default=0) + 1
        (mailbox / f"{number:03}.eml").write_bytes(mail.content)


def mailbox_name(address: str) -> str:
    """The folder name of an address: lower case, and nothing in it that could lead out of the folder."""
    return _UNSAFE.sub("_", address.lower()).lstrip(".") or "_"


class _Answers:
    """What the server says: aiosmtpd's hooks."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        sender = envelope.mail_from or ""
        content = envelope.content or b""
        assert isinstance(content, bytes)
        await self.receiver.keep("" if sender == "<>" else sender, list(envelope.rcpt_tos), content)
        return "250 2.0.0 Delivered"

    async def handle_exception(self, error: Exception) -> str:
        log.error("demo.receiver_failed", error=type(error).__name__)
        return "451 4.3.0 Temporary failure"


class _Session(SMTP):
    """One connection, with limits that no mail of the demo meets."""

    line_length_limit = LONGEST_LINE

    def __init__(self, receiver: Receiver, loop: asyncio.AbstractEventLoop) -> None:
        self._receiver = receiver
        super().__init__(
            _Answers(receiver), data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname="mail.eksempel.dk", ident="ESMTP", loop=loop
        )
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)  # aiosmtpd shares one between all connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._receiver._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._receiver._sessions.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        transport: Any = self.transport
        if transport:
            transport.close()
