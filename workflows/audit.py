"""Audit entries and the chain that makes a change to them visible.

An entry holds ids, codes and keyed hashes only, so that the chain still holds when mails, facts and people are
deleted. Each entry's hash covers the one before it (HMAC-SHA-256 under the guard's key, which is not in the database).
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from json.encoder import encode_basestring_ascii as _text
from typing import Any, NamedTuple

GENESIS = "0" * 64
_ENCODER = json.JSONEncoder(check_circular=False, sort_keys=True, separators=(",", ":"))  # an entry is a tree


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Something that happened, before it has its place in the chain.

    ``actor`` is ``guard`` or a named user; ``action`` a constant such as ``mail.accepted``; ``subject`` an id.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    data: dict[str, Any] = field(default_factory=dict)

    def written(self) -> "WrittenRecord":
        """As it is kept, in ASCII."""
        data = _ENCODER.encode(self.data)
        return WrittenRecord(self.at.isoformat(), self.actor, self.action, self.subject, data)


class WrittenRecord(NamedTuple):
    """A record as text, the very text that its hash covers. ``at`` is ISO 8601, ``data`` JSON."""

    at: str
    actor: str
    action: str
    subject: str
    data: str


def chain_hash(key: bytes, previous: str, seq: int, record: WrittenRecord) -> str:
    """The hash of entry ``seq`` (1, 2, …) after the entry whose hash is ``previous`` (``GENESIS`` for the first)."""
    text = f"[{_text(previous)}, {seq}, {', '.join(map(_text, record))}]"  # as ``json.dumps`` writes a list, for ever
    return hmac.digest(key, text.encode("ascii"), hashlib.sha256).hex()


def keyed(key: bytes, value: str) -> str:
    """A keyed hash under which a value, such as an address, can be recognised but not read (64 bits, hex)."""
    return hmac.digest(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:16]
