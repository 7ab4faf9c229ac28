"""Canaries: small mails of the guard to a watched mailbox, by which it sees that mail still gets there (setting ``canary``).

A login that works proves little: mail may be lost on its way, or a rule may file it elsewhere. A canary goes the way of redirected
mail and is looked for where people read. What carries a canary's token is no mail of anybody's; so the token is signed, for one
mailbox and instant, and is believed for as long as a mail may wait in a queue.
"""

import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from workflows import plain_mail
from workflows.addresses import domain_of
from workflows.audit import keyed

FIELD = "X-Rammevagt-Canary"
PATIENCE = timedelta(minutes=15)
BELIEVED = timedelta(days=6)  # a copy waits 5 days at most in the guard's queue, and then in the server's

SUBJECT = "Prøvemail fra Rammevagt - skal ikke læses"
TEXT = (
    "Denne mail kommer fra kommunens mailvagt, Rammevagt. Vagten sender en hver time for at se, om mail stadig når frem til"
    " postkassen. I skal ikke gøre noget ved den.\n\nVil I ikke se prøvemailene her, så få IT til at lave en regel, der lægger dem"
    f" i papirkurven efter en time. De kendes på feltet {FIELD}."
)
TEXT_EN = (
    "This mail comes from the municipality's mail guard, Rammevagt. The guard sends one every hour to see that mail still reaches"
    " the mailbox. You need do nothing about it.\n\nIf you would rather not see these mails here, ask IT for a rule that puts them"
    f" in the bin after an hour. They are known by the field {FIELD}."
)


def hour_of(now: datetime) -> datetime:
    """There is one canary an hour, of UTC, however many processes watch."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def token(key: bytes, code: str, sent_at: datetime) -> str:
    """Of the canary that was sent at that instant (whole seconds) to the mailbox ``code``."""
    seconds = int(sent_at.timestamp())
    return f"{seconds}.{_signature(key, code, seconds)}"


def sent_at(token: str | None, key: bytes, code: str, came_at: datetime) -> datetime | None:
    """When the canary with this token was sent; None where ``token`` is none of ours, for another mailbox, or used again later."""
    number, _, signature = (token or "").partition(".")
    if not number.isdecimal() or len(number) > 11 or not hmac.compare_digest(signature, _signature(key, code, int(number))):
        return None
    sent = datetime.fromtimestamp(int(number), UTC)
    return sent if abs(came_at - sent) <= BELIEVED else None


def _signature(key: bytes, code: str, seconds: int) -> str:
    return keyed(key, f"canary:{code}:{seconds}")


def is_missing(waits_since: datetime | None, now: datetime) -> bool:
    """Whether the canary that was sent then should have been found by now; None: none is waited for."""
    return waits_since is not None and now - waits_since > PATIENCE


def compose(mailbox: str, sender: str, token: str, now: datetime) -> bytes:
    """The mail, with CRLF line ends."""
    fields = (
        ("From", f"Rammevagt <{sender}>"),
        ("To", mailbox),
        ("Subject", SUBJECT),
        ("Date", format_datetime(now)),
        ("Message-ID", f"<{token}.canary@{domain_of(sender)}>"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834
        ("X-Auto-Response-Suppress", "All"),
        (FIELD, token),
        ("Content-Language", "da, en"),
    )
    return plain_mail.compose(fields, f"{TEXT}\n\n- - -\n\n{TEXT_EN}\n")
