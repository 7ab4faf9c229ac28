"""Who hears of what waits too long, and when: the owner, the deputy, the leader, the head."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from fakes.posts import UNIT, ZONE, house, post
from hypothesis import given
from hypothesis import strategies as st

from workflows.deadlines import RIGHT_CLOCKS, WorkingHours
from workflows.people import Unit
from workflows.post import Clock, answered, read
from workflows.post_timers import CALM, Look, Raised, events_of, look, people, put_off

HOUSE = house()
HOURS = WorkingHours()


def at(text):
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def waiting(arrived="11-23 09:00", **more):
    start = at(arrived)
    due = HOURS.after(start, timedelta(hours=4), ZONE)
    answer = HOURS.closing(HOURS.calendar.working_day_after(start.date(), 5), ZONE)
    return post(arrived_at=start, due_read=due, due_answer=answer, next_at=start, **more)


def with_right(right, arrived="11-23 09:00", **more):
    clock = Clock(right, RIGHT_CLOCKS[right](at(arrived), HOURS, ZONE))
    one = waiting(arrived, rights=(right,), clocks=(clock,), **more)
    return replace(one, due_read=min(one.due_read, HOURS.end_of_day(at(arrived), ZONE)))


def climbed(one, until="12-31 00:00", where=HOUSE):
    """Everything that is raised of a post that nobody touches: when, what, and at which stage."""
    told, now = [], one.next_at
    while now and now < at(until):
        found = look(one, now, where)
        told += [(local(now), raised.what, raised.stage) for raised in found.raised]
        one, now = found.post, found.post.next_at
    return told


def local(instant):
    return instant.astimezone(ZONE).strftime("%m-%d %H:%M")


def test_nobody_has_read_it_and_one_after_the_other_is_told_in_working_hours():
    told = climbed(waiting(), "11-25 00:00")
    assert told == [
        ("11-23 13:00", "unread", 1),
        ("11-23 14:00", "unread", 2),
        ("11-23 15:00", "unread", 3),  # the leader on the day on which its deadline has passed (domain.md (d))
        ("11-24 08:00", "unread", 4),
    ]


def test_it_goes_on_after_christmas():
    assert climbed(waiting("12-23 14:00"))[:2] == [("12-28 10:00", "unread", 1), ("12-28 11:00", "unread", 2)]


@pytest.mark.parametrize(
    ("arrived", "first"),
    [
        ("04-01 15:00", "04-07 11:00"),  # Easter
        ("06-04 14:00", "06-08 10:00"),  # a closing day
        ("06-23 23:30", "06-24 12:00"),  # midsummer night
        ("03-27 15:00", "03-30 11:00"),  # the clocks go forward
        ("10-23 15:00", "10-26 11:00"),  # and back
        ("11-23 12:00", "11-23 15:00"),  # it falls due as people go home: they hear of it an hour before
        ("11-23 15:30", "11-24 11:30"),
    ],
)
def test_the_first_hears_of_it_while_people_work(arrived, first):
    assert climbed(waiting(arrived))[0] == (first, "unread", 1)


def test_what_has_a_right_is_told_of_before_people_go_home():
    assert climbed(with_right("complaint", "11-23 14:30"))[0] == ("11-23 15:00", "unread", 1)
    assert climbed(with_right("complaint", "11-23 15:45"))[0] == ("11-24 08:00", "unread", 1)  # told of with its own notice


@pytest.mark.parametrize(
    ("arrived", "told"),
    [
        ("11-23 08:30", ["12:30", "13:22", "14:15", "15:07"]),
        ("11-23 10:30", ["14:00", "14:30", "15:00", "15:30"]),
        ("11-23 14:30", ["15:00", "15:15", "15:30", "15:45"]),
        ("11-22 23:00", ["12:00", "13:00", "14:00", "15:00"]),  # on a Sunday
        ("11-23 15:00", ["15:30", "15:45", "08:00", "08:15"]),  # no time is left for all of them
    ],
)
def test_law_5_all_hear_of_a_right_that_nobody_reads_before_the_day_is_over(arrived, told):
    found = climbed(with_right("file_access", arrived), "11-24 09:00")
    assert [stage for _, _, stage in found] == [1, 2, 3, 4]
    assert [when[-5:] for when, _, _ in found] == told


def test_somebody_in_need_now_waits_for_no_working_hours():
    """Nothing but the right: a mail of a Friday at half past four that no word list calls red."""
    one = waiting("11-27 16:30", rights=("urgent_help",))
    assert one.red and climbed(one, "11-28 00:00") == [
        ("11-27 17:00", "unread", 1),
        ("11-27 17:00", "unread", 2),
        ("11-27 17:30", "unread", 3),
        ("11-27 18:00", "unread", 4),
    ]


def test_red_waits_for_no_working_hours():
    assert climbed(waiting("11-28 22:00", level="red"), "11-29 02:00") == [
        ("11-28 22:30", "unread", 1),  # who sleeps until Monday: the next one is not kept waiting for them
        ("11-28 22:30", "unread", 2),
        ("11-28 23:00", "unread", 3),
        ("11-28 23:30", "unread", 4),
    ]


def test_outside_working_hours_nothing_is_raised_however_late_somebody_looks():
    found = look(waiting(), at("11-23 19:00"), HOUSE)
    assert found.raised == () and local(found.post.next_at) == "11-24 08:00"


def test_a_guard_that_was_away_begins_with_the_first_in_line():
    found = look(waiting("10-05 09:00"), at("11-23 10:00"), HOUSE)
    assert found.raised == (Raised("unread", 1, found.post.due_read),)
    assert local(found.post.next_at) == "11-23 11:00" and found.post.told_at == at("11-23 10:00")


def test_what_was_read_and_not_answered_is_told_of_the_morning_after():
    one = read(waiting(), at("11-23 10:00"))
    assert climbed(one) == [
        ("12-01 08:00", "overdue", 1),
        ("12-02 08:00", "overdue", 2),
        ("12-03 08:00", "overdue", 3),
        ("12-04 08:00", "overdue", 4),
    ]


def test_an_unanswered_red_mail_does_not_wake_anybody():
    one = read(waiting(level="red"), at("11-23 10:00"))
    assert [when[-5:] for when, _, _ in climbed(one)] == ["08:00"] * 4


def test_a_right_is_told_of_before_it_runs_out_to_three_on_the_last_working_mornings():
    one = answered(with_right("complaint"), at("11-24 10:00"), "Kvitteret.")
    assert climbed(one, "12-24 00:00") == [
        ("12-17 08:00", "overdue", 1),
        ("12-18 08:00", "overdue", 2),
        ("12-21 08:00", "overdue", 3),  # it runs out at 16:00
        ("12-22 08:00", "overdue", 4),
    ]
    [raised] = look(one, at("12-17 08:00"), HOUSE).raised
    assert raised == Raised("overdue", 1, one.clocks[0].due, "complaint")


@pytest.mark.parametrize(
    ("arrived", "mornings"),
    [
        ("03-20 10:00", ["03-27 08:00", "03-30 08:00", "03-31 08:00"]),  # due on the Tuesday before Easter
        ("03-24 10:00", ["03-31 08:00", "04-01 08:00", "04-07 08:00"]),  # over Easter
        ("12-17 10:00", ["12-23 08:00", "12-28 08:00", "12-29 08:00"]),  # over Christmas
    ],
)
def test_the_mornings_before_access_to_files_runs_out_are_working_ones(arrived, mornings):
    one = answered(with_right("file_access", arrived), at(arrived) + timedelta(hours=1), "Kvitteret.")
    told = climbed(one)
    assert [when for when, _, stage in told if stage < 4] == mornings
    assert at(mornings[-1]) < one.clocks[0].due


def test_a_guard_that_was_away_until_the_last_day_tells_three_before_it_is_over():
    one = answered(with_right("file_access"), at("11-24 10:00"), "Kvitteret.")
    told = climbed(replace(one, next_at=at("12-02 09:00")))
    assert told[:3] == [("12-02 09:00", "overdue", 1), ("12-02 10:00", "overdue", 2), ("12-02 11:00", "overdue", 3)]


def test_each_right_climbs_by_itself():
    both = (*with_right("complaint").clocks, *with_right("file_access").clocks)
    one = answered(waiting(rights=("complaint", "file_access"), clocks=both), at("11-24 10:00"), "Kvitteret.")
    found = look(one, at("12-01 08:00"), HOUSE)
    assert [(raised.right, raised.stage) for raised in found.raised] == [("file_access", 1)]
    assert [clock.stage for clock in found.post.clocks] == [0, 1]


def test_a_child_in_need_is_spoken_of_by_night_too():
    one = read(with_right("child_concern", "11-27 15:00"), at("11-27 15:10"))
    assert climbed(one, "11-28 16:00") == [
        ("11-28 11:00", "overdue", 1),
        ("11-28 11:00", "overdue", 2),
        ("11-28 11:30", "overdue", 3),
        ("11-28 12:00", "overdue", 4),
    ]


@pytest.mark.parametrize(
    ("unit", "stages"),
    [
        ({}, [1, 2, 3, 4]),
        ({"mailbox_owner": None}, [2, 3, 4]),
        ({"mailbox_owner": "lene@eksempel.dk"}, [1, 2, 4]),  # who owns it and leads is told once
        ({"mailbox_owner": None, "deputy": None, "head": None, "leader": "bf-kontakt@eksempel.dk"}, [1]),  # no person: operations
    ],
)
def test_each_person_is_told_once_and_who_is_missing_is_passed_over(unit, stages):
    one = Unit(**UNIT.model_dump() | unit)
    assert [stage for _, what, stage in climbed(waiting(), "11-26 00:00", house(one)) if what == "unread"] == stages


def test_who_hears_of_it():
    assert list(people(UNIT.id, (), HOUSE).values()) == [
        "olga@eksempel.dk",
        "dorte@eksempel.dk",
        "lene@eksempel.dk",
        "heidi@eksempel.dk",
    ]
    assert people(None, (), HOUSE) == {} == people("gone", (), HOUSE)


def test_who_was_spared_the_mail_is_not_led_to_it():
    assert people(UNIT.id, ("olga@eksempel.dk", "lene@eksempel.dk"), HOUSE) == {2: "dorte@eksempel.dk", 4: "heidi@eksempel.dk"}
    assert [stage for _, _, stage in climbed(waiting(spared=("olga@eksempel.dk",)), "11-25 00:00")] == [2, 3, 4]


def test_what_is_done_is_not_looked_at_again():
    one = answered(waiting(), at("11-23 10:00"), "Ringet op.")
    assert look(one, at("12-24 10:00"), HOUSE) == Look(replace(one, next_at=None))


def test_people_are_left_in_peace_for_an_hour_but_not_of_red():
    raised = Look(waiting(), (Raised("unread", 1, at("11-23 13:00")),))
    red = Look(waiting(), (Raised("unread", 1, at("11-23 13:00"), urgent=True),))
    now, told = at("11-23 13:20"), at("11-23 13:00")
    assert put_off(raised, told, now, HOUSE) == told + CALM
    assert put_off(raised, None, now, HOUSE) is None and put_off(raised, told, told + CALM, HOUSE) is None
    assert put_off(red, told, now, HOUSE) is None and put_off(Look(waiting()), told, now, HOUSE) is None
    assert put_off(raised, now + timedelta(seconds=1), now, HOUSE) is None, "told by a clock that was ahead"
    assert local(put_off(raised, at("11-23 15:30"), at("11-23 15:50"), HOUSE)) == "11-24 08:00"


def test_red_is_told_of_by_itself():
    now = at("11-23 13:00")
    looks = [Look(waiting(), (Raised("unread", 3, now, urgent=urgent),)) for urgent in (True, False, False)]
    found = [event.data for events in events_of(looks, now) for event in events]
    assert [one["count"] for one in found] == [1, 2, 2] and found[0]["batch"] != found[1]["batch"] == found[2]["batch"]


def test_no_notice_is_put_off_for_longer_than_that_however_often_others_are_told():
    first = look(waiting(), at("11-23 13:00"), HOUSE)
    assert first.since == at("11-23 13:00")
    again = look(waiting(), at("11-23 13:50"), HOUSE)
    assert put_off(again, at("11-23 13:45"), at("11-23 13:50"), HOUSE) == at("11-23 14:00")
    late = look(waiting(), at("11-23 14:00"), HOUSE)
    assert put_off(late, at("11-23 13:55"), at("11-23 14:00"), HOUSE) is None


@pytest.mark.parametrize(
    ("now", "later"),
    [("14:05", "14:15"), ("14:14", "14:15"), ("14:15", None), ("15:50", None)],  # 15:50: the day would be over
)
def test_of_a_right_people_are_told_soon_after_and_never_too_late(now, later):
    one = with_right("complaint", "11-23 10:00")
    found = Look(one, (Raised("unread", 2, at("11-23 16:00")),), at(f"11-23 {now}"))
    until = put_off(found, at("11-23 15:48" if now == "15:50" else "11-23 14:00"), at(f"11-23 {now}"), HOUSE)
    assert until == (at(f"11-23 {later}") if later else None)
    due = replace(found, raised=(Raised("overdue", 3, at("11-23 14:10"), "complaint"),))
    assert put_off(due, at("11-23 14:00"), at("11-23 14:05"), HOUSE) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1)).map(lambda one: one.replace(tzinfo=ZONE)),
    st.lists(st.sampled_from(sorted(RIGHT_CLOCKS)), unique=True, max_size=3),
    st.sampled_from([None, "yellow", "red"]),
    st.integers(1, 40),
)
def test_every_ladder_is_climbed_once_step_by_step_and_ends(arrived, rights, level, hours):
    clocks = tuple(Clock(one, RIGHT_CLOCKS[one](arrived, HOURS, ZONE)) for one in rights)
    one = post(
        arrived_at=arrived,
        due_read=HOURS.after(arrived, timedelta(hours=hours), ZONE),
        due_answer=arrived + timedelta(days=7),
        next_at=arrived,
        rights=tuple(rights),
        clocks=clocks,
        level=level,
    )
    told, now, looks = [], arrived, 0
    while now and looks < 60:
        found = look(one, now, HOUSE)
        told += [(raised.what, raised.right, raised.stage) for raised in found.raised]
        for raised in found.raised:
            assert raised.urgent or HOURS.next_open(now, ZONE) == now
        assert found.post.next_at is None or found.post.next_at > now
        one, now, looks = found.post, found.post.next_at, looks + 1
    assert now is None and len(set(told)) == len(told) == 4 * (2 + len(rights))
    assert look(one, arrived + timedelta(days=900), HOUSE).raised == ()
