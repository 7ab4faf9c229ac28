"""A bare SMTP client for tests: raw bytes out, reply lines in."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class RawClient:
    """One connection. Every read has a bound, so that a missing reply fails a test and does not hang it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes, *, bytewise: bool = False) -> None:
        """``bytewise``: each byte in a packet of its own, but for the middle of what is long."""
        for chunk in _bytes_apart(data) if bytewise else [data]:
            self.writer.write(chunk)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def line(self) -> str:
        """The next reply line; empty when the server has closed."""
        async with asyncio.timeout(60):
            return (await self.reader.readline()).decode("ascii").rstrip("\r\n")

    async def reply(self) -> str:
        """The last line of the next reply."""
        while (line := await self.line())[3:4] == "-":
            pass
        return line

    async def ask(self, command: str) -> str:
        await self.send(command.encode() + b"\r\n")
        return await self.reply()

    async def start_mail(self, *, sender: str = "bo@example.net", to: str = "karen@eksempel.dk") -> str:
        """MAIL, RCPT and DATA in one packet; the reply to DATA."""
        await self.send(f"MAIL FROM:<{sender}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
        return [await self.reply() for _ in range(3)][-1]

    async def mail(self, content: bytes, **envelope: str) -> str:
        """A whole mail (content as on the wire, without the final dot); the last reply."""
        started = await self.start_mail(**envelope)
        assert started.startswith("354"), started
        await self.send(content + b".\r\n")
        return await self.reply()

    async def start_tls(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        loop = asyncio.get_running_loop()
        protocol = self.writer.transport.get_protocol()
        transport = await loop.start_tls(self.writer.transport, protocol, context)
        assert transport is not None
        self.reader._transport = transport
        self.writer._transport = transport
        protocol._over_ssl = True

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


def _bytes_apart(data: bytes) -> list[bytes]:
    head, middle, tail = data[:200], data[200:-200], data[200:][-200:]
    return [*(bytes([byte]) for byte in head), middle, *(bytes([byte]) for byte in tail)]


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[RawClient]:
    """A connection to ``HOST:PORT``, before its greeting."""
    host, _, port = address.rpartition(":")
    client = RawClient(*await asyncio.open_connection(host, int(port)))
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def greeted(address: str, hello: str = "EHLO client.example.net") -> AsyncIterator[RawClient]:
    """A connection after greeting and EHLO."""
    async with connected(address) as client:
        assert (await client.reply()).startswith("220 ")
        assert (await client.ask(hello)).startswith("250 ")
        yield client
