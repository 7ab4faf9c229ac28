"""Whether the citizen gets a receipt.

A receipt goes only where a wrong one can do no harm: to an envelope sender who is the authenticated citizen, never to
lists, bounces, automatic mail or ourselves (RFC 3834, RFC 5230 4.5-4.8), and at most once in seven days.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from workflows.addresses import domain_of, normalise
from workflows.decision import Outcome, Receipt, Sender, Sentence, Step
from workflows.facts import Facts
from workflows.framework import ContactWindow
from workflows.mail import MAX_RECEIVED, Headers, Mail
from workflows.people import Grade, Role
from workflows.receipt_date import answer_by
from workflows.scope import person_key

ONCE_IN = timedelta(days=7)
ANSWER_WITHIN = 5  # working days, where the mailbox does not say
SYSTEM_NAMES = frozenset(
    {
        "mailer-daemon",
        "postmaster",
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "listserv",
        "majordomo",
        "bounce",
        "bounces",
    }
)
SYSTEM_STARTS = ("owner-", "bounce-", "bounces-", "noreply-", "no-reply-")
SYSTEM_ENDS = ("-request", "-owner", "-bounces", "-bounce", "-noreply", "-no-reply")
SUPPRESSED = frozenset({"all", "oof", "autoreply"})
TOLD = ("phone", "letter", "mail", "meeting", "answered", "not_reached")
"""How somebody told a citizen whom a receipt did not reach; ``not_reached``: they tried, and could not."""
_ENDING = ".k"  # of the id of a receipt's delivery

Obstacle = tuple[str, Sentence]


class _Asked(NamedTuple):
    mail: Mail
    sender: Sender
    moved: tuple[Outcome, ...]
    facts: Facts
    now: datetime


def receipt_id(mail: str) -> str:
    """The id of the delivery of the receipt for the mail of that id."""
    return mail + _ENDING


def is_receipt(delivery: str) -> bool:
    """Whether the delivery of that id is a receipt's."""
    return delivery.endswith(_ENDING)


def by_a_program(mail: Mail) -> bool:
    """Whether no person sent it: a report, an automatic answer or a list (RFC 3834 2, RFC 3464 2)."""
    headers = mail.headers
    return (
        not mail.envelope.sender or headers.content_type == "multipart/report" or bool(headers.list_fields) or is_automatic(headers)
    )


def is_automatic(headers: Headers) -> bool:
    """Whether it says itself that a program sent it."""
    return headers.auto_submitted not in {None, "no"} or headers.precedence in {"bulk", "junk", "list"}


def decide_receipt(mail: Mail, sender: Sender, outcomes: tuple[Outcome, ...], facts: Facts, now: datetime) -> tuple[Receipt, Step]:
    """The receipt with the step that explains it. ``Receipt.reason`` is the outcome's that would have called for one."""
    moved = tuple([one for one in outcomes if one.action == "redirect" and one.measure == "functional_mailbox"])
    if not moved:
        reason = outcomes[0].reason if outcomes else None
        return Receipt(reason=reason), Step("receipt", "no", NOT_MOVED)
    asked = _Asked(mail, sender, moved, facts, now)
    for check in OBSTACLES:
        if obstacle := check(asked):
            code, because = obstacle
            return Receipt(reason=moved[0].reason, blocked_by=code), Step("receipt", "no", because)
    [mailbox] = moved[0].deliver_to
    receipt = Receipt(True, mail.envelope.sender, mailbox, moved[0].reason, answer_by=_promised(asked, mailbox))
    return receipt, Step("receipt", "yes", SENT)


def _promised(asked: _Asked, mailbox: str) -> date:
    """By the deadline of the mailbox that has the mail, and the days on which the framework that moved it gives answers."""
    policy, framework = asked.facts.policy, asked.moved[0].framework
    frameworks = (one for file in asked.facts.files for one in file.frameworks if one.id == framework)
    window = {day for one in frameworks for measure in one.each(ContactWindow) for day in measure.days}
    days = policy.answer_within_days.get(normalise(mailbox), ANSWER_WITHIN)
    return answer_by(asked.now.astimezone(policy.zone).date(), days, window, policy.calendar)


NOT_MOVED = Sentence(
    "Mailen gik ikke til en funktionspostkasse, så der sendes ingen kvittering.",
    "The mail did not go to a functional mailbox, so no receipt is sent.",
)
SENT = Sentence(
    "Borgeren får en kvittering for, at mailen er kommet frem.", "The citizen gets a receipt that the mail has arrived."
)


