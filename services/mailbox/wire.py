"""IMAP's lines and literals over a socket: each with its bounds in bytes, and everything with an instant at which it is given up.

imaplib keeps the protocol's state; sockets, TLS and waiting are ours, because a server may be slow, silent or hostile.
"""

import imaplib
import select
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from services.mailbox.trouble import Trouble

if TYPE_CHECKING:
    from typing_extensions import Buffer

LINE = 8 << 20  # octets: 50,000 numbers in one answer are half a million
ANSWER = 16 << 20  # all that one call may make a server say
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens, and how it is spoken to. ``context`` verifies it; None where ``tls`` is ``none``."""

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    context: ssl.SSLContext | None


class Wire(imaplib.IMAP4):
    """One connection. ``until`` is the instant (monotonic, seconds) at which whatever is under way is given up.

    The connection ends with ``TimeoutError`` then, also where a server sends an octet now and then to keep it alive.
    """

    def __init__(self, place: Place, until: float) -> None:
        self.place = place
        self.until = until
        self._left = ANSWER
        self._buffer = bytearray()
        super().__init__(place.host, place.port)

    def allow(self, seconds: float) -> None:
        """What follows may take so long, and bring ``ANSWER`` octets."""
        self.until = time.monotonic() + seconds
        self._left = ANSWER

    def open(self, host: str = "", port: int = 993, timeout: float | None = None) -> None:
        """As imaplib opens it, but with a bound for all of it."""
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), self._seconds())
        if self.place.tls == "implicit":
            self._encrypt()

    def _encrypt(self) -> None:
        assert self.place.context is not None
        try:
            self.sock.settimeout(self._seconds())
            self.sock = self.place.context.wrap_socket(self.sock, server_hostname=self.host)
        except BaseException:
            self.sock.close()
            raise

    def secure(self) -> None:
        """STARTTLS (RFC 3501 6.2.1). What came before it under the cover of plain text counts for nothing."""
        if "STARTTLS" not in self.capabilities:
            raise Trouble("tls")
        kind, _ = self._simple_command("STARTTLS")
        if kind != "OK" or self._buffer:
            raise Trouble("tls")
        self._encrypt()
        self._get_capabilities()

    def _seconds(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _receive(self) -> None:
        self.sock.settimeout(self._seconds())
        self._take(self.sock.recv(BLOCK))

    def _take(self, data: bytes) -> None:
        if not data:
            raise self.abort("socket error: EOF")
        self._left -= len(data)
        if self._left < 0:
            raise Trouble("garbled")
        self._buffer += data

    def read(self, size: int) -> bytes:
        """A literal of ``size`` octets."""
        if size > ANSWER:
            raise Trouble("garbled")
        while len(self._buffer) < size:
            self._receive()
        return self._cut(size)

    def readline(self) -> bytes:
        """A line with its end."""
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if seen > LINE:
                raise Trouble("garbled")
            self._receive()
        return self._cut(end + 1)

    def _cut(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def send(self, data: "Buffer") -> None:
        """All of it."""
        self.sock.settimeout(self._seconds())
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Close the connection without a word."""
        self.sock.close()

    def cut(self) -> None:
        """From another thread: what is under way here ends at once."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # TLS's own shutdown belongs to the thread that reads

    def begin_idle(self) -> bytes:
        """IDLE (RFC 2177). A server may tell news before it says that it waits."""
        tag: bytes = self._command("IDLE")
        while self._get_response() is not None:
            if self.tagged_commands[tag] is not None:
                raise Trouble("refused")
        return tag

    def end_idle(self, tag: bytes) -> None:
        """DONE, and what the server still says."""
        self.send(b"DONE\r\n")
        self._command_complete("IDLE", tag)

    def hear(self, seconds: float, wake: int) -> bool:
        """Wait for ``seconds`` at most until the server says something; True when the file ``wake`` can be read first."""
        if not (b"\n" in self._buffer or self._pending()):
            poll = select.poll()
            poll.register(self.sock, select.POLLIN)
            poll.register(wake, select.POLLIN)
            found = {number for number, _ in poll.poll(seconds * 1000)}
            if self.sock.fileno() not in found:
                return wake in found
        if b"\n" not in self._buffer:
            self._receive_what_is_there()
        while b"\n" in self._buffer:
            self._get_response()
        self._check_bye()
        return False

    def _pending(self) -> int:
        return self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0

    def _receive_what_is_there(self) -> None:
        """What can be read need be no data: TLS has words of its own."""
        self.sock.settimeout(0)
        try:
            self._take(self.sock.recv(BLOCK))
        except (BlockingIOError, ssl.SSLWantReadError):
            return

    def _log(self, line: str) -> None:
        """Imaplib would keep the last lines, passwords and mails among them."""
