"""Dates, times, days and lists in good Danish and English."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from workflows.deadlines import WEEKDAYS
from workflows.letters.shapes import Hours, Language
from workflows.receipt_mail import DAYS, DAYS_EN, MONTHS, MONTHS_EN

_DAYS: Mapping[Language, tuple[str, ...]] = {"da": DAYS, "en": DAYS_EN}
_AND: Mapping[Language, str] = {"da": "og", "en": "and"}
_TO: Mapping[Language, str] = {"da": "til", "en": "to"}


def written_day(day: date, language: Language) -> str:
    """``2. november 2026`` or ``2 November 2026``."""
    if language == "da":
        return f"{day.day}. {MONTHS[day.month - 1]} {day.year}"
    return f"{day.day} {MONTHS_EN[day.month - 1]} {day.year}"


def written_time(clock: str, language: Language) -> str:
    """``09:30`` as ``9.30`` and ``10:00`` as ``10``; in English as it is."""
    if language == "en":
        return clock
    hour, minute = clock.split(":")
    return str(int(hour)) if minute == "00" else f"{int(hour)}.{minute}"


def listed(found: Sequence[str], language: Language) -> str:
    """``a, b og c``."""
    *first, last = found or ("",)
    return f"{', '.join(first)} {_AND[language]} {last}" if first else last


def written_days(days: Sequence[str], language: Language) -> str:
    """``tirsdag og torsdag``; three or more in a row as ``mandag til fredag``."""
    numbers = sorted({WEEKDAYS.index(one) for one in days})
    names = [_DAYS[language][one] for one in numbers]
    if len(numbers) > 2 and all(after == before + 1 for before, after in pairwise(numbers)):
        return f"{names[0]} {_TO[language]} {names[-1]}"
    return listed(names, language)


def written_span(opens: str, closes: str, language: Language) -> str:
    """``kl. 10-12`` or ``10:00-12:00``."""
    span = f"{written_time(opens, language)}-{written_time(closes, language)}"
    return f"kl. {span}" if language == "da" else span


def written_hours(hours: Hours, language: Language) -> str:
    """``tirsdag og torsdag kl. 10-12``."""
    return f"{written_days(hours.days, language)} {written_span(hours.opens, hours.closes, language)}"
