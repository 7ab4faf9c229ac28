"""Who is told that a mail, what should take it, or a notice about it, needs somebody's hand."""

from collections.abc import Mapping
from datetime import datetime

from workflows.notices import About, House, Json, Notice, NoticeKind, NoticeRole, Urgency, operations

STUCK: Mapping[str | None, NoticeKind] = {
    None: "mail_stuck",
    "late": "mail_late",
    "unaccounted": "mail_unaccounted",
    "set_aside": "mail_set_aside",
    "untold": "mail_untold",
}


def mailbox_unreachable(event_id: str, data: Json, house: House, now: datetime) -> tuple[Notice, ...]:
    """The unit's leader is told that a redirected mail was not taken where it was sent."""
    to = house.leader(data.get("unit"))
    about = _of_event(data, house, now)
    return (Notice(to, "leader", "same_day", "mailbox_unreachable", now, f"notice:{event_id}:{to}", about),) if to else ()


def mail_stuck(event_id: str, data: Json, house: House, now: datetime) -> tuple[Notice, ...]:
    """The unit's leader and operations are told that a mail does not get on by itself; ``why`` has words of its own."""
    kind = STUCK[data.get("why")]
    about = _of_event(data, house, now)
    leader = house.leader(data.get("unit"))
    told: dict[str, NoticeRole] = dict.fromkeys(operations(house), "it")
    if leader:
        told[leader] = "leader"
    return tuple(Notice(to, role, "same_day", kind, now, f"notice:{event_id}:{to}", about) for to, role in sorted(told.items()))


def failed(kind: NoticeKind, notice: Notice, house: House, now: datetime) -> tuple[Notice, ...]:
    """Operations hear that ``notice`` could not be told to its person, or that nobody in line has opened what it is about; once for
    each mail, and never of what they should have heard themselves."""
    told = operations(house)
    if notice.role == "it" or notice.to in told:
        return ()
    about = About(
        notice.about.mail, notice.about.at, people=(notice.to,), unit=notice.about.unit, unit_id=notice.about.unit_id,
        frameworks=notice.about.frameworks, leader=notice.about.leader,
    )  # fmt: skip
    urgency: Urgency = "now" if notice.urgency == "now" else "same_day"
    return tuple(Notice(to, "it", urgency, kind, now, f"{kind}:{notice.about.mail}:{to}", about) for to in sorted(told))


def _of_event(data: Json, house: House, now: datetime) -> About:
    unit = data.get("unit")
    frameworks = (data["framework"],) if data.get("framework") else ()
    at = now.astimezone(house.policy.zone)
    return About(mail=data["mail"], at=at, frameworks=frameworks, unit=house.unit_name(unit), leader=house.leader(unit))
