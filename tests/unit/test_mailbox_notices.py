"""Who hears of a mailbox in which mail waits too long, and in which words."""

import email
import email.policy
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from fakes.posts import BOX, CODE, UNIT, ZONE, complaint, house, post

from services.notice_texts import letterhead
from services.settings import Settings
from workflows.event_data import EVENTS, CloudEvent
from workflows.events import mailbox_not_watched, parse_event, route_hindered
from workflows.mailbox_notices import given, late, not_watched, unreachable
from workflows.notice_mail import RULE, compose
from workflows.organisation import organisation
from workflows.people import Employee, Unit
from workflows.post_timers import Look, Raised, events_of, people

HEAD = letterhead(Settings())
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=ZONE)
NIGHT = NOW.replace(hour=23)
OLGA, DORTE, LENE = "olga@eksempel.dk", "dorte@eksempel.dk", "lene@eksempel.dk"
PER = "per@eksempel.dk"


def raised(what="unread", stage=1, right=None, count=1, urgent=False):
    posts = [complaint(f"m{n}") if right else post(f"m{n}") for n in range(count)]
    looks = [Look(one, (Raised(what, stage, NOW, right, urgent),)) for one in posts]
    return [event for events in events_of(looks, NOW) for event in events]


def told(events, now=NOW, where=None):
    return [notice for one in events for notice in late(one, BOX, where or house(), now)]


def text_of(notice):
    found = email.message_from_bytes(compose(notice, HEAD, NOW), policy=email.policy.default)
    danish, english = found.get_content().split(RULE)
    return found["Subject"], " ".join(danish.split()), " ".join(english.split())


@pytest.mark.parametrize("event", [*raised(), *raised("overdue", 2), *raised("overdue", 4, "complaint", urgent=True)])
def test_each_event_is_in_its_documented_form_and_told_once_for_ever(event):
    CloudEvent[EVENTS[event.what]].model_validate(event.cloudevent())
    assert parse_event(event.body().encode()) == event
    assert event.id.startswith(f"m0.{CODE}.") and "@" not in event.body()


def test_the_owner_is_told_first_by_day():
    [notice] = told(raised())
    assert (notice.to, notice.role, notice.urgency, notice.kind, notice.due) == (OLGA, "caseworker", "same_day", "post_unread", NOW)
    subject, danish, english = text_of(notice)
    assert subject == f"En mail i {BOX} er ikke læst"
    assert "Ingen har læst den endnu. Den skal være læst senest den 23. november 2026 kl. 13.00." in danish
    assert "også selv om der ikke skal svares" in danish and "Du er den første, der får besked om det." in danish
    assert "under nummer m0" in danish and "even where no reply is owed" in english and "$" not in danish + english


def test_who_comes_next_hears_who_was_told_before():
    [notice] = told(raised(stage=3))
    assert (notice.to, notice.role) == (LENE, "leader")
    assert f"Før dig har {OLGA} og {DORTE} fået besked." in text_of(notice)[1]


def test_a_burst_is_one_notice_that_tells_the_number():
    notices = told(raised(count=12))
    assert len({(one.to, one.dedupe) for one in notices}) == 1
    subject, danish, _ = text_of(notices[0])
    assert (
        subject == f"12 mails i {BOX} er ikke læst" and "De står i Rammevagt under Postkassen." in danish and "nummer" not in danish
    )


def test_two_batches_are_two_notices():
    later = events_of([Look(post("m0"), (Raised("unread", 1, NOW),))], NOW + timedelta(hours=1))[0]
    assert told(raised())[0].dedupe != told(later)[0].dedupe and raised()[0].id == later[0].id


def test_red_reaches_the_leader_by_night_and_the_owner_in_the_morning():
    owner, leader = told(raised(urgent=True), NIGHT), told(raised(stage=3, urgent=True), NIGHT)
    assert owner[0].due.astimezone(ZONE).hour == 8 and leader[0].due == NIGHT
    assert leader[0].urgency == "now" and text_of(leader[0])[0].startswith("Læs den nu")
    assert told(raised(), NIGHT)[0].due.astimezone(ZONE).hour == 8


@pytest.mark.parametrize("count", [1, 3])
def test_a_late_answer_and_a_right_have_words_of_their_own(count):
    subject, danish, english = text_of(told(raised("overdue", 2, count=count))[0])
    assert "mangler svar" in subject and "svar" in danish and "$" not in danish + english
    subject, danish, english = text_of(told(raised("overdue", 2, "complaint", count=count))[0])
    assert subject.endswith(f"i {BOX}: en klage") and "følger af loven" in danish and "set by law" in english


def test_a_right_that_no_law_sets_a_clock_for_is_late_as_an_answer_is():
    [notice] = told(raised("overdue", 2, "application"))
    assert notice.kind == "post_overdue" and "loven" not in text_of(notice)[1]


def test_where_a_unit_names_nobody_operations_hear_of_it():
    nobody = Unit(id=UNIT.id, name="Tom", leader=BOX, functional_mailbox=BOX)
    [notice] = told(raised(), where=house(nobody))
    assert (notice.to, notice.role) == ("postmaster@eksempel.dk", "it")


