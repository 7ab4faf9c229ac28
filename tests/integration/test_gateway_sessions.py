"""Sessions from the door to the stop: who comes in, time-outs, TLS, what is logged, and a clean end."""

import asyncio
import logging
import ssl
from pathlib import Path

import pytest
import structlog
import uvloop
from fakes.certificate import self_signed
from fakes.gateway import Running, StandingClock, running
from fakes.intake import FakeIntake
from fakes.smtp_client import connected, greeted
from prometheus_client import generate_latest

from services.gateway import connection
from services.gateway.listener import Gateway
from services.gateway.metrics import ACCEPTED, CONNECTIONS
from services.gateway.spool import Spool, Spooled
from services.gateway.tls import TlsFilesUnusable, server_context
from services.settings import Gateway as GatewaySettings
from services.settings import Settings


async def test_while_the_store_is_not_ready_clients_get_421(tmp_path: Path) -> None:
    intake = FakeIntake()
    async with running(tmp_path, intake) as guard, greeted(guard.address) as early:
        intake.is_ready = False
        async with connected(guard.address) as client:
            assert (await client.line()).startswith("421 4.3.2")
            assert await client.line() == ""
        assert (await early.ask("MAIL FROM:<>")).startswith("421 4.3.2")
        assert await early.line() == ""


async def test_connections_are_bounded_and_counted(tmp_path: Path) -> None:
    before = CONNECTIONS._value.get()
    async with running(tmp_path, max_connections=2) as guard, greeted(guard.address), greeted(guard.address) as second:
        async with connected(guard.address) as third:
            assert (await third.line()).startswith("421 4.7.0")
            assert await third.line() == ""
        assert CONNECTIONS._value.get() == before + 2
        await second.ask("QUIT")
        assert await second.line() == ""
        async with greeted(guard.address):
            pass
    assert CONNECTIONS._value.get() == before


async def test_an_idle_client_is_told_and_closed(tmp_path: Path) -> None:
    async with running(tmp_path, idle_timeout=0.3) as guard, connected(guard.address) as client:
        assert (await client.line()).startswith("220 ")
        assert (await client.line()).startswith("421 4.4.2")
        assert await client.line() == ""


def let_time_run_out(guard: Running) -> None:
    """As if no session had made progress for the whole time-out."""
    for session in tuple(guard.gateway._reception.sessions):
        session._deadline = 0
        session._timeout_cb()


async def test_a_mail_that_stands_still_is_given_up(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        await client.start_mail()
        await client.send(b"a\r\n" * 200_000)
        let_time_run_out(guard)
        assert (await client.line()).startswith("421 4.4.2")
        await guard.sessions_over()
        assert not list(guard.spool.iterdir())


async def test_law_1_a_slow_store_is_waited_for(tmp_path: Path) -> None:
    intake = FakeIntake(hold=asyncio.Event())
    async with running(tmp_path, intake) as guard, greeted(guard.address) as client:
        answer = asyncio.create_task(client.mail(b"Subject: x\r\n"))
        await intake.under_way.wait()
        let_time_run_out(guard)
        intake.hold.set()
        assert (await answer).startswith("250 ")


@pytest.mark.parametrize(
    ("command", "code"), [("NOOP", "250"), ("RSET", "250"), ("VRFY k", "252"), ("FLOD", "500"), ("MAIL", "501")]
)
async def test_a_flood_of_commands_without_a_mail_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, code: str
) -> None:
    if command != "NOOP":
        monkeypatch.setattr(connection, "UNPRODUCTIVE_LIMIT", 1_000)
    limit = connection.UNPRODUCTIVE_LIMIT
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        flood = asyncio.create_task(client.send(f"{command}\r\n".encode() * limit))
        assert [(await client.line())[:3] for _ in range(limit - 1)] == [code] * (limit - 1)
        await flood
        assert (await client.line()).startswith("421 4.7.0")


async def test_a_client_that_reads_no_replies_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "UNPRODUCTIVE_LIMIT", 10**9)
    async with running(tmp_path, idle_timeout=0.2) as guard:
        _, writer = await asyncio.open_connection("127.0.0.1", int(guard.address.rpartition(":")[2]), limit=1)
        with pytest.raises(ConnectionError):
            while True:
                writer.write(b"HELP\r\n" * 100_000)
                await writer.drain()
        writer.close()
        await guard.sessions_over()


async def test_a_client_that_reads_its_replies_late_gets_them_all(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "UNPRODUCTIVE_LIMIT", 10**9)
        async with running(tmp_path) as guard, greeted(guard.address) as client:
            (served,) = guard.gateway._reception.sessions
            flood = asyncio.create_task(client.send((b"HELP\r\n" * 999 + b"NOOP\r\n") * 300))
            while not served._choked:
                await asyncio.sleep(0)
            for _ in range(300):
                assert {(await client.line())[:3] for _ in range(999)} == {"214"}
                assert await client.line() == "250 2.0.0 OK"
            await flood


