"""kill -9 of the whole guard under load, many times: what got 250 is delivered, and the books balance."""

import asyncio
import random
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from fakes.guard import mail
from fakes.process import Process, arrived, check_books, connected, hang_up, write_framed_register
from fakes.sink import Sink
from fakes.smtp_client import RawClient
from fakes.town import BO, KAREN, PER

ROUNDS = 6
SENDERS = 6


class Load:
    """Senders that go on for ever and remember what they were promised."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.number = 0
        self.promised: list[str] = []
        self.stopping = False

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


@pytest.mark.timeout(300)
async def test_law_1_what_got_250_survives_kill_9_at_random_under_load(tmp_path: Path, unused_tcp_port: int) -> None:
    chance = random.Random(4711)
    register = tmp_path / "register.yaml"
    write_framed_register(register)
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        assert (loaded := guard.command("load", str(register))).returncode == 0, loaded.stderr
        load = Load(unused_tcp_port)
        senders = [asyncio.create_task(load.sender()) for _ in range(SENDERS)]
        for _ in range(ROUNDS):
            before = len(load.promised)
            await guard.start()
            async with asyncio.timeout(60):
                while len(load.promised) < before + 50 + chance.randrange(300):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(chance.random() * 0.05)
            await guard.end(signal.SIGKILL)
        load.stopping = True
        await asyncio.gather(*senders)
        await guard.start()
        await guard.listening()
        async with asyncio.timeout(120):
            await sink.until(lambda: set(load.promised) <= set(arrived(sink)))
        assert await guard.end(signal.SIGTERM) == 0
    check_books(guard, len(load.promised))
    duplicates = sum(times - 1 for times in arrived(sink).values())
    print(f"promised {len(load.promised)}, arrived twice {duplicates}, kills {ROUNDS}")


async def test_sigterm_under_load_loses_nothing_and_ends_cleanly(tmp_path: Path, unused_tcp_port: int) -> None:
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        load = Load(unused_tcp_port)
        senders = [asyncio.create_task(load.sender()) for _ in range(SENDERS)]
        await guard.start()
        async with asyncio.timeout(60):
            while len(load.promised) < 100:
                await asyncio.sleep(0.01)
        assert await guard.end(signal.SIGTERM) == 0
        load.stopping = True
        await asyncio.gather(*senders)
        await guard.start()
        await guard.listening()
        async with asyncio.timeout(60):
            await sink.until(lambda: set(load.promised) <= set(arrived(sink)))
        assert await guard.end(signal.SIGTERM) == 0
    assert set(arrived(sink).values()) == {1}  # a clean stop leaves nothing unrecorded
    check_books(guard, len(load.promised))
