"""The two mends, on a mail that is whole in memory: the only changes ever made to what a citizen wrote (contract).

Bare CR and bare LF become CRLF, and a sender's ``X-Rammevagt-*`` fields, which are never believed, become
``X-Untrusted-Rammevagt-*``.
"""

import re

from workflows.reading import MAX_BLOCK

_LINE_END = re.compile(rb"\r\n|\r|\n")
_OURS = re.compile(rb"\r\n(?i:x-rammevagt-)")
_EMPTY_LINE = b"\r\n\r\n"


def crlf(content: bytes) -> bytes:
    """``content`` with every bare CR and every bare LF made CRLF; the very same object where there is none."""
    if content.replace(b"\r", b"").replace(b"\n", b"\r\n") == content:
        return content
    return _LINE_END.sub(b"\r\n", content)


def disowned(header: bytes) -> bytes:
    """``header``, whose lines each follow a CRLF, with the sender's fields of our name renamed."""
    return _OURS.sub(b"\r\nX-Untrusted-Rammevagt-", header)


def mend(content: bytes) -> bytes:
    """``content`` as it is hashed, kept and sent. Mending twice changes nothing more."""
    lines = b"\r\n" + crlf(content)  # so that the first line, too, follows a line end
    header, empty, body = lines.partition(_EMPTY_LINE)
    return disowned(header + empty)[2:] + body


def header_block(content: bytes) -> bytes:
    """The header section of mended ``content`` with its closing empty line, cut at 256 KiB."""
    if content.startswith(b"\r\n"):
        return b"\r\n"
    end = content.find(_EMPTY_LINE, 0, MAX_BLOCK)
    return content[: end + len(_EMPTY_LINE)] if end >= 0 else content[:MAX_BLOCK]
