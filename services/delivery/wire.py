"""What goes over the wire: commands and the transparent form of the content (RFC 5321 4.5.2). No I/O but reading a file."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.dkim import Signer
from services.store.interface import Leased
from workflows.addresses import ascii_domain

CHUNK = 524_288  # bytes read and written at a time
SMALL = 65_536  # bytes up to which a content goes out in one write
END = b".\r\n"
SIGNED = frozenset({"receipt", "report"})  # kinds of mail


@dataclass(frozen=True, slots=True)
class Transaction:
    """One mail to one or more recipients. ``content`` has CRLF line ends; ``prepend`` goes before it as it is."""

    sender: str
    recipients: tuple[str, ...]
    prepend: bytes
    content: bytes | Path
    size: int  # octets of both, before dots are doubled (RFC 1870)
    smtputf8: bool = False
    eight_bit: bool = False
    sha256: str | None = None  # in hexadecimal, of what the file of ``content`` must hold


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a server said to EHLO, as far as we use it."""

    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    size: bool = False
    starttls: bool = False


def extensions(lines: tuple[bytes, ...]) -> Extensions:
    """Read the lines of a reply to EHLO; the first is the greeting."""
    words = {line.split(b" ", 1)[0].strip().upper() for line in lines[1:]}
    return Extensions(b"PIPELINING" in words, b"8BITMIME" in words, b"SMTPUTF8" in words, b"SIZE" in words, b"STARTTLS" in words)


def wire_address(address: str) -> str:
    """``address`` as a server without SMTPUTF8 may understand it: its domain in ASCII where it needs to be."""
    if address.isascii():
        return address
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}"


def is_sendable(address: str) -> bool:
    """Whether ``address`` can stand in a command without changing what the command is."""
    if address.isascii() and address.isprintable():
        return True
    try:
        return not any(one in _bytes(address) for one in b"\r\n\0")
    except UnicodeEncodeError:
        return False


def mail_from(mail: Transaction, offered: Extensions) -> bytes:
    """MAIL with the parameters that are offered and needed (RFC 1870, RFC 6152, RFC 6531)."""
    utf8 = offered.smtputf8 and (mail.smtputf8 or not (mail.sender + "".join(mail.recipients)).isascii())
    sender = mail.sender if utf8 else wire_address(mail.sender)
    size = f" SIZE={mail.size}" if offered.size else ""
    body = " BODY=8BITMIME" if offered.eight_bit and (mail.eight_bit or utf8) else ""
    return _bytes(f"MAIL FROM:<{sender}>{size}{body}{' SMTPUTF8' if utf8 else ''}\r\n")


def rcpt_to(address: str, offered: Extensions) -> bytes:
    """RCPT for ``address``."""
    return _bytes(f"RCPT TO:<{address if offered.smtputf8 else wire_address(address)}>\r\n")


def whole(mail: Transaction, content: bytes) -> bytes:
    """A small mail as it goes over the wire, with its closing dot."""
    first = b"." if content.startswith(b".") else b""
    end = END if content.endswith(b"\r\n") or (not content and mail.prepend) else b"\r\n" + END
    return b"".join((mail.prepend, first, _stuffed(content), end))


class Transparency:
    """Doubles leading dots in chunks, wherever a chunk ends."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = b"\r\n"  # the two octets before the next chunk

    def chunk(self, data: bytes) -> bytes:
        """``data`` with its leading dots doubled."""
        if not data:
            return data
        first = b"." if self._last.endswith(b"\n") and data.startswith(b".") else b""
        self._last = (self._last + data[-2:])[-2:]
        return first + _stuffed(data)

    def end(self) -> bytes:
        """The closing dot, on a line of its own."""
        return END if self._last == b"\r\n" else b"\r\n" + END


async def transaction(leases: Sequence[Leased], signer: Signer | None = None) -> Transaction:
    """The one mail that ``leases``, which differ in their addresses alone, are. Raises OSError where its file can't be found.

    What the guard writes to citizens is signed by ``signer`` as it leaves; what others wrote never is.
    """
    one, content = leases[0].delivery, leases[0].content
    prepend = one.prepend
    if signer and one.kind in SIGNED and isinstance(content, bytes):
        prepend = await signer.field(content) + prepend
    size = len(content) if isinstance(content, bytes) else (await asyncio.to_thread(content.stat)).st_size
    return Transaction(
        sender=one.envelope_from,
        recipients=tuple([lease.delivery.address for lease in leases]),
        prepend=prepend,
        content=content,
        size=len(prepend) + size,
        smtputf8=one.smtputf8,
        eight_bit=one.eight_bit,
        sha256=leases[0].sha256,
    )


class ContentChanged(OSError):
    """A file does not hold the bytes that were received."""


async def pieces(content: bytes | Path, sha256: str | None = None) -> AsyncIterator[bytes]:
    """The content in chunks; a file is read in a thread, never whole.

    Raises OSError where it can't be read, and after its last chunk ``ContentChanged`` where its digest is not ``sha256``.
    """
    if isinstance(content, bytes):
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]
        return
    digest = hashlib.sha256()
    file: BinaryIO = await asyncio.to_thread(content.open, "rb", 0)

    def read() -> bytes:
        data = file.read(CHUNK)
        digest.update(data)
        return data

    try:
        while data := await asyncio.to_thread(read):
            yield data
    finally:
        file.close()
    if sha256 is not None and digest.hexdigest() != sha256:
        raise ContentChanged


def _stuffed(data: bytes) -> bytes:
    """``data`` with the dots doubled that begin its lines but the first; most data has none, and ``rfind`` is quickest to tell."""
    return data if data.rfind(b"\n.") < 0 else data.replace(b"\n.", b"\n..")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
