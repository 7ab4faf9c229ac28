"""The broker's address as the settings give it: one server or several, and who we are there."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

SCHEMES = ("nats", "tls")
_EXAMPLE = "write the broker's address, such as nats://127.0.0.1:4222, several with commas between them"


@dataclass(frozen=True, slots=True)
class Address:
    """``servers`` without what is secret; ``user`` and ``password``, or ``token`` alone, or none of them."""

    servers: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def parse_address(url: str) -> Address:
    """Read ``nats://a,nats://b:4222``. Raises ``ValueError`` whose words hold no secret.

    Whom one of the servers names is who we are at all of them: a cluster has one list of users, and tells of servers without them.
    """
    parts = [_part(one.strip()) for one in url.split(",")]
    if len({one.scheme for one in parts}) > 1:
        raise ValueError("write all servers with nats:// or all with tls://")
    named = {(one.username or "", one.password) for one in parts if one.username or one.password}
    if len(named) > 1:
        raise ValueError("the servers are given different users; a cluster has one")
    servers = tuple(f"{one.scheme}://{one.netloc.rpartition('@')[2]}" for one in parts)
    if not named:
        return Address(servers)
    user, password = named.pop()
    return Address(servers, token=unquote(user)) if password is None else Address(servers, unquote(user), unquote(password))


def _part(text: str) -> SplitResult:
    try:
        part = urlsplit(text)
        fits = part.hostname and part.port != 0
    except ValueError:  # its words show the text, and a secret in it
        raise ValueError(f"{_EXAMPLE}; a special character in a password is written as %40 and such") from None
    if part.scheme not in SCHEMES or not fits or part.path.strip("/") or part.query or part.fragment:
        raise ValueError(f"{_EXAMPLE}; tls:// where the server has a certificate")
    return part
