"""The values that the store takes and gives. All instants are aware datetimes. Import them from ``services.store.interface``."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workflows.audit import AuditRecord
from workflows.decision import Decision
from workflows.events import Event, receipt_undelivered
from workflows.link_answers import Link
from workflows.post import Post

if TYPE_CHECKING:
    from services.store.notice_values import KeptNotice

Hop = Literal["next", "internet"]
Kind = Literal["mail", "receipt", "notice", "report"]
WhyUndelivered = Literal["refused", "expired", "reported"]
RecipientState = Literal["queued", "delivered", "redirected", "returned"]


class StoreUnavailable(Exception):
    """The store can't promise durability now (disk full, locked, gone). The mail path answers 451."""


class CommitUnknown(StoreUnavailable):
    """The commit was asked for and its answer is lost: it may have been done. What it may name, such as a file, has to stay."""


class FactsChanged(Exception):
    """A fact that the decision rests on has changed since it was read: gather and decide again."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One copy on its way to one final address.

    ``prepend`` holds the header fields that go before the content, each with its CRLF. ``serves`` are the numbers of the envelope
    recipients whose mail this copy is (empty for our own mail). ``fallbacks`` are tried in turn when the address fails for good.
    """

    id: str
    mail: str  # what it is about: the guard id of the received mail, or of our own mail itself
    content: str  # whose bytes are sent: a content id
    kind: Kind
    hop: Hop
    envelope_from: str
    address: str
    prepend: bytes
    due: datetime
    serves: tuple[int, ...] = ()
    fallbacks: tuple[str, ...] = ()
    smtputf8: bool = False
    eight_bit: bool = False
    redirected: bool = False
    stuck: bool = False  # no mailbox took or kept it: people know, and it is tried again and again
    unit: str | None = None  # whose leader is told when it goes wrong
    framework: str | None = None
    refuse: str | None = None  # an enhanced status and its words: given back with it, never tried (RFC 3463), while not redirected


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail of our own (receipt, notice, report) with its one delivery.

    ``dedupe`` names what must exist once for ever: a second mail with the same value is not enqueued, and that is no error.
    """

    content: bytes
    delivery: NewDelivery
    dedupe: str | None = None


@dataclass(frozen=True, slots=True)
class Bounced:
    """A redirected copy that came home: ``replacement`` takes over what delivery ``delivery`` served."""

    delivery: str
    replacement: NewDelivery


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A receipt that did not reach the citizen, as it is found out. It is written once, with what ``told`` gives."""

    delivery: str
    mail: str
    unit: str | None
    at: datetime
    why: WhyUndelivered

    def told(self) -> tuple[Event, AuditRecord]:
        """The event and the audit entry that are born with it."""
        event = receipt_undelivered(self.delivery, self.at, self.mail, self.unit, self.why)
        return event, AuditRecord(self.at, "guard", event.what, self.mail, event.data)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Everything that one received mail puts on disk, in one transaction, before 250.

    ``content`` is the mail after the two mends: bytes in memory, or a file already flushed to disk in the spool folder (the store
    then owns it); its content id is the mail's id. ``day`` is the Danish date of acceptance. ``receipt_sender`` (a keyed hash) is
    set when a receipt is among ``outgoing``: ``FactsChanged`` is raised when that sender got one after ``receipt_not_since``.

    Every recipient of the decision is served by exactly one delivery or is in ``returned``, ``arrived`` or ``placed``, else
    ``commit`` raises ``ValueError``; of a mail with ``bounced`` the others are the guard's own address, where it has arrived.
    """

    decision: Decision
    received_at: datetime
    day: date
    client: str
    content: bytes | Path
    deliveries: tuple[NewDelivery, ...]
    outgoing: tuple[OutgoingMail, ...] = ()
    bounced: tuple[Bounced, ...] = ()
    events: tuple[Event, ...] = ()
    audit: tuple[AuditRecord, ...] = ()
    receipt_sender: str | None = None
    receipt_not_since: datetime | None = None
    framework_in_force: bool = False  # the sender had one in force: the facts are kept longer
    returned: tuple[int, ...] = ()  # numbers of recipients given back at once: the report is among ``outgoing``
    arrived: tuple[int, ...] = ()  # numbers of recipients that are the guard's own address, where it ends
    undelivered: tuple[Undelivered, ...] = ()  # what it reports
    placed: tuple[int, ...] = ()  # numbers of recipients whose mail the guard itself has put where it was redirected to (IMAP)
    replay: str | None = None  # ``workflows.replay``, of mail of somebody whom the register knows
    came_at: datetime | None = None  # when it came to the employee's mailbox that it was moved from


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that is ours until ``until``; ``lease`` fences every later write about it."""

    delivery: NewDelivery
    lease: str
    until: datetime
    attempts: int  # made before this one
    queued_at: datetime  # when it was first queued
    content: bytes | Path
    originals: tuple[str, ...]  # the envelope recipients that it serves, as written
    original_sender: str  # the envelope sender of the received mail, also of a redirected one
    stuck: bool = False  # the last ``Deferred`` raised it to people already
    sha256: str | None = None  # in hexadecimal, of a received mail's content that lies in a file: what is read is compared


