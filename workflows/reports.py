"""Delivery status reports to the sender of mail that finally failed (RFC 3464 in a multipart/report, RFC 6522).

The report names the address that the sender wrote, and nothing of where else the mail may have been: it says no more
than any mail system would say of a mailbox that could not be reached. It is 7-bit throughout but for a sender's own
internationalised address, so that it passes every server on the way back.
"""

import quopri
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from workflows.addresses import domain_of

HEADERS_LIMIT = 65_536  # bytes of the original's header section that a report carries
LINE_LIMIT = 998  # RFC 5322 2.1.1
NAME = "Mail Delivery System"
SUBJECT = "Din mail kunne ikke afleveres / Your mail could not be delivered"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_BLANK_LINE = re.compile(rb"\r\n\r\n")


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """One recipient whom the mail didn't reach.

    ``address`` is as the sender wrote it, ``status`` an enhanced code (RFC 3463), ``reply`` the last server's answer without
    addresses, or empty where the guard itself refused.
    """

    address: str
    status: str
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a report tells. ``headers`` is the original's header section, cut where it is too long."""

    id: str
    at: datetime
    reporting_mta: str
    sender: str  # our own address, in From
    to: str
    arrived: datetime
    recipients: tuple[FailedRecipient, ...]
    headers: bytes


def header_section(content: bytes) -> bytes:
    """The header section at the start of ``content``, each line with its CRLF, cut at a line's end where it is over the limit."""
    blank = _BLANK_LINE.search(content)
    section = content[: blank.start() + 2] if blank else content
    if content.startswith(b"\r\n"):
        return b""
    if len(section) <= HEADERS_LIMIT and section.endswith(b"\r\n"):
        return section
    return section[: section.rfind(b"\r\n", 0, HEADERS_LIMIT) + 2] if b"\r\n" in section[:HEADERS_LIMIT] else b""


def compose(report: Report) -> bytes:
    """The whole report, with CRLF line ends. Pure and total."""
    boundary = f"=_rammevagt_{report.id}"
    parts = (_letter(report), _status(report), _original(report.headers))
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return _header(report, boundary) + body + b"--" + boundary.encode() + b"--\r\n"


def _header(report: Report, boundary: str) -> bytes:
    fields = (
        f"Date: {format_datetime(report.at)}",
        f"From: {NAME} <{report.sender}>",
        f"To: <{_one_line(report.to)}>",
        f"Subject: {SUBJECT}",
        f"Message-ID: <{report.id}@{domain_of(report.sender)}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="{boundary}"',
    )
    return _bytes("".join(f"{field}\r\n" for field in fields) + "\r\n")


def _letter(report: Report) -> bytes:
    addresses = "".join(f"    {_one_line(one.address)}\n" for one in report.recipients)
    text = (
        "Din mail kunne desværre ikke afleveres til:\n\n"
        f"{addresses}\n"
        "Du er velkommen til at kontrollere adressen og sende mailen igen, eller at kontakte\n"
        "os på en anden måde. De tekniske oplysninger er vedhæftet.\n\n"
        "--\n\n"
        "We are sorry that your mail could not be delivered to:\n\n"
        f"{addresses}\n"
        "You are welcome to check the address and send the mail again, or to contact us in\n"
        "another way. The technical details are attached.\n"
    )
    return b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + _quoted(_bytes(text))


def _status(report: Report) -> bytes:
    about = f"Reporting-MTA: dns; {report.reporting_mta}\r\nArrival-Date: {format_datetime(report.arrived)}\r\n"
    each = "".join(f"\r\n{_recipient(one)}" for one in report.recipients)
    return b"Content-Type: message/delivery-status\r\n\r\n" + _bytes(about + each)


def _recipient(one: FailedRecipient) -> str:
    address = _typed(one.address)
    lines = [f"Original-Recipient: {address}", f"Final-Recipient: {address}", "Action: failed", f"Status: {one.status}"]
    if one.reply:
        lines.append(f"Diagnostic-Code: smtp; {_one_line(one.reply)}")
    return "".join(f"{line}\r\n" for line in lines)


def _typed(address: str) -> str:
    """The address with its type; an internationalised one in the 7-bit form of RFC 6533 3 (utf-8-addr-xtext)."""
    plain = _one_line(address)
    if plain.isascii():
        return f"rfc822; {plain}"
    return "utf-8; " + "".join(one if "!" <= one <= "~" and one not in "\\+=" else f"\\x{{{ord(one):02X}}}" for one in plain)


def _original(headers: bytes) -> bytes:
    if headers.isascii() and b"\0" not in headers and max(map(len, headers.split(b"\r\n"))) <= LINE_LIMIT:
        return b"Content-Type: text/rfc822-headers\r\n\r\n" + headers
    head = b"Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head + _quoted(headers.replace(b"\r\n", b"\n"))


def _quoted(text: bytes) -> bytes:
    return quopri.encodestring(text).replace(b"\n", b"\r\n")


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
