"""Where a hop is on the network: its name is looked up for every new connection, without keeping the event loop from its work."""

import asyncio
import socket
from ipaddress import ip_address

from services.delivery.outcomes import ConnectionTrouble

TRIED = 8  # addresses of one name, at most


class Addresses:
    """The addresses of one host. Many connections are made at once, and one look-up serves them all."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._last = ""  # the address that answered last: it goes first, so that a dead one costs its time once
        self._looking: asyncio.Task[list[str]] | None = None

    async def in_order(self, seconds: float) -> list[str]:
        """The addresses to try, in turn. ``ConnectionTrouble`` where the name has none, or is not answered for in time."""
        if _is_literal(self._host):
            return [self._host]
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(_look_up(self._host))
            self._looking.add_done_callback(_heard)
        try:
            async with asyncio.timeout(seconds):
                found = await asyncio.shield(self._looking)
        except TimeoutError as error:
            raise ConnectionTrouble("name look-up: timeout") from error
        except (OSError, UnicodeError) as error:
            raise ConnectionTrouble(f"name look-up: {_why(error)}") from error
        return sorted(found, key=lambda one: one != self._last)[:TRIED]

    def answered(self, address: str) -> None:
        """``address`` is alive."""
        self._last = address

    def close(self) -> None:
        """Wait for no answer any more."""
        if self._looking is not None:
            self._looking.cancel()


async def _look_up(host: str) -> list[str]:
    """Addresses in the order of RFC 6724, each once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for _, _, _, _, where in found))


def _heard(looking: "asyncio.Task[list[str]]") -> None:
    """Nobody may be waiting any more for the failure of a slow look-up."""
    if not looking.cancelled():
        looking.exception()


def _why(error: Exception) -> str:
    match error:
        case socket.gaierror(errno=socket.EAI_AGAIN):
            return "no answer from the name servers"
        case socket.gaierror():
            return "no such name"
        case _:
            return type(error).__name__


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
