"""Incidents (*hændelser*): what employees reported, and to report one."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.console.api.asking import Listed, OfCitizen, Who
from services.console.api.frameworks import made, moving
from services.console.api.seen import frameworks_seen
from services.console.concern import concerns
from services.console.problems import problems
from services.console.recorded import allowed, recorded
from services.settings import ZONE
from services.store.dossier_rows import Kept
from workflows.dossier import Happening, Reported
from workflows.people import Id
from workflows.rights import Action, Reach, reach

router = APIRouter(prefix="/incidents", tags=["incidents"])


class Incident(BaseModel):
    """A report: by whom, and what happened."""

    framework: str
    citizen: str
    reported_by: str | None
    at: AwareDatetime
    happenings: list[Happening]
    wants_support: bool


class Report(BaseModel):
    """What happened: dated and factual, what was done and never what somebody is."""

    model_config = ConfigDict(extra="forbid")

    citizen: Id
    happenings: list[Happening] = Field(min_length=1, max_length=100)
    wants_support: bool = False


class Received(BaseModel):
    """It is with the leader, in this dossier."""

    framework: str


@router.get("")
async def incidents(request: Request, who: Who, asked: Annotated[OfCitizen, Query()]) -> Listed[Incident]:
    """Those in the dossiers that you may see. ``limit`` counts dossiers."""
    if reach(who.rights, Action.SEE_FRAMEWORK) is Reach.NONE:
        await allowed(request, who, Action.SEE_FRAMEWORK, "incidents")
    await recorded(request, who, "incidents.read", asked.citizen or "incidents")
    page = await frameworks_seen(concerns(request), who.rights, citizen=asked.citizen, limit=asked.limit, after=asked.cursor)
    return Listed(items=[one for kept, _ in page.items for one in _reported(kept)], next=page.after)


@router.post("", status_code=201, responses=problems(409))
async def report(request: Request, response: Response, who: Who, told: Report) -> Received:
    """Report what happened. Any employee may; it shows nothing of the citizen."""
    if told.citizen not in await concerns(request).store.views.named([told.citizen]):
        raise HTTPException(404)
    lifecycle, doer = moving(request, who)
    record = Reported(move="reported", happenings=tuple(told.happenings), wants_support=told.wants_support)
    kept = made(await lifecycle.move(lifecycle.begin(told.citizen), record, doer))
    id = kept.dossier.framework.id
    response.headers["Location"] = f"/api/v1/frameworks/{id}"
    return Received(framework=id)


def _reported(kept: Kept) -> list[Incident]:
    return [
        Incident(
            framework=kept.dossier.framework.id,
            citizen=kept.dossier.framework.citizen,
            reported_by=one.by,
            at=one.at.astimezone(ZONE),
            happenings=list(one.record.happenings),
            wants_support=one.record.wants_support,
        )
        for one in kept.dossier.steps
        if isinstance(one.record, Reported)
    ]
