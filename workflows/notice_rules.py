"""When and how a notice reaches its person: at once, gathered, in a digest, after quiet hours; who hears when nobody has looked.

Nothing here is about the citizen, and nothing holds a mail: a notice that waits is about one that went its way (law 1).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from workflows.deadlines import WorkingHours
from workflows.decision import Reason
from workflows.notice_mail import Language
from workflows.notices import House, Notice
from workflows.people import Grade

Channel = str
"""``mail``, ``console`` (shown there, and nowhere else), or the name of one that IT has set up."""
MAIL, CONSOLE = "mail", "console"
GATHER = timedelta(hours=1)  # what comes so soon after a notice of its kind is told with others
RED_UNOPENED = timedelta(minutes=30)
ONE_DAY = timedelta(days=1)
ALARMS = frozenset({"redirected_leader", "signal_leader", "incident_reported"})  # of these somebody must open mail or incident
POSTS = frozenset(  # what waits in a mailbox is gathered by ``workflows.post_timers``, which knows what falls due meanwhile
    {"post_unread", "posts_unread", "post_overdue", "posts_overdue", "post_right", "posts_right"}
)
TRIES = 3  # of a channel, before the next one is taken
RETRY = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class Preferences:
    """How somebody wants to be told. ``channels``: the first that takes it. ``handles``: who they are on a channel."""

    channels: tuple[Channel, ...] = (MAIL,)
    quiet: tuple[time, time] | None = None  # from and until, in the municipality's time, over midnight too
    digest: tuple[time, ...] = ()  # at these times, what is not urgent, in one
    language: Language = "both"
    handles: Mapping[Channel, str] = field(default_factory=dict)

    def is_quiet(self, at: datetime, zone: tzinfo) -> bool:
        """Whether ``at`` lies in their quiet hours."""
        if self.quiet is None:
            return False
        begins, ends = self.quiet
        local = at.astimezone(zone).time()
        return begins <= local < ends if begins <= ends else local >= begins or local < ends


def is_red(notice: Notice) -> bool:
    """Whether it is told at once, whatever the hour."""
    return notice.urgency == "now"


def is_alarm(notice: Notice) -> bool:
    """Whether somebody must have opened the mail, or the incident."""
    return notice.role == "leader" and notice.kind in ALARMS


def nobody_to_tell(decided: Mapping[str, Any], signals: Sequence[Mapping[str, Any]]) -> bool:
    """Whether ``notices.plan`` gives nothing, from the data of ``mail.decided`` and the signals alone; True for most mail."""
    ordinary = all(one["action"] == "deliver" and one["reason"] != Reason.OTHER_CASE_OPEN for one in decided["recipients"])
    return ordinary and not signals and decided["grade"] != Grade.PROBABLE


def batch_of(notice: Notice) -> str:
    """What is told together: of one kind, about one case or framework, to one person."""
    about = notice.about
    what = ",".join(about.cases or about.frameworks) or about.unit_id or ""
    return f"{notice.kind}:{notice.role}:{what}"


def ready_at(
    notice: Notice, preferences: Preferences, told: datetime | None, hours: WorkingHours, zone: tzinfo, *, alone: bool = False
) -> datetime:
    """When it may be told. ``told``: when they were last told of its batch. ``alone``: nobody else hears of a red one at once."""
    at = notice.due
    if is_red(notice):
        return at if alone else after_quiet(at, preferences, zone)
    if preferences.digest:
        at = _next_time(at, preferences.digest, zone)
    elif told is not None and told <= at and notice.kind not in POSTS:  # else the clock was ahead then
        at = max(at, told + GATHER)
    if notice.role == "leader" and notice.about.level == "yellow":  # the same day
        at = min(at, max(notice.due, hours.end_of_day(notice.due, zone)))
    return reached_at(notice, at, preferences, hours, zone)


def reached_at(notice: Notice, at: datetime, preferences: Preferences, hours: WorkingHours, zone: tzinfo) -> datetime:
    """When its person may be reached from ``at`` on: after their quiet hours, and a caseworker in working hours alone."""
    at = after_quiet(at, preferences, zone)
    if notice.role != "caseworker" or is_red(notice):
        return at
    return after_quiet(hours.next_open(at, zone), preferences, zone)


def after_quiet(at: datetime, preferences: Preferences, zone: tzinfo) -> datetime:
    """``at`` itself, or the end of the quiet hours that it lies in."""
    if not preferences.is_quiet(at, zone) or preferences.quiet is None:
        return at
    return _next_time(at, (preferences.quiet[1],), zone)


def _next_time(at: datetime, times: Collection[time], zone: tzinfo) -> datetime:
    """The first of these times of day at or after ``at`` (UTC). In the hour that comes twice in autumn, each comes twice."""
    day = at.astimezone(zone).date()
    named = (datetime.combine(one, each, zone) for one in (day, day + ONE_DAY) for each in times)
    found = sorted(instant for one in named for instant in _instants(one, zone))
    return next(one for one in found if one >= at)


def _instants(local: datetime, zone: tzinfo) -> set[datetime]:
    """When (UTC) a clock on the wall shows ``local``; in the hour that spring leaves out, as if it had not moved yet."""
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return {first, second} if second > first else {first}


def alone_with(notice: Notice, others: Sequence[tuple[Notice, Preferences]], zone: tzinfo) -> bool:
    """Whether, of those who hear of the same red mail, nobody else can be told now: then quiet hours hold nothing back.

    Who is only reminded has not reacted: the next in line is told at night too, and so is everybody who is called for help.
    """
    people = (found for found in others if found[0].to != notice.to and found[0].role != "it")
    same = (found for found in people if found[0].about.again == notice.about.again and notice.kind != "assist_called")
    return not any(is_red(one) and not theirs.is_quiet(one.due, zone) for one, theirs in same)


def escalates_at(notice: Notice, told: datetime, hours: WorkingHours, zone: tzinfo) -> datetime | None:
    """When the next in line is told, if by then nobody has opened the mail: red after half an hour, yellow at the day's end.

    A reminder comes beside telling the next in line: that one is waited for from then on.
    """
    if not is_alarm(notice) or notice.about.again == "reminder":
        return None
    if is_red(notice):
        return told + RED_UNOPENED
    return hours.end_of_day(told, zone) if notice.about.level == "yellow" else None


def next_in_line(unit: str | None, told: Collection[str], house: House) -> str | None:
    """Of the unit's leader, deputy and head the first who has not been told, where that is a person."""
    found = house.organisation.units.get(unit or "")
    named = (found.leader, found.deputy, found.head) if found else ()
    people = (house.person(one) for one in named if one)
    return next((one for one in people if one and one not in told), None)


def retry_after(tries: int) -> timedelta | None:
    """How long until a channel that failed ``tries`` times is tried again; None when another is to be taken."""
    return RETRY[tries - 1] if tries < TRIES else None


def next_channel(preferences: Preferences, failed: Collection[Channel], there: Collection[Channel]) -> Channel | None:
    """The first that has not failed: those that they chose, and mail at last. ``there``: channels that IT has set up."""
    usable = [one for one in preferences.channels if one in (MAIL, CONSOLE) or (one in there and preferences.handles.get(one))]
    return next((one for one in (*usable, MAIL) if one not in failed), None)
