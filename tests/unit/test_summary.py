"""The summary of a mail: figures alone, whatever it says."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.mail import Part, Reading
from workflows.signals.text import MAX_CHARACTERS
from workflows.summary import Summary, figures_of, summary_from, summary_of

CAME = date(2026, 11, 23)


def told(text, subject="", parts=()):
    return summary_of(figures_of(Reading(headers=None, subject=subject, text=text, parts=parts)), CAME)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Svar inden 30.11.2026.", ["2026-11-30"]),
        ("Svar inden den 30. november", ["2026-11-30"]),
        ("senest d. 30/11-26, tak", ["2026-11-30"]),
        ("mødet 30/11 2026 kl. 10.30", ["2026-11-30"]),
        ("mødet den 5/1 og igen 2027-02-01", ["2027-01-05", "2027-02-01"]),
        ("by November 30th, 2026 or 1 december", ["2026-11-30", "2026-12-01"]),
        ("den 30. november, altså 30.11.2026", ["2026-11-30"]),
        ("i dec. 2026 og den 24. dec.", ["2026-12-24"]),
        ("kl. 10.30 til 12.15, uge 47, 1/2 time, 24/7", []),
        ("født 01.01.1970, cpr 010170-1234 og 0101701234", []),
        ("01.01.26-1234", []),
        ("31.02.2027 og 45/13", []),
        ("den 29/2", []),
        ("ring 87 65 43 21 eller 20-11-20-26", []),
        ("sag 2026-11-30-7", []),
    ],
)
def test_days_are_found_as_people_write_them(text, days):
    assert told(text).dates == tuple(map(date.fromisoformat, days))


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("I skylder mig 1.250 kr.", [125000]),
        ("I skylder mig 1 250,50 kroner og kr. 99", [125050, 9900]),
        ("DKK 500, ikke 500 kr", [50000]),
        ("500,- om måneden", [50000]),
        ("12 kroner, 13 krone", [1200]),
        ("1,250 kr.", []),
        ("1.25.0 kr", []),
        ("krig 2026, kr", []),
        ("0101701234 kr", []),
    ],
)
def test_amounts_are_found_as_people_write_them(text, amounts):
    assert told(text).amounts == tuple(amounts)


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("Hvornår får jeg svar? Og hvorfor ikke før???", 2),
        ('Spurgte han "hvornår?" (mon?)!', 2),
        ("https://eksempel.dk/?a=1 er siden", 0),
        ("Ja?\n\nDen 3. november 2026 skrev Karen Karlsen:\n> Hvad mener du? Hvor?", 1),
    ],
)
def test_questions_are_counted_in_the_citizens_own_words(text, questions):
    assert told(text).questions == questions


def test_what_is_quoted_is_not_told():
    earlier = "Svar?\n\nDen 3. november 2026 skrev Karen Karlsen:\n> Du har frist til 1/12 2026 og skal betale 300 kr."
    assert told(earlier) == Summary(questions=1, words=1)


def test_no_more_than_a_few_are_told():
    many = told(" ".join(f"{day}/12 og {day} kr." for day in range(5, 15)))
    assert len(many.dates) == len(many.amounts) == 5
    assert many.more
    assert not told("5/12 og 7 kr.").more


@pytest.mark.parametrize("one", ["?", "1", "1.", "1 ", "kr", "kr. 1", "maj ", "\n>", "1/", "a"])
def test_a_long_run_of_anything_is_read_in_one_go(one):
    told(one * (MAX_CHARACTERS // len(one)) + "x")


def test_attachments_and_words_are_counted():
    part = Part("image/png", "navn.png", 12)
    assert told("to ord", subject="Emne", parts=(part, part)) == Summary(attachments=2, words=3)


@given(st.text(max_size=300), st.text(max_size=40))
def test_law_9_only_figures_come_out_whatever_comes_in(text, subject):
    found = told(text, subject)
    assert set(json.dumps(list(found.wire().values()))) <= set('0123456789-"[]{}, ') | set("truefalse")
    assert summary_from(json.loads(json.dumps(found.wire()))) == found


@given(st.lists(st.sampled_from(["1", "12.", "3/", " ", "kr", ". ", "november", "-", "2026", ",", "?", "\n", ">"]), max_size=60))
def test_no_order_of_figures_is_too_much(parts):
    told("".join(parts))
