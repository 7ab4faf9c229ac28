"""A receiving SMTP server for tests and measurements: small, on asyncio, and it does what it is told, also what is wrong.

    async with Sink() as sink:
        sink.on("RCPT", b"450 4.2.1 busy", address="karen@eksempel.dk", times=1)
        sink.on("DOT", drop="after")
        ...
        await sink.arrived(2)
        assert sink.mails[0].content == ...

Verbs are CONNECT, EHLO, HELO, STARTTLS, MAIL, RCPT, DATA, DOT (the end of the content), RSET, NOOP, QUIT and BODY (the first
octets of the content). The last rule that fits and isn't used up wins; without one the answer is the usual one.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

EXTENSIONS = (b"SIZE 157286400", b"8BITMIME", b"SMTPUTF8", b"PIPELINING", b"ENHANCEDSTATUSCODES")
USUAL = {
    "CONNECT": b"220 sink ESMTP",
    "HELO": b"250 sink",
    "STARTTLS": b"220 2.0.0 go ahead",
    "MAIL": b"250 2.1.0 ok",
    "RCPT": b"250 2.1.5 ok",
    "DATA": b"354 go ahead",
    "DOT": b"250 2.0.0 taken",
    "RSET": b"250 2.0.0 ok",
    "NOOP": b"250 2.0.0 ok",
    "QUIT": b"221 2.0.0 bye",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail for which the sink answered 250. ``content`` has its dots undone; ``mail`` is the whole MAIL command."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    mail: bytes
    connection: int
    tls: bool


@dataclass(slots=True)
class Rule:
    """What to do at ``verb``; ``left`` counts how often."""

    verb: str
    reply: bytes | None
    address: str | None
    left: int | None
    stall: bool
    drop: Literal["before", "after", "reset"] | None
    flood: bytes

    def fits(self, verb: str, address: str | None) -> bool:
        return self.verb == verb and self.left != 0 and (self.address is None or self.address == address)


class Sink:
    """``keep``: whether contents are kept, or mails only counted."""

    def __init__(self, *, extensions=EXTENSIONS, tls: ssl.SSLContext | None = None, implicit: bool = False, keep: bool = True):
        self.extensions = tuple(extensions) + ((b"STARTTLS",) if tls and not implicit else ())
        self.tls, self.implicit, self.keep = tls, implicit, keep
        self.mails: list[Mail] = []
        self.count = 0
        self.connections = 0
        self.flooded = 0  # octets that a flood has written
        self.bytewise = False  # every answer octet by octet
        self.handshakes = True  # whether TLS begins after STARTTLS
        self.stalled: list[Session] = []
        self.sessions: set[Session] = set()
        self.commands: list[tuple[int, bytes]] = []
        self._rules: list[Rule] = []
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._server: asyncio.Server | None = None
        self.host, self.port = "127.0.0.1", 0

    @property
    def hop(self) -> str:
        """As a setting: HOST:PORT."""
        return f"{self.host}:{self.port}"

    def on(self, verb, reply=None, *, address=None, times=None, stall=False, drop=None, flood=b"") -> Rule:
        """At ``verb`` (``address``: of MAIL or RCPT) answer ``reply``, ``times`` times; or stall; or drop before or after it.

        A drop before a ``reply`` that says yes: the mail is taken, and nobody hears of it. ``drop="reset"`` drops before it too,
        with RST. ``flood`` is written again and again until the client hangs up.
        """
        rule = Rule(verb, reply, address, times, stall, drop, flood)
        self._rules.insert(0, rule)
        return rule

    def forget(self) -> None:
        """Be a usual server again."""
        self._rules.clear()

    def release(self) -> None:
        """Answer those who were stalled."""
        stalled, self.stalled = self.stalled, []
        for session in stalled:
            session.go_on()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        context = self.tls if self.implicit else None
        self._server = await asyncio.get_running_loop().create_server(lambda: Session(self), host, port, ssl=context)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]
        return self

    async def stop(self) -> None:
        """Close the listener and every connection; ``start`` with the same port goes on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.hang_up()

    async def hang_up(self) -> None:
        """Drop every connection."""
        for session in list(self.sessions):
            session.abort()
        await self.until(lambda: not self.sessions)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_) -> None:
        await self.stop()

    async def arrived(self, count: int) -> list[Mail]:
        """Wait until ``count`` mails have come."""
        await self.until(lambda: self.count >= count)
        return self.mails

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until ``holds()``; looked at after everything that happens here."""
        if not holds():
            future = asyncio.get_running_loop().create_future()
            self._waiters.append((holds, future))
            await future

    def rule(self, verb: str, address: str | None = None) -> Rule | None:
        for rule in self._rules:
            if rule.fits(verb, address):
                if rule.left is not None:
                    rule.left -= 1
                return rule
        return None

    def changed(self) -> None:
        for holds, future in self._waiters:
            if not future.done() and holds():
                future.set_result(None)
        self._waiters = [one for one in self._waiters if not one[1].done()]


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, sink: Sink):
        self.sink = sink
        self.number = 0
        self.tls = sink.implicit
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.buffer = b""
        self.chunks: list[bytes] | None = None
        self.waiting: bytes | None = None  # the answer that is held back
        self.held = False
        self.task = None
        self.begin()

    def begin(self) -> None:
        self.mail, self.sender, self.recipients = b"", None, []

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.sink.connections += 1
        self.number = self.sink.connections
        self.sink.sessions.add(self)
        self.answer("CONNECT", USUAL["CONNECT"])
        self.sink.changed()

    def connection_lost(self, exc) -> None:
        self.sink.sessions.discard(self)
        self.sink.changed()

    def abort(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        self.work()
        if self.sink._waiters:
            self.sink.changed()

    def work(self) -> None:
        while self.buffer and not self.held and not self.transport.is_closing():
            if self.chunks is not None:
                if not self.content():
                    return
                continue
            line, found, rest = self.buffer.partition(b"\r\n")
            if not found:
                return
            self.buffer = rest
            self.command(line)

    def content(self) -> bool:
        data = self.chunks[0] + self.buffer
        end = 3 if data.startswith(b".\r\n") else data.find(b"\r\n.\r\n", max(0, len(self.chunks[0]) - 5)) + 5
        if end == 4:
            self.chunks, self.buffer = [data], b""
            return False
        raw, self.buffer, self.chunks = data[: end - 3], data[end:], None
        if self.answer("DOT", USUAL["DOT"]).startswith(b"2"):
            self.keep(raw)
        self.begin()
        return True

    def keep(self, raw: bytes) -> None:
        self.sink.count += 1
        if self.sink.keep:
            content = raw.replace(b"\r\n..", b"\r\n.")
            content = content[1:] if content.startswith(b".") else content
            self.sink.mails.append(Mail(self.sender, tuple(self.recipients), content, self.mail, self.number, self.tls))

    def command(self, line: bytes) -> None:
        if self.sink.keep:
            self.sink.commands.append((self.number, line))
        verb = line.split(b" ", 1)[0].upper().decode("ascii", "replace")
        handler = getattr(self, "do_" + verb.lower(), None)
        if handler:
            handler(line)
        else:
            self.answer(verb, USUAL.get(verb, b"500 5.5.1 what?"))

    def do_ehlo(self, line: bytes) -> None:
        extensions = [one for one in self.sink.extensions if not (self.tls and one == b"STARTTLS")]
        lines = [b"sink", *extensions]
        self.answer("EHLO", b"\r\n".join(b"250%s%s" % (b"-" if n < len(lines) - 1 else b" ", one) for n, one in enumerate(lines)))

    def do_mail(self, line: bytes) -> None:
        sender = _path(line)
        if self.answer("MAIL", USUAL["MAIL"], sender).startswith(b"2"):
            self.sender, self.mail = sender, line

    def do_rcpt(self, line: bytes) -> None:
        address = _path(line)
        if self.sender is None:
            self.answer("RCPT", b"503 5.5.1 MAIL first", address)
        elif self.answer("RCPT", USUAL["RCPT"], address).startswith(b"2"):
            self.recipients.append(address)

    def do_data(self, line: bytes) -> None:
        usual = USUAL["DATA"] if self.recipients else b"554 5.5.1 no valid recipients"
        if self.answer("DATA", usual).startswith(b"354"):
            self.chunks = [b""]
            self.answer("BODY", b"")

    def do_rset(self, line: bytes) -> None:
        self.answer("RSET", USUAL["RSET"])
        self.begin()

    def do_quit(self, line: bytes) -> None:
        self.answer("QUIT", USUAL["QUIT"])
        self.transport.close()

    def do_starttls(self, line: bytes) -> None:
        if self.answer("STARTTLS", USUAL["STARTTLS"] if self.sink.tls else b"502 5.5.1 no").startswith(b"2"):
            self.held = True
            if self.sink.handshakes:
                self.task = asyncio.get_running_loop().create_task(self.protect())

    async def protect(self) -> None:
        try:
            self.transport = await asyncio.get_running_loop().start_tls(self.transport, self, self.sink.tls, server_side=True)
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            self.transport.abort()
            self.connection_lost(None)  # asyncio tells the protocol of no end during a handshake
            return
        self.tls, self.held = True, False
        self.work()

    def answer(self, verb: str, usual: bytes, address: str | None = None) -> bytes:
        """Answer as the rules say; the answer given, empty where there was none."""
        rule = self.sink.rule(verb, address)
        reply = usual if rule is None or rule.reply is None else rule.reply
        if rule is not None and rule.drop in ("before", "reset"):
            if rule.drop == "reset":
                linger = struct.pack("ii", 1, 0)
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
            return rule.reply or b""
        if rule is not None and rule.flood:
            self.held = True
            self.task = asyncio.get_running_loop().create_task(self.flood(rule.flood))
            return b""
        if rule is not None and rule.stall:
            self.held, self.waiting = True, reply
            self.sink.stalled.append(self)
            self.sink.changed()
            return reply
        if reply and self.sink.bytewise:
            self.held = True
            self.task = asyncio.get_running_loop().create_task(self.spell(reply + b"\r\n"))
        elif reply:
            self.transport.write(reply + b"\r\n")
        if rule is not None and rule.drop == "after":
            self.transport.close()
        return reply

    async def flood(self, data: bytes) -> None:
        while not self.transport.is_closing():
            if self.transport.get_write_buffer_size() < 1_000_000:
                self.transport.write(data)
                self.sink.flooded += len(data)
            await asyncio.sleep(0)

    async def spell(self, reply: bytes) -> None:
        self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in reply:
            self.transport.write(bytes([octet]))
            await asyncio.sleep(0)
        self.held = False
        self.work()

    def go_on(self) -> None:
        if self.waiting:
            self.transport.write(self.waiting + b"\r\n")
        self.held, self.waiting = False, None
        self.work()
        self.sink.changed()


def _path(line: bytes) -> str:
    return line[line.index(b"<") + 1 : line.rindex(b">")].decode("utf-8", "surrogateescape")
