"""What a request carries, read at most once from the network, and no more of it than is allowed."""

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

MOST = 4 * 1024 * 1024  # bytes of a request: ten times the own side of a municipality of 10,000 employees
FIELDS = 2000
PART = 1024 * 1024  # bytes of one field


class TooLarge(HTTPException):
    """More than ``limit``."""

    def __init__(self) -> None:
        super().__init__(413)


class Body:
    """Passes it on; ``form`` reads it first, and then it is passed on all the same."""

    def __init__(self, receive: Receive, said: str = "") -> None:
        """``said`` is its ``Content-Length``: what says that it is too large is not read to its end."""
        self._receive = receive
        self._count = 0
        self._said = int(said[:12]) if said.isascii() and said.isdecimal() else 0
        self._kept: list[Message] = []
        self.limit = 0

    async def receive(self) -> Message:
        """The next part. Raises ``TooLarge``."""
        return self._kept.pop(0) if self._kept else await self._next()

    async def form(self, request: Request) -> FormData:
        """The fields of the whole form; empty where it is none. Raises ``TooLarge`` and what the parser raises."""
        read: list[Message] = []
        while True:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            read.append(message)
            if not message.get("more_body"):
                break
        self._kept = list(read)

        async def again() -> Message:
            return read.pop(0)

        return await Request(request.scope, again).form(max_files=20, max_fields=FIELDS, max_part_size=PART)

    async def _next(self) -> Message:
        message = await self._receive()
        self._count += len(message.get("body", b""))
        if max(self._count, self._said) > self.limit:
            raise TooLarge
        return message
