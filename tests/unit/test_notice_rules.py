"""When and how a notice reaches its person. Clocks are given; local times are those of Copenhagen."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from fakes.town import CPH, POLICY, facts, mail, town
from hypothesis import given
from hypothesis import strategies as st

from services.settings import Settings
from services.working_hours import working_hours
from workflows.deadlines import WorkingHours
from workflows.notice_rules import (
    GATHER,
    MAIL,
    Preferences,
    after_quiet,
    alone_with,
    batch_of,
    escalates_at,
    is_alarm,
    next_channel,
    next_in_line,
    ready_at,
    retry_after,
)
from workflows.notices import About, House, Notice

LENE, MIA, IDA = "lene@eksempel.dk", "mia@eksempel.dk", "ida@eksempel.dk"
HOURS = WorkingHours()
NIGHT = Preferences(quiet=(time(21), time(7)))
HOUR = timedelta(hours=1)


def at(text, fold=0):
    """A Copenhagen time of "11-23 10:00" of 2026."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=CPH, fold=fold).astimezone(UTC)


NOON = at("11-23 12:00")  # a Monday


def notice(to=LENE, urgency="same_day", kind="redirected_leader", role="leader", due=NOON, level=None, **about):
    found = About(about.pop("mail", "m1"), due, cases=("s-1",), unit_id="bf", level=level, **about)
    return Notice(to, role, urgency, kind, due, f"notice:m1:{to}", found)


def red(to=LENE, due=NOON, **more):
    return notice(to, "now", due=due, level="red", **more)


def ready(one, preferences=None, told=None, **more):
    return ready_at(one, preferences or Preferences(), told, WorkingHours(), CPH, **more)


@pytest.mark.parametrize("ago", [None, HOUR, timedelta(days=3)])
def test_it_is_told_at_once_where_nothing_like_it_was_told_within_the_hour(ago):
    assert ready(notice(), told=NOON - ago if ago else None) == NOON


@pytest.mark.parametrize("minutes", [0, 1, 59])
def test_within_the_hour_it_is_gathered(minutes):
    told = NOON - timedelta(minutes=minutes)
    assert ready(notice(), told=told) == told + GATHER


@pytest.mark.parametrize("kind", ["post_unread", "posts_overdue", "post_right"])
def test_what_the_timers_of_a_mailbox_have_gathered_is_not_gathered_again(kind):
    assert ready(notice(kind=kind), told=NOON - timedelta(minutes=1)) == NOON
    assert ready(notice(kind=kind), Preferences(digest=(time(15),)), told=NOON) == at("11-23 15:00")


def test_red_is_neither_gathered_nor_kept_for_a_digest():
    assert ready(red(), Preferences(digest=(time(15),)), told=NOON) == NOON


def test_a_clock_that_went_back_keeps_nothing_waiting():
    assert ready(notice(), told=NOON + timedelta(days=400)) == NOON


def test_what_is_due_in_the_morning_waits_for_it():
    assert ready(notice(due=at("11-24 08:00")), told=at("11-23 16:30")) == at("11-24 08:00")


@pytest.mark.parametrize(
    ("now", "told_at"),
    [
        ("11-23 07:59", "11-23 08:00"),
        ("11-23 08:00", "11-23 08:00"),
        ("11-23 08:01", "11-23 15:00"),
        ("11-23 15:01", "11-24 08:00"),
        ("12-31 23:00", "12-31 23:00"),
    ],
)
def test_a_digest_comes_at_its_times(now, told_at):
    times = (time(23), time(8)) if now.startswith("12") else (time(15), time(8))
    assert ready(notice(due=at(now)), Preferences(digest=times)) == at(told_at)


def test_yellow_is_told_the_same_day_whatever_the_digest():
    wants = Preferences(digest=(time(8),))
    assert ready(notice(due=at("11-23 08:05"), level="yellow"), wants) == at("11-23 16:00")
    assert ready(notice(due=at("11-23 08:05")), wants) == at("11-24 08:00")
    assert ready(notice(due=at("11-23 17:00"), level="yellow"), Preferences(digest=(time(20),))) == at("11-23 20:00")


@pytest.mark.parametrize(
    ("due", "told", "digest", "told_at"),
    [
        ("11-23 15:50", "11-23 15:30", (), "11-24 08:00"),
        ("11-27 15:50", "11-27 15:30", (), "11-30 08:00"),
        ("11-23 12:00", None, (time(17),), "11-24 08:00"),
        ("11-23 12:00", None, (time(15),), "11-23 15:00"),
    ],
)
def test_a_caseworker_is_told_in_working_hours_whatever_is_gathered(due, told, digest, told_at):
    one = notice(role="caseworker", urgency="working_hours", due=at(due))
    assert ready(one, Preferences(digest=digest), told=told and at(told)) == at(told_at)


