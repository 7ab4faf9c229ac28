"""Hosts and ports as settings write them."""

from ipaddress import ip_address


def split_host_port(value: str) -> tuple[str, int]:
    """``127.0.0.1:25`` and ``[::1]:25`` as host (without brackets, lower case) and port."""
    host, _, port = value.rpartition(":")
    return host.strip("[]").lower(), int(port)


def is_loopback(value: str) -> bool:
    """Whether ``HOST:PORT`` is on this very machine, by its name or address."""
    host, _ = split_host_port(value)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def with_port(url: str) -> str:
    """``HOST:PORT`` of an address on the web."""
    host = url.partition("://")[2].partition("/")[0]
    return host if host.rpartition(":")[2].isdigit() else f"{host}:80"
