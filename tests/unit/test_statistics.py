"""Counts for statistics: whatever the table, nothing below five is told, and nothing is lost."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.statistics import LEAST, Quarter, merge, quarter_of

TABLES = st.dictionaries(
    st.sampled_from("abcdef"), st.dictionaries(st.sampled_from("xyz"), st.integers(0, 12), max_size=3), max_size=6
)


@pytest.mark.parametrize(
    ("table", "rows", "others", "merged"),
    [
        ({}, {}, {}, ()),
        ({"a": {"x": 5, "y": 0}}, {"a": {"x": 5}}, {}, ()),
        ({"a": {"x": 9}, "b": {"x": 3}, "c": {"x": 4}}, {"a": {"x": 9}}, {"x": 7}, ("b", "c")),
        ({"a": {"x": 9}, "b": {"x": 3}, "c": {"x": 6}}, {"a": {"x": 9}}, {"x": 9}, ("b", "c")),
        ({"a": {"x": 2}}, {}, {"x": None}, ("a",)),
        ({"a": {"x": 2, "y": 20, "z": 7}}, {}, {"x": None, "y": 20, "z": None}, ("a",)),
    ],
)
def test_small_cells_are_merged_upward(table, rows, others, merged):
    found = merge(table)
    assert (found.rows, found.others, found.merged) == (rows, others, merged)


@given(TABLES)
def test_nothing_small_is_told_and_nothing_is_lost(table):
    found = merge(table)
    told = [count for counts in found.rows.values() for count in counts.values()] + list(found.others.values())
    assert all(one is None or one >= LEAST for one in told)
    assert list(found.others.values()).count(None) != 1 or len(found.others) == 1
    for kind in "xyz":
        every = sum(counts.get(kind, 0) for counts in table.values())
        rest = every - sum(counts.get(kind, 0) for counts in found.rows.values())
        assert found.others.get(kind, 0) in (rest, None)


def test_quarters():
    assert [quarter_of(date(2026, month, 1)).number for month in range(1, 13)] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    last = Quarter(2026, 4)
    assert (last.first, last.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert Quarter(2028, 1).last == date(2028, 3, 31)
