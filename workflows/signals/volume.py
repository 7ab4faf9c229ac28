"""Whether somebody suddenly writes far more than they use to, or far more at night: measured by their own past alone.

Persistence is often justified, and is no signal. What counts is a sudden change (``domain.md`` (f)); who always writes at night,
or much, is not told of. It is told when it begins and each time it has doubled, not with every mail.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo

from workflows.signals.rules import BURST, NIGHTS, SignalWords

LOOK_BACK = timedelta(days=28)
ONE_DAY = timedelta(days=1)
WEEK = timedelta(days=7)
EVENING, MORNING = 23, 6  # o'clock: between them is night
TIMES = 3  # of what is usual


def unusual(received: Iterable[datetime], now: datetime, zone: tzinfo, words: SignalWords) -> str | None:
    """The id of the rule that finds something unusual about a mail received ``now``; None where nothing is.

    The mails of its sender were ``received`` then, this one among them, as far back as ``LOOK_BACK``. What came later than
    ``now`` does not count.
    """
    local = [one.astimezone(zone) for one in received if now - LOOK_BACK < one <= now]
    at = now.astimezone(zone)
    if BURST not in words.tuning.off and _begins(_last_day(local, at), words.tuning.volume_a_day, _busiest_day(local, at)):
        return BURST
    if NIGHTS in words.tuning.off:
        return None
    nights = [one for one in local if _is_night(one)]
    lately = [one for one in nights if one > at - WEEK]
    if _is_night(at) and _begins(len(lately), words.tuning.volume_at_night, _nights_a_week(nights, at)):
        return NIGHTS
    return None


def _begins(count: int, at_least: int, usual: float) -> bool:
    """Whether ``count`` has just reached what is too many, or twice that, four times that, and so on."""
    limit = max(at_least, TIMES * int(usual) + 1)
    while limit < count:
        limit *= 2
    return limit == count


def _last_day(received: Sequence[datetime], now: datetime) -> int:
    return sum(one > now - ONE_DAY for one in received)


def _busiest_day(received: Sequence[datetime], now: datetime) -> int:
    """The most mails of any earlier day."""
    days: Counter[date] = Counter(one.date() for one in received if one <= now - ONE_DAY)
    return max(days.values(), default=0)


def _nights_a_week(nights: Sequence[datetime], now: datetime) -> float:
    """Mails at night of a usual week: the mean of the weeks before the last."""
    return sum(one <= now - WEEK for one in nights) / (LOOK_BACK / WEEK - 1)


def _is_night(one: datetime) -> bool:
    return one.hour >= EVENING or one.hour < MORNING
