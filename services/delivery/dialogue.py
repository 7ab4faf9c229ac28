"""The octets of one connection: an asyncio protocol that gathers replies and lets a writer wait for room."""

import asyncio
import ssl
from typing import cast

from services.delivery.outcomes import ConnectionTrouble, DialogueTimeout, OutOfStep
from services.delivery.replies import SERVICE_CLOSING, Reply, ReplyParser

HIGH_WATER = 262_144  # octets that may wait to be sent before a writer waits
REPLIES_LIMIT = 256  # replies that nobody has taken; a mail asks for 103 at most


class Dialogue(asyncio.Protocol):
    """Sends octets and awaits replies; knows nothing of mail. One task at a time may use it."""

    __slots__ = (
        "_awaited",
        "_deadline",
        "_gone",
        "_is_full",
        "_loop",
        "_parser",
        "_replies",
        "_timer",
        "_transport",
        "_wanted",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = ReplyParser()
        self._replies: list[Reply] = []
        self._wanted = 0  # replies that are waited for; 0 where it is for room to send, or for nothing
        self._is_full = False  # more waits to be sent than should
        self._gone: ConnectionTrouble | None = None
        self._awaited: asyncio.Future[None] | None = None  # what the client waits for now, or waited for last
        self._timer: asyncio.TimerHandle | None = None  # one for wait after wait: it looks at the deadline when it is due
        self._deadline = 0.0

    # -- asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """Gather replies; what is not SMTP ends the connection."""
        try:
            arrived = self._parser.feed(data)
        except ConnectionTrouble as trouble:
            self._end(trouble)
            return
        self._replies += arrived
        if len(self._replies) > REPLIES_LIMIT:
            self._end(ConnectionTrouble("too many replies"))
            return
        if self._wanted and (len(self._replies) >= self._wanted or any(one.code == SERVICE_CLOSING for one in arrived)):
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; so far unanswered commands stay so."""
        self._end(ConnectionTrouble("TLS failed" if isinstance(exc, ssl.SSLError) else "connection lost"))

    def pause_writing(self) -> None:
        """The other side is slower than we are."""
        self._is_full = True

    def resume_writing(self) -> None:
        """There is room again."""
        self._is_full = False
        if not self._wanted:
            self._wake()

    # -- for the client
    @property
    def is_quiet(self) -> bool:
        """Whether it is open and the server has said nothing unasked."""
        return self._gone is None and not self._replies and self._parser.is_empty()

    @property
    def has_answered(self) -> bool:
        """Whether a reply is there that nobody has taken."""
        return bool(self._replies)

    @property
    def is_open(self) -> bool:
        """Whether the connection is still there."""
        return self._gone is None

    def send(self, data: bytes) -> None:
        """Send ``data``; a connection that is gone swallows it, and the wait for the reply tells."""
        if self._transport is not None and self._gone is None:
            self._transport.write(data)

    def ask(self, command: bytes) -> None:
        """Send ``command``. ``OutOfStep`` where an answer is there already: it would be taken for the answer to this."""
        self.expect_quiet()
        self.send(command)

    def expect_quiet(self) -> None:
        """``OutOfStep`` where the server has said something unasked."""
        if self._replies or not self._parser.is_empty():
            raise OutOfStep("answer before the question")

    async def send_when_room(self, data: bytes, seconds: float) -> None:
        """Send ``data`` and wait until there is room for more, so many seconds. ``ConnectionTrouble`` then, or when it is gone."""
        self.send(data)
        if self._is_full and self._gone is None:
            await self._wait(0, seconds)
        if self._gone is not None:
            raise self._gone

    async def replies(self, count: int, seconds: float) -> list[Reply]:
        """The next ``count`` replies.

        Fewer, but at least one, where the connection ended before the others, or the last is a 421, with which the server ends the
        dialogue (RFC 5321 3.8). ``ConnectionTrouble`` after that many seconds without them, or when there is none.
        """
        if len(self._replies) < count and self._gone is None:
            await self._wait(count, seconds)
        taken, self._replies = self._replies[:count], self._replies[count:]
        if not taken:
            raise self._gone or ConnectionTrouble("connection lost")
        return taken

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Protect the connection; ``ConnectionTrouble`` where that fails, or where something was said before it (CVE-2011-0411)."""
        if self._transport is None or not self.is_quiet:
            raise ConnectionTrouble("unexpected answer before TLS")
        try:
            made = await self._loop.start_tls(self._transport, self, context, server_hostname=host, ssl_handshake_timeout=seconds)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError) as error:
            self.abort()
            raise ConnectionTrouble(f"TLS failed: {reason(error)}") from error
        if made is None:
            raise ConnectionTrouble("TLS failed")
        self._transport = made
        made.set_write_buffer_limits(high=HIGH_WATER)

    def close(self) -> None:
        """Say good-bye and close, without waiting for an answer."""
        if self._transport is not None and self._gone is None:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection as it stands."""
        self._end(ConnectionTrouble("connection lost"))

    def _wait(self, wanted: int, seconds: float) -> "asyncio.Future[None]":
        """A future that is done with so many ``wanted`` replies, or for 0 with room; it fails after that many seconds."""
        self._deadline = self._loop.time() + max(seconds, 0)
        if self._timer is None or self._timer.when() > self._deadline:
            self._set_timer()
        self._wanted = wanted
        self._awaited = self._loop.create_future()
        return self._awaited

    def _wake(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._awaited is None or self._awaited.done():
            return
        if self._loop.time() < self._deadline:
            self._set_timer()
        else:
            self._awaited.set_exception(DialogueTimeout("timeout"))

    def _end(self, trouble: ConnectionTrouble) -> None:
        self._gone = self._gone or trouble
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()
        self._wake()


def reason(error: Exception) -> str:
    """Why a connection could not be made or protected, in a few words that name nobody."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return type(error).__name__
