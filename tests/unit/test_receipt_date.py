"""By which day a receipt promises an answer."""

from datetime import date

import pytest

from workflows.deadlines import WorkingCalendar
from workflows.receipt_date import answer_by

CALENDAR = WorkingCalendar()


@pytest.mark.parametrize(
    ("received", "days", "window", "expected"),
    [
        ("2026-11-23", 5, (), "2026-11-30"),
        ("2026-11-23", 5, ("mon",), "2026-11-30"),  # the deadline's own day is one of the window's
        ("2026-11-23", 5, ("thu",), "2026-12-03"),
        ("2026-11-23", 5, ("tue", "thu"), "2026-12-01"),
        ("2026-11-23", 5, ("sun",), "2026-11-30"),  # nobody answers on Sundays: the deadline holds
        ("2026-11-21", 1, (), "2026-11-23"),  # a Saturday's mail
        ("2026-12-23", 1, (), "2026-12-28"),  # Christmas: the 24th is a closing day, then two holidays and a weekend
        ("2026-12-17", 4, ("thu",), "2027-01-07"),  # both Thursdays of Christmas are closed
        ("2027-03-22", 5, (), "2027-04-01"),  # Easter: Maundy Thursday to Easter Monday
        ("2027-05-31", 4, (), "2027-06-04"),
        ("2028-06-02", 1, (), "2028-06-06"),  # Whit Monday and Constitution Day fall together
        ("2026-10-23", 1, (), "2026-10-26"),  # across the end of summer time
    ],
)
def test_the_day(received: str, days: int, window: tuple[str, ...], expected: str) -> None:
    found = answer_by(date.fromisoformat(received), days, window, CALENDAR)
    assert found == date.fromisoformat(expected)
    assert CALENDAR.is_working_day(found)


def test_a_window_that_does_not_come_soon_is_not_waited_for() -> None:
    closed = WorkingCalendar(frozenset({"12-03", "12-10", "12-17"}))
    assert answer_by(date(2026, 11, 23), 5, ("thu",), closed) == date(2026, 11, 30)


def test_the_calendar_may_end() -> None:
    assert answer_by(date.max, 3, ("mon",), CALENDAR) == date.max
