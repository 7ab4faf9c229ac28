"""The gateway's own certificate is renewed, spoilt or runs out while the guard runs: STARTTLS goes on, and operations are told."""

import asyncio
import shutil
import ssl
from pathlib import Path

from fakes.certificate import self_signed
from fakes.guard import Running, mail, taking_and_sending
from fakes.sink import Sink
from structlog.testing import capture_logs


async def shown(running: Running) -> bytes:
    """The certificate that a client is shown; it sends a mail over TLS as well."""
    async with running.client() as client:
        assert (await client.ask("STARTTLS")).startswith("220")
        await client.start_tls()
        tls = client.writer.get_extra_info("ssl_object")
        assert (await client.ask("EHLO mx.eksempel.dk")).startswith("250")
        assert (await client.mail(mail("<load-1>"))).startswith("250")
        return tls.getpeercert(binary_form=True)


def as_shown(file: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(Path(file).read_text())


async def test_a_renewed_certificate_is_taken_up_and_a_spoilt_one_is_not(tmp_path: Path) -> None:
    files = self_signed(tmp_path)
    gateway = {"tls_certificate": files[0], "tls_key": files[1]}
    async with Sink() as sink, taking_and_sending(tmp_path / "data", sink, gateway=gateway) as running:
        listener = running.guard.gateway
        assert listener is not None
        first = as_shown(files[0])
        assert await shown(running) == first
        renewed = self_signed(tmp_path, "renewed")
        shutil.copy(renewed[0], files[0])
        with capture_logs() as logs:
            await listener.renew_tls()  # the key is not there yet
            assert [one["event"] for one in logs] == ["tls_files_unusable"]
            assert await shown(running) == first
            shutil.copy(renewed[1], files[1])
            await listener.renew_tls()
        assert await shown(running) == as_shown(renewed[0])
        with capture_logs() as logs:
            Path(files[1]).unlink()
            await listener.renew_tls()
        assert [one["event"] for one in logs] == ["tls_files_unusable"]
        assert await shown(running) == as_shown(renewed[0])
        self_signed(tmp_path, days=(-9, -1))
        await listener.renew_tls()
        assert await shown(running) == as_shown(files[0])  # run out: whether that matters is the client's to say
        await sink.arrived(5)


async def test_the_files_are_looked_at_by_themselves(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("services.gateway.listener._TLS_EVERY", 0.01)
    files = self_signed(tmp_path)
    gateway = {"tls_certificate": files[0], "tls_key": files[1]}
    async with Sink() as sink, taking_and_sending(tmp_path / "data", sink, gateway=gateway) as running:
        self_signed(tmp_path)
        async with asyncio.timeout(60):
            while await shown(running) != as_shown(files[0]):
                await asyncio.sleep(0.01)
