"""When a notice of what waits in a functional mailbox leaves, and to whom: by then somebody must still be able to act (law 5)."""

from dataclasses import replace
from datetime import datetime

import pytest
from fakes.posts import BOX, UNIT, ZONE, house, post

from workflows.deadlines import RIGHT_CLOCKS, WorkingHours
from workflows.mailbox_notices import late
from workflows.people import Unit
from workflows.post import Clock, flagged
from workflows.post_timers import events_of, look

HOURS = WorkingHours()
OLGA, DORTE, LENE, HEIDI = "olga@eksempel.dk", "dorte@eksempel.dk", "lene@eksempel.dk", "heidi@eksempel.dk"


def at(text):
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def local(instant):
    return instant.astimezone(ZONE).strftime("%m-%d %H:%M")


def seen(right, arrived):
    """A mail with a right that Outlook has marked as read as it came."""
    clock = Clock(right, RIGHT_CLOCKS[right](at(arrived), HOURS, ZONE))
    one = post(arrived_at=at(arrived), due_read=at(arrived), due_answer=None, rights=(right,), clocks=(clock,), next_at=at(arrived))
    return flagged(one, at(arrived), seen=True, answered=False)


def leaving(one, where, until):
    """What has left by ``until`` of a post that nobody touches: when, and to whom."""
    left, now = [], one.next_at
    while now and now < until:
        found = look(one, now, where)
        [events] = events_of([found], now)
        left += [(each.due, each.to) for event in events for each in late(event, BOX, where, now, one.spared)]
        one, now = found.post, found.post.next_at
    return [(local(when), to) for when, to in sorted(left) if when < until]


def test_law_5_the_24_hours_for_a_child_do_not_run_out_before_anybody_is_told():
    one = seen("child_concern", "11-27 18:00")  # a Friday
    told = leaving(one, house(), one.clocks[0].due)
    assert told == [("11-28 14:00", DORTE), ("11-28 14:30", LENE), ("11-28 15:00", HEIDI)]
    assert ("11-30 08:00", OLGA) in leaving(one, house(), at("12-01 00:00"))  # no push to caseworkers by night


def test_by_day_the_owner_hears_first_of_a_child():
    one = seen("child_concern", "11-23 15:00")
    told = leaving(one, house(), one.clocks[0].due)
    assert told == [("11-24 11:00", OLGA), ("11-24 11:30", DORTE), ("11-24 12:00", LENE), ("11-24 12:30", HEIDI)]


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ({"mailbox_owner": LENE}, [("11-28 14:00", LENE), ("11-28 14:30", DORTE), ("11-28 15:00", HEIDI)]),  # leads: hears at once
        ({"deputy": None}, [("11-28 14:00", LENE), ("11-28 14:30", HEIDI)]),
        ({"deputy": None, "leader": BOX, "head": None}, [("11-28 14:00", OLGA)]),  # nobody else is there
    ],
)
def test_somebody_hears_of_a_child_by_night_whoever_the_unit_names(unit, told):
    where = house(Unit(**UNIT.model_dump() | unit))
    assert leaving(seen("child_concern", "11-27 18:00"), where, at("11-28 18:00")) == told


def test_red_that_nobody_reads_by_night_reaches_somebody_within_half_an_hour():
    one = post(arrived_at=at("11-28 22:00"), due_read=at("11-30 12:00"), next_at=at("11-28 22:00"), level="red")
    assert leaving(one, house(), at("11-29 00:00"))[:1] == [("11-28 22:30", DORTE)]


@pytest.mark.parametrize("right", sorted(set(RIGHT_CLOCKS) - {"child_concern"}))
@pytest.mark.parametrize("arrived", ["11-16 10:00", "03-24 10:00", "12-17 10:00", "10-19 23:00"])
def test_law_5_owner_deputy_and_leader_hear_of_a_right_while_there_is_a_working_day_left(right, arrived):
    one = seen(right, arrived)
    due = one.clocks[0].due
    assert [to for _, to in leaving(one, house(), due)] == [OLGA, DORTE, LENE]
    assert leaving(replace(one, spared=(OLGA,)), house(), due)[0][1] == DORTE
