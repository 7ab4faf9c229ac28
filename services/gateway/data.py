"""The DATA phase without I/O: where a mail ends, and what its bytes are (RFC 5321 2.3.8, 4.1.1.4, 4.5.2).

Only the exact CRLF . CRLF ends a mail. A bare CR or LF never does (CVE-2023-51764 and its kin: SMTP smuggling), and never
leaves as such: it becomes CRLF. All work is done by whole-chunk primitives, none by the line or by the byte.
"""

from workflows.mends import crlf

_END = b"\r\n.\r\n"
_DOTTED = b"\r\n."  # a line that begins with a dot: the end, or one that was stuffed; most chunks have none
_HELD = tuple(_END[:length] for length in range(len(_END) - 1, 0, -1))  # what may be the start of the end, longest first


class DataReceiver:
    """Takes raw chunks of any size, gives back the mail's content.

    The line before the first one is taken to have ended in CRLF, so that a lone dot right at the start is the end of an
    empty mail. ``done`` once the end was seen; ``rest`` then holds the bytes behind it: the client's next commands.
    """

    __slots__ = ("_at_start", "_carry", "done", "rest")

    def __init__(self) -> None:
        self._carry = b"\r\n"
        self._at_start = True
        self.done = False
        self.rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """The content that is certain after ``chunk``: dots unstuffed, every line break CRLF. Not to be called when ``done``."""
        raw = self._carry + chunk
        dotted = end = raw.find(_DOTTED)
        if dotted >= 0 and not raw.startswith(_END, dotted):
            end = raw.find(_END, dotted)
        if end >= 0:
            self.done = True
            self.rest = raw[end + len(_END) :]
            return self._clean(raw[: end + 2], stuffed=dotted < end)
        held = _held_back(raw)
        self._carry = raw[len(raw) - held :]
        return self._clean(raw[: len(raw) - held], stuffed=dotted >= 0)

    def _clean(self, raw: bytes, *, stuffed: bool) -> bytes:
        content = crlf(raw.replace(_DOTTED, b"\r\n") if stuffed else raw)
        if self._at_start and content:
            self._at_start = False
            return content[2:]
        return content


def _held_back(raw: bytes) -> int:
    """How many bytes at the end of ``raw`` may turn out to belong to the end of data."""
    for start in _HELD:
        if raw.endswith(start):
            return len(start)
    return 0
