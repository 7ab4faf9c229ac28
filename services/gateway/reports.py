"""What a mail to our own signed return addresses reports (RFC 3464): which copies, and which receipts, came home."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.gateway.received import Received
from services.store.interface import Redirection
from workflows.mail import Headers

LOOKED_AT = 262_144  # bytes
_ACTION = re.compile(rb"^Action:[ \t]*([A-Za-z]+)", re.MULTILINE | re.IGNORECASE)
_STATUS_PART = re.compile(rb"^Content-Type:[ \t]*message/(global-)?delivery-status\b", re.MULTILINE | re.IGNORECASE)

Homes = Mapping[str, Redirection | None]
"""Of each recipient in the bounce domain (normalised) what it was signed for; None where that is gone, or there is nothing."""


def failures(received: Received, headers: Headers, homes: Homes) -> dict[str, Redirection]:
    """What the mail says did not arrive; nothing for an automatic answer, and for a report of delay or success.

    RFC 3464 2.3.3 names the actions. Only the signed address tells what it is about; whatever else a report names is its sender's
    word. Of a receipt it has to be a whole report, since receipts go to anybody's server; a copy that may be lost is worth a doubt.
    """
    named = {address: home for address, home in homes.items() if home}
    if not named:
        return {}
    report = headers.content_type == "multipart/report"
    if received.envelope.sender and not report:
        return {}
    beginning = _beginning(received.content)
    actions = {one.lower() for one in _ACTION.findall(beginning)}
    whole = report and b"failed" in actions and _STATUS_PART.search(beginning) is not None
    return dict(_reported(named, copies=not actions or b"failed" in actions, receipts=whole))


def _reported(named: Mapping[str, Redirection], *, copies: bool, receipts: bool) -> Iterator[tuple[str, Redirection]]:
    yield from ((address, home) for address, home in named.items() if (receipts if home.delivery.kind == "receipt" else copies))


def _beginning(content: bytes | Path) -> bytes:
    if isinstance(content, bytes):
        return content[:LOOKED_AT]
    with content.open("rb") as file:
        return file.read(LOOKED_AT)
