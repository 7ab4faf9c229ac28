"""What route mode asks of an IMAP server besides looking: put a copy into a folder, find it again, move a message.

It never sets a flag and never expunges: a server without MOVE (RFC 6851) or UIDPLUS (RFC 4315) is not asked to change anything.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import TypeGuard

from services.mailbox.session import Session

_PATIENCE = 300.0  # seconds in which a server takes a whole mail
_ID_LIMIT = 900  # octets of a Message-ID that are searched for


def can_move(session: Session) -> bool:
    """Whether the server moves a message in one step and says where it went."""
    with session.within(session.bounds.call) as client:
        return bool(client.has_capability("MOVE") and client.has_capability("UIDPLUS"))


def whole(session: Session, uid: int) -> bytes | None:
    """The message, without marking it as read; None where it is gone."""
    parts: list[bytes] = []
    return None if session.whole(uid, parts.append) is None else b"".join(parts)


def sha256(content: bytes | None) -> str | None:
    """In hexadecimal."""
    return None if content is None else hashlib.sha256(content).hexdigest()


def append(session: Session, folder: str, content: bytes, arrived_at: datetime) -> None:
    """Put ``content`` into ``folder``, unread and with the date it has."""
    with session.within(_PATIENCE) as client:
        client.append(folder, content, (), arrived_at)


def candidates(session: Session, message_id: str | None, size: int, first: int) -> Iterator[int]:
    """The messages of the open folder from ``first`` on that may be the one looked for: by its Message-ID, then by its size.

    Neither proves anything. The newest come first.
    """
    seen: set[int] = set()
    for by in _searches(message_id, size):
        with session.within(session.bounds.call) as client:
            found = client.search(["UID", f"{first}:*", *by])
        yield from sorted({uid for uid in found if uid >= first} - seen, reverse=True)
        seen |= set(found)


def named(session: Session, message_id: str | None, size: int) -> list[int]:
    """The messages of the open folder of this size that may have this Message-ID; the server finds it also within a longer one."""
    if not _can_be_searched(message_id):
        return []
    with session.within(session.bounds.call) as client:
        found = client.search(["HEADER", "Message-ID", message_id[:_ID_LIMIT], "LARGER", size - 1, "SMALLER", size + 1])
    return sorted(set(found))


def _can_be_searched(message_id: str | None) -> TypeGuard[str]:
    return bool(message_id and message_id.isascii() and message_id.isprintable())


def _searches(message_id: str | None, size: int) -> Iterator[list[str | int]]:
    if _can_be_searched(message_id):
        yield ["HEADER", "Message-ID", message_id[:_ID_LIMIT]]
    yield ["LARGER", size - 1, "SMALLER", size + 1]


def ensure_folder(session: Session, folder: str) -> None:
    """Make ``folder`` where it is missing, and show it in mail programs."""
    with session.within(session.bounds.call) as client:
        if not client.folder_exists(folder):
            client.create_folder(folder)
            client.subscribe_folder(folder)


def move(session: Session, uid: int, folder: str) -> None:
    """Move a message of the open folder. A message that is not there is moved without a word: look for it afterwards."""
    with session.within(session.bounds.call) as client:
        client.move([uid], folder)
