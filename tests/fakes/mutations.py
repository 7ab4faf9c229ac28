"""Breaks mails as the world does, and as somebody would who wants to: seeded, so that each breakage can be had again."""

import random
import re
from collections.abc import Callable

CHARSETS = (b"utf-7", b"utf-16", b"iso-2022-jp", b"hz", b"x-unknown", b"utf-8", b"us-ascii", b"koi8-r", b"punycode", b"rot13", b"")
ENCODINGS = (b"base64", b"quoted-printable", b"8bit", b"x-uuencode", b"binary, base64")
_CHARSET = re.compile(rb"(?i)(charset\s*=\s*)\"?[^\s;\"]*\"?")
_ENCODING = re.compile(rb"(?i)(content-transfer-encoding:[ \t]*)[^\r\n]*")
_BOUNDARY = re.compile(rb"(?im)^--[^\r\n]{1,70}$")
_FIELD = re.compile(rb"(?m)^[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*")

Mutation = Callable[[bytes, random.Random], bytes]


def flipped_bits(mail: bytes, chance: random.Random) -> bytes:
    changed = bytearray(mail)
    for _ in range(max(1, len(mail) // 200)):
        changed[chance.randrange(len(mail))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(mail: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.choices(range(len(mail) + 1), k=2))
    return chance.choice((mail[:start], mail[:start] + mail[end:], mail[end:]))


def doubled_fields(mail: bytes, chance: random.Random) -> bytes:
    fields = _FIELD.findall(mail[:20_000]) or [b"From: a@example.net\n"]
    chosen = chance.choices(fields, k=chance.choice((1, 3, 200)))
    return b"".join(chosen) + mail


def spliced_boundaries(mail: bytes, chance: random.Random) -> bytes:
    lines = _BOUNDARY.findall(mail) or [b"--b"]
    for _ in range(chance.choice((1, 5, 50))):
        at = chance.randrange(len(mail) + 1)
        line = chance.choice(lines) + chance.choice((b"", b"--", b" ", b"x"))
        mail = mail[:at] + b"\n" + line + b"\n" + mail[at:]
    return mail


def lying_charsets(mail: bytes, chance: random.Random) -> bytes:
    mail = _CHARSET.sub(lambda match: match[1] + chance.choice(CHARSETS), mail)
    return _ENCODING.sub(lambda match: match[1] + chance.choice(ENCODINGS), mail)


def huge_folds(mail: bytes, chance: random.Random) -> bytes:
    name = chance.choice((b"From", b"To", b"Subject", b"References", b"Content-Type", b"Authentication-Results", b"X-A"))
    piece = chance.choice(
        (b" a@b.dk,", b" <x@y>", b" (", b' "', b" =?utf-8?q?=C3?=", b" ;a*0*=b", b" ", b" mx.eksempel.dk; dmarc=pass")
    )
    return name + b":" + chance.choice((b"\r\n", b"\n", b"")).join([piece] * chance.choice((10, 3_000, 20_000))) + b"\r\n" + mail


def shuffled_lines(mail: bytes, chance: random.Random) -> bytes:
    lines = mail.split(b"\n")
    return b"\n".join(chance.sample(lines, len(lines)))


MUTATIONS: tuple[Mutation, ...] = (
    flipped_bits,
    cut,
    doubled_fields,
    spliced_boundaries,
    lying_charsets,
    huge_folds,
    shuffled_lines,
)


def mutated(mail: bytes, seed: str) -> bytes:
    """One to three breakages of ``mail``, chosen by ``seed``."""
    chance = random.Random(seed)
    for mutation in chance.choices(MUTATIONS, k=chance.choice((1, 1, 2, 3))):
        mail = mutation(mail or b"\r\n", chance)
    return mail
