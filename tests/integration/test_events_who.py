"""Who we are at a broker of the municipality's own, and whom we believe it to be. Secrets stay out of the log."""

import asyncio
import contextlib
import gc

import pytest
from fakes.certificate import self_signed
from fakes.event_store import EventStore
from fakes.nats import NatsServer

from services.clock import SystemClock
from services.events import service as events_service
from services.events.service import Events
from services.settings import Settings

# nats-py leaves the socket of a half-made connection to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(events_service, "CONNECT_WITHIN", 0.5)
    monkeypatch.setattr(events_service, "PAUSE", 0.05)
    yield
    gc.collect()


@contextlib.asynccontextmanager
async def broker(folder, lines):
    server = NatsServer(folder / "broker", lines, token="")
    await server.up()
    yield server
    server.kill()


@contextlib.asynccontextmanager
async def events_at(url, folder):
    one = Events(Settings.model_validate({"data": folder, "events": {"url": url}}), EventStore(), SystemClock())
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


def with_user(server, user, scheme="nats"):
    return f"{scheme}://{user}@127.0.0.1:{server.port}"


async def told(capsys, words):
    text = ""
    async with asyncio.timeout(60):
        while words not in text:
            text += capsys.readouterr().out
            await asyncio.sleep(0.01)
    return text


USER = 'authorization { user: vagt, password: "p@ss/w" }\n'


@pytest.mark.parametrize(
    ("lines", "user"),
    [(USER, "vagt:p%40ss%2Fw"), ('authorization { token: "t0ken" }\n', "t0ken")],
    ids=["user and password", "token"],
)
async def test_a_user_or_a_token_in_the_address(tmp_path, lines, user):
    async with broker(tmp_path, lines) as server, events_at(with_user(server, user), tmp_path) as events:
        await asyncio.wait_for(events.wait_ready(), 10)


async def test_a_wrong_password_is_told_without_the_password(tmp_path, capsys):
    async with broker(tmp_path, USER) as server, events_at(with_user(server, "vagt:wrong-one"), tmp_path) as events:
        text = await told(capsys, "Authorization Violation")
        assert not events.connected
    assert "wrong-one" not in text + capsys.readouterr().out


@pytest.fixture
def tls(tmp_path):
    certificate, key = self_signed(tmp_path)
    return certificate, f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}\n' + USER


async def test_tls_with_a_certificate_that_this_machine_trusts(tmp_path, tls, monkeypatch):
    certificate, lines = tls
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    async with broker(tmp_path, lines) as server, events_at(with_user(server, "vagt:p%40ss%2Fw", "tls"), tmp_path) as events:
        await asyncio.wait_for(events.wait_ready(), 10)


async def test_tls_with_a_certificate_that_nobody_vouches_for(tmp_path, tls, capsys):
    async with broker(tmp_path, tls[1]) as server, events_at(with_user(server, "vagt:p%40ss%2Fw", "tls"), tmp_path) as events:
        assert "p@ss" not in await told(capsys, "SSLCertVerificationError")
        assert not events.connected


async def test_tls_is_never_given_up_for_a_server_without_it(tmp_path, capsys):
    heard = []

    async def without_tls(reader, writer):
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"auth_required":true}\r\n')
        heard.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(without_tls, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with events_at(f"tls://vagt:p%40ss%2Fw@127.0.0.1:{port}", tmp_path):
            assert "p@ss" not in await told(capsys, "secure connection required")
            async with asyncio.timeout(60):
                while not heard:
                    await asyncio.sleep(0.01)
    assert b"".join(heard) == b""
