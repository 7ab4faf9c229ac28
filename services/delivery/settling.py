"""What becomes of a delivery after an attempt: the contract's ends that are left, decided without I/O.

Passed-through mail that finally fails is returned with a report; with a null sender it goes on to people of ours.
Redirected mail tries its fallbacks, and when none is left it stays queued and is raised to people: it is never returned,
because that would tell the citizen where it went. Our own mails fail visibly; where a receipt does, people are told, since the
citizen was not. Event ids come from the delivery's id and
what happened, so that a retry makes the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

from services.delivery.outcomes import Accepted, Postponed, Refused, Result, SetAside, Unreached
from services.store.interface import (
    Attempt,
    Deferred,
    Delivered,
    DeliveryOutcome,
    Failed,
    Hop,
    Leased,
    NewDelivery,
    OutgoingMail,
    Rerouted,
    Returned,
    Undelivered,
)
from services.store.values import WhyUndelivered
from workflows.addresses import domain_of, normalise
from workflows.audit import AuditRecord
from workflows.backoff import aside_delay, gives_up, hop_delay, retry_delay
from workflows.events import Event
from workflows.reports import FailedRecipient, Report, compose

EXPIRED = "4.4.7"  # delivery time expired (RFC 3463 3.5)
ACTOR = "guard"


@dataclass(frozen=True, slots=True)
class House:
    """Who we are, where it shows in what is sent back. ``domains`` are ours, in ASCII.

    ``postmaster`` is where our own undeliverable reports and mail without a sender end.
    """

    domains: frozenset[str]
    bounce_domain: str
    sender: str
    reporting_mta: str
    postmaster: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision about a failed attempt needs beside it.

    ``chance`` is in [0, 1). ``report_id`` and ``headers`` (the original's header section) are used where a report is sent;
    ``hop_failures`` says how often in a row the hop was away; ``patient``: the clock was set, so nothing is too old to be tried on.
    """

    house: House
    now: datetime
    chance: float
    report_id: str
    headers: bytes = b""
    hop_failures: int = 1
    patient: bool = False


def delivered(lease: Leased, now: datetime) -> Attempt:
    """The hop took it. Mail of citizens and notices are told of by an event; receipts and reports are only recorded."""
    one = lease.delivery
    if one.kind == "mail":
        data = {"delivery": one.id, "recipients": list(one.serves), "action": "redirect" if one.redirected else "deliver"}
        event = Event(f"{one.id}.delivered", "mail.delivered", one.mail, now, {"mail": one.mail, **data})
        audit = AuditRecord(now, ACTOR, "mail.delivered", one.mail, data)
        return Attempt(one.id, lease.lease, Delivered(now), events=(event,), audit=(audit,))
    if one.kind == "notice":
        event = Event(f"{one.id}.sent", "notification.sent", one.mail, now, {"mail": one.mail, "delivery": one.id})
        return Attempt(one.id, lease.lease, Delivered(now), events=(event,))
    return Attempt(one.id, lease.lease, Delivered(now))


def settle(lease: Leased, result: Result, about: Circumstances) -> Attempt:  # noqa: PLR0911 - one for each result
    """The outcome of one attempt, with the events, audit entries and report born with it."""
    match result:
        case Accepted():
            return delivered(lease, about.now)
        case Refused():
            return _refused(lease, result, about)
        case Postponed() if _is_too_old(lease, about):
            return _refused(lease, Refused(EXPIRED, result.error), about)
        case Postponed():
            return _deferred(lease, result.error, retry_delay(lease.attempts + 1, about.chance), about)
        case Unreached() if _is_too_old(lease, about):
            return _expired_unreached(lease, result, about)
        case Unreached():
            return _deferred(lease, result.error, hop_delay(about.hop_failures, about.chance), about, counts=False)
        case SetAside():
            return _set_aside(lease, result, about)
        case _:
            assert_never(result)


def _set_aside(lease: Leased, result: SetAside, about: Circumstances) -> Attempt:
    error = f"set aside: the guard died {result.crashes} times while sending it; it is tried again alone"
    if _is_too_old(lease, about):
        return _refused(lease, Refused(EXPIRED, error), about)
    return _stuck(lease, error, aside_delay(result.crashes), about, counts=False, why="set_aside")


def _is_too_old(lease: Leased, about: Circumstances) -> bool:
    return not about.patient and gives_up(lease.queued_at, about.now)


def needs_headers(lease: Leased, result: Result, now: datetime, *, patient: bool) -> bool:
    """Whether settling sends a report, which carries the original's headers."""
    too_old = not patient and gives_up(lease.queued_at, now)
    final = isinstance(result, Refused) or (not isinstance(result, Accepted) and too_old)
    return final and lease.delivery.kind == "mail" and bool(lease.original_sender) and not lease.delivery.redirected


def _expired_unreached(lease: Leased, result: Unreached, about: Circumstances) -> Attempt:
    """No mailbox is to blame when the hop is away, so what is ours to keep waits on where it is."""
    if lease.delivery.kind == "mail" and (not lease.original_sender or _is_ours(lease, about.house)):
        return _stuck(lease, result.error, hop_delay(about.hop_failures, about.chance), about, counts=False)
    return _refused(lease, Refused(EXPIRED, result.error), about)