def test_a_digest_in_quiet_hours_comes_after_them():
    wants = Preferences(digest=(time(22),), quiet=(time(21), time(7)))
    assert ready(notice(), wants) == at("11-24 07:00")


@pytest.mark.parametrize(
    ("quiet", "now", "told_at"),
    [
        ((21, 7), "11-23 20:59", "11-23 20:59"),
        ((21, 7), "11-23 21:00", "11-24 07:00"),
        ((21, 7), "11-24 00:00", "11-24 07:00"),
        ((21, 7), "11-24 06:59", "11-24 07:00"),
        ((21, 7), "11-24 07:00", "11-24 07:00"),
        ((12, 13), "11-23 12:30", "11-23 13:00"),
        ((12, 12), "11-23 12:00", "11-23 12:00"),  # no time at all
        ((21, 7), "03-28 23:00", "03-29 07:00"),  # the clocks go forward in that night
        ((21, 7), "10-24 23:00", "10-25 07:00"),  # and back in this
    ],
)
def test_quiet_hours_hold_back_to_their_end(quiet, now, told_at):
    begins, ends = quiet
    wants = Preferences(quiet=(time(begins), time(ends)))
    assert after_quiet(at(now), wants, CPH) == at(told_at)


def test_the_night_of_spring_is_an_hour_shorter_and_that_of_autumn_longer():
    assert after_quiet(at("03-28 21:00"), NIGHT, CPH) - at("03-28 21:00") == 9 * HOUR
    assert after_quiet(at("10-24 21:00"), NIGHT, CPH) - at("10-24 21:00") == 11 * HOUR


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_are_over_the_same_night():
    wants = Preferences(quiet=(time(22), time(2, 30)))
    assert after_quiet(at("10-25 01:00"), wants, CPH) == at("10-25 02:30")
    assert after_quiet(at("10-25 02:10", fold=1), wants, CPH) == at("10-25 02:30", fold=1)


def test_quiet_hours_that_end_in_the_hour_that_spring_leaves_out_are_over_when_it_has_passed():
    wants = Preferences(quiet=(time(22), time(2, 30)))
    found = after_quiet(at("03-29 01:00"), wants, CPH)
    assert found == at("03-29 03:30") and not wants.is_quiet(found, CPH)


TIMES = st.times().map(lambda one: one.replace(second=0, microsecond=0))
MINUTES = st.integers(0, 366 * 24 * 60).map(lambda one: at("01-01 00:00") + timedelta(minutes=one))


@given(MINUTES, TIMES, TIMES, st.lists(TIMES, max_size=3), st.none() | st.integers(0, 120))
def test_nothing_is_ever_told_in_quiet_hours_nor_before_it_is_due_nor_days_late(due, begins, ends, digest, ago):
    wants = Preferences(quiet=(begins, ends), digest=tuple(digest))
    told = None if ago is None else due - timedelta(minutes=ago)
    found = ready(notice(due=due), wants, told)
    assert due <= found <= due + timedelta(hours=51) and not wants.is_quiet(found, CPH)
    assert ready(red(due=due), wants, told, alone=True) == due


@given(st.datetimes(datetime(2026, 10, 24, 20), datetime(2026, 10, 25, 10)), TIMES)
def test_in_the_night_of_autumn_quiet_hours_end_within_a_day(moment, ends):
    moment = moment.replace(tzinfo=UTC)
    wants = Preferences(quiet=(time(20), ends))
    assert after_quiet(moment, wants, CPH) - moment <= timedelta(hours=25)


def test_red_waits_for_the_morning_where_somebody_else_is_awake():
    midnight = at("11-24 00:00")
    mine, duty = red(due=midnight), red(MIA, due=midnight)
    both = [(mine, NIGHT), (duty, Preferences())]
    assert not alone_with(mine, both, CPH)
    assert ready(mine, NIGHT, alone=False) == at("11-24 07:00")
    assert alone_with(duty, both, CPH)


@pytest.mark.parametrize(
    "others",
    [
        [],
        [(red(MIA, due=at("11-24 00:00")), NIGHT)],  # asleep too
        [(notice(MIA, due=at("11-24 00:00")), Preferences())],  # hears of it, but not as red
        [(red(MIA, due=at("11-24 00:00"), again="reminder"), Preferences())],  # was told before, and has not looked
    ],
)
def test_red_is_told_at_night_where_nobody_else_hears_of_it(others):
    mine = red(due=at("11-24 00:00"))
    assert alone_with(mine, [(mine, NIGHT), *others], CPH)
    assert ready(mine, NIGHT, alone=True) == mine.due


def test_alone_breaks_nobodys_quiet_for_what_is_not_red():
    assert ready(notice(due=at("11-24 00:00")), NIGHT, alone=True) == at("11-24 07:00")


