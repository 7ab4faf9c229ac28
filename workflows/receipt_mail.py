"""The receipt to the citizen (*kvittering*), as a mail.

It says that the mail has come, who reads it and by when an answer can be expected. Of frameworks, cases, employees and
of what the citizen wrote it says nothing: e-mail proves nobody's identity, and others may read it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from string import Template

from workflows.decision import Receipt
from workflows.facts import Policy
from workflows.mail import Headers
from workflows.plain_mail import compose

_MESSAGE_ID = re.compile(r"<[!-~]{1,250}>\Z")  # what may stand in a field of ours: no space, no line break, ASCII
PLACEHOLDERS = frozenset(
    {
        "mailbox",
        "received_date",
        "received_time",
        "answer_by",
        "received_date_en",
        "received_time_en",
        "answer_by_en",
        "municipality",
    }
)
DAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")
DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober", "november", "december")
MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class ReceiptText:
    """The municipality's own words: ``subject`` and ``body`` with the placeholders of ``PLACEHOLDERS`` (``string.Template``)."""

    subject: str
    body: str


def compose_receipt(
    receipt: Receipt, headers: Headers, text: ReceiptText, *, policy: Policy, now: datetime, message_id: str
) -> bytes:
    """The receipt as an RFC 5322 mail with CRLF line ends. It quotes nothing of what it answers, not even the subject.

    Raises ``ValueError`` for a receipt that is not to be sent.
    """
    mailbox, citizen, promised = receipt.mailbox, receipt.to, receipt.answer_by
    if mailbox is None or citizen is None or promised is None:
        raise ValueError("no receipt is to be sent")
    values = _values(mailbox, promised, policy, now)
    words = Template(text.body).safe_substitute(values)
    fields = [
        ("From", mailbox),
        ("To", citizen),
        ("Subject", Template(text.subject).safe_substitute(values)),
        ("Date", format_datetime(now)),
        ("Message-ID", message_id),
        *_thread(headers),
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "junk"),
    ]
    return compose(fields, words)


def _thread(headers: Headers) -> Iterator[tuple[str, str]]:
    """RFC 5322 3.6.4, as far as the ids that we answer are such as may stand in a field of ours."""
    if headers.message_id and _MESSAGE_ID.match(headers.message_id):
        yield "In-Reply-To", headers.message_id
        yield "References", " ".join([*filter(_MESSAGE_ID.match, headers.references[-10:]), headers.message_id])


def _values(mailbox: str, promised: date, policy: Policy, now: datetime) -> dict[str, str]:
    local = now.astimezone(policy.zone)
    return {
        "mailbox": mailbox,
        "municipality": policy.municipality,
        "received_date": _day(local),
        "received_time": local.strftime("%H.%M"),
        "answer_by": f"{DAYS[promised.weekday()]} den {_day(promised)}",
        "received_time_en": local.strftime("%H:%M"),
        "received_date_en": _day_en(local),
        "answer_by_en": f"{DAYS_EN[promised.weekday()]} {_day_en(promised)}",
    }


def _day(day: date) -> str:
    return f"{day.day}. {MONTHS[day.month - 1]} {day.year}"


def _day_en(day: date) -> str:
    return f"{day.day} {MONTHS_EN[day.month - 1]} {day.year}"
