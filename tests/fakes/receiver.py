"""Another system that takes webhooks: a real HTTP server which answers as a test says, and keeps what came."""

import asyncio
import ssl
from dataclasses import dataclass

from standardwebhooks import Webhook

SECRET = "whsec_" + "c2VjcmV0" * 5 + "c2VjcmU="  # of 38 octets


@dataclass(frozen=True)
class Came:
    """One request: its headers (lower case), its body, and whether its signature is good by the standard's own library."""

    path: str
    headers: dict[str, str]
    body: bytes
    genuine: bool

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """``answers`` are statuses given first, one a request (or a function of the request); then ``status``. 0 hangs up."""

    def __init__(self, tls: ssl.SSLContext | None = None, path: str = "/events"):
        self.tls, self.path = tls, path
        self.came: list[Came] = []
        self.answers: list[int] = []
        self.status = 204
        self.refuses: set[str] = set()  # ids that get 422
        self.connections = 0
        self.more = ""  # header lines of every answer
        self.gate = asyncio.Event()
        self.gate.set()
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port}{self.path}"

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.came]

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self.tls)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for one in self._open:
            one.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._open.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.came.append(Came(request.split()[1], headers, body, _genuine(headers, body)))
        await self.gate.wait()
        status = self.answers.pop(0) if self.answers else 422 if headers["webhook-id"] in self.refuses else self.status
        if not status:
            return False
        writer.write(f"HTTP/1.1 {status} said\r\ncontent-length: 0\r\n{self.more}\r\n".encode())
        await writer.drain()
        return True


def _genuine(headers, body):
    try:
        Webhook(SECRET).verify(body.decode(), headers)
    except Exception:
        return False
    return True


class Hanging:
    """A server that takes every connection and never answers. ``open``: how many clients still wait; ``asked``: how many ever did.
    With ``drips`` it answers without end, an octet every so many seconds: no time-out between octets ends that."""

    def __init__(self, drips: float | None = None):
        self.drips = drips
        self.open = self.asked = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/chat"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for one in self._writers:
            one.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self.open, self.asked = self.open + 1, self.asked + 1
        self._writers.add(writer)
        try:
            await reader.readuntil(b"\r\n\r\n")
            if self.drips is not None:
                writer.write(b"HTTP/1.1 200 ok\r\ncontent-length: 999999\r\n\r\n")
            while self.drips is not None:
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(self.drips)
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()