@pytest.mark.parametrize("told", ["11-23 10:00", "11-23 15:59", "11-28 03:00", "12-25 12:00", "10-25 02:45"])
def test_red_that_nobody_opened_goes_on_after_half_an_hour_whatever_the_day(told):
    assert escalates_at(red(), at(told), HOURS, CPH) == at(told) + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("told", "goes_on"),
    [
        ("11-23 07:00", "11-23 16:00"),
        ("11-23 15:59", "11-23 16:00"),
        ("11-23 16:00", "11-24 16:00"),
        ("11-27 16:30", "11-30 16:00"),  # a Friday evening
        ("11-28 10:00", "11-30 16:00"),  # a Saturday
        ("04-01 17:00", "04-07 16:00"),  # before Easter
        ("12-24 10:00", "12-28 16:00"),  # the office is closed, then Christmas, then a weekend
        ("03-29 10:00", "03-30 16:00"),  # the clocks went forward
    ],
)
def test_yellow_that_nobody_opened_goes_on_when_the_working_day_ends(told, goes_on):
    assert escalates_at(notice(level="yellow"), at(told), working_hours(Settings()), CPH) == at(goes_on)


def test_an_office_that_closes_at_midnight_goes_on_at_midnight():
    hours = replace(HOURS, closes=time.max)
    assert escalates_at(notice(level="yellow"), NOON, hours, CPH) == at("11-24 00:00")


@pytest.mark.parametrize(
    "one",
    [
        notice(level="grey"),
        notice(),
        notice(level="yellow", kind="redirected", role="caseworker"),
        notice(level="yellow", kind="identity_question"),
        red(kind="mail_stuck", role="it"),
        red(again="reminder"),
    ],
)
def test_nothing_else_goes_on(one):
    assert escalates_at(one, NOON, HOURS, CPH) is None


def test_only_what_asks_a_leader_to_open_a_mail_is_an_alarm():
    assert is_alarm(red()) and is_alarm(red(kind="signal_leader"))
    assert not is_alarm(notice(kind="redirected", role="caseworker")) and not is_alarm(notice(kind="identity_question"))


def house(**of_unit):
    unit = {"id": "bf", "name": "Børn", "functional_mailbox": "bf@eksempel.dk", "main_mailbox": "bf-kontakt@eksempel.dk"} | of_unit
    tek = {"id": "tek", "name": "Teknik", "leader": MIA, "functional_mailbox": "tek-kontakt@eksempel.dk"}
    return House(facts(town(units=[unit, tek]), mail(LENE)).organisation, POLICY)


@pytest.mark.parametrize(
    ("told", "next"), [((), LENE), ((LENE,), MIA), ((LENE, MIA), IDA), ((LENE, MIA, IDA), None), ((MIA,), LENE)]
)
def test_leader_then_deputy_then_head(told, next):
    assert next_in_line("bf", told, house(leader=LENE, deputy=MIA, head=IDA)) == next


def test_a_mailbox_is_nobody_in_line_and_nor_is_a_unit_that_is_gone():
    found = house(leader=LENE, deputy="bf@eksempel.dk", head=IDA)
    assert next_in_line("bf", (LENE,), found) == IDA
    assert next_in_line("gone", (), found) is None and next_in_line(None, (), found) is None


def test_a_channel_is_tried_three_times_each_later_than_the_one_before():
    waits = [retry_after(tries) for tries in (1, 2, 3)]
    assert waits[2] is None and waits[0] < waits[1]


TEAMS = Preferences(channels=("teams", MAIL), handles={"teams": "lene"})


@pytest.mark.parametrize(
    ("preferences", "failed", "found"),
    [
        (Preferences(), (), MAIL),
        (Preferences(), (MAIL,), None),
        (TEAMS, (), "teams"),
        (TEAMS, ("teams",), MAIL),
        (TEAMS, ("teams", MAIL), None),
        (replace(TEAMS, handles={}), (), MAIL),  # who they are there is not known
        (replace(TEAMS, channels=("sms", "teams")), (), "teams"),  # nobody has set up that one
        (replace(TEAMS, channels=("teams",)), ("teams",), MAIL),  # mail at last, though they did not choose it
        (replace(TEAMS, channels=("console",)), (), "console"),
        (replace(TEAMS, channels=()), (), MAIL),
    ],
)
def test_the_next_channel_is_the_first_that_has_not_failed(preferences, failed, found):
    assert next_channel(preferences, failed, {"teams"}) == found


def test_a_batch_is_of_one_kind_and_about_one_case():
    mine = batch_of(notice())
    assert mine == batch_of(notice(mail="m2"))
    assert mine not in {batch_of(notice(kind="signal_leader")), batch_of(notice(kind="redirected", role="caseworker"))}
    assert mine != batch_of(replace(notice(), about=replace(notice().about, cases=("s-2",))))
