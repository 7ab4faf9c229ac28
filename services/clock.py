"""The one place where the shell reads the clock and makes ids."""

import os
from datetime import UTC, datetime
from typing import Protocol

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, in lower case


class Clock(Protocol):
    """Where the time comes from; tests give their own."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        return datetime.now(UTC)


def new_id(now: datetime) -> str:
    """An id of 26 characters that sorts by time: 48 bits of milliseconds, 80 random bits (the ULID layout, in lower case)."""
    number = (int(now.timestamp() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
