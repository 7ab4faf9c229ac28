"""Who is told what the calendar has done, or will do, with a framework, and what waits for approval or was answered.

Ids and dates alone, no word of what it rests on (law 9).
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from workflows.dossier import Dossier
from workflows.events import Event
from workflows.framework import ChangedCaseworker
from workflows.lifecycle_who import Around, units_of
from workflows.notices import About, House, Notice, NoticeKind, NoticeRole
from workflows.people import Case

KINDS: dict[str, NoticeKind] = {
    "framework.due_for_review": "framework_review",
    "framework.expires_soon": "framework_expires_soon",
    "framework.expired": "framework_expired",
    "framework.submitted": "framework_submitted",
    "framework.approved": "framework_approved",
    "framework.sent_back": "framework_sent_back",
}
"""The events that people hear of by mail."""


def told(event: Event, dossier: Dossier, house: House, cases: Mapping[str, Case], now: datetime) -> tuple[Notice, ...]:
    """The leader is told of what the guard did; of an end, those who meet the citizen too. Of a proposal its heads are told, and of
    the answer whoever proposed it. All of it waits for working hours."""
    if not event.data.get("by_guard", True):
        return ()
    kind, one, around = KINDS[event.what], dossier.framework, Around(house.organisation, house.policy, cases)
    units = sorted(units_of(dossier, around))
    found = [to for unit in units if (to := house.leader(unit))]
    leaders = _of_proposal(event, dossier, house, units)
    if leaders is None:
        leaders = found or [to for to in [house.person(one.decided_by) if one.decided_by else None] if to]
    about = About(
        mail=one.id,
        at=now.astimezone(house.policy.zone),
        frameworks=(one.id,),
        unit=house.unit_name(units[0]) if units else None,
        leader=next(iter(leaders), None),
        day=around.last_day(one),
    )
    workers = _concerned(dossier, around, house) if kind == "framework_expired" else ()
    people: dict[str, NoticeRole] = {**dict.fromkeys(workers, "caseworker"), **dict.fromkeys(leaders, "leader")}
    due = house.hours.next_open(now, house.policy.zone)
    return tuple(Notice(to, role, "same_day", kind, due, f"notice:{event.id}:{to}", about) for to, role in sorted(people.items()))


def _of_proposal(event: Event, dossier: Dossier, house: House, units: Collection[str]) -> list[str] | None:
    """Who is told of a proposal, or of its answer; None where it is about none. What was answered meanwhile waits for nobody."""
    if event.what == "framework.submitted":
        own = house.person(dossier.waiting.by) if dossier.waiting else None
        heads = [house.organisation.units[unit].head for unit in units if unit in house.organisation.units]
        found = [house.person(one) for one in heads if one] if dossier.waiting else []
        return [one for one in found if one and one != own]
    if event.what == "framework.sent_back":
        proposer = dossier.submitted.by if dossier.submitted and dossier.waiting is None else None
    elif event.what == "framework.approved":
        approved = (one for one in reversed(dossier.steps) if one.approved_by and one.record.move == event.data["move"])
        proposer = next((one.by for one in approved), None)
    else:
        return None
    return [to for to in [house.person(proposer) if proposer else None] if to]


def _concerned(dossier: Dossier, around: Around, house: House) -> Iterator[str]:
    one = dossier.framework
    cases = [around.cases[id] for id in (one.scope.cases if one.scope else ()) if id in around.cases]
    named = [case.caseworker for case in cases] + [measure.from_ for measure in one.each(ChangedCaseworker)]
    yield from (person for address in named if (person := house.person(address)))
