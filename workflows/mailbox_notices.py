"""Who is told of mail that waits too long in a functional mailbox, and of a mailbox that the guard can't look into.

Ids, dates and our own addresses alone, no word of a mail (law 9). What was raised together is told of in one notice.
"""

from collections.abc import Collection
from datetime import datetime

from workflows.deadlines import RIGHT_CLOCKS
from workflows.events import Event
from workflows.notices import About, House, Notice, NoticeKind, NoticeRole, operations
from workflows.post import Post
from workflows.post_timers import OWNER, people, sleeps
from workflows.route import FAULTS

KINDS: dict[str, tuple[NoticeKind, NoticeKind]] = {
    "unread": ("post_unread", "posts_unread"),
    "overdue": ("post_overdue", "posts_overdue"),
    "right": ("post_right", "posts_right"),
}
"""What one notice tells of one mail, and of several; a right whose clock no law sets is late as an answer is."""


def late(
    event: Event, mailbox: str, house: House, now: datetime, spared: Collection[str] = (), *, taken_by: str | None = None
) -> tuple[Notice, ...]:
    """Whoever is next in line is told, with those who heard of it before; operations where the unit names nobody.

    ``mailbox`` is its address; ``spared`` are those from whom the mail was moved, and ``taken_by`` is who has taken it.
    """
    data, unit = event.data, event.data.get("unit")
    line, stage, urgent = people(unit, spared, house, taken_by), data["stage"], data["urgent"]
    told = {line[stage]: _role(stage)} if stage in line else dict.fromkeys(operations(house), _role(None)) if not line else {}
    due = now if urgent and not sleeps(stage, unit, line, house) else house.hours.next_open(now, house.policy.zone)
    kind = KINDS["right" if data.get("right") in RIGHT_CLOCKS else event.what.removeprefix("mailbox.")][data["count"] > 1]
    about = _about(event, mailbox, house, tuple(person for one, person in line.items() if one < stage))
    return tuple(
        Notice(to, role, "now" if urgent else "same_day", kind, due, f"notice:{data['batch']}:{to}", about)
        for to, role in sorted(told.items())
    )


def given(post: Post, mailbox: str, house: House, now: datetime) -> tuple[Notice, ...]:
    """To whom a post was handed over, in working hours; ``mailbox`` is its address. Nobody, where it is done or given back."""
    to = house.person(post.taken_by) if post.taken_by else None
    if to is None or post.taken_at is None or post.done_at:
        return ()
    about = About(
        mail=post.mail,
        at=post.arrived_at.astimezone(house.policy.zone),
        where=(mailbox,),
        unit=house.unit_name(post.unit),
        leader=house.leader(post.unit),
    )
    due, name = house.hours.next_open(now, house.policy.zone), f"notice:{post.id}.{post.taken_at.timestamp():.6f}:{to}"
    return (Notice(to, "caseworker", "working_hours", "post_given", due, name, about),)


def unreachable(event: Event, mailbox: str, house: House, now: datetime) -> tuple[Notice, ...]:
    """A mailbox can't be looked into, or a canary didn't arrive there; or mail can't be moved out of an employee's."""
    if event.data.get("why") in FAULTS:
        return not_moved(event, mailbox, house, now)
    if event.data.get("why") == "canary":
        return not_watched(event, mailbox, house, now, "canary_missing")
    return not_watched(event, mailbox, house, now)


def not_moved(event: Event, mailbox: str, house: House, now: datetime) -> tuple[Notice, ...]:
    """Operations alone: the mail lies where it was sent, and whose mailbox it is is nobody else's business."""
    about = About(mail=event.subject, at=event.at.astimezone(house.policy.zone), where=(mailbox,))
    return tuple(
        Notice(to, "it", "same_day", "mail_not_moved", now, f"notice:{event.id}:{to}", about) for to in sorted(operations(house))
    )


def not_watched(
    event: Event, mailbox: str, house: House, now: datetime, kind: NoticeKind = "mailbox_not_watched"
) -> tuple[Notice, ...]:
    """Operations, who mend it, and the unit's leader, who sees to it that somebody opens the mailbox meanwhile."""
    unit = event.data.get("unit")
    about = About(
        mail=event.subject,
        at=event.at.astimezone(house.policy.zone),
        where=(mailbox,),
        unit=house.unit_name(unit),
        leader=house.leader(unit),
    )
    told: dict[str, NoticeRole] = dict.fromkeys(operations(house), "it")
    if about.leader:
        told[about.leader] = "leader"
    due = house.hours.next_open(now, house.policy.zone)
    return tuple(
        Notice(to, role, "same_day", kind, now if role == "it" else due, f"notice:{event.id}:{to}", about)
        for to, role in sorted(told.items())
    )


def _about(event: Event, mailbox: str, house: House, before: tuple[str, ...]) -> About:
    data, zone = event.data, house.policy.zone
    return About(
        mail=data["mail"] if data["count"] == 1 else data["mailbox"],
        at=datetime.fromisoformat(data["arrived"]).astimezone(zone),
        people=before,
        where=(mailbox,),
        unit=house.unit_name(data.get("unit")),
        leader=house.leader(data.get("unit")),
        due=datetime.fromisoformat(data["due"]).astimezone(zone),
        right=data.get("right"),
        count=data["count"],
    )


def _role(stage: int | None) -> NoticeRole:
    return "it" if stage is None else "caseworker" if stage == OWNER else "leader"
