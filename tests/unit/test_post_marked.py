"""What a reader found in a post, and the figures that go with it while it is open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.posts import BOX, NOW, TERMS, ZONE, complaint, house, post

from workflows.deadlines import WorkingHours
from workflows.post import Clock, answered, done, flagged, marked, read, replied
from workflows.post_birth import posts_of
from workflows.post_timers import look

DECISION = {
    "mail": {"id": "m1", "envelope_from": "bo@example.net"},
    "sender": {"citizen": "c-1001"},
    "recipients": [
        {
            "address": "karen@eksempel.dk",
            "action": "redirect",
            "deliver_to": [BOX],
            "reason": "framework_applies",
            "unit": "boern-familie",
            "measure": "functional_mailbox",
        }
    ],
    "receipt": {"send": False, "to": None, "answer_by": None},
}
FIGURES = {"questions": 2, "days": ["--12-24"], "amounts": [12500], "attachments": 1, "words": 40}


def test_the_clock_of_a_right_that_a_reader_found_runs_from_when_the_mail_came():
    found = marked(post(), ["child_concern", "application"], WorkingHours(), ZONE)
    assert found.rights == ("child_concern", "application")
    assert found.clocks == (Clock("child_concern", NOW + timedelta(hours=24)),)
    assert marked(found, ["child_concern"], WorkingHours(), ZONE) == found
    assert not read(found, NOW).done_at


LATER, HOURS = NOW + timedelta(hours=2), WorkingHours()
BY_FLAG = flagged(post(), NOW, seen=True, answered=True)
BY_READING = flagged(post(no_reply_owed=True, due_answer=None), NOW, seen=True, answered=False)


@pytest.mark.parametrize("ended", [BY_FLAG, BY_READING, done(read(post(), NOW), NOW, "Sendt til Skat.")])
def test_r10_what_a_flag_has_ended_can_still_be_read_for_new_facts(ended):
    assert ended.done_at
    one = read(marked(ended, [], HOURS, ZONE), LATER, "Læst. Fundet: ikke noget nyt.")
    assert one == replace(ended, note=one.note) and one.note.endswith("Læst. Fundet: ikke noget nyt.")


@pytest.mark.parametrize("ended", [BY_FLAG, BY_READING, done(read(post(), NOW), NOW, "Sendt til Skat.")])
@pytest.mark.parametrize("right", ["child_concern", "application"])
def test_law_5_a_right_that_is_found_in_it_opens_it_again(ended, right):
    one = read(marked(ended, [right], HOURS, ZONE), LATER, "Læst.")
    assert (one.done_at, one.done_how, one.next_at, one.no_reply_owed) == (None, None, LATER, False)
    assert one.owed() and one.due_answer and one.rights == (right,)
    assert look(one, LATER, house()).post.next_at, "somebody is told of it"
    again = flagged(flagged(one, LATER, seen=False, answered=False), LATER, seen=True, answered=False)
    assert not again.done_at
    assert done(one, LATER, "Behandlet.").done_at == LATER


def test_an_answer_that_came_before_it_was_found_does_not_count_for_an_application():
    one = read(marked(BY_FLAG, ["application"], HOURS, ZONE), LATER, "Læst.")
    assert one.clocks == (Clock("application", one.due_answer),)
    assert flagged(one, LATER, seen=True, answered=True).done_at is None and replied(one, LATER).done_at is None
    assert done(one, LATER, "Ansøgningen er oprettet i fagsystemet.").done_at


def test_what_was_dealt_with_before_does_not_run_again():
    ended = done(answered(complaint(), NOW, "Ringet."), NOW, "Klagen er sendt til Ankestyrelsen.")
    one = read(marked(ended, ["child_concern"], HOURS, ZONE), LATER, "Læst.")
    assert [clock.right for clock in one.clocks] == ["child_concern"]


def test_law_5_no_reply_is_owed_until_a_reader_finds_a_right():
    waiting = post(no_reply_owed=True, due_answer=None)
    one = read(marked(waiting, ["application"], HOURS, ZONE, 2), LATER, "Læst.")
    assert one.done_at is None and not one.no_reply_owed
    assert one.due_answer == HOURS.closing(HOURS.calendar.working_day_after(NOW.astimezone(ZONE).date(), 2), ZONE)
    assert [owed.what for owed in one.owed()] == ["answer"]
    assert marked(post(), ["application"], HOURS, ZONE, 2).due_answer == post().due_answer


def test_a_post_keeps_the_figures_of_its_mail_until_it_is_done():
    [born] = posts_of(DECISION, {"signals": [], "rights": [], "figures": FIGURES}, house(), TERMS, NOW)
    assert born.summary["questions"] == 2 and born.summary["dates"][0].endswith("-12-24")
    ended = done(read(born, NOW), NOW, "Behandlet")
    assert ended.done_at and ended.summary is None
    [unread] = posts_of(DECISION, {"signals": [], "rights": []}, house(), TERMS, NOW)
    assert unread.summary is None
