"""Incidents: what a report needs, the leader's checklist with its times, and who hears of what."""

from datetime import date, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from fakes.town import CPH, POLICY, town

from services.notice_texts import words
from services.notify.standing import heard, said_again
from services.store.notice_values import KeptNotice
from workflows.deadlines import WorkingHours
from workflows.events import incident_overdue, incident_reported
from workflows.incident import (
    POINTS,
    Done,
    Incident,
    Refused,
    Report,
    Times,
    Wish,
    due,
    happening,
    is_outside,
    next_reminder,
    registered,
    remind_at,
    reminded,
    tick,
    to_remind,
    wished,
)
from workflows.incident_notices import overdue, reported, responsible
from workflows.notice_mail import Letterhead, compose
from workflows.notice_rules import RED_UNOPENED, escalates_at, is_alarm, next_in_line
from workflows.notices import House
from workflows.organisation import organisation

KAREN, LENE, HANS, VAGT = "karen@eksempel.dk", "lene@eksempel.dk", "hans@eksempel.dk", "vagt@eksempel.dk"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=CPH)  # a Monday
TIMES = Times(WorkingHours(), CPH)


def report(**changes):
    base = {"concerns": KAREN, "on": "2026-11-23", "at": "09:30", "channel": "phone", "what": "Han råbte, at han ville finde mig."}
    return Report.model_validate(base | changes)


def incident(now=NOW, by=KAREN, unit="bf", **changes) -> Incident:
    made = registered("i-1", report(**changes), unit, by=by, now=now, times=TIMES)
    assert isinstance(made, Incident), made
    return made


def done(point, outcome="done", by=LENE, **more):
    return Done.model_validate({"point": point, "outcome": outcome, "on": "2026-11-23", "by": by, "at": NOW} | more)


def at(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=CPH)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"what": "  "}, "Skriv kort"),
        ({"on": "2026-11-24"}, "Vælg en dag, der har været"),
        ({"on": "0001-01-01"}, "Vælg en dag, der har været"),
    ],
)
def test_a_report_says_what_happened_and_on_a_day_that_has_been(changes, says):
    found = registered("i-1", report(**changes), "bf", by=KAREN, now=NOW, times=TIMES)
    assert isinstance(found, Refused) and says in found.because.da


@pytest.mark.parametrize(
    ("changes", "outside"),
    [
        ({"at": "09:30"}, False),
        ({"at": "22:10"}, True),
        ({"at": "24:00"}, False),
        ({"at": None}, False),
        ({"at": None, "on": "2026-11-22"}, True),  # a Sunday
        ({"at": "10:00", "on": "2026-11-22"}, True),
        ({"at": "10:00", "channel": "private"}, True),
    ],
)
def test_r24_out_of_hours_is_told_by_the_hour_else_by_the_day(changes, outside):
    assert is_outside(report(**changes), TIMES) is outside
    assert incident(**changes).outside_hours is outside


def test_r22_the_checklist_and_its_times():
    one = incident()
    assert one.points == tuple(POINTS) == one.open_points
    assert {point: due(one, point, TIMES).astimezone(CPH) for point in POINTS} == {
        "talk": at(23, 16),
        "first_aid": at(24, 16),
        "police": at(26, 9, 30),  # 72 hours after it happened
        "work_environment": at(25, 16),
        "citizen": at(30, 16),
        "follow_up_1": at(30, 16),
        "follow_up_4": datetime(2026, 12, 21, 16, tzinfo=CPH),
    }
    assert incident(near_miss=True).points == ("talk", "work_environment")


def test_r23_the_police_clock_runs_from_what_happened_also_where_the_hour_is_not_known():
    assert due(incident(at=None), "police", TIMES) == at(26, 0)
    assert due(incident(at="24:00"), "police", TIMES) == at(26, 0)
    assert due(incident(on="2026-11-20", at="21:00"), "police", TIMES) == at(23, 21)


@pytest.mark.parametrize(
    ("day", "until"),
    [
        ("2026-10-24", datetime(2026, 10, 27, 11, tzinfo=CPH)),  # the night to the 25th has an hour more
        ("2026-03-28", datetime(2026, 3, 31, 13, tzinfo=CPH)),  # the night to the 29th one less
    ],
)
def test_r23_the_police_clock_runs_72_hours_over_a_change_of_time_too(day, until):
    one = incident(datetime.fromisoformat(f"{day}T12:30").replace(tzinfo=CPH), on=day, at="12:00")
    assert due(one, "police", TIMES) == until and (until.timestamp() - one.happened(CPH).timestamp()) == 72 * 3600
    assert due(one, "police", TIMES).utcoffset() == until.utcoffset()
    assert remind_at(one, "police", TIMES).timestamp() == until.timestamp() - 24 * 3600


