"""Counts for statistics: whatever the table, nothing below five is told, and nothing is lost."""

from datetime import date, datetime

import pytest
from fakes.town import CPH
from hypothesis import given
from hypothesis import strategies as st

from workflows.deadlines import WorkingHours
from workflows.incident import Done, Incident, Report, Times, registered, tick
from workflows.statistics import LEAST, Quarter, incident_tables, merge, quarter_of

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


# -- incidents
TIMES = Times(WorkingHours(), CPH)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=CPH)


def reported(n: int, **changes: object) -> Incident:
    told = {"concerns": "karen@eksempel.dk", "on": "2026-11-23", "channel": "phone", "what": "Råbte."} | changes
    made = registered(f"i-{n}", Report.model_validate(told), "bf", by="karen@eksempel.dk", now=MONDAY, times=TIMES)
    assert isinstance(made, Incident)
    return made


def talked(incident: Incident, day: date) -> Incident:
    found = tick(incident, Done(point="talk", outcome="done", on=day, by="lene@eksempel.dk", at=MONDAY), day)
    assert isinstance(found, Incident)
    return found


def test_incidents_are_counted_once_in_each_aspect():
    grave = [reported(n, kinds=["threats", "private_contact"], channel="private") for n in range(6)]
    quiet = [talked(reported(10 + n, situation="refusal"), date(2026, 11, 23)) for n in range(5)]
    late = [talked(reported(20 + n, near_miss=True), date(2026, 11, 25)) for n in range(7)]
    tables = incident_tables([*grave, *quiet, *late], TIMES)
    assert {name: dict(table["bf"]) for name, table in tables.items()} == {
        "channel": {"private": 6, "phone": 12},
        "kind": {"threats": 6, "private_contact": 6, "not_told": 12},
        "severity": {"grave": 6, "other": 5, "near_miss": 7},
        "hours": {"outside": 6, "inside": 12},
        "situation": {"not_told": 13, "refusal": 5},
        "talk": {"not_yet": 6, "in_time": 5, "later": 7},
        "first_aid": {"open": 11},  # what nearly happened asks for none
        "police": {"open": 11},
    }
    assert all(merge(table).merged == () for table in tables.values())


def test_few_incidents_are_told_as_no_number():
    for table in incident_tables([reported(n) for n in range(4)], TIMES).values():
        assert merge(table).rows == {} and set(merge(table).others.values()) <= {None}
