"""Sealing: what leaves the guard, or lies in its store, and must come back unread and unchanged."""

import base64
import binascii
import hashlib
import hmac
import json
import os
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12  # bytes (NIST SP 800-38D 5.2.1.1)


class Sealer:
    """Seals with the guard's key. What is sealed for one purpose, or about one account, opens for no other."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, purpose: str, value: object, about: str = "", until: datetime | None = None) -> str:
        """``value`` (JSON) as text that only this guard reads, until then."""
        text = json.dumps([until.timestamp() if until else None, value]).encode()
        nonce = os.urandom(NONCE)
        return base64.urlsafe_b64encode(nonce + self._cipher(purpose).encrypt(nonce, text, about.encode())).decode()

    def opened(self, purpose: str, sealed: str, now: datetime, about: str = "") -> Any:  # noqa: ANN401 - what was sealed
        """What ``seal`` was given; None where it was not sealed so, or its time is over."""
        try:
            raw = base64.b64decode(sealed.encode("ascii"), b"-_", validate=True)
            if base64.urlsafe_b64encode(raw).decode() != sealed:  # one value has one text
                return None
            text = self._cipher(purpose).decrypt(raw[:NONCE], raw[NONCE:], about.encode())
        except (ValueError, binascii.Error, InvalidTag):
            return None
        until, value = json.loads(text)
        return value if until is None or now.timestamp() < until else None

    def hashed(self, purpose: str, value: str) -> str:
        """A keyed hash by which ``value`` is recognised but not read."""
        text = f"{purpose} {value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._own_key("hash"), text, hashlib.sha256).hex()

    def _cipher(self, purpose: str) -> AESGCM:
        return AESGCM(self._own_key(purpose))

    def _own_key(self, purpose: str) -> bytes:
        return hmac.digest(self._key, f"rammevagt console {purpose}".encode(), hashlib.sha256)
