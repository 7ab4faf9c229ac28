"""What each event says: ids and codes of closed forms, without ``@`` and blanks; a test walks all models, so no text gets in."""

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from workflows.decision import Reason
from workflows.dossier import RECORDS
from workflows.event_model import Code, EventData, EventId, EventType, Status
from workflows.event_support import AssistRequested, IncidentOverdue, IncidentReported, ReliefAnswered, ReliefAsked
from workflows.framework import State
from workflows.people import Grade, Id

Action = Literal["deliver", "redirect"]


class MailReceived(EventData):
    """A mail is on disk and ours: 250 was said, or is about to be."""

    mail: Id = Field(description="The guard's id of the mail")
    size: int = Field(ge=0, description="Octets as received")
    recipients: int = Field(ge=0, description="How many envelope recipients")


class DecidedRecipient(EventData):
    """What one envelope recipient's mail does."""

    n: int = Field(ge=0, description="The recipient's place in the envelope, from 0")
    action: Action
    reason: Reason
    framework: Id | None = None
    measure: Code | None = None


class MailDecided(EventData):
    """It is decided where a mail goes, under which framework."""

    mail: Id
    citizen: Id | None = Field(default=None, description="The citizen who wrote, where one is known")
    grade: Grade
    recipients: tuple[DecidedRecipient, ...]
    receipt: bool = Field(description="Whether the citizen gets a receipt")


class MailDelivered(EventData):
    """The next hop took one copy of a mail."""

    mail: Id
    delivery: Id
    recipients: tuple[int, ...] = Field(description="The envelope recipients whose mail this copy is, by their place")
    action: Action


class MailReturned(EventData):
    """A mail finally failed, and its sender got a report."""

    mail: Id
    delivery: Id
    recipients: tuple[int, ...]
    status: Status


class MailStuck(EventData):
    """A mail does not get on by itself, and people must look: by default every road of a copy has failed, and it stays queued."""

    mail: Id
    delivery: Id | None = Field(default=None, description="The copy, where one is known")
    unit: Id | None = None
    framework: Id | None = None
    why: Literal["late", "unaccounted", "set_aside", "untold"] | None = Field(
        default=None,
        description="late: it has waited for hours; unaccounted: the books can't account for a recipient; set_aside: sending it "
        "ended the guard again and again; untold: telling people of it did",
    )


class MailboxUnreachable(EventData):
    """The mailbox that a redirected mail went to does not take it: the unit's main mailbox gets the mail instead.

    Without a mail: the guard can't look into a mailbox that it watches, or can't do there what it was set to do.
    """

    mail: Id | None = None
    delivery: Id | None = None
    unit: Id | None = None
    framework: Id | None = None
    status: Status | None = None
    mailbox: Id | None = Field(default=None, description="The mailbox that can't be watched, by its code")
    why: Code | None = Field(default=None, description="What is wrong with watching it")


class MailboxHandedOver(EventData):
    """Somebody has handed a mail that waits in a functional mailbox over to a colleague."""

    post: Id
    mail: Id
    unit: Id | None = None
    mailbox: Id = Field(description="By its code")


class MailboxLate(MailboxHandedOver):
    """Of a mail that waits in a functional mailbox somebody must hear."""

    stage: int = Field(ge=1, le=4, description="Who is told: 1 the owner, or its taker, 2 the deputy, 3 the leader, 4 the head")
    due: datetime = Field(description="By when it was to be done")
    arrived: datetime
    urgent: bool = Field(description="Whether it can't wait for working hours")
    batch: EventId = Field(description="Events of one batch were raised together, and are told of in one notice")
    count: int = Field(ge=1, description="How many events the batch has")


class MailboxUnread(MailboxLate):
    """Nobody has read a mail in a functional mailbox in time."""


class MailboxOverdue(MailboxLate):
    """A mail in a functional mailbox was not answered in time; or a right in it runs out, and it is not done.

    Of a right set by law the first stages come before it is too late: see ``due``.
    """

    right: Code | None = Field(default=None, description="The right that runs out; none where the answer is late")


class RaisedSignal(EventData):
    """One signal of a mail."""

    kind: Code
    level: Literal["red", "yellow", "grey"]


