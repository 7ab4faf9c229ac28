"""One connection: admission, the command loop, time-outs, and its end. The commands themselves are in ``session``.

aiosmtpd gives the stream protocol, the PROXY parser and the set of commands. Its loop is replaced: it cancels the handler when
a client hangs up, which must never hit a mail that is being taken; answers unknown failures with a permanent 500 that shows
them; parts after five unknown commands; and writes every reply by itself, although pipelining lets them go together.
"""

import asyncio
import ssl
from enum import Enum, auto
from typing import Any, ClassVar, cast

import structlog
from aiosmtpd.proxy_protocol import V2_CMD, ProxyData, get_proxy
from aiosmtpd.smtp import SMTP

from services.gateway.faults import described
from services.gateway.gate import NOT_READY, NOT_TRUSTED
from services.gateway.lines import LINE_LIMIT, CommandLines, TooLong
from services.gateway.metrics import CONNECTIONS, REFUSED
from services.gateway.reception import Reception

CHUNK = 64 * 1024  # read at once: small enough that scanning one never holds up the other sessions
TEMPORARY = "451 4.3.0 Temporary internal error"
NEEDS_TLS = "530 5.7.0 Must issue a STARTTLS command first"
UNPRODUCTIVE_LIMIT = 10_000  # commands without an accepted mail; no client that has mail comes near
PROXY_TIMEOUT = 30.0
HANDSHAKE_TIMEOUT = 30.0

_BEFORE_TLS = frozenset({"NOOP", "EHLO", "LHLO", "STARTTLS", "QUIT"})  # RFC 3207 4
_NO_HOOKS = object()

log = structlog.get_logger()


class Phase(Enum):
    """What a session is doing, and so how it may be ended."""

    COMMAND = auto()  # may be ended at once
    DATA = auto()  # a mail is coming in: nothing of it is ours yet
    COMMIT = auto()  # a mail is being taken: never interrupted


