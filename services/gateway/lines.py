"""What the client sent and nobody looked at yet: one buffer for commands and mail, so that pipelined bytes keep their order."""

LINE_LIMIT = 4096  # MAIL and RCPT with long paths and many parameters; RFC 5321 4.5.3.1.4 asks for 512
CHUNK = 256 * 1024  # looked at in one go, as much as the loop reads: the other sessions wait a quarter of a millisecond
PROGRESS = 64 * 1024  # bytes of a mail that are as good a sign of life as a command


class TooLong:
    """A command line over the limit; its bytes are gone."""


class CommandLines:
    """Feed it chunks; ``next`` gives lines without their line break; ``take`` gives what is there as it is, for DATA."""

    __slots__ = ("_at", "_overlong", "_text")

    def __init__(self) -> None:
        self._text = b""
        self._at = 0
        self._overlong = False

    def __len__(self) -> int:
        """How many bytes are waiting."""
        return len(self._text) - self._at

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
        """The next 256 KiB, or what there is."""
        end = self._at + CHUNK
        chunk = self._text[self._at : end]
        if end < len(self._text):
            self._at = end
        else:
            self.clear()
        return chunk

    def put_back(self, rest: bytes) -> None:
        """Let ``rest``, the end of what was taken, be next again."""
        if rest:
            self._text, self._at = rest + self._text[self._at :], 0

    def clear(self) -> None:
        """Forget all that waits."""
        self._text, self._at = b"", 0

    def _drop_overlong(self) -> None:
        if len(self) > LINE_LIMIT:
            self.clear()
            self._overlong = True
