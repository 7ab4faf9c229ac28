"""What a mail that was found in a mailbox puts into the store: as one that passes the gateway does, but for copies and receipt."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from services.settings import ZONE
from services.store.interface import Arrival
from workflows.addresses import normalise
from workflows.audit import AuditRecord, keyed
from workflows.decision import Decision
from workflows.events import mail_decided, mail_received
from workflows.route import Move

CLIENT = "imap"  # where such a mail came from, instead of a client's address


def straight(
    decision: Decision, replay: str | None, content: bytes | Path, key: bytes, *, received_at: datetime, recorded_at: datetime
) -> Arrival:
    """A mail that lies in a mailbox and did not pass the gateway. ``content`` after the two mends."""
    mail = decision.mail
    return Arrival(
        decision=decision,
        received_at=received_at,
        day=received_at.astimezone(ZONE).date(),
        client=CLIENT,
        content=content,
        deliveries=(),
        events=(mail_received(mail.id or "", recorded_at, mail.size, 0), mail_decided(decision, recorded_at)),
        audit=(_audit("mail.found", decision, recorded_at, key),),
        framework_in_force=any(one.framework for one in decision.recipients),
        replay=replay,
    )


def routed(move: Move, content: bytes, key: bytes, came_at: datetime, *, placed: bool) -> Arrival:
    """A mail of an employee's mailbox, where it lay since ``came_at``, from here on in the books.

    ``placed``: the guard itself put it where it was redirected to, and the books tell so.
    """
    decision, at = move.decision, move.at
    count = len(decision.recipients) if placed else 0
    return replace(
        straight(decision, move.replay, content, key, received_at=at, recorded_at=at),
        placed=tuple(range(count)),
        events=(mail_received(decision.mail.id or "", at, decision.mail.size, count), mail_decided(decision, at)),
        audit=(_audit("mail.accepted", decision, at, key),),
        came_at=came_at,
    )


def _audit(action: str, decision: Decision, at: datetime, key: bytes) -> AuditRecord:
    """As of a mail that passes the gateway, and by which way it came."""
    mail = decision.mail
    data = {
        "sha256": mail.sha256,
        "sender": keyed(key, normalise(mail.envelope.sender)),
        "citizen": decision.sender.citizen,
        "recipients": [[keyed(key, normalise(one.address)), one.action, one.reason, one.framework] for one in decision.recipients],
        "receipt": False,
        "by": CLIENT,
    }
    return AuditRecord(at, "guard", action, mail.id or "", data)
