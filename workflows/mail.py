"""A mail as the core sees it: the envelope that SMTP gave, and the headers that routing reads."""

from dataclasses import dataclass
from typing import NamedTuple

MAX_RECEIVED = 50  # Received fields; more is a routing loop (RFC 5321 6.3), and the mail is returned with 5.4.6


class Envelope(NamedTuple):
    """What SMTP said. ``sender`` is empty for the null sender (``MAIL FROM:<>``)."""

    sender: str
    recipients: tuple[str, ...]


class Headers(NamedTuple):
    """The header fields that routing, receipts and explanations read (RFC 5322); made by ``workflows.reading``.

    Addresses are as written, without display names; values are unfolded and decoded to text. Fields that could not be read
    are named in ``unreadable``: a fact that never changes where the mail goes.
    """

    from_fields: int = 0  # how many From fields there are; RFC 5322 allows one
    from_addresses: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    reply_to_unreadable: bool = False  # a Reply-To is there, is not empty, and holds no address that we can read
    to: tuple[str, ...] = ()  # To and Cc together
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    authentication_results: tuple[str, ...] = ()  # topmost first (RFC 8601)
    auto_submitted: str | None = None  # RFC 3834: the keyword, lower case, without parameters; empty for an empty field
    precedence: str | None = None
    auto_response_suppress: str | None = None  # X-Auto-Response-Suppress (Microsoft)
    return_path: str | None = None  # empty for the null sender; None where absent or unreadable
    sender: str | None = None
    content_type: str | None = None  # the bare type/subtype, lower case
    list_fields: tuple[str, ...] = ()  # names of List-* fields (RFC 2369, RFC 2919), lower case
    received_count: int = 0
    unreadable: tuple[str, ...] = ()  # names of fields, lower case, or "headers" for the block as a whole


class Mail(NamedTuple):
    """One mail that asks for a decision.

    ``id`` is the guard's own and None where nobody has taken the mail in (``rammevagt decide``);
    ``sha256`` is of the bytes as received, after the two mends of docs/architecture.md.
    """

    sha256: str
    envelope: Envelope
    headers: Headers = Headers()
    id: str | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part that is not running text: an attachment, an invitation, a picture."""

    content_type: str
    filename: str | None
    size: int  # bytes, decoded where it could be decoded


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole mail, read without trusting it, for what is assessed after 250. It never moves mail.

    ``text`` is what a person would read first (the plain text, else the HTML as text), ``unreadable`` names in codes what
    could not be read: an empty or encrypted body is "unread", not "harmless". ``noted`` names in codes what else is to be known.
    ``from_name`` is what stands beside the address in a single From field; anybody can write anything there.
    """

    headers: Headers
    subject: str = ""
    text: str = ""
    parts: tuple[Part, ...] = ()
    unreadable: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
    from_name: str = ""
