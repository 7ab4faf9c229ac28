"""What is unusual is measured by the sender's own past, and told when it begins."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.signal_words import load
from workflows.signals import Tuning
from workflows.signals.volume import unusual

CPH = ZoneInfo("Europe/Copenhagen")
WORDS = load()
NOON = datetime(2026, 11, 23, 12, tzinfo=CPH)
NIGHT = datetime(2026, 11, 23, 2, tzinfo=CPH)


def today(count, now=NOON):
    """So many mails in the last hours, the last one now."""
    return [now - timedelta(minutes=10 * number) for number in range(count)]


def daily(count, at=NOON, days=27):
    """So many mails on each of the days before."""
    return [at - timedelta(days=day, minutes=number) for day in range(2, days) for number in range(count)]


def nights(count):
    return [NIGHT - timedelta(days=number) for number in range(count)]


def seen(received, now=NOON):
    return unusual(received, now, CPH, WORDS)


@pytest.mark.parametrize(
    ("received", "now", "expected"),
    [
        (today(9), NOON, None),
        (today(10), NOON, "volume.burst"),
        (today(11), NOON, None),  # told once
        (today(20), NOON, "volume.burst"),  # and when it has doubled
        (today(10) + daily(5), NOON, None),  # who writes five a day
        (today(16) + daily(5), NOON, "volume.burst"),
        (nights(4), NIGHT, None),
        (nights(5), NIGHT, "volume.nights"),
        (nights(6), NIGHT, None),
        ([one - timedelta(hours=8) for one in nights(5)], NIGHT - timedelta(hours=8), None),  # at six in the evening
        (nights(25), NIGHT, None),  # who always writes at night
        ([], NOON, None),
    ],
)
def test_only_a_sudden_change_is_told(received, now, expected):
    assert seen(received, now) == expected


def test_what_came_later_and_what_is_long_ago_do_not_count():
    later = [NOON + timedelta(minutes=number) for number in range(1, 12)]
    assert seen([*today(9), *later]) is None
    long_ago = [NOON - timedelta(days=40, minutes=number) for number in range(50)]
    assert seen([*today(10), *long_ago]) == "volume.burst"


def test_the_same_instants_in_another_zone_are_the_same_nights():
    utc = ZoneInfo("UTC")
    assert unusual([one.astimezone(utc) for one in nights(5)], NIGHT.astimezone(utc), CPH, WORDS) == "volume.nights"


def test_a_municipality_has_bars_of_its_own_and_may_want_none() -> None:
    assert unusual(today(4), NOON, CPH, load(Tuning(volume_a_day=4))) == "volume.burst"
    assert unusual(nights(3), NIGHT, CPH, load(Tuning(volume_at_night=3))) == "volume.nights"
    off = load(Tuning(frozenset({"volume.burst"})))
    assert unusual(today(10), NOON, CPH, off) is None and unusual(nights(5), NIGHT, CPH, off) == "volume.nights"
    assert unusual(nights(5), NIGHT, CPH, load(Tuning(frozenset({"volume.nights"})))) is None
