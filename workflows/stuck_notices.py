"""Who is told that a mail, or what should take it, needs somebody's hand."""

from collections.abc import Mapping
from datetime import datetime

from workflows.notices import About, House, Json, Notice, NoticeKind, NoticeRole, operations

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


def _of_event(data: Json, house: House, now: datetime) -> About:
    unit = data.get("unit")
    frameworks = (data["framework"],) if data.get("framework") else ()
    at = now.astimezone(house.policy.zone)
    return About(mail=data["mail"], at=at, frameworks=frameworks, unit=house.unit_name(unit), leader=house.leader(unit))
