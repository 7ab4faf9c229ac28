"""What was decided about a mail, and why: the values behind ``decide --json`` and ``explain --json``."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from workflows.mail import Mail
from workflows.people import Grade, Role


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence for people, in Danish and in English."""

    da: str
    en: str

    def wire(self) -> dict[str, str]:
        """As JSON."""
        return {"da": self.da, "en": self.en}


class Reason(StrEnum):
    """Why a recipient's mail goes where it goes. A closed list (contract)."""

    FRAMEWORK_APPLIES = "framework_applies"
    NO_FRAMEWORK = "no_framework"
    NOT_IN_FORCE = "not_in_force"
    OUTSIDE_SCOPE = "outside_scope"
    MOVES_NO_MAIL = "moves_no_mail"
    OTHER_CASE_OPEN = "other_case_open"
    SENDER_UNKNOWN = "sender_unknown"
    SENDER_NOT_VERIFIED = "sender_not_verified"
    REPRESENTATIVE = "representative"
    RELATIVE = "relative"
    AUTHORITY = "authority"
    INTERNAL_SENDER = "internal_sender"
    OPEN_ADDRESS = "open_address"
    OBSERVE_ONLY = "observe_only"
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence about who wrote, such as ``registered_address`` or ``authentication``."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as far as can be told. ``citizen`` is None where an address belongs to several: see ``candidates``."""

    citizen: str | None = None
    person_role: Role = Role.UNKNOWN
    grade: Grade = Grade.NONE
    authenticated: bool = False  # our own upstream vouches for the From domain
    evidence: tuple[Evidence, ...] = ()
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one envelope recipient's mail does. ``deliver_to`` holds exactly one address."""

    address: str
    action: Literal["deliver", "redirect"]
    deliver_to: tuple[str, ...]
    reason: Reason
    explanation: Sentence
    framework: str | None = None
    measure: str | None = None
    unit: str | None = None  # the unit concerned: its main mailbox is the fallback, its leader is told
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Whether the citizen gets a receipt. ``blocked_by`` is a code of ``workflows.receipt`` where one would else be sent."""

    send: bool = False
    to: str | None = None
    mailbox: str | None = None
    reason: Reason | None = None
    blocked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that looked: what it found, for which recipient (None: for the mail as a whole)."""

    rule: str
    outcome: Literal["yes", "no"]
    because: Sentence
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole decision for one mail. ``recipients`` has one entry per envelope recipient, in envelope order."""

    mail: Mail
    sender: Sender
    recipients: tuple[Outcome, ...]
    receipt: Receipt
    trace: tuple[Step, ...]

    def wire(self) -> dict[str, Any]:
        """The decided part of the contract's JSON; the assessed part is null until ``workflows.assess`` has run."""
        return {
            "mail": {
                "id": self.mail.id,
                "sha256": self.mail.sha256,
                "message_id": self.mail.headers.message_id,
                "envelope_from": self.mail.envelope.sender,
                "header_from": list(self.mail.headers.from_addresses),
            },
            "sender": {
                "citizen": self.sender.citizen,
                "candidates": list(self.sender.candidates),
                "person_role": self.sender.person_role.value,
                "grade": self.sender.grade.value,
                "authenticated": self.sender.authenticated,
                "evidence": [{"kind": one.kind, "value": one.value} for one in self.sender.evidence],
            },
            "recipients": [_outcome(one) for one in self.recipients],
            "signals": None,
            "rights": None,
            "receipt": {
                "send": self.receipt.send,
                "to": self.receipt.to,
                "reason": self.receipt.reason.value if self.receipt.reason else None,
                "blocked_by": self.receipt.blocked_by,
            },
            "notify": None,
            "trace": [_step(one) for one in self.trace],
            "assessed": False,
        }


def _outcome(one: Outcome) -> dict[str, Any]:
    return {
        "address": one.address,
        "action": one.action,
        "deliver_to": list(one.deliver_to),
        "framework": one.framework,
        "measure": one.measure,
        "reason": one.reason.value,
        "unit": one.unit,
        "case": one.case,
        "explanation": one.explanation.wire(),
    }


def _step(one: Step) -> dict[str, Any]:
    return {"rule": one.rule, "recipient": one.recipient, "outcome": one.outcome, "because": one.because.wire()}
