"""Danish working days and the spans of law and practice that are counted in them."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
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
        if self.calendar.is_working_day(local.date()):
            if local.time() < self.opens:
                return datetime.combine(local.date(), self.opens, zone)
            if local.time() < self.closes:
                return now
        return datetime.combine(self.calendar.working_day_after(local.date(), 1), self.opens, zone)
