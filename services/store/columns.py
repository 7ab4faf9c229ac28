"""How values are written into columns and read back, the same on every database."""

import json
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_ENCODER = json.JSONEncoder(check_circular=False, separators=(",", ":"))  # what we write is a tree
_ESCAPED = "\x01"  # begins a text that a database would refuse, as JSON


def micros(instant: datetime) -> int:
    """``instant`` in microseconds since 1970, exact."""
    return (instant - EPOCH) // MICROSECOND


def instant(value: int) -> datetime:
    """The instant, in UTC, that ``micros`` wrote."""
    return EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    """The same for a column that may be null."""
    return None if value is None else instant(value)


def compact(value: object) -> str:
    """``value`` as JSON in ASCII: hostile text (lone surrogates, NUL) is escaped, so every database takes it."""
    return _ENCODER.encode(value)


def text_in(value: str) -> str:
    """``value`` as every database takes it: escaped where it holds NUL or what is no character (RFC 3629)."""
    if value.isascii() and "\0" not in value and not value.startswith(_ESCAPED):
        return value
    return value if _is_clean(value) else _ESCAPED + compact(value)


def text_out(value: str) -> str:
    """What ``text_in`` was given."""
    return str(json.loads(value[1:])) if value.startswith(_ESCAPED) else value


def _is_clean(value: str) -> bool:
    return not value.startswith(_ESCAPED) and "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value)


def numbers_in(values: tuple[int, ...]) -> str:
    """Small whole numbers as one text."""
    return ",".join(map(str, values))


def numbers_out(value: str) -> tuple[int, ...]:
    """What ``numbers_in`` was given."""
    return tuple(map(int, value.split(","))) if value else ()
