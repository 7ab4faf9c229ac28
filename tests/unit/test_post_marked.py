"""What a reader found in a post, and the figures that go with it while it is open."""

from datetime import timedelta

from fakes.posts import BOX, NOW, TERMS, ZONE, house, post

from workflows.deadlines import WorkingHours
from workflows.post import Clock, done, marked, read
from workflows.post_birth import posts_of

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


def test_a_post_keeps_the_figures_of_its_mail_until_it_is_done():
    [born] = posts_of(DECISION, {"signals": [], "rights": [], "figures": FIGURES}, house(), TERMS, NOW)
    assert born.summary["questions"] == 2 and born.summary["dates"][0].endswith("-12-24")
    ended = done(read(born, NOW), NOW, "Behandlet")
    assert ended.done_at and ended.summary is None
    [unread] = posts_of(DECISION, {"signals": [], "rights": []}, house(), TERMS, NOW)
    assert unread.summary is None
