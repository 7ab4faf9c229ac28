"""What people must hear of before anybody misses a mail: recipients that the books can't account for, and mail that waits too long.

Pure: what waits and what is missing in, events out. Each event has a lasting name, so that it is told once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.events import Event, mail_stuck

LATE_AFTER = timedelta(hours=4)  # the longest pause between two attempts: by then a mailbox that is well has taken the mail
MANY = 20  # late mails of one hop beyond which the hop is what is wrong: operations hear of it, not every leader of every mail


@dataclass(frozen=True, slots=True)
class Waiting:
    """A copy of a received mail that waits. ``told``: people have heard that no mailbox takes it."""

    mail: str
    delivery: str
    hop: str
    queued_at: datetime
    attempts: int
    told: bool
    unit: str | None
    framework: str | None


@dataclass(frozen=True, slots=True)
class Missing:
    """A recipient (None: which one, nobody knows) that the books can't account for, with its unit and framework where known."""

    mail: str
    n: int | None
    delivery: str | None
    unit: str | None
    framework: str | None


@dataclass(frozen=True, slots=True)
class Late:
    """The copies that have waited too long, and the hops of which so many did that each mail is not told of."""

    copies: tuple[Waiting, ...]
    hops: Mapping[str, int]

    def told(self) -> list[Waiting]:
        """Those of which people hear one by one."""
        return [one for one in self.copies if one.hop not in self.hops]


def late(waiting: Iterable[Waiting], up_since: Mapping[str, datetime], now: datetime) -> Late:
    """Which copies have waited too long, not counting the time for which their whole hop was away.

    ``up_since`` has the hops that are there now, and since when. What was tried and deferred by itself has waited from its
    beginning; what was never tried can only have waited since its hop is there.
    """
    found = tuple(one for one in waiting if not one.told and one.hop in up_since and _is_late(one, up_since[one.hop], now))
    counts = Counter(one.hop for one in found)
    return Late(found, {hop: count for hop, count in counts.items() if count > MANY})


def _is_late(one: Waiting, up_since: datetime, now: datetime) -> bool:
    since = one.queued_at if one.attempts else max(one.queued_at, up_since)
    return now - since >= LATE_AFTER


def of_late(copies: Sequence[Waiting], now: datetime) -> list[Event]:
    """One event a mail and unit: a mail to thirty people of a unit that waits is one thing to look into."""
    groups: dict[tuple[str, str | None], list[Waiting]] = defaultdict(list)
    for one in copies:
        groups[one.mail, one.unit].append(one)
    return [_late(group[0], now) for group in groups.values()]


def _late(first: Waiting, now: datetime) -> Event:
    copy = {"delivery": first.delivery, "unit": first.unit, "framework": first.framework, "why": "late"}
    return mail_stuck(f"{first.mail}.late.{first.unit or 'none'}.stuck", now, first.mail, copy)


def of_missing(missing: Sequence[Missing], now: datetime) -> list[Event]:
    """One event a recipient, of the first ``MANY``: where more are missing at once, operations see the figure."""
    return [_missing(one, now) for one in missing[:MANY]]


def _missing(one: Missing, now: datetime) -> Event:
    copy = {"delivery": one.delivery, "unit": one.unit, "framework": one.framework, "why": "unaccounted"}
    return mail_stuck(f"{one.mail}.unaccounted{'' if one.n is None else one.n}.stuck", now, one.mail, copy)
