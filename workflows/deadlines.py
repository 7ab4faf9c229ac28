"""Danish working days and the spans of law and practice that are counted in them."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

import holidays

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DK", years=year))


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Working days: the weekdays given, but Danish public holidays and the municipality's closing days (``MM-DD``)."""

    closing_days: frozenset[str] = frozenset({"06-05", "12-24", "12-31"})
    days: frozenset[str] = frozenset(WEEKDAYS[:5])

    def is_working_day(self, day: date) -> bool:
        """Whether the municipality works on ``day``."""
        return (
            WEEKDAYS[day.weekday()] in self.days
            and day.strftime("%m-%d") not in self.closing_days
            and day not in _public_holidays(day.year)
        )

    def nth_working_day(self, first: date, count: int) -> date:
        """The ``count``-th working day (1 is the first) counted from and with ``first``; at most the calendar's last day."""
        day = first
        while day < date.max:
            if self.is_working_day(day):
                count -= 1
                if count <= 0:
                    return day
            day += ONE_DAY
        return day

    def working_day_after(self, day: date, count: int) -> date:
        """The working day that lies ``count`` working days after ``day``, itself not counted."""
        return self.nth_working_day(min(day, date.max - ONE_DAY) + ONE_DAY, count)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When people work: from ``opens`` to ``closes`` (local time) on the calendar's working days."""

    opens: time = time(8)
    closes: time = time(16)
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)

    def next_open(self, now: datetime, zone: tzinfo) -> datetime:
        """``now`` itself inside working hours, else the instant of the next working morning."""
        local = now.astimezone(zone)
        at_work = self.calendar.is_working_day(local.date()) and self.opens <= local.time() < self.closes
        return now if at_work else self.next_morning(now, zone)

    def next_morning(self, now: datetime, zone: tzinfo) -> datetime:
        """When people next begin to work after ``now``."""
        local = now.astimezone(zone)
        if self.calendar.is_working_day(local.date()) and local.time() < self.opens:
            return datetime.combine(local.date(), self.opens, zone)
        return datetime.combine(self.calendar.working_day_after(local.date(), 1), self.opens, zone)

    def after(self, start: datetime, span: timedelta, zone: tzinfo) -> datetime:
        """The instant (UTC) at which ``span`` of working time has passed since ``start``; other time does not count.

        Working time is measured as it passes: on the days on which the clocks change, too.
        """
        day, left = start.astimezone(zone).date(), span
        while day < date.max:
            begins, ends = self._open(day, zone)
            begins = max(begins, start.astimezone(UTC))
            if left <= ends - begins:
                return begins + left
            left -= max(ends - begins, timedelta())
            day = self.calendar.working_day_after(day, 1)
        return datetime.max.replace(tzinfo=UTC)

    def end_of_day(self, start: datetime, zone: tzinfo) -> datetime:
        """When the working day closes (UTC) that ``start`` lies in, or the next one where people have gone home."""
        return self.closing(self.next_open(start, zone).astimezone(zone).date(), zone)

    def closing(self, day: date, zone: tzinfo) -> datetime:
        """When people go home on ``day`` (UTC), whether it is a working day or not."""
        return _instant(day, self.closes, zone)

    def _open(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """From when to when people work on ``day`` (UTC); on a day on which nobody does, no time at all."""
        closes = self.closing(day, zone)
        return (_instant(day, self.opens, zone) if self.calendar.is_working_day(day) else closes), closes


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    """``time.max`` is midnight behind the day."""
    if at == time.max and day < date.max:
        day, at = day + ONE_DAY, time.min
    return datetime.combine(day, at, zone).astimezone(UTC)


STATUTORY = WorkingCalendar(frozenset())
"""Working days as laws count them: weekdays but public holidays. A municipality's own closing days stop no clock of the law."""


def _hours_24(arrived: datetime, _: WorkingHours, __: tzinfo) -> datetime:
    return arrived.astimezone(UTC) + timedelta(hours=24)


def _weeks_4(arrived: datetime, hours: WorkingHours, zone: tzinfo) -> datetime:
    return hours.closing(arrived.astimezone(zone).date() + timedelta(weeks=4), zone)


def _working_days_7(arrived: datetime, hours: WorkingHours, zone: tzinfo) -> datetime:
    return hours.closing(STATUTORY.working_day_after(arrived.astimezone(zone).date(), 7), zone)


def _month(arrived: datetime, hours: WorkingHours, zone: tzinfo) -> datetime:
    """The day of the same number, or the next month's last where it has none."""
    day = arrived.astimezone(zone).date()
    year, month = (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)
    return hours.closing(date(year, month, min(day.day, monthrange(year, month)[1])), zone)


RIGHT_CLOCKS: Mapping[str, Callable[[datetime, WorkingHours, tzinfo], datetime]] = {
    "child_concern": _hours_24,
    "file_access": _working_days_7,
    "complaint": _weeks_4,
    "data_access": _month,
    "deletion_request": _month,
}
"""By when a mail with this right must be dealt with, from when it came; an answer alone does not stop these.

A report of concern for a child is assessed within 24 hours, by night and on holidays too (``domain.md`` (d), D16). A complaint in
the social area is reassessed within 4 weeks (D13). Access to files is decided within 7 working days (offentlighedsloven § 36,
stk. 2). Access to one's own data, and deletion, are answered within a month (GDPR art. 12(3)). Where a law lets a clock end later
(on the next working day, or by a reasoned extension), the earlier instant stands here. A mail with another right is read on the
same working day, as all of these are; by when it is answered is the mailbox's own promise.
"""
