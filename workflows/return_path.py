"""Signed envelope senders of redirected mail, so that its bounces come home and nobody can forge one.

The form is ``rv-<delivery id>-<mac>@<bounce domain>``: the MAC is the first 80 bits of an HMAC-SHA-256 under the guard's
key, in base 32. Everything is lower case, because servers on the way may fold the local part.
"""

import hashlib
import hmac
import re
from base64 import b32encode

from workflows.addresses import domain_of

PREFIX = "rv-"
MAC_BYTES = 10  # 80 bits: 16 characters of base 32 without padding
LOCAL_PART_LIMIT = 64  # octets, RFC 5321 4.5.3.1.1
_ID = re.compile(r"[a-z0-9._-]+\Z")


def sign(key: bytes, delivery_id: str, bounce_domain: str) -> str:
    """The envelope sender of the redirected copy ``delivery_id``.

    Raises ValueError for an id that isn't lower-case ``[a-z0-9._-]``, or is too long for a local part (RFC 5321 4.5.3.1.1).

    >>> sign(b"key", "01jd", "rammevagt.eksempel.dk")
    'rv-01jd-itqc5gp5wced4w7f@rammevagt.eksempel.dk'
    """
    local = f"{PREFIX}{delivery_id}-{_mac(key, delivery_id)}"
    if not _ID.match(delivery_id) or len(local) > LOCAL_PART_LIMIT:
        raise ValueError("a delivery id is of a-z, 0-9, dot, dash and underscore, and leaves room for the MAC")
    return f"{local}@{bounce_domain}"


def verify(key: bytes, address: str, bounce_domain: str) -> str | None:
    """The delivery id in ``address``, or None where we didn't sign it. Total; compares in constant time."""
    local, at, _ = address.strip().strip("<>").lower().rpartition("@")
    if not at or not local.startswith(PREFIX) or domain_of(address.strip().strip("<>")) != bounce_domain.lower():
        return None
    delivery_id, _, mac = local.removeprefix(PREFIX).rpartition("-")
    expected = _mac(key, delivery_id).encode()
    return delivery_id if hmac.compare_digest(expected, mac.encode("utf-8", "surrogatepass")) and delivery_id else None


def _mac(key: bytes, delivery_id: str) -> str:
    text = b"return-path\0" + delivery_id.encode("utf-8", "surrogatepass")
    return b32encode(hmac.new(key, text, hashlib.sha256).digest()[:MAC_BYTES]).decode("ascii").lower()
