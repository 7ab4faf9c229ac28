"""A next hop whose TLS is not what it should be: nothing goes out, the mail waits, and operations are told why."""

import ssl
import warnings
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from fakes.certificate import self_signed
from fakes.guard import mail, taking_and_sending, until
from fakes.sink import Sink
from structlog.testing import capture_logs

from services.delivery.deliverer import Deliverer
from services.delivery.timeouts import Timeouts

QUICK = Timeouts(connect=0.5, ready=2, greeting=0.5, hello=0.5)


def server(pair: tuple[str, str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    return context


def old_server(pair: tuple[str, str]) -> ssl.SSLContext:
    """TLS 1.0 and nothing newer."""
    context = server(pair)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1
    return context


Spoil = Callable[[Sink, Path], None]


def expired(sink: Sink, folder: Path) -> None:
    sink.tls = server(self_signed(folder, "hop", days=(-9, -1)))


def not_yet(sink: Sink, folder: Path) -> None:
    sink.tls = server(self_signed(folder, "hop", days=(1, 9)))


def wrong_name(sink: Sink, folder: Path) -> None:
    sink.tls = server(self_signed(folder, "hop", address="192.0.2.1"))


def stranger(sink: Sink, folder: Path) -> None:
    own = folder / "own"
    own.mkdir()
    sink.tls = server(self_signed(own))


def too_old(sink: Sink, folder: Path) -> None:
    sink.tls = old_server(self_signed(folder, "hop"))


def injecting(sink: Sink, folder: Path) -> None:
    sink.on("STARTTLS", b"220 go ahead\r\n250-hop\r\n250 AUTH PLAIN")


def half_injecting(sink: Sink, folder: Path) -> None:
    sink.on("STARTTLS", b"220 go ahead\r\n250 no end of li")


def refusing(reply: bytes, sink: Sink, folder: Path) -> None:
    sink.on("STARTTLS", reply)


def never_shaking(sink: Sink, folder: Path) -> None:
    sink.handshakes = False


def not_offering(sink: Sink, folder: Path) -> None:
    sink.extensions = (b"PIPELINING",)


BAD: dict[str, tuple[Spoil, str]] = {
    "expired": (expired, "TLS failed: certificate: certificate has expired"),
    "not valid yet": (not_yet, "TLS failed: certificate: certificate is not yet valid"),
    "wrong name": (wrong_name, "TLS failed: certificate: IP address mismatch"),
    "self-signed by a stranger": (stranger, "TLS failed: certificate: self-signed certificate"),
    "TLS 1.0 only": (too_old, "TLS failed: "),
    "plain text after STARTTLS": (injecting, "unexpected answer before TLS"),
    "half a plain line after STARTTLS": (half_injecting, "unexpected answer before TLS"),
    "STARTTLS 454": (partial(refusing, b"454 4.7.0 not now"), "STARTTLS: 454 4.7.0 not now"),
    "STARTTLS 554": (partial(refusing, b"554 5.7.3 no"), "STARTTLS: 554 5.7.3 no"),
    "handshake stalls": (never_shaking, "TLS failed: "),
    "STARTTLS is not offered": (not_offering, "STARTTLS is not offered"),
}


@pytest.mark.parametrize("fault", BAD)
async def test_without_tls_that_can_be_trusted_mail_waits(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = partial(Deliverer, timeouts=QUICK, probe_delay=lambda failures: timedelta(milliseconds=20))
    monkeypatch.setattr("services.app.Deliverer", quick)
    spoil, cause = BAD[fault]
    good = self_signed(tmp_path)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(Path(good[0]).read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with Sink(tls=server(good)) as sink:
        usual = sink.extensions
        spoil(sink, tmp_path)
        if fault != "self-signed by a stranger" and (tmp_path / "hop.pem").exists():  # trusted, but for its fault
            trusted.write_bytes(trusted.read_bytes() + (tmp_path / "hop.pem").read_bytes())
        with capture_logs() as logs:
            async with taking_and_sending(tmp_path / "data", sink, delivery={"tls": "verify"}) as running:
                assert (await running.send(mail("<load-1>"), "karen@eksempel.dk")).startswith("250")

                async def is_told() -> bool:
                    [waiting] = await running.guard.store.queue()
                    return bool(waiting.error and waiting.error.startswith(cause) and not waiting.attempts)

                await until(is_told)
                assert not sink.mails and not any(line.startswith(b"MAIL") for _, line in sink.commands)
                assert [one["hop"] for one in logs if one["event"] == "hop_down" and one["error"].startswith(cause)] == ["next"]
                sink.tls, sink.extensions, sink.handshakes = server(good), usual, True
                sink.forget()
                await sink.arrived(1)
                await running.settled()
                assert sink.mails[0].tls
                [row] = await running.guard.store.ledger()
                assert row.balances() and row.delivered == 1
                assert (await running.guard.store.verify_audit()).broken_at is None
        assert "hop_up" in {one["event"] for one in logs}
