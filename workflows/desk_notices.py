"""Who is told that a colleague calls for help, or asks to be relieved of a case. Ids and our own people alone (law 9)."""

from collections.abc import Iterator
from datetime import datetime

from workflows.addresses import own_key
from workflows.assistance import Assistance, is_called
from workflows.events import Event
from workflows.notices import About, House, Notice, NoticeRole, operations
from workflows.relief import Relief


def called(event: Event, one: Assistance, house: House, now: datetime) -> tuple[Notice, ...]:
    """Those who are called at this step of the order, at once; nobody is, when it is over before they could be told."""
    step = event.data["step"]
    if not one.active or not one.order or step > one.called:
        return ()
    about = About(
        mail=one.id,
        at=one.at.astimezone(house.policy.zone),
        people=(house.shown(one.caller),),
        unit=house.unit_name(one.unit),
        leader=house.leader(one.unit),
    )
    return tuple(
        Notice(to, _role(to, one, house), "now", "assist_called", now, f"notice:{event.id}:{to}", about)
        for to in one.order[(step - 1) % len(one.order)]
        if is_called(one, to)
    )


def relief_asked(event: Event, one: Relief, house: House, now: datetime) -> tuple[Notice, ...]:
    """Who leads the unit, the same day; where nobody does, operations find out who."""
    to, about = answers(one, house), _about(one, house)
    role: NoticeRole = "leader" if to else "it"
    people = [to] if to else sorted(operations(house))
    return tuple(Notice(each, role, "same_day", "relief_asked", now, f"notice:{event.id}:{each}", about) for each in people)


def relief_answered(event: Event, one: Relief, house: House, now: datetime) -> tuple[Notice, ...]:
    """Who asked, and who takes the case over, in working hours."""
    return tuple(_answered(event, one, house, now))


def _answered(event: Event, one: Relief, house: House, now: datetime) -> Iterator[Notice]:
    morning, about = house.hours.next_open(now, house.policy.zone), _about(one, house)
    if to := house.person(one.asked_by):
        yield Notice(to, "caseworker", "working_hours", "relief_answered", morning, f"notice:{event.id}:{to}", about)
    if one.answer and one.answer.to and (to := house.person(one.answer.to)):
        yield Notice(to, "caseworker", "working_hours", "case_given", morning, f"notice:{event.id}:{to}", about)


def answers(one: Relief, house: House) -> str | None:
    """Who answers it: the unit's leader, or whoever stands above where it was the leader who asked."""
    unit = house.organisation.units.get(one.unit)
    named = (unit.leader, unit.deputy, unit.head) if unit else ()
    found = (house.person(each) for each in named if each)
    return next((each for each in found if each and own_key(each) != own_key(one.asked_by)), None)


def _about(one: Relief, house: House) -> About:
    at = one.at.astimezone(house.policy.zone)
    unit, leader = house.unit_name(one.unit), answers(one, house)
    return About(mail=one.id, at=at, people=(house.shown(one.asked_by),), cases=(one.case,), unit=unit, leader=leader)


def _role(to: str, one: Assistance, house: House) -> NoticeRole:
    unit = house.organisation.units.get(one.unit or "")
    named = (unit.leader, unit.deputy, unit.duty_officer, unit.head) if unit else ()
    return "leader" if own_key(to) in {own_key(each) for each in named if each} else "caseworker"