async def test_a_proxy_that_does_not_come_to_the_point_is_told_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PROXY_TIMEOUT", 0.2)
    async with running(tmp_path, proxy_protocol=True) as guard, connected(guard.address) as client:
        await client.send(b"PROXY ")
        assert (await client.line()).startswith("421 4.4.2")
        assert await client.line() == ""


async def test_a_client_that_goes_away_in_the_handshake_leaves_no_session(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    before = CONNECTIONS._value.get()
    async with running(tmp_path, tls_certificate=certificate, tls_key=key) as guard:
        for reset in (False, True):
            async with greeted(guard.address) as client:
                assert (await client.ask("STARTTLS")).startswith("220 ")
                if reset:
                    client.writer.transport.abort()
            await guard.sessions_over()
        assert CONNECTIONS._value.get() == before


async def inject_before_tls(folder: Path) -> None:
    certificate, key = self_signed(folder)
    async with running(folder, tls_certificate=certificate, tls_key=key) as guard, greeted(guard.address) as client:
        await client.send(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@example.org>\r\n")
        assert (await client.line()).startswith("220 ")
        await client.start_tls()
        assert (await client.ask("MAIL FROM:<bo@example.net>")).startswith("503 ")  # nothing of what was injected was obeyed
        assert (await client.ask("EHLO c.example")).startswith("250 ")
        assert (await client.mail(b"Subject: x\r\n\r\n" + b"a\r\n" * 500_000)).startswith("250 ")
        assert (await client.ask("QUIT")).startswith("221 ")
        assert await client.line() == ""
    assert [received.protocol for received in guard.intake.taken] == ["ESMTPS"]
    assert guard.intake.taken[0].envelope.sender == "bo@example.net"


async def test_commands_injected_before_tls_are_thrown_away(tmp_path: Path) -> None:
    await inject_before_tls(tmp_path)


async def test_a_client_that_speaks_no_tls_harms_nobody(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    async with running(tmp_path, tls_certificate=certificate, tls_key=key) as guard:
        async with greeted(guard.address) as client:
            await client.ask("STARTTLS")
            await client.send(b"NOOP\r\n" * 20)
            assert "250" not in await client.line()
        async with greeted(guard.address) as client:
            assert (await client.ask("NOOP")).startswith("250 ")


def test_faults_of_tls_files_name_setting_and_mend(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _, other_key = self_signed(other)
    absent = str(tmp_path / "absent.pem")
    for faulty, words in [
        ({"require_tls": True}, "gateway.require_tls"),
        ({"tls_certificate": certificate}, "gateway.tls_key is empty"),
        ({"tls_key": key}, "gateway.tls_certificate is empty"),
        ({"tls_certificate": absent, "tls_key": key}, f"gateway.tls_certificate: {absent}"),
        ({"tls_certificate": certificate, "tls_key": absent}, f"gateway.tls_key: {absent}"),
        ({"tls_certificate": certificate, "tls_key": other_key}, "don't make a pair"),
        ({"tls_certificate": key, "tls_key": certificate}, "don't make a pair"),
    ]:
        with pytest.raises(TlsFilesUnusable, match=words):
            server_context(GatewaySettings.model_validate(faulty))
    assert server_context(GatewaySettings()) is None


def test_a_client_can_make_no_tls_session_begin_anew(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = server_context(GatewaySettings(tls_certificate=certificate, tls_key=key))
    assert context is not None and context.options & ssl.OP_NO_RENEGOTIATION


async def test_ipv6_is_listened_on_and_trusted(tmp_path: Path) -> None:
    async with running(tmp_path, listen="[::1]:0") as guard:
        assert guard.address.startswith("[::1]:")
        async with connected(guard.address.replace("[", "").replace("]", "")) as client:
            assert (await client.line()).startswith("220 ")


async def test_an_address_in_use_is_an_error_and_leaves_nothing_open(tmp_path: Path) -> None:
    async with running(tmp_path) as guard:
        settings = Settings.model_validate({"gateway": {"listen": "127.0.0.1:0", "lmtp_listen": guard.address}})
        second = Gateway(settings, FakeIntake(), StandingClock(), tmp_path / "spool")
        with pytest.raises(OSError, match="address"):
            await second.start()
        assert second.addresses == []


async def test_stop_tells_the_idle_and_lets_mails_finish(tmp_path: Path) -> None:
    intake = FakeIntake(hold=asyncio.Event())
    async with running(tmp_path, intake) as guard:
        address = guard.address
        async with greeted(guard.address) as idle, greeted(guard.address) as sending, greeted(guard.address) as taken:
            assert (await sending.start_mail()).startswith("354")
            await taken.start_mail()
            await taken.send(b"Subject: x\r\n.\r\n")
            await intake.under_way.wait()
            stop = asyncio.create_task(guard.gateway.stop(20))
            assert (await idle.line()).startswith("421 4.3.2")
            assert await idle.line() == ""
            await sending.send(b"Subject: y\r\n.\r\n")
            intake.hold.set()
            for client in (sending, taken):
                assert (await client.line()).startswith("250 2.0.0")
                assert (await client.line()).startswith("421 4.3.2")
                assert await client.line() == ""
            await stop
        with pytest.raises(ConnectionRefusedError):
            async with connected(address):
                pass
    assert len(intake.taken) == 2


async def test_law_1_stop_without_grace_gives_up_uploads_and_never_a_mail_in_the_store(tmp_path: Path) -> None:
    intake = FakeIntake(hold=asyncio.Event())
    async with running(tmp_path, intake) as guard:
        async with greeted(guard.address) as sending, greeted(guard.address) as taken:
            await sending.start_mail()
            await sending.send(b"a\r\n" * 200_000)
            await taken.start_mail()
            await taken.send(b"Subject: x\r\n.\r\n")
            await intake.under_way.wait()
            stop = asyncio.create_task(guard.gateway.stop(0.1))
            assert (await sending.line()).startswith("421 4.3.2")
            intake.hold.set()
            assert (await taken.line()).startswith("250 2.0.0")
            await stop
        assert not list(guard.spool.iterdir())
    assert intake.contents == [b"Subject: x\r\n"]


async def test_a_mail_whose_client_was_sent_away_while_it_was_written_to_disk_is_not_taken(tmp_path: Path) -> None:
    """It has no answer and comes again: taken, it would come twice."""
    written, sent_away = asyncio.Event(), asyncio.Event()

    async def slow(self: Spool) -> Spooled:
        kept = await whole(self)
        written.set()
        await sent_away.wait()
        return kept

    intake, whole = FakeIntake(), Spool.keep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "keep", slow)
        async with running(tmp_path, intake) as guard, greeted(guard.address) as client:
            await client.start_mail()
            await client.send(b"a\r\n" * 200_000 + b".\r\n")
            await written.wait()
            stop = asyncio.create_task(guard.gateway.stop(0.05))
            assert (await client.line()).startswith("421 4.3.2")
            sent_away.set()
            await stop
            assert not list(guard.spool.iterdir())
    assert intake.taken == []


async def test_law_1_a_store_that_never_answers_keeps_its_file_and_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    intake = FakeIntake(hold=asyncio.Event())
    async with running(tmp_path, intake) as guard:
        async with greeted(guard.address) as client:
            await client.start_mail()
            await client.send(b"a\r\n" * 200_000 + b".\r\n")
            await intake.under_way.wait()
            await guard.gateway.stop(0.05)
            assert await client.line() == ""
        assert len(list(guard.spool.iterdir())) == 1  # it may have become ours


async def test_law_9_no_address_and_no_content_reaches_log_or_metric(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    intake = FakeIntake(failure=ValueError("hemmelig@example.net"))
    accepted = ACCEPTED._value.get()
    with structlog.testing.capture_logs() as events:
        async with running(tmp_path, intake) as guard, greeted(guard.address) as client:
            mail = b"Subject: hemmelig\r\n\r\nhemmelig\r\n"
            await client.mail(mail, sender="hemmelig@example.net", to="hemmelig@eksempel.dk")
            intake.failure = None
            await client.mail(mail, sender="hemmelig@example.net", to="hemmelig@eksempel.dk")
            await client.ask("RCPT TO:<hemmelig@elsewhere.example>")
            await client.ask("hemmelig")
            await client.start_mail(sender="hemmelig@example.net", to="hemmelig@eksempel.dk")
    names = [event["event"] for event in events]
    assert {"gateway_listening", "take_failed", "mail_refused", "mail_aborted", "gateway_stopped"} <= set(names)
    assert "hemmelig" not in str(events)
    assert "hemmelig" not in caplog.text
    assert "hemmelig" not in generate_latest().decode()
    assert ACCEPTED._value.get() == accepted + 1


@pytest.mark.parametrize(
    "scenario",
    [
        inject_before_tls,
        test_while_the_store_is_not_ready_clients_get_421,
        test_an_idle_client_is_told_and_closed,
        test_a_mail_that_stands_still_is_given_up,
        test_a_client_that_speaks_no_tls_harms_nobody,
        test_a_client_that_goes_away_in_the_handshake_leaves_no_session,
        test_a_client_that_reads_its_replies_late_gets_them_all,
        test_an_address_in_use_is_an_error_and_leaves_nothing_open,
        test_stop_tells_the_idle_and_lets_mails_finish,
        test_law_1_stop_without_grace_gives_up_uploads_and_never_a_mail_in_the_store,
        test_law_1_a_store_that_never_answers_keeps_its_file_and_does_not_hold_up_the_stop,
    ],
    ids=lambda scenario: scenario.__name__.removeprefix("test_"),
)
def test_the_same_under_uvloop(scenario, tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario(tmp_path))
