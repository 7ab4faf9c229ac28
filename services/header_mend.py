"""The header mend: a sender's ``X-Rammevagt-*`` fields are never believed, so their names are changed (law 6).

Works on content whose line breaks are all CRLF, in any chunking, in the header section alone: up to the first empty line.
"""

from workflows.mends import disowned
from workflows.reading import MAX_BLOCK

_HELD = len(b"\r\nx-rammevagt-") - 1  # the longest start of a name, or of the empty line, that a chunk may end in


class HeaderMend:
    """Takes content in chunks, gives it back mended; ``finish`` gives what was held back at the end of the mail.

    ``block`` is the mended header section with its closing empty line, cut at 256 KiB.
    """

    __slots__ = ("_block", "_block_size", "_carry", "_first", "_in_header")

    def __init__(self) -> None:
        self._carry = b"\r\n"  # the first line is taken to follow a line break, which never leaves
        self._first = True
        self._in_header = True
        self._block: list[bytes] = []
        self._block_size = 0

    def feed(self, content: bytes) -> bytes:
        """``content`` as it leaves, as far as it is certain."""
        if not self._in_header:
            return content
        text = self._carry + content
        end = text.find(b"\r\n\r\n")
        if end >= 0:
            self._in_header = False
            self._carry = b""
            return self._header(disowned(text[: end + 4])) + text[end + 4 :]
        text = disowned(text)
        cut = len(text) - _HELD
        if cut < len(b"\r\n"):  # the line break that never leaves goes whole or not at all
            cut = 0
        self._carry = text[cut:]
        return self._header(text[:cut])

    def finish(self) -> bytes:
        """What was held back of a mail that has no empty line."""
        if not self._in_header:
            return b""
        self._in_header = False
        held, self._carry = self._carry, b""
        return self._header(held)

    @property
    def block(self) -> bytes:
        """The header section, as it leaves."""
        return b"".join(self._block)

    def _header(self, text: bytes) -> bytes:
        if self._first and text:
            text, self._first = text[2:], False
        room = MAX_BLOCK - self._block_size
        if room > 0:
            self._block.append(text[:room])
            self._block_size += min(len(text), room)
        return text