def _refused(lease: Leased, refusal: Refused, about: Circumstances) -> Attempt:
    one = lease.delivery
    match one.kind:
        case "mail" if _is_ours(lease, about.house):
            return _fall_back(lease, refusal, about)
        case "mail" if not lease.original_sender:
            return _to_people(lease, refusal, about)
        case "mail":
            return _returned(lease, refusal, about)
        case "report" if normalise(one.address) != about.house.postmaster:
            outcome = Rerouted(about.house.postmaster, (), about.now, refusal.error, redirected=False, hop="next")
            return Attempt(one.id, lease.lease, outcome)
        case "receipt":
            why: WhyUndelivered = "expired" if refusal.status == EXPIRED else "refused"
            failed = Undelivered(one.id, one.mail, one.unit, about.now, why)
            return Attempt(one.id, lease.lease, Failed(about.now, refusal.error), undelivered=failed)
        case "report" | "notice":
            return Attempt(one.id, lease.lease, Failed(about.now, refusal.error))
        case _:
            assert_never(one.kind)


def _is_ours(lease: Leased, house: House) -> bool:
    """Whether the guard moved this copy: then its end is the guard's to find, even at the address that the sender wrote."""
    one = lease.delivery
    return one.redirected or (one.envelope_from != lease.original_sender and domain_of(one.envelope_from) == house.bounce_domain)


def _fall_back(lease: Leased, refusal: Refused, about: Circumstances) -> Attempt:
    one = lease.delivery
    left = _without(one.fallbacks, one.address)
    if not left:
        return _stuck(lease, refusal.error, retry_delay(lease.attempts + 1, about.chance), about)
    is_original = normalise(left[0]) in {normalise(original) for original in lease.originals}
    outcome = Rerouted(left[0], left[1:], about.now, refusal.error, redirected=not is_original)
    data = {"delivery": one.id, "unit": one.unit, "framework": one.framework, "status": refusal.status}
    return _attempt(lease, outcome, "mailbox.unreachable", about.now, data)


def _to_people(lease: Leased, refusal: Refused, about: Circumstances) -> Attempt:
    """Mail without a sender to return it to goes to the unit's main mailbox, else to the postmaster."""
    one = lease.delivery
    left = _without(one.fallbacks or (about.house.postmaster,), one.address)
    if not left:
        return _stuck(lease, refusal.error, retry_delay(lease.attempts + 1, about.chance), about)
    data = {"delivery": one.id, "status": refusal.status}
    audit = AuditRecord(about.now, ACTOR, "mail.rerouted", one.mail, data)
    return Attempt(one.id, lease.lease, Rerouted(left[0], left[1:], about.now, refusal.error), audit=(audit,))


def _without(fallbacks: tuple[str, ...], address: str) -> tuple[str, ...]:
    return tuple(one for one in fallbacks if normalise(one) != normalise(address))


def _stuck(
    lease: Leased, error: str, delay: timedelta, about: Circumstances, *, counts: bool = True, why: str | None = None
) -> Attempt:
    """People are told of it once, and of our own mail not at all: that would be one more."""
    outcome = Deferred(about.now + delay, error, counts=counts, stuck=True)
    one = lease.delivery
    if lease.stuck or one.kind != "mail":
        return Attempt(one.id, lease.lease, outcome)
    data = {"delivery": one.id, "unit": one.unit, "framework": one.framework} | ({"why": why} if why else {})
    return _attempt(lease, outcome, "mail.stuck", about.now, data)


def _deferred(lease: Leased, error: str, delay: timedelta, about: Circumstances, counts: bool = True) -> Attempt:
    outcome = Deferred(about.now + delay, error, counts=counts, stuck=lease.stuck)
    return Attempt(lease.delivery.id, lease.lease, outcome)


def _returned(lease: Leased, refusal: Refused, about: Circumstances) -> Attempt:
    one = lease.delivery
    data = {"delivery": one.id, "recipients": list(one.serves), "status": refusal.status}
    attempt = _attempt(lease, Returned(about.now, refusal.error), "mail.returned", about.now, data)
    return Attempt(one.id, lease.lease, attempt.outcome, (_report(lease, refusal, about),), attempt.events, attempt.audit)


def _report(lease: Leased, refusal: Refused, about: Circumstances) -> OutgoingMail:
    to = lease.original_sender
    reply = refusal.error if refusal.error[:3].isdigit() else ""
    failed = tuple(FailedRecipient(address, refusal.status, reply) for address in lease.originals or (lease.delivery.address,))
    house = about.house
    report = Report(about.report_id, about.now, house.reporting_mta, house.sender, to, lease.queued_at, failed, about.headers)
    hop: Hop = "next" if domain_of(to) in house.domains else "internet"
    delivery = NewDelivery(
        id=about.report_id,
        mail=lease.delivery.mail,
        content=about.report_id,
        kind="report",
        hop=hop,
        envelope_from="",
        address=to,
        prepend=b"",
        due=about.now,
        smtputf8=not to.isascii(),
        eight_bit=not to.isascii(),
    )
    return OutgoingMail(compose(report), delivery, dedupe=f"report:{lease.delivery.id}")


def _attempt(lease: Leased, outcome: DeliveryOutcome, what: str, now: datetime, data: dict[str, Any]) -> Attempt:
    """An attempt that is told of by an event and an audit entry with the same ``data``."""
    one = lease.delivery
    again = f".{len(outcome.fallbacks)}" if isinstance(outcome, Rerouted) else ""  # it can happen once for each fallback
    id = f"{one.id}.{what.rpartition('.')[2]}{again}"
    event = Event(id, what, one.mail, now, {"mail": one.mail, **data})
    return Attempt(one.id, lease.lease, outcome, events=(event,), audit=(AuditRecord(now, ACTOR, what, one.mail, data),))