def _bounce(asked: _Asked) -> Obstacle | None:
    report = asked.mail.headers.content_type == "multipart/report"
    if asked.mail.envelope.sender and not report:
        return None
    return "bounce", Sentence(
        "Mailen er en rapport om en anden mail. Dem kvitterer vi aldrig for.",
        "The mail is a report on another. Those never get a receipt.",
    )


def _system_address(asked: _Asked) -> Obstacle | None:
    local = normalise(asked.mail.envelope.sender).rpartition("@")[0]
    if local not in SYSTEM_NAMES and not local.startswith(SYSTEM_STARTS) and not local.endswith(SYSTEM_ENDS):
        return None
    return "system_address", Sentence("Afsenderen er en systemadresse.", "The sender is a system address.")


def _own_address(asked: _Asked) -> Obstacle | None:
    domain = domain_of(asked.mail.envelope.sender)
    if domain not in asked.facts.policy.domains and domain != asked.facts.policy.bounce_domain:
        return None
    return "own_address", Sentence("Afsenderen er kommunen selv.", "The sender is the municipality itself.")


def _automatic(asked: _Asked) -> Obstacle | None:
    headers = asked.mail.headers
    suppressed = {one.strip() for one in (headers.auto_response_suppress or "").split(",")}
    if not is_automatic(headers) and not suppressed & SUPPRESSED:
        return None
    return "auto_submitted", Sentence("Mailen er sendt automatisk.", "The mail was sent automatically.")


def _loop(asked: _Asked) -> Obstacle | None:
    if asked.mail.headers.received_count <= MAX_RECEIVED:
        return None
    return "loop", Sentence("Mailen går i ring og sendes retur.", "The mail goes in a circle and is returned.")


def _list(asked: _Asked) -> Obstacle | None:
    if not asked.mail.headers.list_fields:
        return None
    return "list", Sentence("Mailen kommer fra en mailliste.", "The mail comes from a mailing list.")


def _not_addressed(asked: _Asked) -> Obstacle | None:
    everyone = asked.facts.organisation, asked.facts.policy
    named = {person_key(one, *everyone) for one in asked.mail.headers.to}
    if any(person_key(one.address, *everyone) in named for one in asked.moved):
        return None
    return "not_addressed", Sentence(
        "Modtageren står hverken i mailens Til- eller Cc-felt.", "The recipient is in neither the To nor the Cc field."
    )


def _not_authenticated(asked: _Asked) -> Obstacle | None:
    sender = asked.sender
    if sender.grade is Grade.VERIFIED and sender.authenticated and sender.person_role in {Role.PARTY, Role.NON_PARTY}:
        return None
    return "not_authenticated", Sentence(
        "Vores egen mailserver har ikke bekræftet afsenderen.", "Our own mail server has not confirmed the sender."
    )


def _another_sender(asked: _Asked) -> Obstacle | None:
    envelope = normalise(asked.mail.envelope.sender)
    file = next((one for one in asked.facts.files if one.citizen.id == asked.sender.citizen), None)
    known = {normalise(one.address) for one in file.citizen.addresses if one.grade is Grade.VERIFIED} if file else set()
    if envelope in known and envelope in {normalise(one) for one in asked.mail.headers.from_addresses}:
        return None
    return "another_sender", Sentence(
        "Mailen er sendt fra en anden adresse end den, der står som afsender.",
        "The mail was sent from another address than the one that it names as its sender.",
    )


def _unknown(asked: _Asked) -> Obstacle | None:
    if asked.facts.receipts_known:
        return None
    return "receipts_unknown", Sentence(
        "Databasen kan ikke nås, så det vides ikke, om borgeren lige har fået en kvittering.",
        "The database is away, so it is not known whether the citizen has just got a receipt.",
    )


def _recently(asked: _Asked) -> Obstacle | None:
    last = asked.facts.last_receipt
    if last is None or asked.now - last >= ONCE_IN:
        return None
    return "recently_sent", Sentence(
        "Borgeren har fået en kvittering inden for de sidste syv dage.", "The citizen got a receipt within the last seven days."
    )


# In the order of RFC 3834 section 2: what must never be answered first, then who it would go to, then how often.
OBSTACLES: tuple[Callable[[_Asked], Obstacle | None], ...] = (
    _bounce,
    _loop,
    _automatic,
    _list,
    _system_address,
    _own_address,
    _not_addressed,
    _not_authenticated,
    _another_sender,
    _unknown,
    _recently,
)
