"""A text in paragraphs: nothing is lost, none is too long to be met at once, and there are never too many."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.paragraphs import LONG, MOST, paragraphs

SENTENCE = "Jeg har ringet tre gange om min sag. "


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("\n \n\n", ()),
        (" \n", ()),
        ("Hej", ("Hej",)),
        ("Hej\nBo", ("Hej\nBo",)),
        ("Hej\n\nBo", ("Hej", "Bo")),
        ("Hej\n \t\n\n\nBo\n", ("Hej", "Bo")),
        ("  Indrykket\n\nBo", ("  Indrykket", "Bo")),
    ],
)
def test_a_blank_line_begins_a_new_one(text, found):
    assert paragraphs(text) == found


def test_a_long_one_is_cut_where_a_sentence_ends():
    found = paragraphs(SENTENCE * 60)
    assert len(found) > 2 and all(one.rstrip().endswith("sag.") for one in found)
    assert all(len(one) < LONG + len(SENTENCE) for one in found)


def test_a_long_one_without_an_end_stays_whole():
    assert paragraphs("x" * 5 * LONG) == ("x" * 5 * LONG,)


def test_there_are_never_too_many():
    assert len(paragraphs("a\n\n" * 60_000)) <= MOST + 1


@given(st.text(alphabet="ab .!\n\t\u00a0", max_size=3000))
def test_nothing_is_lost(text):
    found = paragraphs(text)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)
    assert all(one.strip() for one in found)
