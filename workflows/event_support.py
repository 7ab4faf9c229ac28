"""What the events of incidents, calls for help and wishes for relief say."""

from typing import Literal

from pydantic import Field

from workflows.event_model import EventData
from workflows.happening import Channel
from workflows.incident import Point
from workflows.people import Id


class IncidentReported(EventData):
    """An employee was exposed to something, or nearly: somebody has reported it."""

    incident: Id
    unit: Id | None = Field(default=None, description="The unit whose leader follows it up")
    channel: Channel
    grave: bool = Field(description="Whether somebody may be in danger")
    near_miss: bool
    outside_hours: bool = Field(description="Whether it happened outside working hours")


class IncidentOverdue(EventData):
    """A point of an incident's checklist is not done, and its time is near or gone. Told once for each point."""

    incident: Id
    unit: Id | None = None
    point: Point


class AssistRequested(EventData):
    """An employee calls for help; published anew for each step of the order in which people are called, until somebody comes."""

    assist: Id
    unit: Id | None = None
    kind: Literal["leader", "colleague", "time_out"]
    step: int = Field(
        ge=1,
        description="Which step of the order, the first is 1; it counts on when everybody was called, and the order begins anew",
    )


class ReliefAsked(EventData):
    """A caseworker asks to hand over a case, or for relief in it."""

    relief: Id
    unit: Id
    case: Id
    wish: Literal["hand_over", "relief"]


class ReliefAnswered(EventData):
    """A leader has answered it. The case itself is moved in the case system."""

    relief: Id
    unit: Id
    case: Id
    says: Literal["taken", "other", "no"]
