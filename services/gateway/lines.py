"""Command lines out of the byte stream: one buffer for commands and mail, so that nothing has to be put back."""

LINE_LIMIT = 4096  # MAIL and RCPT with long paths and many parameters; RFC 5321 4.5.3.1.4 asks for 512


class TooLong:
    """A command line over the limit; its bytes are gone."""


class CommandLines:
    """Feed it chunks; ``next`` gives lines without their line break; ``take`` gives all that is left, for DATA."""

    __slots__ = ("_at", "_overlong", "_text")

    def __init__(self) -> None:
        self._text = b""
        self._at = 0
        self._overlong = False

    def feed(self, chunk: bytes) -> None:
        """Take more bytes."""
        self._text = self._text[self._at :] + chunk if self._at < len(self._text) else chunk
        self._at = 0

    def next(self) -> bytes | TooLong | None:
        """The next whole line; None where more bytes are needed."""
        end = self._text.find(b"\n", self._at)
        if end < 0:
            self._drop_overlong()
            return None
        line = self._text[self._at : end]
        self._at = end + 1
        if self._overlong or len(line) > LINE_LIMIT:
            self._overlong = False
            return TooLong()
        return line.removesuffix(b"\r")

    def take(self) -> bytes:
        """All that is left, which leaves nothing."""
        rest, self._text, self._at = self._text[self._at :], b"", 0
        return rest

    def _drop_overlong(self) -> None:
        if len(self._text) - self._at > LINE_LIMIT:
            self.take()
            self._overlong = True
