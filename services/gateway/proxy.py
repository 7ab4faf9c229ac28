"""The PROXY header, versions 1 and 2, that a load balancer writes before the first command; parsed by aiosmtpd."""

import asyncio
from typing import NamedTuple

from aiosmtpd.proxy_protocol import V2_CMD, ProxyData, get_proxy

from services.gateway.lines import CHUNK


class Named(NamedTuple):
    """A valid header: the client that it names, and the bytes that came behind it.

    ``client`` is None where the proxy speaks for itself (a health check) or does not know.
    """

    client: str | None
    rest: bytes


class ProxyHeader:
    """Feed it what comes; ``read`` waits for the header."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._reader = asyncio.StreamReader(limit=CHUNK, loop=loop)
        self._reader.set_transport(transport)  # whom it makes wait when too much comes
        self.feed = self._reader.feed_data
        self.end = self._reader.feed_eof

    async def read(self) -> Named | None:
        """The header, after which nothing may be fed; None for anything else. Raises ``EOFError`` when the client goes away."""
        data = await get_proxy(self._reader)
        if not data.valid:
            return None
        self.end()
        return Named(_client(data), await self._reader.read())


def _client(data: ProxyData) -> str | None:
    if data.version == 2 and data.command == V2_CMD.LOCAL:
        return None
    return str(data.src_addr) if data.src_addr is not None else None
