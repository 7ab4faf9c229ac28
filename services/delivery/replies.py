"""SMTP replies (RFC 5321 4.2): parsing without I/O, and what a code means for a recipient."""

import re
from typing import NamedTuple

from services.delivery.outcomes import ACCEPTED, Accepted, ConnectionTrouble, Postponed, Refused

LINE_LIMIT = 2048  # octets; RFC 5321 4.5.3.1.5 says 512, real servers write more
LINES_LIMIT = 128  # lines of one reply
ERROR_LIMIT = 200  # characters kept of an answer
SERVICE_CLOSING = 421
BAD_SEQUENCE = 503
MISCONFIGURED = frozenset({BAD_SEQUENCE, 530, 534, 535, 538})  # dialogue, TLS or log-in at fault (RFC 3207, RFC 4954)
CODES = {b"%d" % code: code for code in range(200, 600)}
MARKS = frozenset({b" ", b"-", b""})  # after the code: a hyphen where the reply goes on
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_ADDRESS = re.compile(r"<[^>]*>|\S+@\S+")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Reply(NamedTuple):
    """One whole reply; ``lines`` are the texts after the code."""

    code: int
    lines: tuple[bytes, ...]

    def positive(self) -> bool:
        """Whether it is a 2yz."""
        return 200 <= self.code < 300

    def status(self) -> str:
        """The enhanced code (RFC 2034) of the first line when it fits the reply, else the general one of its class."""
        found = _ENHANCED.match(self.lines[0].decode("ascii", "replace"))
        if found and found[1][0] == str(self.code)[0]:
            return found[1]
        return f"{self.code // 100 if self.code // 100 in (2, 4, 5) else 4}.0.0"

    def error(self, *hidden: str) -> str:
        """Code and text in at most 200 characters, without addresses; ``hidden`` are addresses whose local part goes too."""
        text = b" ".join(self.lines).decode("ascii", "replace")
        text = _UNPRINTABLE.sub(" ", _ADDRESS.sub("(address)", text))
        for address in hidden:
            local = address.rpartition("@")[0]
            if len(local) > 1:
                text = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "(address)", text, flags=re.IGNORECASE)
        return f"{self.code} {text}".strip()[:ERROR_LIMIT]


class ReplyParser:
    """Bytes in, whole replies out. Garbage raises ``ConnectionTrouble``, and nothing else does."""

    __slots__ = ("_code", "_lines", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._code = 0
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that ``data`` completes."""
        lines = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LINE_LIMIT:
            raise ConnectionTrouble("reply line too long")
        replies = []
        for line in lines:
            code, mark = CODES.get(line[:3]), line[3:4]
            if code is None or mark not in MARKS or len(line) > LINE_LIMIT:
                raise ConnectionTrouble("reply is not SMTP")
            if mark == b"-" or self._lines:
                self._gather(code, line[4:])
            if mark != b"-":
                replies.append(Reply(code, tuple(self._lines) or (line[4:],)))
                self._lines.clear()
        return replies

    def is_empty(self) -> bool:
        """Whether nothing is left over, not even part of a reply."""
        return not self._rest and not self._lines

    def _gather(self, code: int, text: bytes) -> None:
        """One more line of a reply of several."""
        if len(self._lines) >= LINES_LIMIT:
            raise ConnectionTrouble("reply too long")
        if self._lines and code != self._code:
            raise ConnectionTrouble("reply changes its code")
        self._code = code
        self._lines.append(text)


def judge(reply: Reply, recipient: str) -> Accepted | Refused | Postponed:
    """What ``reply`` to MAIL, RCPT, DATA or the final dot means for ``recipient`` (RFC 5321 4.2.1).

    5yz is for good, except where it says that the dialogue or its protection is at fault: that is ours to mend, and no
    reason to return mail.
    """
    if reply.positive():
        return ACCEPTED
    if reply.code >= 500 and reply.code not in MISCONFIGURED:
        return Refused(reply.status(), reply.error(recipient))
    return Postponed(reply.status(), reply.error(recipient))
