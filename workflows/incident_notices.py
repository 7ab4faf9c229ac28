"""Who is told that an incident was reported, or that something of its checklist is not done. Ids alone, no word of it (law 9)."""

from collections.abc import Iterator
from datetime import datetime

from workflows.addresses import own_key
from workflows.events import Event
from workflows.incident import Incident
from workflows.notices import About, House, Notice, NoticeKind, NoticeRole, Urgency, operations


def responsible(incident: Incident, house: House) -> str | None:
    """Who follows it up: the unit's leader, or whoever stands above where it was the leader who was exposed."""
    unit = house.organisation.units.get(incident.unit or "")
    named = (unit.leader, unit.deputy, unit.head) if unit else ()
    found = (house.person(one) for one in named if one)
    return next((one for one in found if one and own_key(one) != own_key(incident.report.concerns)), None)


def reported(event: Event, incident: Incident, house: House, now: datetime) -> tuple[Notice, ...]:
    """Who follows it up, at once; what is grave outside working hours the duty officer too, and the next in line while nobody has
    opened it; in working hours the employee whom it concerns, where somebody else reported it."""
    planning = _Planning(event, incident, house, now)
    return tuple([*planning.followers("incident_reported"), *planning.employee()])


def overdue(event: Event, incident: Incident, house: House, now: datetime) -> tuple[Notice, ...]:
    """Who follows it up: the police's 72 hours run at night and at weekends too, the rest waits for working hours."""
    if event.data["point"] not in incident.open_points:
        return ()
    return tuple(_Planning(event, incident, house, now).followers("incident_due"))


class _Planning:
    def __init__(self, event: Event, incident: Incident, house: House, now: datetime) -> None:
        self.event, self.incident, self.house, self.now = event, incident, house, now
        self.follower = responsible(incident, house)
        self.morning = house.hours.next_open(now, house.policy.zone)

    def followers(self, kind: NoticeKind) -> Iterator[Notice]:
        """Where nobody leads the unit, operations find out who does."""
        grave = self.incident.grave and kind == "incident_reported"
        role: NoticeRole = "leader" if self.follower else "it"
        at_once = kind == "incident_reported" or self.event.data.get("point") == "police"
        people = dict.fromkeys([self.follower] if self.follower else sorted(operations(self.house)), role)
        if grave and self.morning != self.now and (duty := self._duty_officer()):
            people.setdefault(duty, "leader")
        for to, each in people.items():
            yield self._notice(to, each, kind, "now" if grave else "same_day", self.now if at_once else self.morning)

    def employee(self) -> Iterator[Notice]:
        """Nobody hears from others that something was written about them."""
        to = self.house.person(self.incident.report.concerns)
        if to and own_key(to) != own_key(self.incident.reported_by):
            yield self._notice(to, "caseworker", "incident_concerns_you", "working_hours", self.morning)

    def _duty_officer(self) -> str | None:
        unit = self.house.organisation.units.get(self.incident.unit or "")
        return self.house.person(unit.duty_officer) if unit and unit.duty_officer else None

    def _notice(self, to: str, role: NoticeRole, kind: NoticeKind, urgency: Urgency, due: datetime) -> Notice:
        exposed = self.house.person(self.incident.report.concerns)
        about = About(
            mail=self.incident.id,
            at=self.incident.reported_at.astimezone(self.house.policy.zone),
            unit=self.house.unit_name(self.incident.unit),
            unit_id=self.incident.unit,
            spared=(exposed,) if exposed else (),
            leader=self.follower,
            point=self.event.data.get("point"),
        )
        return Notice(to, role, urgency, kind, due, f"notice:{self.event.id}:{to}", about)
