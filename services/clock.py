"""The one place where the shell reads the clock and makes ids."""

import os
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, in lower case
_LETTERS = _ALPHABET.encode() * 8  # for each byte the letter of its lower five bits


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
    return _time_part(int(now.timestamp() * 1000)) + os.urandom(16).translate(_LETTERS).decode("ascii")


@lru_cache(maxsize=4)
def _time_part(milliseconds: int) -> str:
    return "".join(_ALPHABET[(milliseconds >> shift) & 31] for shift in range(45, -1, -5))
