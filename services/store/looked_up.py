"""What pages look up, as values. All instants are aware datetimes. See ``services.store.views``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from services.store.values import Hop, RecipientState
from workflows.framework import ContactFramework
from workflows.people import Case, Citizen, Person, RegisteredAddress
from workflows.replay import MailOutcome

T = TypeVar("T")
Wanted = Literal["delivered", "redirected", "observed", "not_evaluated", "waiting", "returned", "red"]
"""By what mails are asked for: what was decided, or that a copy still waits, a recipient's mail was given back, a signal is red."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of many. ``after`` asks for the next page; None where this is the last."""

    items: tuple[T, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """Whose citizens somebody may see: those with a case or a framework in one of the units, or a case of this caseworker's.

    ``framed``: instead, whoever has a framework.
    """

    units: frozenset[str] = frozenset()
    caseworker: str | None = None  # an address
    framed: bool = False


@dataclass(frozen=True, slots=True)
class CitizenLine:
    """A citizen among others."""

    citizen: Citizen
    cases: tuple[Case, ...]
    frameworks: tuple[ContactFramework, ...]


@dataclass(frozen=True, slots=True)
class AddressSeen:
    """A registered address and what speaks for it: among the citizen's newest mails, how many came from it, and the last of them.

    ``person`` is None where it is the citizen's own. ``authenticated``: how many of those our own upstream vouched for.
    """

    registered: RegisteredAddress
    person: Person | None
    mails: int = 0
    authenticated: int = 0
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class FrameworkVersion:
    """A framework as it was from ``since`` on."""

    version: int
    since: datetime
    framework: ContactFramework


@dataclass(frozen=True, slots=True)
class CitizenFound:
    """Everything registered about one citizen; frameworks in whatever state, as they are now."""

    citizen: Citizen
    cases: tuple[Case, ...]
    frameworks: tuple[ContactFramework, ...]
    addresses: tuple[AddressSeen, ...]


@dataclass(frozen=True, slots=True)
class About:
    """Whom a mail concerns: by this somebody may see it or not."""

    citizens: frozenset[str]
    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """One recipient of a mail: what was decided, and what became of it."""

    address: str
    to: str
    reason: str
    explanation: Mapping[str, str]  # by language
    framework: str | None
    unit: str | None
    case: str | None
    state: RecipientState


@dataclass(frozen=True, slots=True)
class MailLine:
    """A mail among others. ``citizen`` is None where the address belongs to several ``candidates``."""

    id: str
    received_at: datetime
    outcome: MailOutcome
    citizen: str | None
    candidates: tuple[str, ...]
    grade: str
    person_role: str
    recipients: tuple[RecipientLine, ...]
    assessed: bool
    rights: tuple[str, ...] = ()
    signals: tuple[tuple[str, str], ...] = ()  # kind and level, the most serious first

    @property
    def state(self) -> RecipientState:
        """What became of it, where recipients differ the one that somebody has to look at first."""
        states = {one.state for one in self.recipients}
        order: tuple[RecipientState, ...] = ("queued", "returned", "redirected", "delivered")
        return next((one for one in order if one in states), "delivered")


@dataclass(frozen=True, slots=True)
class MailFound:
    """One mail. ``decision`` is the contract's JSON with the assessed parts merged in; ``way`` has one entry a delivery."""

    id: str
    received_at: datetime
    size: int
    client: str
    about: About
    decision: Mapping[str, Any]
    states: tuple[RecipientState, ...]  # of the recipients, in envelope order
    way: tuple[Mapping[str, Any], ...]
    content_kept: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """That somebody is told of a mail, a framework or an incident (``mail`` is its id). ``finished_at``: when they were told."""

    id: str
    mail: str
    to: str
    role: str | None
    urgency: str | None
    state: str
    queued_at: datetime
    due: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Week:
    """A citizen's mails in the week that begins on ``monday``, by what was decided."""

    monday: date
    mails: Mapping[MailOutcome, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.mails.values())


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """What waits by one hop: how many, of which tried before, stuck, and since when the oldest."""

    hop: Hop
    waiting: int
    deferred: int
    stuck: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that a person, or a program for them, did about a subject: the audit chain's entry."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PostCounts:
    """What is open in a functional mailbox (its address and code), of one unit.

    ``overdue``: past what is owed of it first, be it to read or to answer; ``unread_overdue``: of those, the ones nobody has read.
    """

    mailbox: str
    code: str
    unit: str | None
    open: int
    unread: int
    overdue: int
    unread_overdue: int
    next_due: datetime


@dataclass(frozen=True, slots=True)
class PostMail:
    """The mail of a post. ``signals``: kind and level, the most serious first; ``content_kept``: whether its bytes are there.

    ``noted``: codes of what else is to be known (``workflows.reading``).
    """

    decision: Mapping[str, Any]
    signals: tuple[tuple[str, str], ...]
    size: int
    content_kept: bool
    noted: tuple[str, ...] = ()
