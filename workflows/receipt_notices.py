"""Who is told that a receipt did not reach the citizen."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workflows.notices import About, House, Notice, NoticeRole, operations


def undelivered(event_id: str, data: Mapping[str, Any], house: House, now: datetime) -> tuple[Notice, ...]:
    """The unit's leader: somebody has to tell the citizen. Where nobody leads it, operations find out who does."""
    unit = data.get("unit")
    leader = house.leader(unit)
    role: NoticeRole = "leader" if leader else "it"
    about = About(data["mail"], now.astimezone(house.policy.zone), unit=house.unit_name(unit), leader=leader)
    return tuple(
        Notice(to, role, "same_day", "receipt_undelivered", now, f"notice:{event_id}:{to}", about)
        for to in ([leader] if leader else sorted(operations(house)))
    )
