"""Encoded words (RFC 2047) and field parameters (RFC 2045 5.1, RFC 2231): total and linear."""

import binascii
import re

from workflows.reading.content import decode_charset, decode_transfer
from workflows.reading.fields import decoded

MAX_PARAMETERS = 100

_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*+)\?=")
_PARAMETER = re.compile(rb';[ \t]*+([^\s=;"]++)[ \t]*+=[ \t]*+("(?:[^"\\]++|\\.)*+"|[^;]*+)', re.DOTALL)
_SECTION = re.compile(rb"([^*]++)(?:\*([0-9]{1,3}))?(\*)?")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")

Sections = dict[int, tuple[bytes, bool]]  # number -> value, whether percent-encoded; -1 for a value in one piece


def decode_words(text: str) -> tuple[str, bool]:
    """``text`` with its encoded words as text, and whether every charset held.

    Blanks between two words vanish (RFC 2047 6.2). Neighbours of one charset are joined before they are decoded, since
    programs in use split a character over two words.
    """
    if "=?" not in text:
        return text, True
    runs: list[str | tuple[str, bytearray]] = []
    position = 0
    for match in _WORD.finditer(text):
        between, position = text[position : match.start()], match.end()
        charset, data = match[1].lower(), _word_bytes(match[2], match[3])
        last = runs[-1] if runs else ""
        if isinstance(last, tuple) and not between.strip():
            if last[0] == charset:
                last[1].extend(data)
                continue
        elif between:
            runs.append(between)
        runs.append((charset, bytearray(data)))
    read = [(run, True) if isinstance(run, str) else decode_charset(bytes(run[1]), run[0]) for run in runs]
    return "".join(part for part, _ in read) + text[position:], all(held for _, held in read)


def _word_bytes(encoding: str, written: str) -> bytes:
    data = written.encode("utf-8")
    return binascii.a2b_qp(data, header=True) if encoding in "qQ" else decode_transfer(data, "base64").data


def read_parameters(value: bytes) -> dict[str, str]:
    """The parameters after the first ``;`` of an unfolded field value, names in lower case, the first of a name only.

    Values of RFC 2231 (``name*``, ``name*0``, ``name*1*``) are put together, and win over a plain one of the same name.
    """
    if b";" not in value:
        return {}
    found: dict[bytes, Sections] = {}
    for name, raw in _PARAMETER.findall(value)[:MAX_PARAMETERS]:
        match = _SECTION.fullmatch(name.lower())
        if match is not None:
            number = int(match[2]) if match[2] else 0 if match[3] else -1
            found.setdefault(match[1], {}).setdefault(number, (_unquoted(raw), match[3] is not None))
    return {name.decode("ascii", "replace"): _joined(sections) for name, sections in found.items()}


def _unquoted(raw: bytes) -> bytes:
    if raw[:1] == b'"' and raw[-1:] == b'"' and len(raw) > 1:
        return _ESCAPED.sub(rb"\1", raw[1:-1])
    return raw.strip().strip(b'"')


def _joined(sections: Sections) -> str:
    if 0 not in sections:
        return decoded(sections.get(-1, (b"", False))[0])
    charset = ""
    value = b""
    for number in range(len(sections)):
        if number not in sections:
            break
        piece, is_encoded = sections[number]
        if is_encoded and number == 0 and piece.count(b"'") >= 2:
            name, _, piece = piece.split(b"'", 2)
            charset = name.decode("ascii", "replace")
        value += _PERCENT.sub(lambda code: bytes([int(code[1], 16)]), piece) if is_encoded else piece
    return decode_charset(value, charset)[0]
