"""The link in a notice by which its reader says "I have seen it": a name that only we can make, for that notice alone.

Scanners follow links, so opening it tells nothing; only the button on its page does. It opens nothing else, and needs no login.
"""

import hashlib
import hmac

SIZE = 24  # characters of the mark: 96 bits


def token(key: bytes, id: str) -> str:
    """What stands in the link to the notice ``id``."""
    return f"{id}.{_mark(key, id)}"


def id_of(key: bytes, found: str) -> str | None:
    """The notice that a link is about; None where we did not make it."""
    id, _, mark = found.partition(".")
    return id if hmac.compare_digest(mark.encode("utf-8", "replace"), _mark(key, id).encode()) else None


def _mark(key: bytes, id: str) -> str:
    return hmac.new(key, b"notice seen:" + id.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:SIZE]