def test_a_report_in_the_evening_is_talked_about_on_the_next_working_day():
    friday = datetime(2026, 11, 27, 21, 0, tzinfo=CPH)
    assert due(incident(friday), "talk", TIMES) == at(30, 16)


def test_people_are_reminded_with_time_left_and_once():
    one = incident()
    assert remind_at(one, "talk", TIMES) == at(23, 15)
    assert remind_at(one, "police", TIMES) == at(25, 9, 30)
    assert next_reminder(one, TIMES) == at(23, 15)
    assert to_remind(one, TIMES, at(23, 14, 59)) == ()
    assert to_remind(one, TIMES, at(23, 15)) == ("talk",)
    told = reminded(one, ("talk",))
    assert to_remind(told, TIMES, at(23, 15)) == () and next_reminder(told, TIMES) == at(24, 12)
    whole = reminded(one, one.points)
    assert next_reminder(whole, TIMES) is None


def test_nobody_is_reminded_within_an_hour_of_the_report():
    late = incident(at(23, 15, 50))
    assert due(late, "talk", TIMES) == at(23, 16) and remind_at(late, "talk", TIMES) == at(23, 16, 50)
    old = incident(on="2026-11-01")  # the 72 hours were over before anybody reported it
    assert remind_at(old, "police", TIMES) == NOW + timedelta(hours=1)


def test_a_point_is_ended_with_a_day_and_what_was_written_before_stays():
    one = tick(incident(), done("talk"), date(2026, 11, 23))
    again = tick(one, done("talk", note="Vi talte sammen igen."), date(2026, 11, 23))
    assert [entry.note for entry in again.done] == ["", "Vi talte sammen igen."]
    assert "talk" not in again.open_points and again.last("talk").note and again.last("police") is None


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (done("talk", "not_needed"), "Vælg, hvordan det endte."),
        (done("talk", on="2026-11-22"), "Vælg en dag fra hændelsen"),
        (done("talk", on="2026-11-24"), "Vælg en dag fra hændelsen"),
        (done("citizen", "not_needed"), "Skriv, hvorfor der ikke er brug for det."),
        (done("police", "reported"), "Spørg først medarbejderen"),
    ],
)
def test_a_point_that_lacks_something_says_what(entry, says):
    found = tick(incident(), entry, date(2026, 11, 23))
    assert isinstance(found, Refused) and says in found.because.da


def test_a_near_miss_has_no_other_points():
    assert isinstance(tick(incident(near_miss=True), done("police", "reported"), date(2026, 11, 23)), Refused)


@pytest.mark.parametrize(
    ("says", "outcome", "note", "allowed"),
    [
        ("no", "reported", "", False),
        ("no", "reported", "Truslen gælder også børnene i huset.", True),
        ("no", "not_reported", "", True),
        ("yes", "reported", "", True),
        ("yes", "not_reported", "", False),
        ("yes", "not_reported", "Politiet har allerede sagen.", True),
        ("unsure", "reported", "", True),
    ],
)
def test_r23_nobody_is_reported_to_the_police_against_the_employee_s_wish_without_a_reason(says, outcome, note, allowed):
    one = wished(incident(), Wish(says=says, by=KAREN, at=NOW))
    found = tick(one, done("police", outcome, note=note), date(2026, 11, 23))
    assert isinstance(found, Incident) is allowed


def test_r23_what_the_employee_wrote_themselves_is_theirs_alone_to_change():
    told = wished(incident(by=HANS), Wish(says="yes", by=LENE, at=NOW))
    own = wished(told, Wish(says="no", by=KAREN.upper(), at=NOW))
    refused = wished(own, Wish(says="yes", by=LENE, at=NOW))
    assert isinstance(refused, Refused) and "Kun medarbejderen" in refused.because.da
    unsure = wished(own, Wish(says="unsure", by=KAREN, at=NOW))
    assert wished(unsure, Wish(says="yes", by=LENE, at=NOW)).wish.says == "yes"  # whoever follows it up asks, and writes it down


def test_the_wish_may_come_with_the_report():
    assert incident(wish="no").wish == Wish(says="no", by=KAREN, at=NOW) and incident().wish is None


def test_it_becomes_a_happening_that_names_it():
    assert happening(incident()).model_dump() == {
        "on": date(2026, 11, 23), "at": "09:30", "channel": "phone",
        "what": "Han råbte, at han ville finde mig.", "incident": "i-1",
    }  # fmt: skip


