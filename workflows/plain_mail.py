"""A plain-text mail of our own, composed field by field (RFC 5322, RFC 2045, RFC 2047, RFC 6532).

The standard library's ``EmailMessage`` parses every field it is given and takes a millisecond for it; a notice and a receipt are
written for a mail that somebody waits to be accepted. Field names and order are ours; values are checked, never repaired.
"""

import re
from binascii import b2a_qp
from collections.abc import Iterable
from email.header import Header

_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
LONGEST = 900  # characters of a value on one line (RFC 5322 2.1.1 allows 998 with its name)
MIME = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"

Fields = Iterable[tuple[str, str]]


def compose(fields: Fields, text: str) -> bytes:
    """The mail with CRLF line ends; ``text`` goes as quoted-printable UTF-8.

    Words outside ASCII become encoded words in ``Subject``; in other fields, which hold addresses and tokens, they stand in
    UTF-8. Raises ``ValueError`` for a value with a control character.
    """
    head = "".join(f"{name}: {_value(name, value)}\r\n" for name, value in fields)
    body = b2a_qp(text.replace("\r\n", "\n").encode(), istext=True).replace(b"\n", b"\r\n")
    return (head + MIME).encode() + b"\r\n" + body


def _value(name: str, value: str) -> str:
    if _UNSAFE.search(value):
        raise ValueError(f"{name}: a control character can't stand in a header field")
    if name == "Subject" and not value.isascii():
        return Header(value, "utf-8", header_name=name).encode(linesep="\r\n")
    return value.replace(" ", "\r\n ") if len(value) > LONGEST else value
