"""Slow clients by the hundred: others are served beside them, and a byte now and then keeps no connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from fakes.certificate import self_signed
from fakes.gateway import Running, running
from fakes.smtp_client import RawClient, connected, greeted

from services.gateway import connection
from services.gateway.lines import LINE_LIMIT
from services.gateway.metrics import CONNECTIONS
from services.gateway.spool import IN_MEMORY_LIMIT

MAIL = b"Subject: x\r\n\r\nhej\r\n"
STAGES = [
    (b"", 0),
    (b"EHL", 0),
    (b"HELO c\r\n", 1),
    (b"HELO c\r\nMAIL FROM:<bo@ex", 1),
    (b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<karen@eksempel.dk>\r\nDA", 3),
    (b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<karen@eksempel.dk>\r\nDATA\r\n", 4),
    (b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<karen@eksempel.dk>\r\nDATA\r\nSubject: x\r\n", 4),
    (b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<karen@eksempel.dk>\r\nDATA\r\nSubject: x\r\n.", 4),
]
STALLS_IN_DATA = 5  # the first of the stages that stand in the middle of a mail


@asynccontextmanager
async def slow_ones(guard: Running, count: int) -> AsyncIterator[list[RawClient]]:
    """``count`` clients, each standing at a stage of its own; all replies so far are read."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(guard.address)) for _ in range(count)]
        for number, client in enumerate(clients):
            said, replies = STAGES[number % len(STAGES)]
            await client.send(said)
            assert {(await client.line())[:1] for _ in range(1 + replies)} <= {"2", "3"}
        yield clients


async def drips(client: RawClient, byte: bytes) -> list[str]:
    """One byte now and then until the server has enough of it; what it said."""
    said = []
    try:
        while True:
            client.writer.write(byte)
            try:
                async with asyncio.timeout(0.1):
                    line = (await client.reader.readline()).decode()
            except TimeoutError:
                continue
            if not line:
                return said
            said.append(line)
    except ConnectionError:
        return said


async def test_three_hundred_slow_clients_harm_nobody_and_are_sent_away(tmp_path: Path) -> None:
    async with running(tmp_path, idle_timeout=2.0) as guard, slow_ones(guard, 300) as slow:
        dripping = [asyncio.create_task(drips(client, b".")) for client in slow]
        async with greeted(guard.address) as client:
            for _ in range(20):
                assert (await client.mail(MAIL)).startswith("250 ")
        for session in guard.gateway._reception.sessions:
            assert len(session.lines) <= LINE_LIMIT
            assert session._incoming is None or session._incoming._spool._held <= IN_MEMORY_LIMIT
        heard = await asyncio.gather(*dripping)
        assert {tuple(line[:9] for line in said) for said in heard} <= {("421 4.4.2",), ()}  # nothing: reset by our next byte
        assert sum(map(bool, heard)) > len(slow) // 2
        await guard.sessions_over()
        assert not list(guard.spool.iterdir())
    assert len(guard.intake.taken) == 20


@pytest.mark.parametrize("byte", [b"\n", b"x"], ids=["lines", "bytes"])
async def test_a_mail_that_comes_by_the_byte_is_given_up(tmp_path: Path, byte: bytes) -> None:
    async with running(tmp_path, idle_timeout=0.5) as guard, greeted(guard.address) as client:
        await client.start_mail()
        assert [line[:9] for line in await drips(client, byte)] in (["421 4.4.2"], [])
        await guard.sessions_over()
    assert not guard.intake.taken


async def test_commands_and_a_mail_that_moves_keep_the_connection(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        (served,) = guard.gateway._reception.sessions
        await client.start_mail()
        for sent, is_progress in ((b"x\r\n", False), (b"x" * 70_000, True), (b"x\r\n", False), (b"\r\n.\r\n", False)):
            before = served._deadline = served._deadline - 100
            heard = served._heard
            await client.send(sent)
            while served._heard == heard and served.phase.name == "DATA":
                await asyncio.sleep(0)
            assert (served._deadline > before) == is_progress or served.phase.name != "DATA"
        assert (await client.line()).startswith("250 ")
        before = served._deadline = served._deadline - 100
        assert (await client.ask("NOOP")).startswith("250 ")
        assert served._deadline > before


async def test_one_client_leaves_room_for_others(tmp_path: Path) -> None:
    async with running(tmp_path, max_connections=20, trusted_clients=["127.0.0.0/8", "::1"]) as guard:
        async with slow_ones(guard, 18):
            async with connected(guard.address) as one_more:
                assert (await one_more.line()).startswith("421 4.7.0 Too many")
            assert guard.gateway._reception.of_client == {"127.0.0.1": 18}
            port = int(guard.address.rpartition(":")[2])
            other = RawClient(*await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0)))
            assert (await other.line()).startswith("220 ")
            await other.close()
        await guard.sessions_over()
        assert not guard.gateway._reception.of_client


async def test_behind_a_proxy_the_clients_that_it_names_are_counted(tmp_path: Path) -> None:
    before = CONNECTIONS._value.get()
    networks = ["127.0.0.0/8", "192.0.2.0/24"]
    settings = {"max_connections": 10, "proxy_protocol": True, "trusted_clients": networks}
    async with AsyncExitStack() as stack, running(tmp_path, **settings) as guard:

        async def comes(client: str) -> str:
            one = await stack.enter_async_context(connected(guard.address))
            await one.send(f"PROXY TCP4 {client} 127.0.0.1 1 25\r\n".encode())
            return (await one.line())[:3]

        assert [await comes("192.0.2.7") for _ in range(10)] == ["220"] * 9 + ["421"]
        assert await comes("192.0.2.8") == "220"
        assert CONNECTIONS._value.get() == before + 10
    assert CONNECTIONS._value.get() == before


async def test_handshakes_that_stall_or_are_garbage_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HANDSHAKE_TIMEOUT", 0.5)
    certificate, key = self_signed(tmp_path)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    async with running(tmp_path, tls_certificate=certificate, tls_key=key) as guard, AsyncExitStack() as stack:
        for sent in (b"", hello, b"\x16\x03\x01\xff\xff" + b"\0" * 70_000, b"\0" * 100, b"NOOP\r\n" * 50, b"\x80\x2e\x01\0\x02"):
            for _ in range(5):
                client = await stack.enter_async_context(greeted(guard.address))
                assert (await client.ask("STARTTLS")).startswith("220 ")
                await client.send(sent)
        async with greeted(guard.address) as client:
            await client.ask("STARTTLS")
            await client.start_tls()
            await client.ask("EHLO c.example")
            assert (await client.mail(MAIL)).startswith("250 ")
        await guard.sessions_over()
    assert len(guard.intake.taken) == 1
