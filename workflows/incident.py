"""An incident (*hændelse*): what an employee was exposed to, who follows it up, and what has been done about it.

Registering work-related violence, digital harassment too, is the employer's duty, in and out of working hours (``domain.md`` R20
to R24, W1 to W4). What happened is written to be read by the citizen, who has a right of access: what was done, never what somebody
is.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, Field

from workflows.addresses import own_key
from workflows.deadlines import WorkingHours
from workflows.decision import Sentence
from workflows.dossier import Category
from workflows.framework import ClockTime
from workflows.happening import Channel, Happening, Text
from workflows.people import Address, Day, Entry, Id

MOST_NOTE = 2000  # characters
MOST_YEARS = 10  # what is older is a slip
Note = Annotated[str, Field(max_length=MOST_NOTE)]
Situation = Literal[
    "refusal", "sanction", "repayment", "child_placement", "missed_deadline", "caseworker_change", "known_conflict", "other"
]
Point = Literal["talk", "first_aid", "police", "citizen", "work_environment", "follow_up_1", "follow_up_4"]
WishSays = Literal["yes", "no", "unsure"]
GRAVE = frozenset({"threats", "physical_insecurity"})
POLICE_WITHIN = timedelta(hours=72)  # municipal procedures (W12)
LEAST_WAIT = timedelta(hours=1)  # nobody is reminded sooner after the report itself


class Wish(Entry):
    """Whether the employee wants it reported to the police, and who wrote that down."""

    says: WishSays
    by: Address
    at: AwareDatetime


class Done(Entry):
    """A point of the checklist: how it ended, on which day, who wrote it down, and when."""

    point: Point
    outcome: str = Field(pattern=r"^[a-z_]{1,40}$")
    on: Day
    note: Note = ""
    by: Address
    at: AwareDatetime


class Report(Entry):
    """What somebody tells. ``concerns`` is the employee whom it was done to; without ``at`` the hour is not known."""

    concerns: Address
    on: Day
    at: ClockTime | None = None
    channel: Channel
    what: Text
    kinds: tuple[Category, ...] = ()
    situation: Situation | None = None  # what set it off, where that is known
    near_miss: bool = False
    wants_support: bool = False
    wish: WishSays | None = None  # of the employee concerned: to report it to the police
    citizen: Id | None = None
    case: Id | None = None
    mail: Id | None = None


class Incident(Entry):
    """A report and what follows upon it. ``done`` is only ever added to; ``reminded`` are the points that people heard of."""

    id: Id
    report: Report
    unit: Id | None  # whose leader follows it up
    reported_by: Address
    reported_at: AwareDatetime
    outside_hours: bool
    wish: Wish | None = None
    done: tuple[Done, ...] = ()
    reminded: tuple[Point, ...] = ()

    @property
    def grave(self) -> bool:
        """Whether somebody may be in danger: then people are told at once."""
        return bool(GRAVE.intersection(self.report.kinds)) and not self.report.near_miss

    @property
    def points(self) -> tuple[Point, ...]:
        """Its checklist, in order; what nearly happened asks for less."""
        return tuple(name for name, one in POINTS.items() if one.near_miss or not self.report.near_miss)

    @property
    def open_points(self) -> tuple[Point, ...]:
        """What nobody has done yet."""
        ended = {one.point for one in self.done}
        return tuple(one for one in self.points if one not in ended)

    @property
    def has_own_wish(self) -> bool:
        """Whether the employee concerned wrote a yes or a no themselves; who does not know yet may be asked."""
        if self.wish is None or self.wish.says == "unsure":
            return False
        return own_key(self.wish.by) == own_key(self.report.concerns)

    def last(self, point: Point) -> Done | None:
        """How a point ended, as it was written last."""
        return next((one for one in reversed(self.done) if one.point == point), None)

    def happened(self, zone: tzinfo) -> datetime:
        """When, at the earliest."""
        at = time.fromisoformat(self.report.at) if self.report.at and self.report.at != "24:00" else time.min
        return datetime.combine(self.report.on, at, zone)


class Times(NamedTuple):
    """When people work, and where: what deadlines are counted by."""

    hours: WorkingHours
    zone: tzinfo


class PointRule(NamedTuple):
    """How a point may end, how long before its time people are reminded, and whether a near-miss asks for it."""

    outcomes: tuple[str, ...]
    ahead: timedelta
    near_miss: bool = False


class Refused(NamedTuple):
    """It can't be written like this, and what to do."""

    because: Sentence


POINTS: Mapping[Point, PointRule] = {
    "talk": PointRule(("done",), timedelta(hours=1), near_miss=True),
    "first_aid": PointRule(("accepted", "declined", "not_needed"), timedelta(hours=4)),
    "police": PointRule(("reported", "not_reported"), timedelta(hours=24)),
    "citizen": PointRule(("done", "not_needed"), timedelta(hours=8)),
    "work_environment": PointRule(("done", "not_needed"), timedelta(hours=4), near_miss=True),
    "follow_up_1": PointRule(("done", "not_needed"), timedelta(hours=8)),
    "follow_up_4": PointRule(("done", "not_needed"), timedelta(hours=8)),
}
"""The leader's checklist (R22, R23), in the order in which it is worked through."""

_DAYS: Mapping[Point, int] = {"first_aid": 1, "work_environment": 2, "citizen": 5}  # working days after the report
_WEEKS: Mapping[Point, int] = {"follow_up_1": 1, "follow_up_4": 4}


