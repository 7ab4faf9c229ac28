"""winmail.dat, Outlook's own wrapping of a mail ([MS-OXTNEF], [MS-OXCDATA]): its text and the names of what is attached.

Read here and not by a library: those in use follow counts that the bytes claim (four thousand million turns for a few
bytes). Here every turn takes bytes away, and there is a cap on the turns. Total: what is broken is told by ``whole``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct, error

from workflows.reading.content import codec_of, decode_charset
from workflows.reading.markup import html_to_text
from workflows.reading.rtf import rtf_to_text, unpacked

MAX_ITEMS = 10_000  # attributes and properties together
MAX_VALUES = 1_000  # of one property
MAX_TEXT = 2 * 1024 * 1024  # bytes of a text

_SIGNATURE = b"\x78\x9f\x3e\x22"
_ATTRIBUTE = Struct("<BII")
_NUMBER = Struct("<I")
_TAG = Struct("<HH")
_TEXT, _CODEPAGE, _PROPERTIES = 0x0002800C, 0x00069007, 0x00069003
_ATTACHED, _TITLE, _DATA, _ATTACHED_PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_SIZES = {0: 4, 1: 4, 2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 0x14: 8, 0x40: 8, 0x48: 16}  # bytes, padded
_SHORT = 2
_OBJECT, _STRING, _UNICODE, _BINARY = 0x0D, 0x1E, 0x1F, 0x0102
_MANY = 0x1000
_BODY, _HTML, _RTF, _HTML_CODEPAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
_LONG_NAME, _SHORT_NAME, _SHOWN_NAME, _MIME, _CONTENT = 0x3707, 0x3704, 0x3001, 0x370E, 0x3701
_CODEPAGES = {65001: "utf-8", 65000: "utf-7", 20127: "us-ascii", 1200: "utf-16-le", 10000: "mac_roman", 20866: "koi8-r"}

Value = tuple[int, bytes]  # the type, and the first value


@dataclass(slots=True)
class Attached:
    """Something in it: the name, the type where one is given, and how many bytes."""

    name: str | None = None
    content_type: str = "application/octet-stream"
    size: int = 0


@dataclass(slots=True)
class Winmail:
    """What was read. ``whole``: all of it could be read, and it has a text or something attached."""

    text: str = ""
    attached: list[Attached] = field(default_factory=list)
    whole: bool = True


def read_tnef(data: bytes) -> Winmail:
    """The text and the attachments in ``data``. Never raises; linear in its length."""
    reader = _Reader(data)
    if not data.startswith(_SIGNATURE):
        return Winmail(whole=False)
    for id, value in reader.attributes():
        reader.attribute(id, value)
    found = reader.found
    found.text = reader.text()
    found.whole = found.whole and bool(found.text.strip() or found.attached)
    return found


def charset_of(codepage: int) -> str:
    """The name of a Windows code page's charset; Windows-1252 for one that we don't know."""
    name = _CODEPAGES.get(codepage) or (f"iso-8859-{codepage - 28590}" if 28590 < codepage < 28606 else f"cp{codepage}")
    return name if codec_of(name) else "cp1252"


class _Reader:
    """One pass over the attributes, then the best of the texts."""

    def __init__(self, data: bytes) -> None:
        self.found = Winmail()
        self._data = data
        self._left = MAX_ITEMS
        self._codepage = 1252
        self._plain = b""
        self._properties: dict[int, Value] = {}

    def attributes(self) -> Iterator[tuple[int, bytes]]:
        """The attributes in their order, by id."""
        position, data = 6, self._data
        while position < len(data):
            start = position + _ATTRIBUTE.size
            if start > len(data) or not self._may_go_on():
                self.found.whole = False
                return
            _, id, length = _ATTRIBUTE.unpack_from(data, position)
            position = start + length + 2  # the checksum, which says nothing that we need
            yield id, data[start : start + length]
        self.found.whole = self.found.whole and position == len(data)

    def attribute(self, id: int, value: bytes) -> None:
        """Takes what an attribute tells."""
        attached = self.found.attached
        if id == _TEXT:
            self._plain = value
        elif id == _CODEPAGE:
            self._codepage = int.from_bytes(value[:4], "little")
        elif id == _PROPERTIES:
            self._properties = self._read(value)
        elif id == _ATTACHED:
            attached.append(Attached())
        elif id in (_TITLE, _DATA, _ATTACHED_PROPERTIES):
            if not attached:
                attached.append(Attached())
            self._tell(attached[-1], id, value)

    def _tell(self, one: Attached, id: int, value: bytes) -> None:
        if id == _TITLE:
            one.name = one.name or self._string((_STRING, value))
        elif id == _DATA:
            one.size = len(value)
        else:
            told = self._read(value)
            names = [self._string(told[key]) for key in (_LONG_NAME, _SHORT_NAME, _SHOWN_NAME) if key in told]
            one.name = next(filter(None, names), one.name)
            one.content_type = self._string(told.get(_MIME, (_STRING, b""))).lower() or one.content_type
            one.size = one.size or len(told.get(_CONTENT, (_BINARY, b""))[1])

    def text(self) -> str:
        """The plain text; where it says nothing, the HTML, and then the rich text."""
        for read in (self._plain_text, self._html_text, self._rich_text):
            text = read()
            if text.strip():
                return text.replace("\r\n", "\n").replace("\r", "\n")
        return ""

    def _plain_text(self) -> str:
        return self._string(self._properties.get(_BODY, (_STRING, self._plain)))

    def _html_text(self) -> str:
        kind, value = self._properties.get(_HTML, (_BINARY, b""))
        if kind in (_STRING, _UNICODE):
            return html_to_text(self._string((kind, value)))
        number = self._properties.get(_HTML_CODEPAGE, (3, b""))[1]
        return html_to_text(self._decoded(value, charset_of(int.from_bytes(number, "little") or self._codepage)))

    def _rich_text(self) -> str:
        if _RTF not in self._properties:
            return ""
        source, whole = unpacked(self._properties[_RTF][1])
        self.found.whole = self.found.whole and whole
        return rtf_to_text(source, charset_of)

    def _string(self, value: Value) -> str:
        kind, data = value
        if kind == _UNICODE:
            return self._decoded(data[: len(data) & ~1], "utf-16-le").rstrip("\ufffd")  # the NUL at its end
        return self._decoded(data.rstrip(b"\0"), charset_of(self._codepage))

    def _decoded(self, data: bytes, charset: str) -> str:
        self.found.whole = self.found.whole and len(data) <= MAX_TEXT
        return decode_charset(data[:MAX_TEXT], charset)[0]

    def _may_go_on(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _read(self, data: bytes) -> dict[int, Value]:
        """The properties in ``data``, as many as can be read, the first of each."""
        found: dict[int, Value] = {}
        try:
            (count,), position = _NUMBER.unpack_from(data), 4
            for _ in range(count):  # each takes bytes away, or ends it
                if not self._may_go_on():
                    raise ValueError
                kind, id, position = _tag(data, position)
                value, position = _value(data, kind, position)
                found.setdefault(id, (kind & ~_MANY, value))
        except (error, ValueError):
            self.found.whole = False
        return found


def _tag(data: bytes, position: int) -> tuple[int, int, int]:
    """A property's type and id, and where its value begins; a named property's name is read over."""
    kind, id = _TAG.unpack_from(data, position)
    position += 4
    if id >= 0x8000:
        (by_name,) = _NUMBER.unpack_from(data, position + 16)
        (length,) = _NUMBER.unpack_from(data, position + 20)
        position += 24 + (_padded(length) if by_name else 0)
    return kind, id, position


def _value(data: bytes, kind: int, position: int) -> tuple[bytes, int]:
    """The first value, and where the next property begins. Raises for what is no value, or goes beyond the end."""
    plain = kind & ~_MANY
    is_varying = plain in (_OBJECT, _STRING, _UNICODE, _BINARY)
    if not is_varying and plain not in _SIZES:
        raise ValueError
    count = 1
    if is_varying or kind & _MANY:
        (count,) = _NUMBER.unpack_from(data, position)
        position += 4
    if not is_varying:
        each = 2 if plain == _SHORT and kind & _MANY else _SIZES[plain]
        first, end = data[position : position + each], position + _padded(each * count)
    else:
        first, end = _varying(data, count, position)
    if end > len(data):
        raise ValueError
    return first, end


def _varying(data: bytes, count: int, position: int) -> tuple[bytes, int]:
    if count > MAX_VALUES:
        raise ValueError
    first = b""
    for number in range(count):
        (length,) = _NUMBER.unpack_from(data, position)
        if number == 0:
            first = data[position + 4 : position + 4 + length]
        position += 4 + _padded(length)
    return first, position


def _padded(length: int) -> int:
    return length + -length % 4
