"""A notice as a mail: what came, what the system did, what is expected of you (often nothing), who has it now.

Danish first, with the same in English beneath. The words come from config/notices; the values that go into them are ids and
addresses of our own.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from string import Template
from typing import Any, Literal

from workflows import plain_mail
from workflows.addresses import domain_of
from workflows.notices import About, Notice
from workflows.receipt_mail import MONTHS, MONTHS_EN

RULE = "- - -"
Language = Literal["both", "da", "en"]


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


def compose(notice: Notice, head: Letterhead, now: datetime, *, seen: str = "", language: Language = "both") -> bytes:
    """The notice as an RFC 5322 mail with CRLF line ends. The same notice has the same Message-ID, however often it is made.

    ``seen`` is the link by which its reader says that they have seen it.
    """
    written = [_written(notice, text, head) for text in _texts(head, language)]
    fields = _fields(notice, head, now, written[0][0], language) | _name(notice.dedupe, head)
    return _mail(fields, [body for _, body in written], _seen(head, seen, language))


def compose_many(
    notices: Sequence[Notice], head: Letterhead, now: datetime, *, seen: str = "", language: Language = "both"
) -> bytes:
    """Several notices to one person as one mail that counts them."""
    written = [_counted(notices, text, head) for text in _texts(head, language)]
    name = "\n".join(sorted(one.dedupe for one in notices))
    fields = _fields(notices[0], head, now, written[0][0], language) | _name(name, head)
    return _mail(fields, [body for _, body in written], _seen(head, seen, language))


def brief(notices: Sequence[Notice], head: Letterhead, seen: str, language: Language) -> tuple[str, str]:
    """Title and text for a chat, in one language: what came and what is expected."""
    text = _texts(head, language)[0]
    if len(notices) > 1:
        title, body = _counted(notices, text, head)
    else:
        title, _ = _written(notices[0], text, head)
        parts, values = NoticeText(text.words[notices[0].kind]), _values(notices[0].about, text, head)
        came = " ".join(one for one in (parts.of("came", values), _size(notices[0].about, text)) if one)
        expected = parts.of(_expected(notices[0], parts), values)
        body = f"{expected} {came}" if notices[0].urgency == "now" else f"{came} {expected}"
    return title, "\n\n".join(one for one in (body, text.of("seen", {"url": seen}) if seen else "") if one)


def to_do(notice: Notice, text: NoticeText) -> str | None:
    """The one thing that is expected of its reader, where that can be said without naming anything that it is about."""
    parts = NoticeText(text.words[notice.kind])
    said = str(parts.words[_expected(notice, parts)])
    return None if "$" in said else said


def subject(notice: Notice, head: Letterhead, language: Language) -> str:
    """What its mail is headed by, in one language: the first of them."""
    return _written(notice, _texts(head, language)[0], head)[0]


def _texts(head: Letterhead, language: Language) -> tuple[NoticeText, ...]:
    return {"da": (head.danish,), "en": (head.english,), "both": (head.danish, head.english)}[language]


def _fields(notice: Notice, head: Letterhead, now: datetime, subject: str, language: Language) -> dict[str, str]:
    return {
        "From": f"Rammevagt <{head.sender}>",
        "To": notice.to,
        "Subject": subject,
        "Date": format_datetime(now),
        "Auto-Submitted": "auto-generated",  # RFC 3834
        "X-Auto-Response-Suppress": "All",
        "Content-Language": "da, en" if language == "both" else language,
    }


def _name(named: str, head: Letterhead) -> dict[str, str]:
    name = hashlib.sha256(named.encode()).hexdigest()[:32]
    return {"Message-ID": f"<{name}.notice@{domain_of(head.sender)}>"}


def _seen(head: Letterhead, url: str, language: Language) -> list[str]:
    return [text.of("seen", {"url": url}) if url else "" for text in _texts(head, language)]


def _mail(fields: Mapping[str, str], bodies: Sequence[str], links: Sequence[str]) -> bytes:
    whole = [f"{body}\n\n{link}".rstrip() for body, link in zip(bodies, links, strict=True)]
    return plain_mail.compose(tuple(fields.items()), f"\n\n{RULE}\n\n".join(whole) + "\n")


def _counted(notices: Sequence[Notice], text: NoticeText, head: Letterhead) -> tuple[str, str]:
    """Subject and body for several: each kind and case once, with how often."""
    titles = Counter(_written(one, text, head)[0] for one in notices)
    many, count = NoticeText(text.words["many"]), {"count": str(len(notices))}
    lines = [many.of("line", {"count": str(times), "title": title}) for title, times in titles.items()]
    subject = many.of("subject_one" if len(titles) == 1 else "subject", count | {"title": next(iter(titles))})
    paragraphs = [text.of("greeting", {}), many.of("came", count), "\n".join(lines), many.of("expected", {}), many.of("who", {})]
    values = _values(notices[0].about, text, head)
    return subject, "\n\n".join(one for one in (*paragraphs, text.of("regards", values)) if one)


def _written(notice: Notice, text: NoticeText, head: Letterhead) -> tuple[str, str]:
    """Subject and body in one language."""
    about, parts = notice.about, NoticeText(text.words[notice.kind])
    values = _values(about, text, head)
    now = notice.urgency == "now"
    subject = parts.of("subject_now" if now and "subject_now" in parts.words else "subject", values)
    found = [text.of("signs", values)] * bool(about.signals) + [text.of("rights_found", values)] * bool(about.rights)
    found += [text.of("meeting", values)] * (about.meeting and notice.kind != "meeting_asked")
    expected = parts.of(_expected(notice, parts), values)
    paragraphs = [
        text.of("greeting", values),
        _again(notice, parts, text),
        expected if now else "",  # first the one thing to do
        " ".join(one for one in (parts.of("came", values), _size(about, text)) if one),
        parts.of("done", values),
        *found,
        "" if now else expected,
        parts.of("who_after" if about.people and "who_after" in parts.words else "who", values),
        parts.of("shaken", values) if "shaken" in parts.words and _may_shake(notice) else "",
        parts.of("reference", values) if "reference" in parts.words else _reference(about, text, values),
        text.of("regards", values),
    ]
    return subject, "\n\n".join(one for one in paragraphs if one)


def _again(notice: Notice, parts: NoticeText, text: NoticeText) -> str:
    """Why it comes once more, or to somebody new; a mail is what most are about."""
    key = f"told_{notice.about.again}"
    return (parts if key in parts.words else text).of(key, {}) if notice.about.again else ""


def _may_shake(notice: Notice) -> bool:
    """A caseworker is told what to do if it is too much, whatever came; a leader where there is something to see."""
    return notice.role == "caseworker" or notice.about.level in ("red", "yellow")


def _size(about: About, text: NoticeText) -> str:
    """How much came, in figures alone."""
    if about.size is None:
        return ""
    megabytes = about.size / 1_000_000
    size = f"{megabytes:.1f} MB".replace(".", str(text.words["decimal"])) if megabytes >= 1 else f"{-(-about.size // 1000)} kB"
    key = ("attachments_none", "attachments_one", "attachments_many")[min(about.attachments, 2)]
    return text.of("size", {"size": size, "attachments": text.of(key, {"count": str(about.attachments)})})


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
