"""Deadlines over Christmas, Easter, midsummer nights, closing days and both changes of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.deadlines import RIGHT_CLOCKS, WEEKDAYS, WorkingCalendar, WorkingHours

ZONE = ZoneInfo("Europe/Copenhagen")
DAY = WorkingHours()
ROUND = WorkingHours(time(0), time.max, WorkingCalendar(frozenset(), frozenset(WEEKDAYS)))
NIGHT = WorkingHours(time(0), time(6), WorkingCalendar(frozenset(), frozenset(WEEKDAYS)))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def local(instant):
    return instant.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-23 09:00", 4, "2026-11-23 13:00"),
        ("2026-11-23 13:00", 4, "2026-11-24 09:00"),
        ("2026-11-23 12:00", 4, "2026-11-23 16:00"),  # it ends when people go home
        ("2026-11-23 05:00", 4, "2026-11-23 12:00"),
        ("2026-11-27 15:30", 4, "2026-11-30 11:30"),  # a Friday
        ("2026-11-28 12:00", 4, "2026-11-30 12:00"),  # a Saturday
        ("2026-12-23 14:00", 4, "2026-12-28 10:00"),  # Christmas: closed on the 24th, holidays, then a weekend
        ("2026-12-30 15:00", 8, "2027-01-04 15:00"),  # New Year
        ("2026-03-31 15:00", 2, "2026-04-01 09:00"),
        ("2026-04-01 15:00", 2, "2026-04-07 09:00"),  # Easter: from Maundy Thursday to Monday
        ("2026-05-13 15:00", 2, "2026-05-15 09:00"),  # Ascension Day
        ("2026-06-04 15:00", 2, "2026-06-08 09:00"),  # Constitution Day is a closing day
        ("2026-06-23 23:30", 4, "2026-06-24 12:00"),  # midsummer night, and it is still light
        ("2026-06-24 00:10", 4, "2026-06-24 12:00"),
        ("2026-03-27 15:00", 2, "2026-03-30 09:00"),  # over the night on which the clocks go forward
        ("2026-10-23 15:00", 2, "2026-10-26 09:00"),  # and back
    ],
)
def test_working_hours_pass_while_people_work(start, hours, due):
    assert local(DAY.after(at(start), timedelta(hours=hours), ZONE)) == due


@pytest.mark.parametrize(
    ("hours", "start", "span", "due"),
    [
        (ROUND, "2026-03-29 01:00", 2, "2026-03-29 04:00"),  # the hour from 2 to 3 is missing
        (ROUND, "2026-10-25 01:00", 4, "2026-10-25 04:00"),  # and comes twice
        (ROUND, "2026-03-28 12:00", 24, "2026-03-29 13:00"),
        (NIGHT, "2026-03-29 00:00", 5, "2026-03-29 06:00"),
        (NIGHT, "2026-10-25 00:00", 7, "2026-10-25 06:00"),
        (NIGHT, "2026-10-25 00:00", 8, "2026-10-26 01:00"),
    ],
)
def test_where_people_work_by_night_the_changes_of_the_clocks_count_as_they_are(hours, start, span, due):
    assert local(hours.after(at(start), timedelta(hours=span), ZONE)) == due


@pytest.mark.parametrize(
    ("start", "closes"),
    [
        ("2026-11-23 09:00", "2026-11-23 16:00"),
        ("2026-11-23 16:00", "2026-11-24 16:00"),
        ("2026-12-23 20:00", "2026-12-28 16:00"),
        ("2026-03-28 09:00", "2026-03-30 16:00"),
    ],
)
def test_the_same_working_day_ends_when_people_go_home(start, closes):
    assert local(DAY.end_of_day(at(start), ZONE)) == closes


def test_open_to_midnight_ends_at_midnight():
    assert local(ROUND.end_of_day(at("2026-10-25 12:00"), ZONE)) == "2026-10-26 00:00"
    assert ROUND.closing(date.max, ZONE).year == 9999


@pytest.mark.parametrize(
    ("right", "arrived", "due"),
    [
        ("child_concern", "2026-12-23 17:00", "2026-12-24 17:00"),  # 24 hours: by night and on holidays too
        ("child_concern", "2026-03-28 12:00", "2026-03-29 13:00"),  # as they pass, when an hour is missing
        ("complaint", "2026-11-23 09:00", "2026-12-21 16:00"),
        ("file_access", "2026-11-23 09:00", "2026-12-02 16:00"),
        ("file_access", "2026-12-18 09:00", "2026-12-30 16:00"),  # holidays stop it, the municipality's own closing days don't
        ("data_access", "2026-11-23 23:30", "2026-12-23 16:00"),
        ("deletion_request", "2027-01-31 09:00", "2027-02-28 16:00"),
        ("data_access", "2026-12-31 09:00", "2027-01-31 16:00"),
    ],
)
def test_each_right_has_its_own_clock(right, arrived, due):
    assert local(RIGHT_CLOCKS[right](at(arrived), DAY, ZONE)) == due


moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))
spans = st.timedeltas(timedelta(minutes=1), timedelta(hours=60))
kinds = st.sampled_from([DAY, ROUND, NIGHT, WorkingHours(time(7, 30), time(15), WorkingCalendar(frozenset({"06-05"})))])


@given(kinds, moments, spans)
def test_a_deadline_counted_in_working_hours_lies_in_working_time(hours, start, span):
    due = hours.after(start, span, ZONE)
    just_before = due - timedelta(microseconds=1)
    assert due >= start + span and hours.next_open(just_before, ZONE) == just_before


@given(kinds, moments, moments, spans, spans)
def test_a_deadline_is_never_earlier_for_what_comes_later_or_may_take_longer(hours, one, other, short, more):
    first, second = sorted((one, other))
    assert hours.after(first, short, ZONE) <= hours.after(second, short, ZONE)
    assert hours.after(first, short, ZONE) < hours.after(first, short + more, ZONE)


@given(kinds, moments, spans, spans)
def test_working_time_adds_up(hours, start, one, other):
    assert hours.after(hours.after(start, one, ZONE), other, ZONE) == hours.after(start, one + other, ZONE)


@given(st.sampled_from(sorted(RIGHT_CLOCKS)), moments, moments)
def test_the_clock_of_a_right_ends_after_it_began_and_in_order(right, one, other):
    first, second = sorted((one, other))
    assert first < RIGHT_CLOCKS[right](first, DAY, ZONE) <= RIGHT_CLOCKS[right](second, DAY, ZONE)
