"""Addresses out of a header field (RFC 5322 3.4, 4.4; RFC 6532): tolerant, linear, and never inventing one.

This decides who wrote. So text that could be read in two ways yields no address, and says that it is doubtful: two
angle brackets in one entry, an address in the text after the brackets, a quoted string or a comment that never ends.
An address in a display name, in a quoted string, in a comment or in an encoded word (RFC 2047) is no address.
"""

import re
from dataclasses import dataclass

from workflows.reading.fields import without_comments

MAX_LENGTH = 320  # characters of one address
MAX_ADDRESSES = 1_000  # of one list
MAX_TOKENS = 6_000  # names, addresses and signs between them

_TOKEN = re.compile(r'("(?:[^"\\]++|\\.)*+")|(\[[^\[\]\\]*+\])|([^"\[\](),:;<>\\]++)|(.)', re.DOTALL)
_LABEL = r"[A-Za-z0-9_\-\u0080-\U0010ffff]++"
_ADDR_SPEC = re.compile(
    r'(?:([^\s@<>()\[\]\\,;:"]++)|"((?:[^"\\\x00-\x1f\x7f]|\\[ -~])*+)")'
    rf"@({_LABEL}(?:\.{_LABEL})*+\.?|\[[^\[\]\\\s]*+\])"
)
# By far the most fields: one address in ASCII, alone or in brackets after a plain name. Anything else takes the full way.
_PLAIN = r"([A-Za-z0-9!#$%&'*+\-/=^_`{|}~.]++@[A-Za-z0-9_\-]++(?:\.[A-Za-z0-9_\-]++)*+)"
_ONE = re.compile(rf'{_PLAIN}|(?:"[^"\\]*+"\s*+|[^"(),:;<>@\[\]\\]*+)<{_PLAIN}>')
_ATOMS = re.compile(r'[^\s@<>()\[\]\\,;:".]++(?:\.[^\s@<>()\[\]\\,;:".]++)*+')


@dataclass(frozen=True, slots=True)
class AddressList:
    """The addresses of one field, as written. ``doubtful``: the field says more than could be read, or nothing readable."""

    addresses: tuple[str, ...] = ()
    doubtful: bool = False


def read_addresses(text: str, cut: bool = False) -> AddressList:
    """The addresses in an unfolded and decoded field value; ``cut`` where its end is missing."""
    if not cut and (one := _ONE.fullmatch(text)):
        address: str = one[1] or one[2]
        return AddressList((address,)) if len(address) <= MAX_LENGTH else AddressList(doubtful=True)
    return _scanned(text, cut)


def _scanned(text: str, cut: bool) -> AddressList:
    plain = without_comments(text)
    if plain is None:
        return AddressList(doubtful=True)
    scan = _Scan()
    for count, match in enumerate(_TOKEN.finditer(plain)):
        if count >= MAX_TOKENS or len(scan.found) >= MAX_ADDRESSES or match[4] == '"':  # a quote that never closes hides the rest
            cut = True
            break
        scan.token(match)
    if cut:  # half an entry may be another address than the whole
        scan.doubtful = True
    else:
        scan.finish()
    nothing = not scan.found and not scan.in_group and bool(plain.strip())
    return AddressList(tuple(scan.found), scan.doubtful or nothing)


class _Scan:
    """One pass over an address list, entry by entry."""

    __slots__ = ("angle", "at_sign", "bad", "doubtful", "found", "in_group", "is_open", "phrase")

    def __init__(self) -> None:
        self.found: list[str] = []
        self.doubtful = False
        self.in_group = False
        self._next()

    def _next(self) -> None:
        self.phrase: list[str] = []
        self.angle: list[str] | None = None  # what stands between the angle brackets
        self.is_open = False
        self.at_sign = False  # outside of brackets and quotes
        self.bad = False

    def token(self, match: re.Match[str]) -> None:
        """Takes the next token."""
        if match.lastindex == 4:
            self._special(match[0])
        elif self.is_open and self.angle is not None:
            self.angle.append(match[0])
        else:
            self.phrase.append(match[0])
            if match.lastindex == 3 and "@" in match[0]:
                self.at_sign = True
                self.bad = self.bad or self.angle is not None

    def _special(self, sign: str) -> None:
        if sign == "<":
            self.bad = self.bad or self.angle is not None
            self.angle, self.is_open = [], True
        elif sign == ">" and self.is_open:
            self.is_open = False
        elif sign in ",:;" and self.is_open and self.angle is not None:  # a source route, or broken
            self.angle.append(sign)
        elif sign in ",;":
            self.finish()
        elif sign == ":":  # a group (RFC 5322 3.4): what came before is its name
            self.bad = self.bad or self.at_sign or self.angle is not None
            self.in_group = True
            self.phrase.clear()
        else:
            self.bad = True

    def finish(self) -> None:
        """Ends the entry."""
        if self.angle is not None:
            self._keep(_without_route("".join(self.angle)))
        elif self.at_sign:
            self._keep("".join(self.phrase))
        elif self.bad:
            self.doubtful = True
        self._next()

    def _keep(self, text: str) -> None:
        address = None if self.bad else addr_spec(text)
        if address is None:
            self.doubtful = True
        else:
            self.found.append(address)


def _without_route(text: str) -> str:
    """RFC 5322 4.4: ``@relay,@relay:address`` is ``address``."""
    return text.partition(":")[2] if text.lstrip().startswith("@") else text


def addr_spec(text: str) -> str | None:
    """The one address that ``text`` is (blanks around ``@`` and dots are let pass), or None.

    Quotes that a local part does not need are left out: ``"bo"@example.net`` is ``bo@example.net`` (RFC 5321 4.1.2).
    """
    text = text.strip()
    if len(text) > 2 * MAX_LENGTH:
        return None
    match = _ADDR_SPEC.fullmatch(text) or _ADDR_SPEC.fullmatch(_tidied(text))
    if match is None or len(match[0]) > MAX_LENGTH or not match[0].isprintable() or "\ufffd" in match[0]:
        return None
    local, quoted, domain = match.groups()
    if local is None:
        return f"{quoted}@{domain}" if _ATOMS.fullmatch(quoted) and not _is_encoded(quoted) else match[0]
    return None if _is_encoded(local) else match[0]


def _tidied(text: str) -> str:
    if '"' in text:
        return text
    return "@".join(".".join(atom.strip() for atom in part.split(".")) for part in text.split("@"))


def _is_encoded(local: str) -> bool:
    """Whether an encoded word (RFC 2047) stands in a local part, where none may be."""
    return "=?" in local and "?=" in local
