"""What a decision was made of besides the register: kept with the mail, so that it can be decided again (law 7).

Of the mail it holds what ``decide`` reads: the envelope and some header fields, never a subject or a body.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from workflows.decision import Decision, Reason
from workflows.facts import CitizenFile, Facts, Organisation, Policy
from workflows.mail import Envelope, Headers, Mail

MailOutcome = Literal["delivered", "redirected", "observed", "not_evaluated"]
"""What was decided about a mail as a whole: everything as addressed; something elsewhere; something would have gone elsewhere, but
for a framework on trial; nobody could decide."""
_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


class Replay(NamedTuple):
    """A past mail with what was known beside the register; fields as in ``Facts``."""

    mail: Mail
    received_at: datetime
    last_receipt: datetime | None = None
    returns: Mapping[str, str] = MappingProxyType({})
    clock_wrong: bool = False
    snapshot_expired: bool = False
    receipts_known: bool = True

    def facts(self, policy: Policy, organisation: Organisation, files: tuple[CitizenFile, ...]) -> Facts:
        """The facts with a register."""
        return Facts(
            policy,
            organisation,
            files,
            self.last_receipt,
            self.returns,
            clock_wrong=self.clock_wrong,
            snapshot_expired=self.snapshot_expired,
            receipts_known=self.receipts_known,
        )


def kept(mail: Mail, facts: Facts) -> str:
    """As JSON in ASCII, but for what the mail's own row holds. ``restored`` reads it."""
    sender, recipients = mail.envelope
    headers = mail.headers._replace(in_reply_to=None, references=(), return_path=None, sender=None)  # decide reads none of them
    last = facts.last_receipt.isoformat() if facts.last_receipt else None
    doubts = facts.clock_wrong, facts.snapshot_expired, facts.receipts_known
    return _encode((sender, recipients, headers, last, dict(facts.returns), doubts))


def restored(document: str, *, id: str, sha256: str, received_at: datetime) -> Replay:
    """What ``kept`` was given. The mail is as decided, without its size and the header fields that deciding never reads."""
    sender, recipients, headers, last, returns, doubts = json.loads(document)
    fields = Headers._make(tuple(one) if isinstance(one, list) else one for one in headers)
    mail = Mail(sha256, Envelope(sender, tuple(recipients)), fields, id)
    return Replay(mail, received_at, datetime.fromisoformat(last) if last else None, returns, *doubts)


def is_known(decision: Decision) -> bool:
    """Whether the sender is, or may be, somebody in the register."""
    return decision.sender.citizen is not None or bool(decision.sender.candidates)


def outcome_of(decision: Decision) -> MailOutcome:
    """What was decided about the mail as a whole."""
    reasons = {one.reason for one in decision.recipients}
    if Reason.NOT_EVALUATED in reasons:
        return "not_evaluated"
    if any(one.action == "redirect" for one in decision.recipients):
        return "redirected"
    return "observed" if Reason.OBSERVE_ONLY in reasons else "delivered"
