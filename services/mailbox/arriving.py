"""What a mail that was found in a mailbox puts into the store: as one that passes the gateway does, but for copies and receipt."""

from datetime import datetime

from services.settings import ZONE
from services.store.interface import Arrival
from workflows.addresses import normalise
from workflows.audit import AuditRecord, keyed
from workflows.decision import Decision
from workflows.events import mail_decided, mail_received
from workflows.route import Move

CLIENT = "imap"


def arrival(move: Move, content: bytes, key: bytes, came_at: datetime, *, placed: bool) -> Arrival:
    """``content`` after the two mends. ``placed``: the guard itself put it where it was redirected to, and the books tell so.

    ``came_at``: since when it lay in the employee's mailbox.
    """
    decision, at = move.decision, move.at
    mail = decision.mail
    count = len(decision.recipients) if placed else 0
    return Arrival(
        decision=decision,
        received_at=at,
        day=at.astimezone(ZONE).date(),
        client=CLIENT,
        content=content,
        deliveries=(),
        placed=tuple(range(count)),
        events=(mail_received(mail.id or "", at, mail.size, count), mail_decided(decision, at)),
        audit=(_audit(decision, at, key),),
        framework_in_force=any(one.framework for one in decision.recipients),
        replay=move.replay,
        came_at=came_at,
    )


def _audit(decision: Decision, at: datetime, key: bytes) -> AuditRecord:
    mail = decision.mail
    data = {
        "sha256": mail.sha256,
        "sender": keyed(key, normalise(mail.envelope.sender)),
        "citizen": decision.sender.citizen,
        "recipients": [[keyed(key, normalise(one.address)), one.action, one.reason, one.framework] for one in decision.recipients],
        "receipt": False,
        "by": CLIENT,
    }
    return AuditRecord(at, "guard", "mail.accepted", mail.id or "", data)
