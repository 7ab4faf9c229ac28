"""Header fields out of bytes (RFC 5322 2.2), without trusting the bytes: total, and linear in their length."""

import re
from collections.abc import Iterator

MAX_BLOCK = 256 * 1024  # bytes of a header section that are looked at
MAX_FIELDS = 5_000
MAX_PIECES = 6_000  # of a value with comments

# A field's name and its folded value, or (with an empty name) a line that is no field, with the lines folded under it.
_FIELD = re.compile(rb"(?:([!-9;-~]++)[ \t]*+:|)([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?")
_MBOX = (b"From ", b">From ")
_QUOTED_OR_TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"|\\.|[()]|[^"\\()]++', re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[()]|[^\\()]++", re.DOTALL)

RawFields = list[tuple[bytes, bytes]]


def line_feeds(content: bytes) -> bytes:
    """``content`` with every line end (CRLF, bare CR, LF) as one LF: the guard mends bare ones to CRLF, so they count alike."""
    without = content.replace(b"\r", b"")  # searching for one byte costs a tenth of searching for two
    if len(without) == len(content) or content.count(b"\r\n") == len(content) - len(without):
        return without
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def split_block(block: bytes) -> tuple[RawFields, bool]:
    """The fields of a header section as (name, raw value), in order, and whether all of it could be read.

    The section ends at the first blank line. A line that is neither a field nor a continuation is left out with
    the lines folded under it, as is a leading mbox line. ``Name : value`` (RFC 5322 4.5) is a field. Where the block is
    longer than ``MAX_BLOCK`` its last field is left out, since half a value says something else than the whole.
    """
    blank = block.find(b"\r\n\r\n", 0, MAX_BLOCK)  # the first blank line stands here or before
    text = line_feeds(block[: blank + 4 if blank >= 0 else MAX_BLOCK])
    end = 0 if text[:1] == b"\n" else text.find(b"\n\n")
    cut = end < 0 and len(block) >= MAX_BLOCK
    fields: RawFields = _FIELD.findall(text if end < 0 else text[:end])
    del fields[-1 - cut :]  # the last match is always the empty one at the end
    too_many = len(fields) > MAX_FIELDS
    del fields[MAX_FIELDS:]
    if fields and not fields[0][0] and fields[0][1].startswith(_MBOX):
        del fields[0]
    named = [one for one in fields if one[0]]
    return named, not cut and not too_many and len(named) == len(fields)


def text_of(value: bytes, limit: int) -> str:
    """A raw value unfolded and decoded, of at most ``limit`` bytes. NUL becomes U+FFFD: no database keeps it in a text."""
    return decoded(value[:limit].replace(b"\n", b"")).strip()


def decoded(value: bytes) -> str:
    """Undeclared bytes as text: UTF-8, else Windows-1252, else Latin-1 (which any bytes are)."""
    for charset in ("utf-8", "cp1252"):
        try:
            return value.decode(charset).replace("\0", "\ufffd")
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1").replace("\0", "\ufffd")


def without_comments(text: str) -> str | None:
    """``text`` with each comment (nested, RFC 5322 3.2.2) as a space; None where one is never closed, or for too many."""
    if "(" not in text:
        return text
    kept: list[str] = []
    depth = 0
    for count, (piece, is_outside) in enumerate(_comment_pieces(text)):
        if count > MAX_PIECES:
            return None
        if piece == "(":
            kept.append(" ")
            depth += 1
        elif piece == ")" and not is_outside:
            depth -= 1
        elif is_outside:
            kept.append(piece)
    return None if depth else "".join(kept)


def _comment_pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces with whether they stand outside of comments. What follows a quote that never closes is one piece."""
    position = depth = 0
    while position < len(text):
        match = (_IN_COMMENT if depth else _QUOTED_OR_TEXT).match(text, position)
        piece = match[0] if match else text[position:]
        yield piece, depth == 0
        position += len(piece)
        if piece == "(":
            depth += 1
        elif piece == ")" and depth:
            depth -= 1
