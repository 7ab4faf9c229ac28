"""Load on a guard that is killed or stopped under it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fakes.guard import mail
from fakes.process import connected, hang_up
from fakes.smtp_client import RawClient
from fakes.town import BO, KAREN, PER

SENDERS = 6


class Load:
    """Senders that go on for ever and remember what they were promised."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.number = 0
        self.promised: list[str] = []
        self.stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Some senders at once, who end with the mail that each has in hand."""
        senders = [asyncio.create_task(self.sender()) for _ in range(SENDERS)]
        yield
        self.stopping = True
        await asyncio.gather(*senders)

    async def until(self, promised: int) -> None:
        """Returns when so many were promised in all."""
        async with asyncio.timeout(60):
            while len(self.promised) < promised:
                await asyncio.sleep(0.01)

    async def sender(self) -> None:
        while not self.stopping:
            client = await connected(self.port)
            if client is None:
                await asyncio.sleep(0.02)
                continue
            with suppress(OSError, AssertionError):  # killed under the session
                while not self.stopping and await self.one(client):
                    pass
            await hang_up(client)

    async def one(self, client: RawClient) -> bool:
        self.number += 1
        name = f"<load-{self.number}@example.net>"
        big = "x" * 100_000 if self.number % 10 == 0 else "Hej"
        reply = await client.mail(
            mail(name, sender=BO if self.number % 3 else "x@example.com", body=big + "\r\n"), to=(KAREN, PER)[self.number % 2]
        )
        if reply.startswith("250"):
            self.promised.append(name)
        return reply.startswith("250")
