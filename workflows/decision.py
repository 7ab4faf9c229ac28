"""What was decided about a mail, and why: the values behind ``decide --json`` and ``explain --json``.

A decision is written as JSON once for every mail, and mostly in the same few sentences. So the text is joined of pieces, and each
sentence keeps its own.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from json.encoder import encode_basestring_ascii as _text  # hostile text (lone surrogates, NUL) comes out escaped
from typing import Any, Literal, NamedTuple

from workflows.mail import Mail
from workflows.people import Grade, Role


@dataclass(frozen=True)
class Sentence:
    """One sentence for people, in Danish and in English."""

    da: str
    en: str

    @cached_property
    def json(self) -> str:
        """As JSON text in ASCII."""
        return f'{{"da":{_text(self.da)},"en":{_text(self.en)}}}'


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


class Evidence(NamedTuple):
    """One piece of evidence about who wrote, such as ``registered_address`` or ``authentication``."""

    kind: str
    value: str


class Sender(NamedTuple):
    """Who wrote, as far as can be told. ``citizen`` is None where an address belongs to several: see ``candidates``."""

    citizen: str | None = None
    person_role: Role = Role.UNKNOWN
    grade: Grade = Grade.NONE
    authenticated: bool = False  # our own upstream vouches for the From domain
    evidence: tuple[Evidence, ...] = ()
    candidates: tuple[str, ...] = ()


class Outcome(NamedTuple):
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


class Receipt(NamedTuple):
    """Whether the citizen gets a receipt. ``blocked_by`` is a code of ``workflows.receipt`` where one would else be sent.

    ``answer_by`` is the day that it promises an answer by.
    """

    send: bool = False
    to: str | None = None
    mailbox: str | None = None
    reason: Reason | None = None
    blocked_by: str | None = None
    answer_by: date | None = None


class Step(NamedTuple):
    """One rule that looked: what it found, for which recipient (None: for the mail as a whole)."""

    rule: str
    outcome: Literal["yes", "no"]
    because: Sentence
    recipient: str | None = None


class Decision(NamedTuple):
    """The whole decision for one mail. ``recipients`` has one entry per envelope recipient, in envelope order."""

    mail: Mail
    sender: Sender
    recipients: tuple[Outcome, ...]
    receipt: Receipt
    trace: tuple[Step, ...]

    def json(self) -> str:
        """The decided part of the contract's JSON, as text in ASCII; the assessed part is null until it is assessed."""
        recipients, trace = ",".join(map(_outcome, self.recipients)), ",".join(map(_step, self.trace))
        return (
            f'{{"mail":{_mail(self.mail)},"sender":{_sender(self.sender)},"recipients":[{recipients}],"signals":null,"rights":null,'
            f'"receipt":{_receipt(self.receipt)},"notify":null,"trace":[{trace}],"assessed":false}}'
        )

    def wire(self) -> dict[str, Any]:
        """The same as values."""
        values: dict[str, Any] = json.loads(self.json())
        return values


def _mail(one: Mail) -> str:
    return (
        f'{{"id":{_or_null(one.id)},"sha256":{_text(one.sha256)},"message_id":{_or_null(one.headers.message_id)},'
        f'"envelope_from":{_text(one.envelope.sender)},"header_from":{_texts(one.headers.from_addresses)}}}'
    )


def _sender(one: Sender) -> str:
    evidence = ",".join([f'{{"kind":{_text(kind)},"value":{_text(value)}}}' for kind, value in one.evidence])
    return (
        f'{{"citizen":{_or_null(one.citizen)},"candidates":{_texts(one.candidates)},"person_role":{_text(one.person_role)},'
        f'"grade":{_text(one.grade)},"authenticated":{_flag(one.authenticated)},"evidence":[{evidence}]}}'
    )


def _outcome(one: Outcome) -> str:
    return (
        f'{{"address":{_text(one.address)},"action":{_text(one.action)},"deliver_to":{_texts(one.deliver_to)},'
        f'"framework":{_or_null(one.framework)},"measure":{_or_null(one.measure)},"reason":{_text(one.reason)},'
        f'"unit":{_or_null(one.unit)},"case":{_or_null(one.case)},"explanation":{one.explanation.json}}}'
    )


def _receipt(one: Receipt) -> str:
    answer_by = one.answer_by.isoformat() if one.answer_by else None
    return (
        f'{{"send":{_flag(one.send)},"to":{_or_null(one.to)},"reason":{_or_null(one.reason)},'
        f'"blocked_by":{_or_null(one.blocked_by)},"answer_by":{_or_null(answer_by)}}}'
    )


def _step(one: Step) -> str:
    rule, outcome, because, recipient = one
    return f'{{"rule":{_text(rule)},"recipient":{_or_null(recipient)},"outcome":{_text(outcome)},"because":{because.json}}}'


def _texts(values: Iterable[str]) -> str:
    return f"[{','.join(map(_text, values))}]"


def _or_null(value: str | None) -> str:
    return "null" if value is None else _text(value)


def _flag(value: bool) -> str:
    return "true" if value else "false"
