"""A notice as a mail: what came, what the system did, what is expected of you (often nothing), who has it now.

Danish first, with the same in English beneath. The words come from config/notices; the values that go into them are ids and
addresses of our own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from string import Template
from typing import Any

from workflows import plain_mail
from workflows.addresses import domain_of
from workflows.notices import About, Notice
from workflows.receipt_mail import MONTHS, MONTHS_EN

RULE = "- - -"


@dataclass(frozen=True, slots=True)
class NoticeText:
    """One language's words: the tables of config/notices/da.toml or en.toml."""

    words: Mapping[str, Any]

    def of(self, key: str, values: Mapping[str, str]) -> str:
        """The phrase ``key`` with ``values`` put in."""
        return Template(str(self.words[key])).safe_substitute(values)

    def listed(self, found: tuple[str, ...]) -> str:
        """ "a, b og c"."""
        *first, last = found or ("",)
        return f"{', '.join(first)} {self.words['and']} {last}" if first else last


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes."""

    sender: str
    municipality: str
    danish: NoticeText
    english: NoticeText


def compose(notice: Notice, head: Letterhead, now: datetime) -> bytes:
    """The notice as an RFC 5322 mail with CRLF line ends. The same notice has the same Message-ID, however often it is made."""
    subject, danish = _written(notice, head.danish, head)
    _, english = _written(notice, head.english, head)
    name = hashlib.sha256(notice.dedupe.encode()).hexdigest()[:32]
    fields = (
        ("From", f"Rammevagt <{head.sender}>"),
        ("To", notice.to),
        ("Subject", subject),
        ("Date", format_datetime(now)),
        ("Message-ID", f"<{name}.notice@{domain_of(head.sender)}>"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", "da, en"),
    )
    return plain_mail.compose(fields, f"{danish}\n\n{RULE}\n\n{english}\n")


def _written(notice: Notice, text: NoticeText, head: Letterhead) -> tuple[str, str]:
    """Subject and body in one language."""
    about, parts = notice.about, NoticeText(text.words[notice.kind])
    values = _values(about, text, head)
    now = notice.urgency == "now"
    subject = parts.of("subject_now" if now and "subject_now" in parts.words else "subject", values)
    found = [text.of("signs", values)] * bool(about.signals) + [text.of("rights_found", values)] * bool(about.rights)
    found += [text.of("meeting", values)] * (about.meeting and notice.kind != "meeting_asked")
    paragraphs = [
        text.of("greeting", values),
        parts.of("came", values),
        parts.of("done", values),
        *found,
        parts.of(_expected(notice, parts), values),
        parts.of("who_after" if about.people and "who_after" in parts.words else "who", values),
        parts.of("reference", values) if "reference" in parts.words else _reference(about, text, values),
        text.of("regards", values),
    ]
    return subject, "\n\n".join(one for one in paragraphs if one)


def _reference(about: About, text: NoticeText, values: Mapping[str, str]) -> str:
    note = text.of("content_note", values) if about.mail not in about.frameworks else ""
    return f"{text.of('reference', values)} {note}".rstrip()


def _expected(notice: Notice, parts: NoticeText) -> str:
    about = notice.about
    wanted = []
    if notice.urgency == "now":
        wanted.append("expected_now")
    if about.level == "yellow":
        wanted.append("expected_yellow")
    if about.rights or about.level == "yellow":
        wanted.append("expected_attention")
    return next((key for key in wanted if key in parts.words), "expected")


def _values(about: About, text: NoticeText, head: Letterhead) -> dict[str, str]:
    return {
        "matter": _matter(about, text),
        "when": _when(about.at, text, english=text is head.english),
        "people": text.listed(about.people),
        "where": text.listed(about.where),
        "framework": text.listed(about.frameworks),
        "citizen": about.citizen or "",
        "leader": about.leader or str(text.words["nobody"]),
        "unit": about.unit or str(text.words["no_unit"]),
        "mail": about.mail,
        "day": _date(about.day, english=text is head.english) if about.day else "",
        "due": _when(about.due, text, english=text is head.english) if about.due else "",
        "right": text.words["rights"].get(about.right, about.right or ""),
        "count": str(about.count),
        "signals": text.listed(tuple(text.words["signals"].get(one, one) for one in about.signals)),
        "rights": text.listed(tuple(text.words["rights"].get(one, one) for one in about.rights)),
        "point": text.words["points"].get(about.point, about.point or ""),
        "municipality": head.municipality,
    }


def _matter(about: About, text: NoticeText) -> str:
    key = "no_case" if not about.cases else "case" if len(about.cases) == 1 else "cases"
    return text.of(key, {"case": text.listed(about.cases)})


def _when(at: datetime, text: NoticeText, *, english: bool) -> str:
    return text.of("on", {"date": _date(at, english=english), "time": at.strftime("%H:%M" if english else "%H.%M")})


def _date(day: date, *, english: bool) -> str:
    return f"{day.day} {MONTHS_EN[day.month - 1]} {day.year}" if english else f"{day.day}. {MONTHS[day.month - 1]} {day.year}"
