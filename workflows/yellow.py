"""How soon leaders hear of signals: red at once, yellow as the municipality has said by kind, grey in no notice of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from workflows.deadlines import WorkingHours
from workflows.facts import Policy

Json = Mapping[str, Any]


def heard(signals: Sequence[Json], policy: Policy) -> list[Json]:
    """Those of a mail's ``signals`` (kind and level) of which a leader may hear."""
    return [one for one in signals if one["level"] != "yellow" or policy.yellow.get(one["kind"]) != "none"]


def pressing(
    signals: Sequence[Json], policy: Policy, hours: WorkingHours, now: datetime, *, alone: bool
) -> tuple[Literal["now", "same_day", "digest"], datetime]:
    """How urgent a notice to a leader is, and when it is due. ``alone``: it tells of nothing but signals."""
    if any(one["level"] == "red" for one in signals):
        return "now", now
    ways = {policy.yellow.get(one["kind"], "now") for one in signals if one["level"] == "yellow"}
    if alone and ways == {"digest"}:
        return "digest", hours.next_morning(now, policy.zone)
    return "same_day", now
