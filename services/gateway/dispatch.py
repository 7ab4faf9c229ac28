"""From a decision to what goes on disk: the copies, their envelope senders and header fields, events and audit entry.

No I/O: values in, an ``Arrival`` out. Each final address gets one copy of a mail, however many recipients it stands for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from services.gateway.receipts import receipt_mail, undelivered
from services.gateway.received import Received
from services.gather import receipt_key
from services.store.interface import Arrival, Bounced, NewDelivery, Redirection
from workflows.addresses import normalise
from workflows.audit import AuditRecord, keyed
from workflows.decision import Decision, Outcome, Reason
from workflows.events import Event, mail_decided, mail_received, mail_stuck, mailbox_unreachable
from workflows.facts import Facts
from workflows.mail import MAX_RECEIVED
from workflows.receipt import ONCE_IN
from workflows.receipt_mail import ReceiptText
from workflows.replay import is_known, kept
from workflows.return_path import sign

STUCK_AGAIN = timedelta(hours=4)  # until a copy that no mailbox kept is sent again
LOOP = "5.4.6 Routing loop detected"
_UNSAFE = re.compile(r"[^A-Za-z0-9.:\-\[\]_]")


@dataclass(frozen=True, slots=True)
class Desk:
    """What stays the same from mail to mail: the guard's name, its key, and the words of the receipt."""

    hostname: str
    key: bytes
    receipt: ReceiptText


class _Copy(NamedTuple):
    """One final address, the numbers of the recipients whose mail ends there, and the outcomes among them that were moved."""

    address: str
    numbers: tuple[int, ...]
    moved: list[Outcome]
    concerned: Outcome


def arrival(received: Received, decision: Decision, facts: Facts, homes: Mapping[str, Redirection], desk: Desk) -> Arrival:
    """Everything that ``received`` puts on disk.

    ``homes`` maps our return addresses among the recipients (normalised) to the copies and receipts that they name, and that the
    mail says did not arrive.
    """
    deliveries = _deliveries(received, decision, facts, desk)
    bounced = tuple(_bounced(received, homes, facts, desk)) if homes else ()
    outgoing = (receipt_mail(received, decision, facts, desk.key, desk.receipt),) if decision.receipt.send else ()
    sender = receipt_key(desk.key, decision.mail.envelope.sender) if outgoing else None
    return Arrival(
        decision=decision,
        received_at=received.received_at,
        day=received.received_at.astimezone(facts.policy.zone).date(),
        client=received.client,
        content=received.content,
        deliveries=deliveries,
        outgoing=outgoing,
        bounced=bounced,
        events=_events(received, decision, bounced),
        audit=(_audit(received, decision, desk), *[_moved_on(one, received.received_at) for one in bounced]),
        receipt_sender=sender,
        receipt_not_since=received.received_at - ONCE_IN if outgoing else None,
        arrived=_arrived(decision, facts) if facts.returns else (),
        undelivered=undelivered(received, homes) if homes else (),
        framework_in_force=any([one.framework for one in decision.recipients]),
        replay=kept(decision.mail, facts) if is_known(decision) else None,
    )


def trace_field(received: Received, hostname: str) -> bytes:
    """Our ``Received`` field (RFC 5321 4.4). No ``for``: it would show blind-copied recipients to each other."""
    helo = _UNSAFE.sub("?", received.helo)[:255] or "unknown"
    client = f"[IPv6:{received.client}]" if ":" in received.client else f"[{received.client}]"
    date = _date(received.received_at.replace(microsecond=0))
    by = f"by {hostname} (Rammevagt) with {received.protocol}"
    return f"Received: from {helo} ({client})\r\n\t{by}\r\n\tid {received.id}; {date}\r\n".encode()


@lru_cache(maxsize=4)
def _date(second: datetime) -> str:
    """The date of RFC 5322; many mails share a second."""
    return format_datetime(second)


def _deliveries(received: Received, decision: Decision, facts: Facts, desk: Desk) -> tuple[NewDelivery, ...]:
    """The trace field goes last: a mail that begins with a space continues it, and could else write into a field of ours."""
    top = f"X-Rammevagt-Id: {received.id}\r\n".encode()
    if Reason.NOT_EVALUATED in [one.reason for one in decision.recipients]:
        top += b"X-Rammevagt-Status: not-evaluated\r\n"
    trace = trace_field(received, desk.hostname)
    loops = decision.mail.headers.received_count > MAX_RECEIVED
    refuse = LOOP if loops else None
    copies = [one for one in _copies(_as_addressed(decision) if loops else decision.recipients) if not facts.ends_here(one.address)]
    return tuple(
        [
            NewDelivery(
                id=f"{received.id}.{place}",
                mail=received.id,
                content=received.id,
                kind="mail",
                hop="next",
                envelope_from=_envelope_sender(received, copy, facts, desk, place),
                address=copy.address,
                prepend=b"".join([top, *[_original(one.address) for one in copy.moved], trace]),
                due=received.received_at,
                serves=copy.numbers,
                fallbacks=_fallbacks(received, copy, facts),
                smtputf8=received.smtputf8,
                eight_bit=received.eight_bit,
                redirected=bool(copy.moved),
                unit=copy.concerned.unit,
                framework=copy.concerned.framework,
                refuse=refuse,
            )
            for place, copy in enumerate(copies)
        ]
    )


