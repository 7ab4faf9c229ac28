"""What is told of patterns: no number below five, and an order that gives away none."""

from datetime import date

from workflows.pattern_counts import told
from workflows.signals import Pattern
from workflows.situation import AHEAD, LONG_AGO, impossible

A, B, C = (Pattern(id, "insult", "yellow", "x.") for id in ("a", "b", "c"))


def test_no_number_below_five_is_told() -> None:
    [one] = told([A], {"a": (5, 4, 0)}, ())
    assert (one.found, one.useful, one.wrong, one.is_rare) == (5, None, None, False)
    [never] = told([A], {}, ())
    assert never.is_rare and never.found is None


def test_those_that_are_wrong_most_often_come_first_and_what_is_hidden_orders_nothing() -> None:
    counts = {"a": (90, 0, 4), "b": (10, 0, 1), "c": (10, 0, 6)}
    assert [one.pattern.id for one in told([A, B, C], counts, ())] == ["c", "a", "b"]
    hidden = [told([C, B, A], {"a": (n, 0, 0), "c": (4 - n, 0, 0)}, ()) for n in range(5)]
    assert {tuple(one.pattern.id for one in rows) for rows in hidden} == {("a", "b", "c")}


def test_a_pattern_that_is_switched_off_is_told_as_that() -> None:
    assert [one.off for one in told([A, B], {}, {"b"})] == [False, True]


def test_a_situation_has_happened_and_not_long_ago() -> None:
    today = date(2026, 11, 23)
    assert impossible(today, today) is None and impossible(date(2016, 12, 1), today) is None
    assert impossible(date(2026, 11, 24), today) is AHEAD and impossible(date(2016, 1, 1), today) is LONG_AGO
