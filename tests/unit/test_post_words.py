"""Deadlines and summaries of posts, word by word."""

from datetime import date, datetime, timedelta

import pytest

from services.console.post_words import due, summed_up
from services.console.words import words
from services.settings import ZONE
from workflows.post import Owed
from workflows.summary import Summary

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)  # a Monday


def at(day, hour=14, minute=10):
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("what", "when", "danish", "english", "kind"),
    [
        ("read", at(23), "Skal læses inden kl. 14.10 i dag", "Must be read by 14:10 today", ""),
        ("read", at(23, 12, 0), "Skal læses inden kl. 12.00 i dag", "Must be read by 12:00 today", "look"),
        ("read", at(24), "Skal læses inden kl. 14.10 i morgen", "Must be read by 14:10 tomorrow", ""),
        ("answer", at(27), "Skal besvares senest fredag kl. 14.10", "Must be answered by 14:10 on Friday", ""),
        (
            "answer", at(30), "Skal besvares senest mandag den 30. november 2026",
            "Must be answered by Monday, 30 November 2026", "",
        ),
        ("read", at(23, 10, 0), "Skulle være læst kl. 10.00 i dag", "Should have been read at 10:00 today", "alarm"),
        ("read", at(22, 23, 59), "Skulle være læst i går kl. 23.59", "Should have been read at 23:59 yesterday", "alarm"),
        (
            "answer", at(20, 16, 0), "Skulle være besvaret fredag den 20. november 2026 kl. 16.00",
            "Should have been answered on Friday, 20 November 2026 at 16:00", "alarm",
        ),
    ],
)  # fmt: skip
def test_a_deadline_is_told_as_people_say_it(what, when, danish, english, kind):
    told = due(Owed(what, when), NOW, words("da"))
    assert (told.text, told.kind) == (danish, kind)
    assert due(Owed(what, when), NOW, words("en")).text == english


def test_the_clock_of_a_right_names_it():
    child = Owed("right", at(24, 8, 0), "child_concern")
    assert due(child, NOW, words("da")).text == "Underretning om et barn: skal være behandlet inden kl. 08.00 i morgen"
    assert due(child, at(24, 9), words("da")).text == "Underretning om et barn: skulle være behandlet kl. 08.00 i dag"


def test_a_day_of_daylight_saving_is_a_day():
    evening = datetime(2026, 10, 24, 23, 30, tzinfo=ZONE)
    assert due(Owed("read", evening + timedelta(hours=2)), evening, words("da")).text == "Skal læses inden kl. 01.30 i morgen"


@pytest.mark.parametrize(
    ("found", "danish", "english"),
    [
        (Summary(), "Mailen har ingen tekst, som vagten kan læse.", "The mail has no text that the guard can read."),
        (
            Summary(questions=1, words=1, attachments=1),
            "Mailen er på ét ord. Den stiller ét spørgsmål. Én fil er vedhæftet.",
            "The mail is one word long. It asks one question. One file is attached.",
        ),
        (
            Summary(questions=3, dates=(date(2026, 11, 30),), amounts=(125000, 9950), attachments=2, words=1230),
            "Mailen er på 1.230 ord. Den stiller 3 spørgsmål. Den nævner 30. november 2026, 1.250 kroner og 99,50 kroner. "
            "2 filer er vedhæftet.",
            "The mail is 1,230 words long. It asks 3 questions. It names 30 November 2026, DKK 1,250 and DKK 99.50. "
            "2 files are attached.",
        ),
    ],
)
def test_a_mail_is_summed_up(found, danish, english):
    assert summed_up(found, words("da")) == danish
    assert summed_up(found, words("en")) == english
