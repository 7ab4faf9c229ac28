"""When a delivery that failed is tried again, and when it is given up (RFC 5321 4.5.4.1).

Pure: ``chance`` is a random number in [0, 1) that spreads what failed together by ten percent either way.
"""

from datetime import datetime, timedelta

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=4)
HOP_LONGEST = timedelta(minutes=5)
PROBE_LONGEST = timedelta(seconds=60)
ASIDE_LONGEST = timedelta(days=1)
GIVE_UP_AFTER = timedelta(days=5)
WEBHOOK_FIRST = timedelta(seconds=5)
WEBHOOK_LONGEST = timedelta(minutes=15)
SPREAD = 0.1


def retry_delay(attempts: int, chance: float) -> timedelta:
    """How long to wait after ``attempts`` (1, 2, …) of a mail's own: a minute, doubled each time, to at most 4 hours.

    >>> [str(retry_delay(n, 0.5)) for n in (1, 2, 8, 9, 1000)]
    ['0:01:00', '0:02:00', '2:08:00', '4:00:00', '4:00:00']
    """
    return _spread(_doubled(FIRST, attempts, LONGEST), chance)


def hop_delay(failures: int, chance: float) -> timedelta:
    """How long mail waits when the hop as a whole was away ``failures`` times in a row: a minute, to at most 5."""
    return _spread(_doubled(FIRST, failures, HOP_LONGEST), chance)


def probe_delay(failures: int) -> timedelta:
    """How long until a hop that was away ``failures`` times in a row is asked again: a second, doubled, to at most a minute."""
    return _doubled(timedelta(seconds=1), failures, PROBE_LONGEST)


def aside_delay(crashes: int) -> timedelta:
    """How long something that the guard died of ``crashes`` times (3, 4, …) is left alone: 4 hours, doubled, to at most a day.

    >>> [str(aside_delay(n)) for n in (3, 4, 9)]
    ['4:00:00', '8:00:00', '1 day, 0:00:00']
    """
    return _doubled(LONGEST, crashes - 2, ASIDE_LONGEST)


def webhook_delay(failures: int, chance: float) -> timedelta:
    """How long a system is left alone that did not take an event ``failures`` times: 5 seconds, doubled, to at most 15 minutes.

    >>> [str(webhook_delay(n, 0.5)) for n in (1, 2, 8, 9)]
    ['0:00:05', '0:00:10', '0:10:40', '0:15:00']
    """
    return _spread(_doubled(WEBHOOK_FIRST, failures, WEBHOOK_LONGEST), chance)


def gives_up(queued_at: datetime, now: datetime) -> bool:
    """Whether a mail queued at ``queued_at`` has been tried for 5 days."""
    return now - queued_at >= GIVE_UP_AFTER


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    return min(first * (1 << min(max(times - 1, 0), 20)), longest)


def _spread(delay: timedelta, chance: float) -> timedelta:
    return delay * (1 - SPREAD + 2 * SPREAD * chance)
