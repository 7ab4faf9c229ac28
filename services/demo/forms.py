"""How the sample mails look on the wire: plain, HTML, invitation, bounce, broken, huge; the upstream's fields on top."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime, parseaddr
from html import escape
from quopri import encodestring
from typing import Any

AUTHSERV_ID = "mx.eksempel.dk"
BIG = 3_000_000  # bytes of the big attachment, before base64
LONG_LINE = 20_000  # characters; RFC 5322 allows 998
_BOUNDARY = "=_eksempel_0001"

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Written:
    """One entry of ``content/mails.toml``, handed over by the upstream at ``at``."""

    at: datetime
    name: str
    title: str
    shows: str
    from_: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    form: str
    auth: str
    headers: tuple[tuple[str, str], ...]
    expect: dict[str, tuple[str, str]]

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any], at: datetime) -> "Written":
        """The entry with its defaults: the envelope follows the header unless it is given."""
        to, cc = tuple(entry["to"]), tuple(entry.get("cc", ()))
        return cls(
            at=at,
            name=entry["name"],
            title=entry["title"],
            shows=entry["shows"],
            from_=entry["from"],
            to=to,
            cc=cc,
            sender=entry.get("sender", parseaddr(entry["from"])[1]),
            recipients=tuple(entry.get("recipients", [parseaddr(one)[1] for one in (*to, *cc)])),
            subject=entry.get("subject", ""),
            text=entry.get("text", ""),
            form=entry.get("form", "plain"),
            auth=entry.get("auth", "pass"),
            headers=tuple((name, value) for name, value in entry.get("headers", ())),
            expect={address: _expected(written) for address, written in entry["expect"].items()},
        )

    @property
    def domain(self) -> str:
        """The domain of the From address."""
        return parseaddr(self.from_)[1].rpartition("@")[2]


def _expected(written: str) -> tuple[str, str]:
    action, reason = written.split()
    return action, reason


def composed(written: Written) -> bytes:
    """The mail as the upstream hands it over: CRLF line ends, its trace fields on top."""
    fields, body = FORMS[written.form](written)
    raw = written.form in ("utf8_headers", "broken")
    lines = [*_trace(written), *_head(written, raw), *fields]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return head.encode("cp1252" if written.form == "broken" else "utf-8") + b"\r\n" + body


def _trace(written: Written) -> Fields:
    host = f"mail.{written.domain}"
    by = f"by {AUTHSERV_ID} (Postfix) with ESMTPS id {_queue_id(written.name)}"
    received = f"from {host} ({host} [192.0.2.25])\r\n\t{by};\r\n\t{format_datetime(written.at)}"
    return [*_authentication(written), ("Received", received)]


def _queue_id(name: str) -> str:
    return format(sum(ord(one) << (number % 24) for number, one in enumerate(name)), "X").zfill(10)


def _authentication(written: Written) -> Fields:
    """What the upstream found out about the sender, and in the forged case what the sender claims that somebody found."""
    domain = written.domain
    checks = ("spf={0} smtp.mailfrom=", "dkim={0} header.d=", "dmarc={0} header.from=")
    ours = ";\r\n\t".join((AUTHSERV_ID, *(check + domain for check in checks)))
    match written.auth:
        case "absent":
            return []
        case "forged":
            claimed = (
                f"mx.fremmed.example; spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
            )
            return [("Authentication-Results", ours.format("fail")), ("Authentication-Results", claimed)]
        case result:
            return [("Authentication-Results", ours.format(result))]


def _head(written: Written, raw: bool) -> Fields:
    shown: Callable[[str], str] = str if raw else _encoded
    fields = [("From", _mailbox(written.from_, shown)), ("To", ", ".join(_mailbox(one, shown) for one in written.to))]
    if written.cc:
        fields.append(("Cc", ", ".join(_mailbox(one, shown) for one in written.cc)))
    fields += [
        ("Subject", shown(written.subject)),
        ("Date", format_datetime(written.at - timedelta(seconds=4))),
        ("Message-ID", f"<{written.name}@{written.domain}>"),
    ]
    return [*fields, *written.headers]


def _mailbox(written: str, shown: Callable[[str], str]) -> str:
    name, address = parseaddr(written)
    return f"{shown(name)} <{address}>" if name else address


def _encoded(text: str) -> str:
    """As RFC 2047 encoded words where it is not ASCII, folded with CRLF."""
    return text if text.isascii() else Header(text, "utf-8").encode(linesep="\r\n")


def _crlf(text: str) -> str:
    return text.strip("\n").replace("\n", "\r\n") + "\r\n"


def _text_fields(subtype: str, charset: str, encoding: str) -> Fields:
    return [
        ("MIME-Version", "1.0"),
        ("Content-Type", f"text/{subtype}; charset={charset}"),
        ("Content-Transfer-Encoding", encoding),
    ]


def _quoted_printable(text: str) -> bytes:
    return encodestring(text.strip("\n").encode()).replace(b"\n", b"\r\n") + b"\r\n"


def _plain(written: Written) -> tuple[Fields, bytes]:
    return _text_fields("plain", "utf-8", "quoted-printable"), _quoted_printable(written.text)


def _utf8(written: Written) -> tuple[Fields, bytes]:
    return _text_fields("plain", "utf-8", "8bit"), _crlf(written.text).encode()


def _cp1252(written: Written) -> tuple[Fields, bytes]:
    return _text_fields("plain", "windows-1252", "8bit"), _crlf(written.text).encode("cp1252")


def _html(written: Written) -> tuple[Fields, bytes]:
    paragraphs = "".join(f"<p>{escape(one)}</p>\n" for one in written.text.strip().split("\n\n"))
    page = f"<html><head><style>p {{color: #333}}</style></head><body>\n{paragraphs}</body></html>\n"
    return _text_fields("html", "utf-8", "quoted-printable"), _quoted_printable(page)


def _empty(written: Written) -> tuple[Fields, bytes]:
    return [], b""


def _long(written: Written) -> tuple[Fields, bytes]:
    line = " ".join(written.text.split())
    return _text_fields("plain", "utf-8", "8bit"), (line * (LONG_LINE // len(line) + 1) + "\r\n").encode()


def _multipart(kind: str, *parts: tuple[Fields, bytes]) -> tuple[Fields, bytes]:
    """A multipart body (RFC 2046 5.1); ``kind`` is its subtype with further parameters."""
    body = b""
    for fields, content in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        body += f"--{_BOUNDARY}\r\n{head}\r\n".encode() + content + (b"" if content.endswith(b"\r\n") else b"\r\n")
    fields = [("MIME-Version", "1.0"), ("Content-Type", f'multipart/{kind}; boundary="{_BOUNDARY}"')]
    return fields, body + f"--{_BOUNDARY}--\r\n".encode()


def _part(fields: Fields, body: bytes) -> tuple[Fields, bytes]:
    return [one for one in fields if one[0] != "MIME-Version"], body


def _attachment(written: Written) -> tuple[Fields, bytes]:
    """A scanned document of about 3 MB, the same bytes every time."""
    scan = b"%PDF-1.4\n" + bytes(range(256)) * (BIG // 256)
    fields = [
        ("Content-Type", 'application/pdf; name="dokumentation.pdf"'),
        ("Content-Disposition", 'attachment; filename="dokumentation.pdf"'),
        ("Content-Transfer-Encoding", "base64"),
    ]
    return _multipart("mixed", _part(*_plain(written)), (fields, base64.encodebytes(scan).replace(b"\n", b"\r\n")))


def _invitation(written: Written) -> tuple[Fields, bytes]:
    """A meeting request (RFC 5546) beside its text, for half an hour in a week."""
    stamp, start, end = (
        f"{written.at.astimezone(UTC) + later:%Y%m%dT%H%M%SZ}"
        for later in (timedelta(), timedelta(days=7), timedelta(days=7, minutes=30))
    )
    calendar = "\r\n".join(
        (
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Eksempel//Demo//DA", "METHOD:REQUEST", "BEGIN:VEVENT",
            f"UID:{written.name}@{written.domain}", f"DTSTAMP:{stamp}", f"DTSTART:{start}", f"DTEND:{end}",
            f"SUMMARY:{written.subject}", f"ORGANIZER:mailto:{written.sender}",
            *(f"ATTENDEE;RSVP=TRUE:mailto:{one}" for one in written.recipients), "END:VEVENT", "END:VCALENDAR", "",
        )
    )  # fmt: skip
    fields = [("Content-Type", "text/calendar; charset=utf-8; method=REQUEST"), ("Content-Transfer-Encoding", "8bit")]
    return _multipart("alternative", _part(*_plain(written)), (fields, calendar.encode()))


def _bounce(written: Written) -> tuple[Fields, bytes]:
    """A delivery status notification (RFC 3464)."""
    recipient = f"Final-Recipient: rfc822; ukendt@{written.domain}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    status = f"Reporting-MTA: dns; mail.{written.domain}\r\n\r\n{recipient}"
    original = "From: per@eksempel.dk\r\nSubject: =?utf-8?q?M=C3=B8de?=\r\nMessage-ID: <svar-1@eksempel.dk>\r\n"
    return _multipart(
        "report; report-type=delivery-status",
        _part(*_plain(written)),
        ([("Content-Type", "message/delivery-status")], status.encode()),
        ([("Content-Type", "text/rfc822-headers")], original.encode()),
    )


def _broken(written: Written) -> tuple[Fields, bytes]:
    """Raw 8-bit fields, a field without a colon, a boundary that never comes back, an unknown charset, bad base64."""
    fields, _ = _multipart("mixed")
    declared = "Content-Type: text/plain; charset=ukendt-42\r\nContent-Transfer-Encoding: base64\r\n"
    start = f"--{_BOUNDARY}\r\n{declared}\r\n*** ikke base64 ***\r\n"
    second = f"--{_BOUNDARY}\r\nContent-Type: text/plain\r\nDette er ikke et felt\r\n\r\n"
    return fields, start.encode() + second.encode() + _crlf(written.text).encode("cp1252") + b"\x00\xff\xfe\r\n"


FORMS: Mapping[str, Callable[[Written], tuple[Fields, bytes]]] = {
    "plain": _plain,
    "utf8": _utf8,
    "utf8_headers": _utf8,
    "cp1252": _cp1252,
    "html": _html,
    "empty": _empty,
    "long": _long,
    "attachment": _attachment,
    "invitation": _invitation,
    "bounce": _bounce,
    "broken": _broken,
}