# -- who is told
def house(**unit):
    base = {"id": "bf", "name": "Børn og Familie", "leader": LENE, "head": HANS, "duty_officer": VAGT}
    made = town(units=[base | unit, {"id": "tek", "name": "Teknik", "leader": "mia@eksempel.dk"}])
    return House(organisation(made.units, made.employees, made.open_addresses, ()), POLICY)


def event(one, now=NOW):
    codes = {"unit": one.unit, "channel": "phone", "grave": one.grave, "near_miss": False, "outside_hours": one.outside_hours}
    return incident_reported(one.id, now, codes)


def told(one, now=NOW, where=None):
    return [(n.to, n.role, n.kind, n.urgency, n.due) for n in reported(event(one, now), one, where or house(), now)]


def test_the_leader_hears_at_once_and_only_the_leader():
    assert told(incident()) == [(LENE, "leader", "incident_reported", "same_day", NOW)]


def test_what_is_grave_at_night_is_told_to_the_duty_officer_too():
    night = at(23, 22)
    grave = incident(night, kinds=("threats",))
    assert told(grave, night) == [
        (LENE, "leader", "incident_reported", "now", night),
        (VAGT, "leader", "incident_reported", "now", night),
    ]
    assert [one[0] for one in told(incident(kinds=("threats",)))] == [LENE]  # by day the leader is there
    assert [one[0] for one in told(incident(night, kinds=("threats",), near_miss=True), night)] == [LENE]


def test_what_is_grave_goes_on_to_the_next_in_line_while_nobody_opens_it():
    one = incident(kinds=("threats",), concerns=LENE, by=LENE)
    [grave] = reported(event(one), one, house(), NOW)
    assert is_alarm(grave) and escalates_at(grave, NOW, TIMES.hours, CPH) == NOW + RED_UNOPENED
    assert (grave.about.unit_id, grave.about.spared) == ("bf", (LENE,))
    kept = KeptNotice("n-1", grave, "", NOW)
    assert heard([kept]) == {HANS, LENE} and next_in_line("bf", heard([kept]), house()) is None  # never who was exposed
    [mild] = reported(event(incident()), incident(), house(), NOW)
    assert escalates_at(mild, NOW, TIMES.hours, CPH) is None
    head = Letterhead("vagt@eksempel.dk", "Eksempel", words("da"), words("en"))
    again = message_from_bytes(compose(said_again(grave, HANS, "escalated", NOW), head, NOW), policy=policy.default).get_content()
    assert "ingen har åbnet hændelsen endnu" in again and "nobody has opened the incident" in again and "mailen endnu" not in again


def test_a_leader_who_was_exposed_is_followed_up_by_the_head():
    assert responsible(incident(concerns=LENE), house()) == HANS
    assert [one[0] for one in told(incident(concerns=LENE, by=LENE))] == [HANS]


def test_where_nobody_leads_the_unit_operations_find_out_who_does():
    assert [one[:2] for one in told(incident(unit=None))] == [("postmaster@eksempel.dk", "it")]


def test_a_caseworker_for_whom_a_colleague_reported_is_told_in_working_hours_and_not_at_night():
    night = at(23, 22)
    [_, (to, role, kind, _, due_at)] = told(incident(night, by="per@eksempel.dk"), night)
    assert (to, role, kind, due_at) == (KAREN, "caseworker", "incident_concerns_you", at(24, 8))


def test_reminders_wait_for_the_morning_but_the_police_s_clock_does_not():
    night, one = at(23, 22), incident()
    for point, expected in (("first_aid", at(24, 8)), ("police", night)):
        [notice] = overdue(incident_overdue("i-1", point, "bf", night), one, house(), night)
        assert (notice.to, notice.due, notice.about.point) == (LENE, expected, point)
    ended = tick(one, done("first_aid", "declined"), date(2026, 11, 23))
    assert overdue(incident_overdue("i-1", "first_aid", "bf", night), ended, house(), night) == ()


def test_law_9_a_notice_has_no_word_of_what_happened_and_no_name():
    head = Letterhead("rammevagt@eksempel.dk", "Eksempel Kommune", words("da"), words("en"))
    one = incident(kinds=("threats",), by="per@eksempel.dk")
    mails = [compose(n, head, NOW) for n in reported(event(one), one, house(), NOW)]
    mails += [compose(n, head, NOW) for n in overdue(incident_overdue("i-1", "police", "bf", NOW), one, house(), NOW)]
    assert len(mails) == 3
    for mail in mails:
        read = message_from_bytes(mail, policy=policy.default)
        text = f"{read['Subject']} {read.get_content()}"
        assert "råbte" not in text and "karen" not in text.lower() and "$" not in text and "i-1" in text
