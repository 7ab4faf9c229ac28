"""Makes winmail.dat ([MS-OXTNEF]) as Outlook does, as far as tests need it."""

import struct

from workflows.reading.rtf import _DICTIONARY

SIGNATURE = b"\x78\x9f\x3e\x22\x01\x00"
BODY, HTML, RTF, HTML_CODEPAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
LONG_NAME, MIME, CONTENT = 0x3707, 0x370E, 0x3701


def attribute(id: int, value: bytes, level: int = 1) -> bytes:
    return struct.pack("<BII", level, id, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def varying(value: bytes) -> bytes:
    return struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)


def string(id: int, text: str, codec: str = "cp1252") -> bytes:
    return struct.pack("<HH", 0x1E, id) + varying(text.encode(codec) + b"\0")


def unicode(id: int, text: str) -> bytes:
    return struct.pack("<HH", 0x1F, id) + varying(text.encode("utf-16-le") + b"\0\0")


def binary(id: int, value: bytes) -> bytes:
    return struct.pack("<HH", 0x0102, id) + varying(value)


def number(id: int, value: int) -> bytes:
    return struct.pack("<HHI", 3, id, value)


def named(text: str) -> tuple[bytes, bytes]:
    """A named property, by its name, and one by its number, before those that matter: a reader must get over them."""
    name = text.encode("utf-16-le") + b"\0\0"
    by_name = struct.pack("<HH16sII", 0x1E, 0x8001, b"g" * 16, 1, len(name)) + name + b"\0" * (-len(name) % 4) + varying(b"v\0")
    return by_name, struct.pack("<HH16sIII", 3, 0x8002, b"g" * 16, 0, 7, 7)


def properties(*written: bytes, count: int | None = None) -> bytes:
    return struct.pack("<I", len(written) if count is None else count) + b"".join(written)


def message(*written: bytes) -> bytes:
    return attribute(0x00069003, properties(*written))


def attachment(title: str, data: bytes, *written: bytes) -> bytes:
    start = attribute(0x00069002, b"\0" * 14, 2)
    told = attribute(0x00018010, title.encode("cp1252") + b"\0", 2) + attribute(0x0006800F, data, 2)
    return start + told + (attribute(0x00069005, properties(*written), 2) if written else b"")


def winmail(*attributes: bytes, codepage: int = 1252) -> bytes:
    return SIGNATURE + attribute(0x00069007, struct.pack("<II", codepage, 0)) + b"".join(attributes)


def compressed(source: bytes) -> bytes:
    """Rich text, compressed: each time the longest of what came before, as [MS-OXRTFCP] 3.2 has it."""
    tokens: list[tuple[bool, bytes]] = []
    text, at = _DICTIONARY + source, len(_DICTIONARY)
    while at < len(text):
        length = next(
            (n for n in range(min(17, len(text) - at), 1, -1) if text.find(text[at : at + n], max(0, at - 4000), at) >= 0), 0
        )
        if length:
            found = text.find(text[at : at + length], max(0, at - 4000), at)
            tokens.append((True, struct.pack(">H", found % 4096 << 4 | length - 2)))
        else:
            tokens.append((False, text[at : at + 1]))
        at += length or 1
    tokens.append((True, struct.pack(">H", at % 4096 << 4)))
    packed = b"".join(
        bytes([sum(is_reference << bit for bit, (is_reference, _) in enumerate(tokens[n : n + 8]))])
        + b"".join(token for _, token in tokens[n : n + 8])
        for n in range(0, len(tokens), 8)
    )
    return struct.pack("<II4sI", len(packed) + 12, len(source), b"LZFu", crc(packed)) + packed


def crc(data: bytes) -> int:
    """[MS-OXRTFCP] 2.1.3.2: the usual polynomial, from nothing and without the last turn."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value
