"""An intake that records what it was given, and does what a test asks of it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from services.gateway.received import Received
from workflows.addresses import domain_of


@dataclass
class FakeIntake:
    """``taken`` and ``contents`` grow with every mail. ``failure`` is raised by ``take``; ``hold`` makes ``take`` wait for it."""

    domains: frozenset[str] = frozenset({"eksempel.dk"})
    is_ready: bool = True
    failure: BaseException | None = None
    hold: asyncio.Event | None = None
    taken: list[Received] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    under_way: asyncio.Event = field(default_factory=asyncio.Event)

    def ready(self) -> bool:
        return self.is_ready

    def is_ours(self, recipient: str) -> bool:
        return domain_of(recipient) in self.domains

    async def take(self, received: Received) -> None:
        self.under_way.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.failure is not None:
            raise self.failure
        content = received.content
        self.taken.append(received)
        self.contents.append(content.read_bytes() if isinstance(content, Path) else content)