def due(incident: Incident, point: Point, times: Times) -> datetime:
    """By when a point is to be done: the talk on the same working day, the police within 72 hours of what happened.

    The other spans are the product's own, anchored in the practice of W9, W12 and W18.
    """
    hours, zone = times
    if point == "police":
        ends = incident.happened(zone).astimezone(UTC) + POLICE_WITHIN  # hours that pass, also over a change of time
        return ends.astimezone(zone)
    day = incident.reported_at.astimezone(zone).date()
    if point in _DAYS:
        return hours.closing(hours.calendar.working_day_after(day, _DAYS[point]), zone)
    if point in _WEEKS:
        return hours.closing(hours.calendar.nth_working_day(day + timedelta(weeks=_WEEKS[point]), 1), zone)
    return hours.end_of_day(incident.reported_at, zone)


def remind_at(incident: Incident, point: Point, times: Times) -> datetime:
    """When the leader is reminded of a point that is not done: with time left to do it."""
    return max(due(incident, point, times).astimezone(UTC) - POINTS[point].ahead, incident.reported_at + LEAST_WAIT)


def next_reminder(incident: Incident, times: Times) -> datetime | None:
    """When somebody must look at it again; None where people have heard of all that is open."""
    waiting = [one for one in incident.open_points if one not in incident.reminded]
    return min((remind_at(incident, one, times) for one in waiting), default=None)


def to_remind(incident: Incident, times: Times, now: datetime) -> tuple[Point, ...]:
    """The open points whose time is near or gone, and that nobody was reminded of."""
    waiting = [one for one in incident.open_points if one not in incident.reminded]
    return tuple(one for one in waiting if remind_at(incident, one, times) <= now)


def reminded(incident: Incident, points: tuple[Point, ...]) -> Incident:
    """The same, with people told of these."""
    return incident.model_copy(update={"reminded": (*incident.reminded, *points)})


def is_outside(report: Report, times: Times) -> bool:
    """Whether it happened outside working hours: by its hour, else by its day; privately it always did."""
    if report.channel == "private":
        return True
    if report.at is None or report.at == "24:00":
        return not times.hours.calendar.is_working_day(report.on)
    at = datetime.combine(report.on, time.fromisoformat(report.at), times.zone)
    return times.hours.next_open(at, times.zone) != at


def registered(id: str, report: Report, unit: str | None, *, by: str, now: datetime, times: Times) -> Incident | Refused:
    """A report as it is kept, or what it lacks."""
    if not report.what.strip():
        return Refused(Sentence("Skriv kort, hvad der skete.", "Write briefly what happened."))
    today = now.astimezone(times.zone).date()
    if not today.year - MOST_YEARS <= report.on.year or report.on > today:
        return Refused(Sentence("Vælg en dag, der har været.", "Choose a day that has been."))
    wish = Wish(says=report.wish, by=by, at=now) if report.wish else None
    outside = is_outside(report, times)
    return Incident(id=id, report=report, unit=unit, reported_by=by, reported_at=now, outside_hours=outside, wish=wish)


def tick(incident: Incident, done: Done, today: date) -> Incident | Refused:
    """Write a point of the checklist down. What was written before stays in the history."""
    if done.point not in incident.points or done.outcome not in POINTS[done.point].outcomes:
        return Refused(Sentence("Vælg, hvordan det endte.", "Choose how it ended."))
    if not incident.report.on <= done.on <= today:
        return Refused(Sentence("Vælg en dag fra hændelsen og til i dag.", "Choose a day from the incident until today."))
    if done.outcome == "not_needed" and not done.note.strip():
        return Refused(Sentence("Skriv, hvorfor der ikke er brug for det.", "Write why it is not needed."))
    if done.point == "police" and (missing := _police(incident.wish, done)):
        return Refused(missing)
    return incident.model_copy(update={"done": (*incident.done, done)})


def _police(wish: Wish | None, done: Done) -> Sentence | None:
    """Nobody is reported over the employee's head, and never against their wish without a reason (R23, W13, trap 18)."""
    if wish is None:
        return Sentence("Spørg først medarbejderen, og skriv ønsket ned.", "Ask the employee first, and write down what they want.")
    if done.outcome == "reported" and wish.says == "no" and not done.note.strip():
        return Sentence(
            "Medarbejderen ønsker det ikke. Skriv, hvorfor I anmelder alligevel.",
            "The employee does not want it. Write why you report it all the same.",
        )
    if done.outcome == "not_reported" and wish.says == "yes" and not done.note.strip():
        return Sentence(
            "Medarbejderen ønsker en anmeldelse. Skriv, hvorfor I ikke anmelder.",
            "The employee wants it reported. Write why you don't report it.",
        )
    return None


def wished(incident: Incident, wish: Wish) -> Incident | Refused:
    """With the employee's wish as it is now. What they wrote themselves is theirs alone to change (W13)."""
    if incident.has_own_wish and own_key(wish.by) != own_key(incident.report.concerns):
        return Refused(
            Sentence(
                "Medarbejderen har selv skrevet sit ønske. Kun medarbejderen kan ændre det.",
                "The employee wrote the wish themselves. Only they can change it.",
            )
        )
    return incident.model_copy(update={"wish": wish})


def about_citizen(incident: Incident, citizen: str | None, case: str | None) -> Incident:
    """With whom it was about, where the report did not know, or was wrong; None where nobody knows."""
    told = incident.report
    same = told.citizen in (None, citizen) and citizen is not None  # a case of somebody else's goes with them
    case = case or (told.case if same else None)
    return incident.model_copy(update={"report": told.model_copy(update={"citizen": citizen, "case": case})})


def happening(incident: Incident) -> Happening:
    """The same as a happening on which a framework may rest."""
    one = incident.report
    return Happening(on=one.on, at=one.at, channel=one.channel, what=one.what, incident=incident.id)
