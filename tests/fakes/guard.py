"""A whole guard for tests: every service, a real NATS server, and a sink as the municipality's mail server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fakes.sink import Sink
from fakes.smtp_client import RawClient
from fakes.town import NOW

from services.app import ROLES, Guard
from services.clock import Clock
from services.settings import Settings
from workflows.audit import AuditRecord
from workflows.register import Register


class SetClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.at = now.astimezone(UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, span: timedelta) -> None:
        self.at += span


def settings(data: Path, hop: str, internet: str | None = None, **sections: dict[str, object]) -> Settings:
    """Free ports everywhere, ``hop`` as next hop and (unless given) towards citizens too."""
    base = {
        "data": data,
        "gateway": {"listen": "127.0.0.1:0", "hostname": "guard.eksempel.dk"},
        "delivery": {"next_hop": hop, "internet_hop": internet or hop},
        "console": {"listen": "127.0.0.1:0"},
    }
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values}  # type: ignore[dict-item]
    return Settings.model_validate(base)


@dataclass
class Running:
    """A guard that runs, and what is around it."""

    guard: Guard
    sink: Sink
    clock: SetClock

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.guard.gateway.addresses[0].rpartition(":")
        return host, int(port)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[RawClient]:
        client = RawClient(*await asyncio.open_connection(*self.address))
        assert (await client.reply()).startswith("220")
        assert (await client.ask("EHLO mx.eksempel.dk")).startswith("250")
        yield client
        client.writer.close()
        await client.writer.wait_closed()

    async def send(self, content: bytes, *to: str, sender: str = "bo@example.net") -> str:
        """The last reply to one whole mail, given as the bytes before dot-stuffing."""
        async with self.client() as client:
            assert (await client.ask(f"MAIL FROM:<{sender}>")).startswith("250")
            for one in to:
                assert (await client.ask(f"RCPT TO:<{one}>")).startswith("250")
            assert (await client.ask("DATA")).startswith("354")
            stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
            await client.send(stuffed + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
            return await client.reply()

    async def explained(self, message_id: str) -> dict[str, object]:
        """The decision of the one mail with this Message-ID, once it has been assessed."""
        (id_,) = await self.guard.store.ids_by_message_id(message_id)
        async with asyncio.timeout(60):
            while True:
                found = await self.guard.store.mail(id_)
                if found and found.decision["assessed"]:
                    return found.decision
                await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Until nothing that is due waits."""
        async with asyncio.timeout(60):
            while any(item.due <= self.clock.now() for item in await self.guard.store.queue()):
                await asyncio.sleep(0.01)

    async def assessed(self) -> None:
        """Until every mail is assessed, and what waits for a person has its post."""
        now = self.clock.now()
        async with asyncio.timeout(60):
            while await self.guard.store.unassessed(now - timedelta(days=7), now + timedelta(days=1), 1):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def guarding(data: Path, register: Register | None = None, **sections: dict[str, object]) -> AsyncIterator[Running]:
    """A guard over ``data`` with ``register`` loaded; stopped cleanly at the end."""
    clock = SetClock()
    async with Sink() as sink:
        guard = Guard(settings(data, sink.hop, **sections), ROLES, clock)
        await guard.start()
        try:
            if register:
                await guard.store.load_register(register, AuditRecord(clock.now(), "test", "register.loaded", "test"))
                await guard.store.refresh()
            yield Running(guard, sink, clock)
        finally:
            await guard.stop()


def mail(
    message_id: str,
    sender: str = "bo@example.net",
    to: str = "karen@eksempel.dk",
    *,
    auth: str | None = "pass",
    body: str = "Hej\r\n",
    extra: str = "",
) -> bytes:
    """A mail as the upstream hands it over."""
    domain = sender.rpartition("@")[2]
    result = f"Authentication-Results: mx.eksempel.dk; dmarc={auth} header.from={domain}\r\n" if auth else ""
    head = f"{result}From: <{sender}>\r\nTo: <{to}>\r\nSubject: Min sag\r\nMessage-ID: {message_id}\r\n{extra}"
    return (head + "\r\n" + body).encode()


@asynccontextmanager
async def taking_and_sending(
    data: Path, sink: Sink, clock: Clock | None = None, **sections: dict[str, object]
) -> AsyncIterator[Running]:
    """Gateway and delivery alone, to a sink of the caller's: what needs no broker."""
    clock = clock or SetClock()
    guard = Guard(settings(data, sink.hop, **sections), frozenset({"gateway", "deliver"}), clock)
    await guard.start()
    try:
        async with asyncio.timeout(60):
            while not guard.store.ready():
                await asyncio.sleep(0.001)
        yield Running(guard, sink, clock)
    finally:
        await guard.stop()


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait for what only the store can tell."""
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.005)