class Connection(SMTP):
    """The plumbing of one SMTP connection."""

    line_length_limit = CHUNK  # how much the stream reader holds before the client has to wait (twice this); no limit on lines
    greeting: ClassVar[str] = "ESMTP"

    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            _NO_HOOKS,
            data_size_limit=reception.settings.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=reception.hostname,
            ident=self.greeting,
            tls_context=reception.tls,
            require_starttls=reception.settings.require_tls,
            timeout=reception.idle_timeout,
            loop=loop,
        )
        self.command_size_limits = {"MAIL": LINE_LIMIT, "RCPT": LINE_LIMIT}  # upstream shares one between all connections
        self.command_size_limit = 2048
        self.reception = reception
        self.client = ""
        self.phase = Phase.COMMAND
        self.encrypted = False
        self.lines = CommandLines()
        self._replies: list[str] = []
        self._unproductive = 0
        self._leaving = False
        self._turned_away = False
        self._deadline = 0.0

    # -- the connection comes and goes
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Turn the client away, or start its session."""
        self.client = _host(transport.get_extra_info("peername"))
        if refusal := self.reception.refusal(self.client):
            self._turn_away(transport, refusal)
            return
        self.reception.sessions.add(self)
        CONNECTIONS.inc()
        super().connection_made(transport)
        task = self._handler_coroutine
        assert task is not None
        self.reception.tasks.add(task)
        task.add_done_callback(self.reception.tasks.discard)

    def connection_lost(self, error: Exception | None) -> None:
        """The handler is told by its next read or write, and is not cancelled: it may be taking a mail."""
        if self._turned_away:
            return
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        if self in self.reception.sessions:
            self.reception.sessions.discard(self)
            CONNECTIONS.dec()
        asyncio.StreamReaderProtocol.connection_lost(self, error)

    def eof_received(self) -> bool | None:
        """A client may close its side and still wait for answers."""
        return None if self._turned_away else asyncio.StreamReaderProtocol.eof_received(self)

    def dismiss(self) -> None:
        """End the session for a stop: at once when it is idle, else after the mail that it is in."""
        if self.phase is Phase.COMMAND:
            self._say_and_close(NOT_READY)

    def cut_off(self) -> None:
        """End the session now, unless it is taking a mail."""
        if self.phase is not Phase.COMMIT:
            self._say_and_close(NOT_READY)

    def hang_up(self) -> None:
        """Drop the connection as it is, TLS farewell or not."""
        _writable(self._original_transport or self.transport).abort()

    def _turn_away(self, transport: asyncio.BaseTransport, refusal: str) -> None:
        self._turned_away = True
        _count(refusal)
        log.warning("session_refused", client=self.client, reply=refusal)
        _writable(transport).write(refusal.encode("ascii") + b"\r\n")
        transport.close()

    def _say_and_close(self, farewell: str) -> None:
        transport = _writable(self.transport)
        if transport.is_closing():
            return
        if transport.get_write_buffer_size():  # the client does not even read: no farewell would reach it
            transport.abort()
            return
        transport.write(farewell.encode("ascii") + b"\r\n")
        transport.close()

    # -- time
    def _reset_timeout(self, duration: float | None = None) -> None:
        self._deadline = self.loop.time() + (duration or self._timeout_duration)
        handle = self._timeout_handle
        if handle is not None and handle.when() > self._deadline:
            handle.cancel()
            handle = None
        if handle is None:
            self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)

    def _timeout_cb(self) -> None:
        self._timeout_handle = None
        if self.phase is Phase.COMMIT:
            self._reset_timeout()
        elif self.loop.time() < self._deadline:
            self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)
        else:
            log.info("session_timed_out", phase=self.phase.name.lower())
            self._say_and_close("421 4.4.2 Timeout, closing connection")

    # -- bytes in, replies out
    async def read(self) -> bytes:
        """The next chunk from the client, after all replies went out; empty at the end."""
        await self.flush()
        self._reset_timeout()
        return await self._reader.read(CHUNK)

    def reply(self, text: str) -> None:
        """Queue a reply; it goes out, with its neighbours, before the client is waited for."""
        self._replies.append(text)

    def refuse(self, reply: str) -> None:
        """Queue a reply that refuses, and count it."""
        _count(reply)
        self._replies.append(reply)

    async def flush(self) -> None:
        """Send the queued replies; waits while the client does not read them."""
        if self._replies:
            self._send()
            await self._writer.drain()

    def leave(self) -> None:
        """End the session once the queued replies are out."""
        self._leaving = True

    def productive(self) -> None:
        """A mail was accepted: the count of commands without one begins anew."""
        self._unproductive = 0

    def _send(self) -> None:
        self._writer.write("\r\n".join([*self._replies, ""]).encode("ascii", "replace"))
        self._replies.clear()

    # -- the conversation
    async def _handle_client(self) -> None:
        try:
            if await self._admit():
                self.reply(f"220 {self.hostname} {self.greeting}")
                await self._converse()
            self._send_last()
        except (OSError, EOFError):
            pass  # the client is gone; what is not its doing is caught where it happens
        except Exception as error:
            log.error("session_failed", **described(error))
            self._replies = ["421 4.3.0 Temporary internal error"]
            self._send_last()
        finally:
            self._writer.close()

    def _send_last(self) -> None:
        if self._replies and not self._writer.is_closing():
            self._send()

    async def _admit(self) -> bool:
        if not self.reception.settings.proxy_protocol:
            return True
        self._reset_timeout(PROXY_TIMEOUT)
        data = await get_proxy(self._reader)
        if not data.valid:
            self.refuse("421 4.7.0 PROXY header expected")
            log.warning("session_refused", client=self.client, reply="proxy_header")
            return False
        self.client = _real_client(data) or self.client
        if not self.reception.gate.trusts(self.client):
            self.refuse(NOT_TRUSTED)
            log.warning("session_refused", client=self.client, reply=NOT_TRUSTED)
            return False
        return True

    async def _converse(self) -> None:
        while not self._leaving:
            if self.reception.stopping:
                self.refuse(NOT_READY)
                return
            line = self.lines.next()
            if line is not None:
                await self._obey(line)
            elif chunk := await self.read():
                self.lines.feed(chunk)
            else:
                return

    async def _obey(self, line: bytes | TooLong) -> None:
        self._unproductive += 1
        if self._unproductive > UNPRODUCTIVE_LIMIT:
            self.refuse("421 4.7.0 Too many commands without a mail")
            self.leave()
            return
        if isinstance(line, TooLong):
            self.refuse("500 5.5.2 Command line too long")
            return
        verb, _, argument = line.decode("utf-8", "surrogateescape").partition(" ")
        verb = verb.upper()
        method = self._smtp_methods.get(verb)
        if self.require_starttls and not self.encrypted and verb not in _BEFORE_TLS:
            self.refuse(NEEDS_TLS)
        elif method is None:
            self.refuse("500 5.5.2 Command not recognized")
        elif len(line) > self.command_size_limits.get(verb, self.command_size_limit):
            self.refuse("500 5.5.2 Command line too long")
        else:
            await method(argument.strip())

    async def upgrade(self, context: ssl.SSLContext) -> None:
        """Go over to TLS. What the client sent in plain text behind STARTTLS is thrown away unread (CVE-2011-0411)."""
        await self.flush()
        self.lines.take()
        reader, writer = cast(Any, self._reader), cast(Any, self._writer)  # the streams have no public way to change transports
        reader._buffer.clear()
        reader._maybe_resume_transport()
        self._original_transport = self.transport
        transport = await self.loop.start_tls(
            _writable(self.transport), self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_TIMEOUT
        )
        if transport is None:
            raise ConnectionResetError
        self.transport = self._transport = reader._transport = writer._transport = transport
        self._over_ssl = True
        self.encrypted = True


def _writable(transport: asyncio.BaseTransport | None) -> asyncio.WriteTransport:
    """The transport as what it is; not asked by isinstance, since uvloop's are in none of asyncio's classes."""
    return cast(asyncio.WriteTransport, transport)


def _host(peer: object) -> str:
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""


def _real_client(data: ProxyData) -> str | None:
    """The client that a PROXY header names; None where the proxy speaks for itself (a health check) or does not know."""
    if data.version == 2 and data.command == V2_CMD.LOCAL:
        return None
    return str(data.src_addr) if data.src_addr is not None else None


def _count(reply: str) -> None:
    REFUSED.labels(reply[:3]).inc()