@dataclass(frozen=True, slots=True)
class Claim:
    """The deliverer of this process wants the fresh copies of an arrival, or the notices, that go by ``hop``.

    They are committed as leased until ``until``, and ``take`` is given them on the event loop as soon as they are durable, also
    when whoever asked for the commit has gone.
    """

    hop: Hop
    until: datetime
    take: Callable[[Sequence[Leased]], None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The hop took responsibility."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Deferred:
    """To be tried again at ``due``. ``counts`` is False when the hop as a whole was away: no attempt of this mail's own.

    ``error`` is a short code and reply without content, such as ``450 4.2.1``; ``stuck`` raises it to people.
    """

    due: datetime
    error: str
    counts: bool = True
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Refused for good here: the next fallback takes over, at once."""

    address: str
    fallbacks: tuple[str, ...]
    due: datetime
    error: str
    redirected: bool = True  # False when it ends at the address that the sender wrote
    envelope_from: str | None = None  # where the new way needs another one
    hop: Hop | None = None  # where the new way goes by another hop


@dataclass(frozen=True, slots=True)
class Returned:
    """Given back: the report to the sender is part of ``Attempt.outgoing``."""

    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A mail of our own that nobody takes; it is in no ledger, but stays visible."""

    at: datetime
    error: str


DeliveryOutcome = Delivered | Deferred | Rerouted | Returned | Failed


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one leased delivery, with the events and audit entries born with it."""

    delivery: str
    lease: str
    outcome: DeliveryOutcome
    outgoing: tuple[OutgoingMail, ...] = ()
    events: tuple[Event, ...] = ()
    audit: tuple[AuditRecord, ...] = ()
    undelivered: Undelivered | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """An event in the outbox, ready to be published: ``seq`` is its place, ``body`` its CloudEvents JSON.

    ``topic`` is the NATS subject. Events with one ``subject`` (what they are about) keep their order.
    """

    seq: int
    id: str
    topic: str
    subject: str
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Unassessed:
    """A mail that waits to be assessed; ``content`` is None once removed. ``ends`` are the addresses where it was to end.

    ``came_at`` is when it came to the municipality, from which its clocks run (``workflows.route.came_at``).
    """

    id: str
    came_at: datetime
    content: bytes | Path | None
    ends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessed:
    """What the assessment of a mail found (``signals``, ``rights`` and ``notify`` of the contract), and what it calls for.

    ``posts`` are born with it: one in each functional mailbox where the mail ends. ``units``: whose leaders were alarmed by a mail
    of nobody in the register, so that they can open it; ``came_at`` is when it came.
    """

    mail: str
    assessment: Mapping[str, Any]
    notices: Sequence["KeptNotice"] = ()
    events: Sequence[Event] = ()
    audit: Sequence[AuditRecord] = ()
    posts: Sequence[Post] = ()
    links: Sequence[Link] = ()  # what a leader is asked about who wrote; of an address and a citizen once
    words: Sequence[tuple[int, str]] = ()  # hashes of sentences, each with the citizen who wrote them
    units: Collection[str] = ()
    came_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Redirection:
    """What a bounce that came home is about: a redirected copy, or a receipt."""

    delivery: NewDelivery
    content_kept: bool
