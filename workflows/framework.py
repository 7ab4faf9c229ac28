"""The contact framework (*kontaktramme*): scope, measures, dates, and when it is in force.

Field rules and states: ``contract.md`` and ``domain.md`` (b), (c). A framework in force changes who gets a mail and
who is told; it never holds, delays or refuses one.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from workflows.deadlines import WorkingCalendar
from workflows.people import Address, Day, Entry, Id

URGENT_WORKING_DAYS = 5
M = TypeVar("M", bound=Entry)


class State(StrEnum):
    """The states of ``domain.md`` (b)."""

    REPORTED = "reported"
    DRAFT = "draft"
    WARNING = "warning"
    HEARING = "hearing"
    DECIDED = "decided"
    ACTIVE = "active"
    URGENT = "urgent"
    UNDER_REVIEW = "under_review"
    UNDER_RECONSIDERATION = "under_reconsideration"
    LIFTED = "lifted"
    EXPIRED = "expired"
    REJECTED = "rejected"
    REGISTERED_IN_ERROR = "registered_in_error"


IN_FORCE = frozenset({State.ACTIVE, State.URGENT, State.UNDER_REVIEW, State.UNDER_RECONSIDERATION})
STANDING = IN_FORCE | {State.DECIDED, State.LIFTED, State.EXPIRED}
"""What somebody has decided, and nobody has called an error."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]


class FunctionalMailbox(Entry):
    """Written dialogue through a functional mailbox (*funktionspostkasse*); defaults to the unit's."""

    kind: Literal["functional_mailbox"]
    mailbox: Address | None = None


class FixedContact(Entry):
    """One named contact (*fast kontaktperson*) gets the mail."""

    kind: Literal["fixed_contact"]
    contact: Address


class ChangedCaseworker(Entry):
    """Another caseworker (*skift af sagsbehandler*): mail to ``from`` goes to ``to``."""

    kind: Literal["changed_caseworker"]
    from_: Address = Field(alias="from")
    to: Address


class WrittenOnly(Entry):
    """Written dialogue only (*kun skriftligt*). Moves no mail."""

    kind: Literal["written_only"]


class ContactWindow(Entry):
    """When staff answer and take calls (*kontaktvindue*). Never delays mail."""

    kind: Literal["contact_window"]
    days: tuple[Weekday, ...] = Field(min_length=1)
    from_: ClockTime = Field(alias="from")
    to: ClockTime


class LimitedCalls(Entry):
    """Telephone calls to one number at set times (*begrænsede opkald*). Moves no mail."""

    kind: Literal["limited_calls"]
    number: str
    days: tuple[Weekday, ...] = Field(min_length=1)
    from_: ClockTime = Field(alias="from")
    to: ClockTime


class MeetingRules(Entry):
    """How meetings are held (*møderegler*). Moves no mail."""

    kind: Literal["meeting_rules"]
    rules: tuple[
        Literal["time_out", "call_leader_or_colleague", "two_employees", "break_off_new_meeting", "companion_welcome"], ...
    ] = Field(min_length=1)
    place: str | None = None


class AttendanceByAppointment(Entry):
    """Attendance only by appointment (*fremmøde efter aftale*). Moves no mail."""

    kind: Literal["attendance_by_appointment"]


class ClosedTopic(Entry):
    """A topic that has been answered (*emne lukket*). Moves no mail; a human reads everything."""

    kind: Literal["closed_topic"]
    topic: str


Measure = Annotated[
    FunctionalMailbox
    | FixedContact
    | ChangedCaseworker
    | WrittenOnly
    | ContactWindow
    | LimitedCalls
    | MeetingRules
    | AttendanceByAppointment
    | ClosedTopic,
    Field(discriminator="kind"),
]


class Scope(Entry):
    """What the framework covers: exactly one of cases, units or the municipality."""

    cases: tuple[Id, ...] = ()
    units: tuple[Id, ...] = ()
    municipality: bool = False


class MilderMeans(Entry):
    """A milder means that was considered, and why it does not do (proportionality)."""

    what: str
    why_not: str


class ContactFramework(Entry):
    """One version of a contact framework. What a state in force needs is checked by ``workflows.register``."""

    id: Id
    citizen: Id
    state: State
    scope: Scope | None = None
    measures: tuple[Measure, ...] = ()
    reason: str | None = None
    legal_basis: str | None = None
    milder_means: tuple[MilderMeans, ...] = ()
    decided_by: Address | None = None
    approved_by: Address | None = None
    citizen_informed: Day | None = None
    starts: Day | None = None
    review: Day | None = None
    ends: Day | None = None
    suspended: bool = False
    observe: bool = False

    def last_day(self, calendar: WorkingCalendar) -> date | None:
        """The last day of force: ``ends``, and for ``urgent`` at most its fifth working day."""
        if self.state is not State.URGENT or self.starts is None:
            return self.ends
        lapse = calendar.nth_working_day(self.starts, URGENT_WORKING_DAYS)
        return min(self.ends, lapse) if self.ends else lapse

    def in_force(self, now: datetime, zone: tzinfo, calendar: WorkingCalendar) -> bool:
        """Whether it routes at the instant ``now``.

        ``starts`` counts from 00:00 and the last day to its 24:00 in ``zone``. The bounds are compared as
        instants, so a day of 23 or 25 hours (daylight saving) is exact to the second.
        """
        last = self.last_day(calendar)
        if self.suspended or self.state not in IN_FORCE or self.starts is None or last is None:
            return False
        return midnight(self.starts, zone) <= now and (last == date.max or now < midnight(last + timedelta(days=1), zone))

    def each(self, kind: type[M]) -> Iterator[M]:
        """Its measures of one kind, in the order written."""
        return (measure for measure in self.measures if isinstance(measure, kind))


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant at which ``day`` begins in ``zone``."""
    return datetime.combine(day, time.min, zone)