def _arrived(decision: Decision, facts: Facts) -> tuple[int, ...]:
    return tuple([n for n, one in enumerate(decision.recipients) if facts.ends_here(one.deliver_to[0])])


def _as_addressed(decision: Decision) -> tuple[Outcome, ...]:
    """A mail that goes in a circle is given back for the address that was written, wherever it would have gone."""
    return tuple(one._replace(action="deliver", deliver_to=(one.address,)) for one in decision.recipients)


def _copies(outcomes: tuple[Outcome, ...]) -> list[_Copy]:
    ends: dict[str, list[int]] = {}
    for number, outcome in enumerate(outcomes):
        (to,) = outcome.deliver_to
        ends.setdefault(normalise(to), []).append(number)
    return [_copy(outcomes, numbers) for numbers in ends.values()]


def _copy(outcomes: tuple[Outcome, ...], numbers: list[int]) -> _Copy:
    first = outcomes[numbers[0]]
    moved = [outcomes[n] for n in numbers if outcomes[n].action == "redirect"]
    return _Copy(first.deliver_to[0], tuple(numbers), moved, moved[0] if moved else first)


def _original(address: str) -> bytes:
    return b"X-Rammevagt-Original-Recipient: " + address.encode("utf-8", "surrogateescape") + b"\r\n"


def _envelope_sender(received: Received, copy: _Copy, facts: Facts, desk: Desk, place: int) -> str:
    """The sender's own; ours, signed, on redirected mail; none on what came home (a report about a report goes nowhere)."""
    if not copy.moved:
        return received.envelope.sender
    if any(normalise(one.address) in facts.returns for one in copy.moved):
        return ""
    return sign(desk.key, f"{received.id}.{place}", facts.policy.bounce_domain)


def _fallbacks(received: Received, copy: _Copy, facts: Facts) -> tuple[str, ...]:
    """Where the copy goes when its address fails for good (contract, "Ends that are left")."""
    if received.envelope.sender and not copy.moved:
        return ()
    concerned = facts.organisation.units.get(copy.concerned.unit or "")
    main = concerned.main_mailbox if concerned else None
    comes_home = not copy.moved or normalise(copy.concerned.address) in facts.returns
    ways = [main, facts.policy.postmaster if comes_home else copy.concerned.address]
    here = normalise(copy.address)
    return tuple(dict.fromkeys(one for one in ways if one and normalise(one) != here))


def _bounced(received: Received, homes: Mapping[str, Redirection], facts: Facts, desk: Desk) -> Iterator[Bounced]:
    """The redirected copies whose report came home, sent on to their next way while their content is kept.

    Where no way is left, the last one is tried again, later: people are told, and it stays in the queue until they have helped.
    """
    for place, home in enumerate(homes.values()):
        old = home.delivery
        if old.kind != "mail" or not home.content_kept:
            continue
        id_ = f"{received.id}.h{place}"
        stuck = not old.fallbacks
        to, *rest = old.fallbacks or (old.address,)
        yield Bounced(
            old.id,
            NewDelivery(
                id=id_,
                mail=old.mail,
                content=old.content,
                kind="mail",
                hop="next",
                envelope_from=sign(desk.key, id_, facts.policy.bounce_domain),
                address=to,
                prepend=old.prepend,
                due=received.received_at + (STUCK_AGAIN if stuck else timedelta()),
                serves=old.serves,
                fallbacks=tuple(rest),
                smtputf8=old.smtputf8,
                eight_bit=old.eight_bit,
                redirected=old.redirected if stuck else bool(rest),  # the last way is the address that the citizen wrote to
                stuck=stuck,
                unit=old.unit,
                framework=old.framework,
            ),
        )


def _events(received: Received, decision: Decision, bounced: tuple[Bounced, ...]) -> tuple[Event, ...]:
    at = received.received_at
    born = (mail_received(received.id, at, received.size, len(received.envelope.recipients)), mail_decided(decision, at))
    return (*born, *[_came_home(one, at) for one in bounced]) if bounced else born


def _came_home(one: Bounced, at: datetime) -> Event:
    """A copy that comes home again and again has one name for ever, so that people are told of it once."""
    way = one.replacement
    if way.stuck:
        return mail_stuck(f"{way.mail}.home{way.serves[0]}.stuck", at, way.mail, _copy_of(one))
    return mailbox_unreachable(f"{way.id}.unreachable", at, way.mail, _copy_of(one))


def _copy_of(one: Bounced) -> dict[str, str | None]:
    return {"delivery": one.delivery, "unit": one.replacement.unit, "framework": one.replacement.framework}


def _moved_on(one: Bounced, at: datetime) -> AuditRecord:
    what = "mail.stuck" if one.replacement.stuck else "mailbox.unreachable"
    return AuditRecord(at, "guard", what, one.replacement.mail, _copy_of(one))


_known = lru_cache(maxsize=4096)(keyed)  # the same few write and are written to again and again


def _audit(received: Received, decision: Decision, desk: Desk) -> AuditRecord:
    recipients = [[_known(desk.key, normalise(one.address)), one.action, one.reason, one.framework] for one in decision.recipients]
    data = {
        "sha256": received.sha256,
        "sender": _known(desk.key, normalise(received.envelope.sender)),
        "citizen": decision.sender.citizen,
        "recipients": recipients,
        "receipt": decision.receipt.send,
    }
    return AuditRecord(received.received_at, "guard", "mail.accepted", received.id, data)
