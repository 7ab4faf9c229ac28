"""Bytes of a body to text: transfer encodings (RFC 2045 6) and charsets, total and linear.

A charset is looked up in a closed table, never in the codec registry: an unknown name would be searched for as a
module and remembered for ever, and some codecs (punycode, idna) take quadratic time.
"""

import binascii
import re
from dataclasses import dataclass
from encodings.aliases import aliases

MAX_SEGMENTS = 1_000  # pieces of base64 that each end in padding

_UNSAFE = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "palmos"})
_NOT_TEXT = frozenset({"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"})
_CODECS = {
    name: codec
    for name, codec in {**{value: value for value in aliases.values()}, **aliases}.items()
    if codec not in _UNSAFE | _NOT_TEXT
} | {
    # Declared as one, written as its superset (WHATWG Encoding).
    **dict.fromkeys(("latin_1", "latin1", "iso_8859_1", "iso8859_1", "l1", "iso_8859_1_1987", "ansi"), "cp1252"),
    **{"gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601_1987": "cp949", "euc_kr": "cp949", "shift_jis": "cp932"},
    **{"windows_874": "cp874", "tis_620": "cp874", "x_sjis": "cp932", "iso_8859_8_i": "iso8859_8", "utf8mb4": "utf_8"},
}
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64 + b"="))
_BLANKS = b" \t\r\n\x0b\x0c"


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came out; ``clean`` is False where something declared was unknown, or broken and had to be guessed."""

    data: bytes
    clean: bool = True


def decode_transfer(body: bytes, encoding: str) -> Decoded:
    """``body`` without its Content-Transfer-Encoding; unknown ones are taken for none."""
    match encoding:
        case "base64":
            return _from_base64(body)
        case "quoted-printable":
            return Decoded(binascii.a2b_qp(body))
        case "" | "7bit" | "8bit" | "binary":
            return Decoded(body)
        case _:
            return Decoded(body, clean=False)


def _from_base64(body: bytes) -> Decoded:
    """Every padded piece is read, also what follows one, since some mail programs show it."""
    letters = body.translate(None, _NOT_BASE64)
    pieces = [piece for piece in re.split(b"=++", letters, maxsplit=MAX_SEGMENTS) if piece]
    clean = len(pieces) <= 1 and not body.translate(None, _BASE64 + b"=" + _BLANKS)
    found: list[bytes] = []
    for piece in pieces[:MAX_SEGMENTS]:
        whole = piece[:-1] if len(piece) % 4 == 1 else piece
        clean = clean and whole is piece
        found.append(binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)))
    return Decoded(b"".join(found), clean)


def decoded_size(body: bytes, encoding: str) -> int:
    """How many bytes ``body`` has without its encoding; of base64 without decoding it."""
    if encoding == "base64":
        return 3 * len(body.translate(None, _NOT_BASE64 + b"=")) // 4
    return len(binascii.a2b_qp(body)) if encoding == "quoted-printable" else len(body)


def codec_of(charset: str) -> str | None:
    """Python's name of a charset that may be used here; None for an unknown one."""
    return _CODECS.get(re.sub(r"[^a-z0-9]+", "_", charset[:64].lower()).strip("_"))


def decode_charset(data: bytes, charset: str) -> tuple[str, bool]:
    """``data`` as text, and whether the charset declared (empty: none) held. NUL becomes U+FFFD, and so do lone surrogates."""
    codec = "ascii" if charset == "" else codec_of(charset)
    held = codec is not None
    if codec is None or codec == "ascii":
        held = held and (charset == "" or data.isascii())
        codec = "utf_8"
    text, broken = _decode(data, codec)
    if broken and not _are_few(broken, text):
        text, _ = _decode(data, "cp1252")
    if codec == "utf_7":  # the one codec here that lets half a surrogate pair through
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd"), held and not broken


def _decode(data: bytes, codec: str) -> tuple[str, int]:
    """Text, and how many of its characters are broken."""
    try:
        return data.decode(codec), 0
    except UnicodeError:
        pass
    if codec == "cp1252":
        return data.decode("latin-1"), 1
    try:
        text = data.decode(codec, "replace")
    except UnicodeError:
        return data.decode("latin-1"), len(data)
    return text, max(1, text.count("\ufffd"))


def _are_few(broken: int, text: str) -> bool:
    """A broken character among many whole ones (a cut end, a pasted byte) does not make it another charset."""
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return beyond_ascii - broken >= 8 * broken