def test_who_was_spared_the_mail_is_neither_told_nor_named():
    [notice] = late(raised(stage=2)[0], BOX, house(), NOW, (OLGA,))
    assert notice.to == DORTE and OLGA not in text_of(notice)[1]
    assert late(raised()[0], BOX, house(), NOW, (OLGA,)) == ()


def test_who_gets_a_post_from_a_colleague_hears_of_it_in_working_hours():
    found = post(taken_by=DORTE, taken_at=NIGHT)
    [notice] = given(found, BOX, house(), NIGHT)
    assert (notice.to, notice.role, notice.urgency, notice.kind) == (DORTE, "caseworker", "working_hours", "post_given")
    assert notice.due.astimezone(ZONE).strftime("%d %H:%M") == "24 08:00"
    subject, danish, english = text_of(notice)
    assert subject == f"En mail i {BOX} er givet videre til dig" and "En kollega har givet den videre til dig." in danish
    assert "under nummer m1" in danish and "handed it over to you" in english and "$" not in danish + english
    assert given(found, BOX, house(), NOW)[0].dedupe == notice.dedupe
    assert given(replace(found, taken_at=NOW), BOX, house(), NOW)[0].dedupe != notice.dedupe
    assert given(replace(found, done_at=NOW), BOX, house(), NOW) == given(post(), BOX, house(), NOW) == ()


def test_who_has_taken_it_hears_first_in_the_owners_place():
    works = house(UNIT)
    works = replace(works, organisation=organisation((UNIT,), (Employee(address=PER, name="Per", unit=UNIT.id),), (), ()))
    one = post(taken_by=PER)
    assert list(people(UNIT.id, (), works, PER).values()) == [PER, DORTE, LENE, "heidi@eksempel.dk"]
    [notice] = late(raised()[0], BOX, works, NOW, taken_by=PER)
    assert notice.to == PER
    [second] = late(raised(stage=2)[0], BOX, works, NOW, taken_by=PER)
    assert second.to == DORTE and PER in text_of(second)[1] and OLGA not in text_of(second)[1]
    assert people(UNIT.id, (PER,), works, PER)[1] == people(UNIT.id, (), house(), PER)[1] == OLGA  # spared, or works here no more
    looks = [Look(each, (Raised("unread", 1, NOW),)) for each in (one, post("m2"), post("m3"))]
    assert [each.data["count"] for events in events_of(looks, NOW) for each in events] == [1, 2, 2]


def test_who_has_left_meanwhile_is_not_told():
    alone = Unit(id=UNIT.id, name="Alene", leader=LENE, functional_mailbox=BOX)
    assert told(raised(stage=2), where=house(alone)) == []


def test_of_a_mailbox_that_cannot_be_looked_into_operations_and_the_leader_hear():
    event = mailbox_not_watched(CODE, NIGHT, UNIT.id, "login_refused")
    CloudEvent[EVENTS[event.what]].model_validate(event.cloudevent())
    operations, leader = sorted(not_watched(event, BOX, house(), NIGHT), key=lambda one: one.role)
    assert (operations.to, operations.due) == ("postmaster@eksempel.dk", NIGHT)
    assert (leader.to, leader.due.astimezone(ZONE).hour) == (LENE, 8)
    subject, danish, english = text_of(operations)
    assert subject == f"Systemet kan ikke se i postkassen {BOX}" and "siden den 23. november 2026 kl. 23.00" in danish
    assert "nummer" not in danish and "$" not in danish + english


def test_of_a_canary_that_is_missing_the_same_hear_what_to_look_for():
    event = mailbox_not_watched(CODE, NIGHT, UNIT.id, "canary")
    found = unreachable(event, BOX, house(), NIGHT)
    assert {(one.to, one.kind) for one in found} == {("postmaster@eksempel.dk", "canary_missing"), (LENE, "canary_missing")}
    subject, danish, english = text_of(found[0])
    assert subject == f"En prøvemail er ikke kommet frem til {BOX}" and "den 23. november 2026 kl. 23.00" in danish
    assert "nummer" not in danish and "$" not in danish + english


def test_law_9_no_notice_tells_a_citizen():
    for notices in (told(raised(stage=4, count=2)), told(raised("overdue", 1, "complaint"))):
        assert not any("c-1001" in part for one in notices for part in text_of(one))


def test_operations_alone_hear_of_mail_that_can_not_be_moved():
    """The mailbox is an employee's."""
    event = route_hindered(CODE, "mailbox_full", NIGHT)
    assert parse_event(event.body().encode()) == event
    [notice] = unreachable(event, "karen@eksempel.dk", house(), NIGHT)
    assert (notice.to, notice.role, notice.kind) == ("postmaster@eksempel.dk", "it", "mail_not_moved")
    assert notice.about.leader is None
    again = route_hindered(CODE, "mailbox_full", NIGHT + timedelta(minutes=9))
    assert again.id == event.id
    subject, danish, english = text_of(notice)
    assert subject == "En mail kan ikke flyttes til funktionspostkassen" and "i karen@eksempel.dk, som hører til" in danish
    assert "$" not in danish + english and "nummer" not in danish
