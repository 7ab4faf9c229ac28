"""DKIM signatures (RFC 6376, RFC 8463) with relaxed canonicalization: what is signed, and the field. Keys are the shell's."""

import hashlib
import re
from base64 import b64encode
from datetime import datetime
from typing import NamedTuple

SIGNED = (  # RFC 6376 5.4.1, and what keeps a receipt from being answered
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
)
_WSP = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_LINE = 72  # characters of base64 on a line of the field


class Unsigned(NamedTuple):
    """A field ``DKIM-Signature`` that lacks its signature at its end, and the bytes that the signature is made of."""

    field: bytes
    signed: bytes


def unsigned(content: bytes, *, algorithm: str, domain: str, selector: str, at: datetime) -> Unsigned:
    """The field for the mail ``content`` (CRLF line ends); ``algorithm`` as ``rsa-sha256`` (RFC 6376 3.3, RFC 8463 3).

    Each field in ``SIGNED`` is named once more than it is there, so that nobody adds another (RFC 6376 8.15).
    """
    head, _, body = content.partition(b"\r\n\r\n")
    fields = {name: field for name, field in _fields(head) if name in SIGNED}
    names = [name for name in SIGNED if name in fields]
    tags = (
        f"v=1; a={algorithm}; c=relaxed/relaxed; d={domain}; s={selector}; t={int(at.timestamp())}",
        f"h={':'.join(names)}\r\n\t :{':'.join(SIGNED)}",
        f"bh={b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()}",
        "b=",
    )
    field = ("DKIM-Signature: " + ";\r\n\t".join(tags)).encode()
    signed = b"".join(relaxed_field(fields[name]) + b"\r\n" for name in names)
    return Unsigned(field, signed + relaxed_field(field))


def signed_field(one: Unsigned, signature: bytes) -> bytes:
    """The whole field, with its CRLF."""
    text = b64encode(signature)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return one.field + b"\r\n\t ".join(lines) + b"\r\n"


def relaxed_field(field: bytes) -> bytes:
    """RFC 6376 3.4.2, without the CRLF at its end."""
    name, _, value = _FOLD.sub(b"", field).partition(b":")
    return name.strip(b" \t").lower() + b":" + _WSP.sub(b" ", value).strip(b" \t\r\n")


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4: runs of blanks are one, none end a line, and no empty lines end the body."""
    lines = [_WSP.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    """Each with its name in lower case; continuations stay with their field."""
    whole = re.split(rb"\r\n(?![ \t])", head)
    return [(one.partition(b":")[0].strip().lower().decode("ascii", "replace"), one) for one in whole]
