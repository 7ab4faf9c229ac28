"""When people must be told of a post that waits too long, and who: the owner of the mailbox, then the deputy, the leader, the head.

Three ladders, each climbed a step at a time: nobody has read it, nobody has answered it, a right runs out. The last two begin when
it was read, or when nobody is left to tell that it wasn't. A step comes after the one before has had its time, however long the
guard was away: first comes who can still do it themselves. Outside working hours people hear of nothing but red. A right that
runs out can't be mended afterwards: three of those in line hear of it before.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from workflows.deadlines import ONE_DAY, RIGHT_CLOCKS
from workflows.events import Event
from workflows.notices import House
from workflows.post import Clock, Post

Role = Literal["owner", "deputy", "leader", "head"]
ROLES: tuple[Role, ...] = ("owner", "deputy", "leader", "head")
"""Who hears of it at stage 1, 2, 3 and 4."""
OWNER = 1
RED_STEP = timedelta(minutes=30)  # domain.md (f): escalate where a red was not opened within 30 minutes
UNREAD_STEP = timedelta(hours=1)  # working hours: what is unread past its deadline is soon the leader's (domain.md (d))
AHEAD = timedelta(hours=1)  # before people go home, of what must be read on the same day
RIGHT_AHEAD = timedelta(hours=2)  # of a right, so that all hear of it on that day (domain.md (d))
SHORTEST = timedelta(minutes=15)  # that the one before has, where there is little time left
CHILD_AHEAD = timedelta(hours=4)
MORNINGS = 3  # of work, the last before a right runs out: on each of them one more is told
CALM = timedelta(hours=1)  # between two notices about one mailbox: what falls due meanwhile is told of together


@dataclass(frozen=True, slots=True)
class Raised:
    """Somebody must be told: what was not done by ``due``, and at which stage. ``right``: which one runs out.

    ``urgent``: it can't wait for working hours.
    """

    what: Literal["unread", "overdue"]
    stage: int
    due: datetime
    right: str | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a post found: the post as it is to be kept, with ``next_at`` set, and of what people must hear now.

    ``since``: when the first of that was to be told.
    """

    post: Post
    raised: tuple[Raised, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    raised: Raised
    at: datetime


def people(unit: str | None, spared: Collection[str], house: House, taken_by: str | None = None) -> Mapping[int, str]:
    """Who hears of it at which stage, each once, but those who are ``spared``; nobody where the unit names no other person.

    Who has taken it, and works here still, comes first, in the owner's place.
    """
    found = house.organisation.units.get(unit or "")
    named = (found.mailbox_owner, found.deputy, found.leader, found.head) if found else (None,)
    if taken_by and taken_by not in spared and house.organisation.employee(taken_by, house.policy):
        named = (taken_by, *named[1:])
    told: dict[int, str] = {}
    for stage, address in enumerate(named, 1):
        person = house.person(address) if address else None
        if person and person not in told.values() and person not in spared:
            told[stage] = person
    return told


def _line(post: Post, house: House) -> Mapping[int, str]:
    return people(post.unit, post.spared, house, post.taken_by)


def sleeps(stage: int, unit: str | None, line: Mapping[int, str], house: House) -> bool:
    """Whether who is told at ``stage`` of that ``line`` hears of nothing by night, not even of red (``domain.md`` (f)): the owner,
    unless they lead the unit, or nobody else is there to hear of it."""
    return stage == OWNER and len(line) > 1 and line.get(OWNER) != house.leader(unit)


def look(post: Post, now: datetime, house: House) -> Look:
    """What is due of ``post`` at the instant ``now``, and when to look at it again."""
    raised: list[Raised] = []
    since: datetime | None = None
    opens = house.hours.next_open(now, house.policy.zone)
    while steps := tuple(_steps(post, house)):
        times = [one.at if one.raised.urgent else max(one.at, opens) for one in steps]
        if min(times) > now:
            return Look(replace(post, next_at=min(times)), tuple(raised), since)
        for one, at in zip(steps, times, strict=True):
            if at <= now:
                raised.append(one.raised)
                since = min(one.at, since or one.at)
                post = _told(post, one.raised, now)
    return Look(replace(post, next_at=None), tuple(raised), since)


def put_off(found: Look, last_told: datetime | None, now: datetime, house: House) -> datetime | None:
    """Until when people are left in peace, since they have just heard of the mailbox (``last_told``); None where they aren't.

    No notice waits longer than that, however often people hear of others; of a mail with a right it is a quarter of an hour, and
    neither past the end of the day nor past what falls due. What was told in the future was told by a clock that was wrong.
    """
    if not found.raised or any(one.urgent for one in found.raised):
        return None
    calm = SHORTEST if found.post.rights else CALM
    if last_told is None or not last_told <= now < last_told + calm:
        return None
    later = min(last_told, found.since or now) + calm
    opens = house.hours.next_open(later, house.policy.zone)
    too_late = opens > later or any(now < one.due <= later for one in found.raised)
    return None if later <= now or (found.post.rights and too_late) else opens


def _told(post: Post, raised: Raised, now: datetime) -> Post:
    if raised.what == "unread":
        return replace(post, unread_stage=raised.stage, told_at=now)
    if raised.right is None:
        return replace(post, answer_stage=raised.stage, told_at=now)
    clocks = tuple(one._replace(stage=raised.stage) if one.right == raised.right else one for one in post.clocks)
    return replace(post, clocks=clocks, told_at=now)


def _steps(post: Post, house: House) -> Iterator[_Step]:
    """The next step of each ladder that is climbed now."""
    if post.done_at:
        return
    stages = sorted(_line(post, house)) or [OWNER]
    unread = None if post.read_at else _next(stages, post.unread_stage)
    if unread:
        raised = Raised("unread", unread, post.due_read, urgent=post.red)
        at = _later(post, house, raised, post.unread_stage) if post.unread_stage else _first_unread(post, house)
        yield _step(raised, at, house)
        return
    if post.due_answer and not post.answered_at and (stage := _next(stages, post.answer_stage)):
        raised = Raised("overdue", stage, post.due_answer)
        later = _later(post, house, raised, post.answer_stage) if post.answer_stage else post.due_answer
        yield _step(raised, max(post.due_answer, later), house)
    for clock in post.clocks:
        if stage := _next(stages, clock.stage):
            raised = Raised("overdue", stage, clock.due, clock.right, urgent=clock.right == "child_concern")
            yield _step(raised, _runs_out(clock, post, house, raised, stages.index(stage)), house)


def _step(raised: Raised, at: datetime, house: House) -> _Step:
    return _Step(raised, at if raised.urgent else house.hours.next_open(at, house.policy.zone))


def _next(stages: list[int], told: int) -> int | None:
    return next((one for one in stages if one > told), None)


def _later(post: Post, house: House, raised: Raised, before: int) -> datetime:
    """When the next one in line hears of it: of what is unread after an hour of work, else on the next working morning.

    ``before`` is the stage that heard of it last. Of red, whoever sleeps until the morning is not waited for.
    """
    told, hours, zone = post.told_at or post.arrived_at, house.hours, house.policy.zone
    if raised.urgent:
        line = _line(post, house)
        asleep = sleeps(before, post.unit, line, house) and hours.next_open(told, zone) > told
        return told if asleep else told + RED_STEP
    if raised.what == "unread":
        return hours.after(told, _unread_step(post, told, raised, house), zone)
    day = hours.calendar.working_day_after(told.astimezone(zone).date(), 1)
    return datetime.combine(day, hours.opens, zone)


def _unread_step(post: Post, told: datetime, raised: Raised, house: House) -> timedelta:
    """How long the one before has. Where the mail holds a right, what is left of its day is shared by those who come."""
    if not post.rights:
        return UNREAD_STEP
    coming = sum(one >= raised.stage for one in _line(post, house))
    left = house.hours.end_of_day(post.arrived_at, house.policy.zone) - told
    return max(SHORTEST, min(left / (coming + 1), UNREAD_STEP))


def _first_unread(post: Post, house: House) -> datetime:
    """When it falls due; earlier where people would have gone home by then, or not all would hear of a right on its day. In its
    first half hour nobody is told."""
    soon = post.arrived_at + RED_STEP
    if post.red:
        return min(post.due_read, soon)
    if post.rights:
        last = house.hours.end_of_day(post.arrived_at, house.policy.zone) - RIGHT_AHEAD
        return max(soon, min(post.due_read, last))
    gone_home = house.hours.next_open(post.due_read, house.policy.zone) > post.due_read
    return max(soon, post.due_read - AHEAD) if gone_home else post.due_read


def _runs_out(clock: Clock, post: Post, house: House, raised: Raised, place: int) -> datetime:
    """When the one at ``place`` in line hears that a right runs out: before it does, by the clock of red where it is about a child.

    Whoever comes after three, and all where no law sets the clock, hear of it as of a late answer.
    """
    later = _later(post, house, raised, clock.stage) if clock.stage else post.arrived_at
    if raised.urgent:
        return max(later, clock.due - CHILD_AHEAD)
    if clock.right not in RIGHT_CLOCKS or place >= MORNINGS:
        return max(later, clock.due)
    told = post.told_at or post.arrived_at
    soon = house.hours.after(told, UNREAD_STEP, house.policy.zone) if clock.stage else post.arrived_at
    return max(soon, _morning_before(clock.due, MORNINGS - place, post, house))


def _morning_before(due: datetime, count: int, post: Post, house: House) -> datetime:
    """The ``count``-th working morning before ``due``, counted back from it; none before the mail came."""
    hours, zone = house.hours, house.policy.zone
    first, day = post.arrived_at.astimezone(zone).date(), due.astimezone(zone).date()
    while day > first:
        morning = datetime.combine(day, hours.opens, zone)
        count -= hours.calendar.is_working_day(day) and morning < due
        if count <= 0:
            return morning
        day -= ONE_DAY
    return post.arrived_at


def events_of(found: Sequence[Look], now: datetime) -> list[tuple[Event, ...]]:
    """The events of some looks, look by look. What concerns the same people of the same mailbox is one batch,
    and red by itself: of that people are told at other hours."""
    batches = Counter(_batch(one.post, raised) for one in found for raised in one.raised)
    return [tuple(_event(one.post, raised, batches[_batch(one.post, raised)], now) for raised in one.raised) for one in found]


def _batch(post: Post, raised: Raised) -> str:
    urgency = ".now" if raised.urgent else ""
    alone = f".{post.mail}" if post.taken_by and raised.stage == OWNER else ""  # its taker's, and nobody else's
    return f"{post.code}.{post.unit or 'none'}.{raised.what}.{raised.right or 'none'}.{raised.stage}{urgency}{alone}"


def _event(post: Post, raised: Raised, count: int, now: datetime) -> Event:
    """Named by post and stage: told once for ever."""
    data = {
        "post": post.id,
        "mail": post.mail,
        "unit": post.unit,
        "mailbox": post.code,
        "stage": raised.stage,
        "due": raised.due.isoformat(),
        "arrived": post.arrived_at.isoformat(),
        "urgent": raised.urgent,
        "batch": f"{_batch(post, raised)}.{now.strftime('%Y%m%dT%H%M%S.%f')}",
        "count": count,
    }
    name = f"{post.id}.{raised.what}.{raised.right or 'mail'}.{raised.stage}"
    right = {"right": raised.right} if raised.what == "overdue" else {}
    return Event(name, f"mailbox.{raised.what}", post.mail, now, data | right)
