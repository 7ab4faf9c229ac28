"""Where a hop is and how its connections are protected (RFC 3207, RFC 8314), from the settings."""

import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address

from services.settings import Settings, Tls
from services.store.interface import Hop


@dataclass(frozen=True, slots=True)
class Target:
    """A server to which we speak SMTP. ``context`` is None where connections are plain; ``implicit``: TLS from the first octet."""

    host: str
    port: int
    helo: str
    context: ssl.SSLContext | None = None
    implicit: bool = False


def target(settings: Settings, hop: Hop, context: ssl.SSLContext | None = None) -> Target:
    """The target of ``hop``. ``context`` stands in for the system's certificates. ValueError: ``none`` is for loopback only."""
    delivery = settings.delivery
    where, tls = (delivery.next_hop, delivery.tls) if hop == "next" else (delivery.internet_hop, delivery.internet_tls)
    host, _, port = where.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    helo = settings.gateway.hostname or socket.gethostname() or "localhost"
    if not _is_protected(tls, host):
        return Target(host, int(port), helo)
    return Target(host, int(port), helo, context or ssl.create_default_context(), tls == "implicit")


def _is_protected(tls: Tls, host: str) -> bool:
    if tls == "none" and not is_loopback(host):
        raise ValueError("delivery without TLS is for loopback only: use tls = auto, verify or implicit")
    return tls in ("verify", "implicit") or (tls == "auto" and not is_loopback(host))


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine itself, as far as can be told without asking anybody."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
