"""One connection's conversation: admission, the command loop, and the change to TLS. The commands themselves are in ``session``."""

import asyncio
import ssl
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import structlog

from services.gateway.gate import NOT_READY, NOT_TRUSTED
from services.gateway.lines import CHUNK, LINE_LIMIT, TooLong
from services.gateway.proxy import ProxyHeader
from services.gateway.reception import Reception
from services.gateway.wire import Phase, Wire

TEMPORARY = "451 4.3.0 Temporary internal error"
NEEDS_TLS = "530 5.7.0 Must issue a STARTTLS command first"
UNPRODUCTIVE_LIMIT = 10_000  # commands without an accepted mail; no client that has mail comes near
STRETCH = 500  # commands obeyed before the other sessions have their turn
PROXY_TIMEOUT = 30.0
HANDSHAKE_TIMEOUT = 30.0

_BEFORE_TLS = frozenset({"NOOP", "EHLO", "LHLO", "STARTTLS", "QUIT"})  # RFC 3207 4
_LIMITS = {"MAIL": LINE_LIMIT, "RCPT": LINE_LIMIT}
_LIMIT = 2048

log = structlog.get_logger()


class Connection(Wire):
    """Commands in their order, each a plain call of ``smtp_VERB``; those that can't be answered at once use ``wait_for``."""

    greeting: ClassVar[str] = "ESMTP"
    commands: ClassVar[dict[str, Callable[..., None]]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.commands = {name.removeprefix("smtp_"): getattr(cls, name) for name in dir(cls) if name.startswith("smtp_")}

    def __init__(self, reception: Reception, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reception, loop)
        self.hostname = reception.hostname
        self._proxy: ProxyHeader | None = None
        self._unproductive = 0

    @abstractmethod
    def receive(self, chunk: bytes) -> None:
        """Take the next chunk of the mail that is coming in."""

    def productive(self) -> None:
        """A mail was accepted: the count of commands without one begins anew."""
        self._unproductive = 0

    # -- admission
    def begin(self) -> None:
        """Greet; where a proxy stands in front, only once it has named the client."""
        if self.reception.settings.proxy_protocol:
            self._proxy = ProxyHeader(self.transport, self.loop)
            self.feed = self._proxy.feed
            self.wait_for(self._admit(self._proxy))
        else:
            self._welcome()

    def eof_received(self) -> bool:
        """The client has closed its side."""
        self._end_header()
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone."""
        self._end_header()
        super().connection_lost(error)

    def _welcome(self) -> None:
        self.reply(f"220 {self.hostname} {self.greeting}")

    def _end_header(self) -> None:
        if self._proxy is not None:
            self._proxy.end()

    async def _admit(self, proxy: ProxyHeader) -> None:
        try:
            async with asyncio.timeout(PROXY_TIMEOUT):
                header = await proxy.read()
        except TimeoutError:
            self.time_out()
            return
        finally:
            self._proxy = None
            self.feed = self.lines.feed
        if header is None:
            self._refuse_client("421 4.7.0 PROXY header expected", logged_as="proxy_header")
            return
        self.client = header.client or self.client
        refusal = self.reception.crowded(self.client) if self.reception.gate.trusts(self.client) else NOT_TRUSTED
        if refusal:
            self._refuse_client(refusal, logged_as=refusal)
            return
        self.count_as(self.client)
        self.lines.feed(header.rest)
        self._welcome()

    def _refuse_client(self, reply: str, *, logged_as: str) -> None:
        self.refuse(reply)
        log.warning("session_refused", client=self.client, reply=logged_as)
        self.leave()

    # -- the command loop
    def converse(self) -> None:
        """Obey what has come; a stretch of it, when it is much."""
        for _ in range(STRETCH):
            if not self._step() or self.leaving or self.held_up():
                return
        self.give_way()

    def _step(self) -> bool:
        """Take the next command, or piece of a mail; False when it has not come yet."""
        if self.phase is Phase.DATA:
            return self._receive_next()
        if self.reception.stopping:
            self.refuse(NOT_READY)
            self.leave()
            return False
        line = self.lines.next()
        if line is None:
            return False
        self._obey(line)
        return True

    def _receive_next(self) -> bool:
        chunk = self.lines.take()
        if not chunk:
            return False
        if len(chunk) == CHUNK:
            self.give_way()
        self.receive(chunk)
        return True

    def _obey(self, line: bytes | TooLong) -> None:
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
        command = self.commands.get(verb)
        if not self.encrypted and self.reception.settings.require_tls and verb not in _BEFORE_TLS:
            self.refuse(NEEDS_TLS)
        elif command is None:
            self._unknown(argument)
        elif len(line) > _LIMITS.get(verb, _LIMIT):
            self.refuse("500 5.5.2 Command line too long")
        else:
            command(self, argument.strip())

    def _unknown(self, argument: str) -> None:
        if " HTTP/" not in argument:
            self.refuse("500 5.5.2 Command not recognized")
            return
        self.refuse("421 4.7.0 This is SMTP")  # a browser that was led here: what follows is a page's, and may hold commands
        self.leave()

    # -- TLS
    async def upgrade(self, context: ssl.SSLContext) -> None:
        """Go over to TLS. What the client sent in plain text behind STARTTLS is thrown away unread (CVE-2011-0411)."""
        self.lines.clear()
        try:
            transport = await self.loop.start_tls(
                self.transport, self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_TIMEOUT
            )
        except BaseException:
            self.hang_up()
            self.connection_lost(None)  # nobody else says so when the client goes away in the middle of the handshake
            raise
        if transport is None:
            raise ConnectionResetError
        self.transport = transport
        self.encrypted = True
