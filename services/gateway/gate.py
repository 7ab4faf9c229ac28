"""Who may come in: trusted networks, one bound on connections, and the state of the house."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

NOT_TRUSTED = "421 4.7.0 Not a trusted client"
TOO_MANY = "421 4.7.0 Too many connections"
NOT_READY = "421 4.3.2 Not ready, try again later"

Network = IPv4Network | IPv6Network


class Gate:
    """Trust by the client's address. IPv4 addresses in IPv6 form (RFC 4291 2.5.5.2) count as what they are."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._known = lru_cache(maxsize=4096)(self._look_up)

    def trusts(self, client: str) -> bool:
        """Whether ``client``, an IP address, may send us mail."""
        return self._known(client)

    def _look_up(self, client: str) -> bool:
        try:
            address = ip_address(client.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._trusted)