class NoticeUntold(EventData):
    """No channel brought a notice to its person: somebody must see that they hear of it."""

    notice: Id
    about: Id = Field(description="The mail, framework or incident that it is about")
    kind: Code
    unit: Id | None = None


class ReceiptUndelivered(EventData):
    """A receipt did not reach the citizen: somebody has to tell them that their mail has come."""

    mail: Id = Field(description="The mail that it was the receipt for")
    delivery: Id
    unit: Id | None = None
    why: Literal["refused", "expired", "reported"] = Field(
        description="refused: its server did not take it; expired: no server did for days; reported: one took it, and sent a report"
    )


class SignalRaised(EventData):
    """A mail holds something that a leader should look at. Advice: it moves nothing."""

    mail: Id
    signals: tuple[RaisedSignal, ...]
    rights: tuple[Code, ...]


class IdentitySuggested(EventData):
    """A mail comes probably from this citizen: a person is asked to confirm or reject the link."""

    mail: Id
    citizen: Id
    link: Id | None = Field(default=None, description="The question, where it can be answered")
    about: Literal["link", "spoofing"] = Field(default="link", description="spoofing: somebody may pretend to be the citizen")
    evidence: tuple[Code, ...] = Field(default=(), description="The kinds of what speaks for it")


class NotificationSent(EventData):
    """A notice to a person was taken by the mail server."""

    mail: Id = Field(description="What the notice is about: a received mail, or the notice itself")
    delivery: Id


class FrameworkMoved(EventData):
    """A contact framework was moved."""

    framework: Id
    citizen: Id
    state: State = Field(description="Where it is now")
    degree: Literal[1, 2, 3] = Field(description="How far it intervenes")
    units: tuple[Id, ...] = Field(description="The units that its scope names; none for the whole municipality, or not known yet")
    by_guard: bool = Field(description="Whether it happened by itself")


class FrameworkExpiresSoon(EventData):
    """A contact framework ends by itself in so many days, unless somebody decides something else."""

    framework: Id
    days: Literal[30, 14, 3]


class FrameworkProposal(EventData):
    """A move with a contact framework was put to a head for approval, and approved or sent back."""

    framework: Id
    move: Code = Field(description="What was proposed, such as decided or extended")
    units: tuple[Id, ...] = Field(description="The units that see the framework")


Data = TypeVar("Data")


class CloudEvent(BaseModel, Generic[Data]):
    """CloudEvents 1.0 in structured JSON mode. ``id`` is its identity for ever, and the ``Nats-Msg-Id``."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"]
    id: EventId
    source: Literal["/rammevagt"]
    type: EventType
    subject: Id = Field(description="The guard's id of what it is about; events of one subject keep their order")
    time: datetime
    datacontenttype: Literal["application/json"]
    data: Data


EVENTS: dict[str, type[EventData]] = {
    "mail.received": MailReceived,
    "mail.decided": MailDecided,
    "mail.delivered": MailDelivered,
    "mail.returned": MailReturned,
    "mail.stuck": MailStuck,
    "mailbox.unreachable": MailboxUnreachable,
    "notice.untold": NoticeUntold,
    "receipt.undelivered": ReceiptUndelivered,
    "mailbox.unread": MailboxUnread,
    "mailbox.overdue": MailboxOverdue,
    "mailbox.handed_over": MailboxHandedOver,
    **{
        f"framework.{move}": create_model(f"Framework{record.__name__}", __base__=FrameworkMoved, __doc__=record.__doc__)
        for move, record in RECORDS.items()
    },
    "framework.expires_soon": FrameworkExpiresSoon,
    **dict.fromkeys(("framework.submitted", "framework.approved", "framework.sent_back"), FrameworkProposal),
    "signal.raised": SignalRaised,
    "identity.suggested": IdentitySuggested,
    "notification.sent": NotificationSent,
    "incident.reported": IncidentReported,
    "incident.overdue": IncidentOverdue,
    "assist.requested": AssistRequested,
    "relief.asked": ReliefAsked,
    "relief.answered": ReliefAnswered,
}
"""Every event that is published now, with the model of its data."""
