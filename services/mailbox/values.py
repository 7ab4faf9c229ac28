"""What passes between an IMAP session and those who use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long things may take, in seconds. A server that is slower than that is left, and tried again."""

    connect: float = 20  # TCP, TLS and greeting together
    login: float = 60
    call: float = 60
    chunk: float = 120
    leave: float = 2


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in. ``token``: ``secret`` is an access token (XOAUTH2), else a password."""

    user: str
    secret: str
    token: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """What a server says of a folder when it is opened (RFC 3501 6.3.1). ``modseq`` is None without CONDSTORE (RFC 7162)."""

    uidvalidity: int
    uidnext: int
    exists: int
    modseq: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a folder: what is told without looking into it. ``size`` in octets; ``internal_date`` in UTC."""

    uid: int
    seen: bool
    answered: bool
    internal_date: datetime | None = None
    size: int = 0
    modseq: int = 0


def line_of(uid: int, said: dict[bytes, Any]) -> Line:
    """What FETCH said of one message."""
    flags = {bytes(flag).lower() for flag in said[b"FLAGS"] if isinstance(flag, bytes)}
    modseq = said.get(b"MODSEQ") or (0,)
    return Line(
        uid,
        seen=b"\\seen" in flags,
        answered=b"\\answered" in flags,
        internal_date=_utc(said.get(b"INTERNALDATE")),
        size=int(said.get(b"RFC822.SIZE") or 0),
        modseq=int(modseq[0]),
    )


def under(said: dict[bytes, Any], key: bytes) -> bytes | None:
    """What was fetched under a key that the server may write in its own way behind its beginning."""
    return next((value for name, value in said.items() if name.startswith(key)), None)


def _utc(date_time: datetime | None) -> datetime | None:
    return date_time.astimezone(UTC) if date_time else None


def set_of(uids: Sequence[int]) -> str:
    """Numbers as the protocol writes many (RFC 3501, sequence-set): ``1:4,9``."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in runs)
