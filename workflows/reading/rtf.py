"""Rich text to plain text, and its compressed form in winmail.dat ([MS-OXRTFCP], [MS-OXRTFEX]): total, and bounded in all work."""

import re
from collections.abc import Callable
from struct import unpack_from

from workflows.reading.content import decode_charset
from workflows.reading.markup import html_to_text

MAX_RTF = 512 * 1024  # bytes that are unpacked and read

_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArial"
    rb"Times New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW = 4096
_TOKEN = re.compile(rb"\\(?:'([0-9a-fA-F]{2})|([A-Za-z]{1,32})(-?[0-9]{1,10})? ?|(.))|([{}])|([^\\{}\r\n]+)|.", re.DOTALL)
_UNSEEN = frozenset(
    b"fonttbl colortbl stylesheet info pict object themedata colorschememapping datastore listtable listoverridetable"
    b" revtbl rsidtbl generator fldinst xmlnstbl filetbl template password".split()
)
_CHARACTERS = {
    **dict.fromkeys((b"par", b"line", b"row", b"page", b"sect", b"\n", b"\r"), "\n"),
    **dict.fromkeys((b"tab", b"cell", b"~", b"emspace", b"enspace", b"qmspace"), " "),
    **{b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•"},
    **{b"_": "-", b"\\": "\\", b"{": "{", b"}": "}"},
}


def unpacked(data: bytes) -> tuple[bytes, bool]:
    """Compressed rich text as it is, of at most ``MAX_RTF`` bytes; and whether that is all of it."""
    if len(data) < 16:
        return b"", False
    packed, size, kind = unpack_from("<II4s", data)
    content = data[16 : 4 + packed]
    if kind == b"MELA":
        return content[: min(size, MAX_RTF)], size <= min(len(content), MAX_RTF)
    if kind != b"LZFu":
        return b"", False
    found, ended = _expanded(content)
    text = found[len(_DICTIONARY) :][: min(size, MAX_RTF)]
    return bytes(text), ended and len(text) == size


def _expanded(content: bytes) -> tuple[bytearray, bool]:
    """The dictionary with all that follows from ``content``, and whether its end was there."""
    found = bytearray(_DICTIONARY)
    position, limit = 0, len(_DICTIONARY) + MAX_RTF
    while position < len(content) and len(found) < limit:
        control, position = content[position], position + 1
        for bit in range(8):
            if not control >> bit & 1:
                found += content[position : position + 1]
                position += 1
                continue
            reference = int.from_bytes(content[position : position + 2], "big")
            position += 2
            back = (len(found) - (reference >> 4)) % _WINDOW
            if back == 0:
                return found, position <= len(content)
            if back > len(found):
                return found, False
            for _ in range((reference & 15) + 2):
                found.append(found[-back])
    return found, False


def rtf_to_text(source: bytes, codepage: Callable[[int], str]) -> str:
    """What a person would see of ``source``; ``codepage`` names the charset of a Windows code page."""
    reader = _Reader(codepage)
    for match in _TOKEN.finditer(source[:MAX_RTF]):
        reader.take(match)
    return reader.text()


class _Reader:
    """One pass over rich text. Where it was made of HTML, its ``htmltag`` groups and its text are that HTML again."""

    def __init__(self, codepage: Callable[[int], str]) -> None:
        self._codepage = codepage
        self._charset = "cp1252"
        self._found: list[str] = []
        self._bytes = bytearray()
        self._groups: list[tuple[bool, int]] = []
        self._unseen = False  # in a group that shows nothing
        self._fallback = 1  # characters that stand for one of Unicode, where it can't be shown
        self._skip = 0
        self._html = False  # the text is HTML
        self._only_rtf = False  # what comes was not in the HTML

    def take(self, match: re.Match[bytes]) -> None:
        """Takes the next token."""
        code, word, number, sign, brace, text = match.groups()
        if brace == b"{":
            self._groups.append((self._unseen, self._fallback))
        elif brace and self._groups:
            self._unseen, self._fallback = self._groups.pop()
        elif code:
            self._add(bytes([int(code, 16)]))
        elif text:
            self._add(text)
        elif sign == b"*":
            self._unseen = True
        elif word or sign:
            self._word(word or sign, int(number) if number else None)

    def text(self) -> str:
        """All that was shown, with surrogate pairs made one character."""
        self._flush()
        text = "".join(self._found).encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
        return html_to_text(text) if self._html else text

    def _word(self, word: bytes, number: int | None) -> None:
        if word in _UNSEEN:
            self._unseen = True
        elif word == b"htmlrtf":
            self._only_rtf = number != 0
        elif word == b"fromhtml":
            self._html = True
        elif word == b"htmltag" and self._html:
            self._unseen = False
        elif word == b"ansicpg":
            self._flush()
            self._charset = self._codepage(number or 1252)
        elif word == b"uc":
            self._fallback = max(number or 0, 0)
        elif word == b"u":
            self._show(chr((number or 0) & 0xFFFF))
            self._skip = self._fallback
        elif word in _CHARACTERS:
            self._show(_CHARACTERS[word])

    def _add(self, text: bytes) -> None:
        skipped = min(self._skip, len(text))
        self._skip -= skipped
        if not (self._unseen or self._only_rtf):
            self._bytes += text[skipped:]

    def _show(self, text: str) -> None:
        if not (self._unseen or self._only_rtf):
            self._flush()
            self._found.append(text)

    def _flush(self) -> None:
        if self._bytes:
            self._found.append(decode_charset(bytes(self._bytes), self._charset)[0])
            self._bytes.clear()
