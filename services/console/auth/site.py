"""Where the console is: its public address, which requests are its own, and who asks."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from services.hosts import is_loopback
from services.settings import ConsoleSettings

LONGEST_PATH = 512
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Site:
    """What the settings say about the way between people and the console."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._public = settings.public_url
        self._proxies = settings.trusted_proxies
        self.secure = settings.public_url.startswith("https:")  # else on this machine alone

    def is_here(self, headers: Headers) -> bool:
        """Whether the name that the browser asked for is ours: no other name may lead here (DNS rebinding)."""
        host = headers.get("host", "")
        if self._public:
            return host.lower() == urlsplit(self._public).netloc.lower()
        try:
            return is_loopback(host if urlsplit(f"//{host}").port else f"{host}:80")
        except ValueError:
            return False

    def origin(self, headers: Headers) -> str:
        """Scheme and host as people write them."""
        return self._public or f"http://{headers.get('host', '')}"

    def is_own_form(self, headers: Headers) -> bool:
        """Whether the browser says that one of our own pages sent this. Every browser of today does (W3C Fetch Metadata)."""
        if site := headers.get("sec-fetch-site"):
            return site == "same-origin"
        return headers.get("origin", "").lower() == self.origin(headers).lower()

    def client(self, request: Request) -> str:
        """Who asks, as far as those in between are trusted; of an IPv6 address the network, which is one customer's."""
        found = request.client.host if request.client else ""
        for before in reversed(_forwarded(request.headers)):
            if not self._trusts(found):
                break
            found = before
        return _network(found)

    def _trusts(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def cookie(self, name: str) -> str:
        """The cookie's name; over https one that no other host and no plain http can have set (RFC 6265bis 4.1.3.2)."""
        return f"__Host-{name}" if self.secure else name


def own_path(value: str) -> str:
    """``value`` where it is a path of ours to go on to, else the front page."""
    plain = value.startswith("/") and not value.startswith("//") and value.isascii() and value.isprintable()
    if not plain or " " in value or "\\" in value or len(value) > LONGEST_PATH:
        return "/"
    return "/" if value.startswith(("/login", "/logout", "/api/", "/static/")) else value


def _forwarded(headers: Headers) -> list[str]:
    found = [one.strip() for line in headers.getlist("x-forwarded-for") for one in line.split(",")][-20:]
    return [one.partition(":")[0] if one.count(":") == 1 else one.strip("[]") for one in found]  # some add the port


def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if address.version == 6 and address.ipv4_mapped is None:
        return ":".join(address.exploded.split(":")[:4])
    return str(address.ipv4_mapped or address) if address.version == 6 else str(address)
