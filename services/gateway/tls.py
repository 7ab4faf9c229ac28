"""The TLS side of STARTTLS (RFC 3207): one context from the settings, or a fault that names what to mend."""

import ssl
from pathlib import Path

from services.settings import Gateway


class TlsFilesUnusable(ValueError):
    """Certificate and key can't be used; the message names setting, file and mend."""


def server_context(settings: Gateway) -> ssl.SSLContext | None:
    """The context for TLS 1.2 and newer; None where no certificate is set. Raises ``TlsFilesUnusable``."""
    if not settings.tls_certificate and not settings.tls_key:
        if settings.require_tls:
            raise TlsFilesUnusable("gateway.require_tls is on, but gateway.tls_certificate and gateway.tls_key are empty: set both")
        return None
    if not settings.tls_certificate or not settings.tls_key:
        missing = "tls_key" if settings.tls_certificate else "tls_certificate"
        raise TlsFilesUnusable(f"gateway.{missing} is empty: set both gateway.tls_certificate and gateway.tls_key, or none")
    return _load(settings.tls_certificate, settings.tls_key)


Stamp = tuple[tuple[int, int, int], ...]


def stamp_of(settings: Gateway) -> Stamp:
    """What changes when certificate or key are renewed on disk. Raises ``OSError``."""
    files = [one.stat() for one in map(Path, (settings.tls_certificate, settings.tls_key)) if one.name]
    return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in files)


def _load(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # costs the server ten times what it costs the client
    for setting, file in (("tls_certificate", certificate), ("tls_key", key)):
        try:
            with open(file, "rb"):  # noqa: PTH123 - load_cert_chain does not say which of the two can't be read
                pass
        except OSError as error:
            raise TlsFilesUnusable(f"gateway.{setting}: {file} can't be read ({error.strerror}): give a PEM file") from error
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise TlsFilesUnusable(
            f"gateway.tls_certificate {certificate} and gateway.tls_key {key} don't make a pair: give a PEM certificate and its own"
            " key without a password"
        ) from error
    return context


def _no_password() -> str:
    """An encrypted key must fail, never ask at the terminal."""
    return ""
