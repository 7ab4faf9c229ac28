"""Incidents (*hændelser*): what employees were exposed to, what is done about it, and to report one."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.console.api.asking import IdInPath, Listed, OfCitizen, Who
from services.console.concern import concerns
from services.console.incidents import IncidentsSeen, Seen, by_of, desk_of, one_incident
from services.console.problems import problems, refused
from services.console.recorded import recorded
from services.console.report_form import for_whom, unit_of
from services.settings import ZONE
from workflows.dossier import Category
from workflows.framework import ClockTime
from workflows.happening import Channel
from workflows.incident import MOST_NOTE, Done, Point, Refused, Report, Situation, WishSays
from workflows.people import Address, Day, Id
from workflows.rights import Action

router = APIRouter(prefix="/incidents", tags=["incidents"])


class Open(BaseModel):
    """A point of the checklist that is not done."""

    point: Point
    due: AwareDatetime


class Ended(BaseModel):
    """One that is, by whom (an address), and on which day."""

    point: Point
    outcome: str
    on: Day
    note: str
    by: Address
    at: AwareDatetime


class Incident(BaseModel):
    """An incident. What happened, whom it is about and the employee's wish are null for the work environment, which has no need of
    them, and notes are empty."""

    id: str
    concerns: Address
    unit: str | None
    reported_by: Address
    reported_at: AwareDatetime
    on: Day
    at: ClockTime | None
    channel: Channel
    kinds: list[Category]
    situation: Situation | None
    near_miss: bool
    grave: bool
    outside_hours: bool
    wants_support: bool
    wish: WishSays | None = Field(description="Whether the employee wants it reported to the police.")
    what: str | None
    citizen: str | None
    case: str | None
    mail: str | None
    open: list[Open]
    done: list[Ended]


class Told(BaseModel):
    """What happened: dated and factual, what was done and never what somebody is. Without ``concerns`` it was done to you."""

    model_config = ConfigDict(extra="forbid")

    what: str = Field(min_length=1, max_length=20_000)
    on: Day
    at: ClockTime | None = None
    channel: Channel
    kinds: list[Category] = Field(default=[], max_length=10)
    situation: Situation | None = None
    near_miss: bool = False
    wants_support: bool = False
    wish: WishSays | None = None
    concerns: Address | None = Field(None, description="A colleague of yours, or somebody in a unit that you lead.")
    citizen: Id | None = None


class Received(BaseModel):
    """Whoever follows it up has been told."""

    incident: str


class Asked(OfCitizen):
    """Which incidents."""

    open: bool | None = Field(None, description="Those in which something is left to do, or those that are followed up.")


class Ticked(BaseModel):
    """How a point of the checklist ended, and on which day."""

    model_config = ConfigDict(extra="forbid")

    outcome: str = Field(pattern=r"^[a-z_]{1,40}$")
    on: Day
    note: str = Field("", max_length=MOST_NOTE)


@router.get("")
async def incidents(request: Request, who: Who, asked: Annotated[Asked, Query()]) -> Listed[Incident]:
    """Those that you may see, the newest first."""
    await recorded(request, who, "incidents.read", asked.citizen or "incidents")
    seen = IncidentsSeen(request, who)
    page = await seen.listed(open=asked.open, citizen=asked.citizen, limit=asked.limit, after=asked.cursor)
    return Listed(items=[_told(one) for one in page.items], next=page.after)


@router.post("", status_code=201, responses=problems(409))
async def report(request: Request, response: Response, who: Who, told: Told) -> Received:
    """Report what happened. Any employee may; it shows nothing of the citizen."""
    if told.citizen and told.citizen not in await concerns(request).store.views.named([told.citizen]):
        raise HTTPException(404)
    exposed = for_whom(request, who, told.concerns or who.address)
    if exposed is None:
        raise HTTPException(404)
    made = Report.model_validate(told.model_dump() | {"concerns": exposed})
    kept = await desk_of(request).report(made, unit_of(request, who, exposed), by_of(who))
    if isinstance(kept, Refused):
        raise refused((kept.because,))
    response.headers["Location"] = f"/api/v1/incidents/{kept.incident.id}"
    return Received(incident=kept.incident.id)


@router.get("/{id}")
async def incident(request: Request, who: Who, id: IdInPath) -> Incident:
    """One."""
    _, one = await one_incident(request, who, id)
    return _told(one)


@router.post("/{id}/points/{point}", responses=problems(409))
async def tick(request: Request, who: Who, id: IdInPath, point: Point, ticked: Ticked) -> Incident:
    """Write a point of the checklist down, as whoever follows the incident up."""
    seen, one = await one_incident(request, who, id, Action.HANDLE_INCIDENT)
    done = Done(point=point, outcome=ticked.outcome, on=ticked.on, note=ticked.note.strip(), by=who.address, at=seen.now)
    kept = await seen.desk.tick(one.kept, done, by_of(who))
    if isinstance(kept, Refused):
        raise refused((kept.because,))
    [after] = await seen.told([kept])
    return _told(after)


def _told(seen: Seen) -> Incident:
    one, told, whole = seen.incident, seen.incident.report, seen.whole
    same = {name: getattr(told, name) for name in ("on", "at", "channel", "situation", "near_miss", "wants_support", "concerns")}
    return Incident(
        id=one.id,
        unit=one.unit,
        reported_by=one.reported_by,
        reported_at=one.reported_at.astimezone(ZONE),
        kinds=list(told.kinds),
        grave=one.grave,
        outside_hours=one.outside_hours,
        wish=one.wish.says if whole and one.wish else None,
        **same,
        **{name: getattr(told, name) if whole else None for name in ("what", "citizen", "case", "mail")},
        open=[Open(point=point, due=due.astimezone(ZONE)) for point, due in seen.dues],
        done=[Ended(**each.model_dump() | ({} if whole else {"note": ""})) for each in one.done],
    )
