"""Which handled mail a message in a mailbox is, and what a message that is none of them asks of the evaluator.

A message is a mail that was handled when it carries the mark that the guard puts on a copy and its bytes below that mark are the
mail's, or, where a server on the way changed bytes, its Message-ID and its mailbox are. Else it is one whose very bytes ended
in this mailbox. A Message-ID alone never tells (whoever writes can use one again), and two messages are one mail only by its bytes.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from workflows.decide import decide, not_evaluated
from workflows.decision import Decision, Reason, Sentence, Step
from workflows.facts import Facts
from workflows.mail import Envelope, Headers, Mail

_ID = re.compile(rb"^x-rammevagt-id:[ \t]*([a-z0-9]{1,64})[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_CANARY = re.compile(rb"^x-rammevagt-canary:[ \t]*([0-9a-f.]{1,64})[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_TRACE = re.compile(rb"\(Rammevagt\) with [A-Z]+\r\n\tid ([a-z0-9]{1,64}); [^\r\n]*\r\n")
_SHOWN = re.compile(  # fields that a reader is shown, or that tell how the rest is shown
    rb"(?:\A|[\r\n])(?:subject|from|sender|reply-to|to|cc|date|message-id|in-reply-to|references|mime-version|content-[a-z-]+)"
    rb"[ \t]*:",
    re.IGNORECASE,
)
NO_RECEIPT = Sentence(
    "Mailen blev fundet i en postkasse og kom ikke gennem vagten, så der sendes ingen kvittering.",
    "The mail was found in a mailbox and did not come through the guard, so no receipt is sent.",
)
LEFT_THERE = Sentence(
    "Mailen ligger i en postkasse, som vagten kun ser efter. Den bliver liggende, hvor den er.",
    "The mail lies in a mailbox that the guard only looks after. It stays where it is.",
)


class Mark(NamedTuple):
    """What a message says of itself: the guard's ids that it names, and where below our fields the mail itself begins.

    ``canary`` is what stands in a canary's field of its header (``workflows.canary``).
    """

    ids: tuple[str, ...] = ()
    begins: int | None = None
    canary: str | None = None


def mark_of(beginning: bytes) -> Mark:
    """The guard's mark in the first octets of a message, as they came. The topmost counts: what is below it was there before.

    In a body it is no mark: mails quote mails. A mail begins below the mark only where nothing above it would be shown to a reader,
    which no server on the way writes there: else words that nobody has read could stand above a mail that somebody has.
    """
    field, trace = (one if one and _is_header(beginning[: one.start()]) else None for one in _marks(beginning))
    found = [one[1].decode().lower() for one in (field, trace) if one]
    begins = trace.end() if trace and not _SHOWN.search(beginning, 0, trace.start()) else None
    canary = _CANARY.search(beginning)
    said = canary[1].decode() if canary and _is_header(beginning[: canary.start()]) else None
    return Mark(tuple(dict.fromkeys(found)), begins, said)


def _marks(beginning: bytes) -> tuple[re.Match[bytes] | None, re.Match[bytes] | None]:
    return _ID.search(beginning), _TRACE.search(beginning)


def _is_header(above: bytes) -> bool:
    """Whether the header section has not ended yet, whatever its lines end with."""
    lines = above.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return not lines.startswith(b"\n") and b"\n\n" not in lines


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was fetched. ``sha256`` is of all of it after the two mends, ``below`` of what is below our fields."""

    ids: tuple[str, ...]
    sha256: str
    below: str | None
    message_id: str | None


class Handled(Protocol):
    """A mail that it may be; ``here``: it ended in this mailbox."""

    @property
    def id(self) -> str:
        """The guard's."""
        ...

    @property
    def sha256(self) -> str:
        """Of its bytes after the two mends."""
        ...

    @property
    def message_id(self) -> str | None:
        """As it was written."""
        ...

    @property
    def here(self) -> bool:
        """Whether it ended, or was to end, in this mailbox."""
        ...


def which(message: Message, handled: Sequence[Handled], taken: Collection[str]) -> str | None:
    """The id of the mail that ``message`` is; None: it is none of them. ``taken`` are those that it can't be, because another
    message was."""
    free = [one for one in handled if one.id not in taken]
    named = [one for one in free if one.id in message.ids]
    by_bytes = [one for one in named if message.below == one.sha256]
    by_message_id = [one for one in named if one.here and message.message_id and one.message_id == message.message_id]
    by_hash = [one for one in free if one.here and one.sha256 == message.sha256]
    return next((one.id for one in (*by_bytes, *by_message_id, *by_hash)), None)


def as_mail(mailbox: str, headers: Headers, id: str, sha256: str, size: int) -> Mail:
    """A message as ``decide`` is asked: its mailbox is the one recipient, and its envelope sender is what it tells itself."""
    sender = headers.return_path
    if sender is None:
        sender = next(iter(headers.from_addresses), "")
    return Mail(sha256, Envelope(sender, (mailbox,)), headers, id, size)


def decided(mail: Mail, facts: Facts, at: datetime) -> Decision:
    """The decision about a mail that lies in a mailbox already. Nothing moves it from there, and nothing is sent for it."""
    if not facts.known:
        return not_evaluated(mail)
    return _where_it_lies(without_receipt(decide(mail, facts, at)))


def without_receipt(decision: Decision) -> Decision:
    """The guard never had the SMTP envelope: it can't know that an answer would reach the citizen alone."""
    if not decision.receipt.send:
        return decision
    receipt = decision.receipt._replace(send=False, to=None, mailbox=None, answer_by=None, blocked_by="seen_in_mailbox")
    return decision._replace(receipt=receipt, trace=(*decision.trace[:-1], Step("receipt", "no", NO_RECEIPT)))


def _where_it_lies(decision: Decision) -> Decision:
    (outcome,) = decision.recipients
    if outcome.action != "redirect":
        return decision
    stays = outcome._replace(action="deliver", deliver_to=(outcome.address,), reason=Reason.OBSERVE_ONLY, explanation=LEFT_THERE)
    step = Step("observe_only", "yes", LEFT_THERE, outcome.address)
    return decision._replace(recipients=(stays,), trace=(*decision.trace, step))
