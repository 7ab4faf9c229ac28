"""Situations on a citizen's cases: what happened that can set off hard mails. They prompt a leader, and label nobody."""

from datetime import date

from fastapi import APIRouter, HTTPException, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.requests import Request

from services.console.api.asking import IdInPath, Who
from services.console.citizens import Opened, opened
from services.console.context import console_of
from services.console.problems import problems, refused
from services.console.recorded import recorded
from services.console.situations import Typed, cases_to_note, noted
from services.settings import ZONE
from workflows.people import Id
from workflows.rights import Action
from workflows.situation import Code, Situation

router = APIRouter(prefix="/citizens", tags=["citizens"])


class SituationOnCase(BaseModel):
    """One situation, which happened ``on`` that day; who noted it (an employee's address) and when."""

    id: str
    case: str
    code: Code
    on: date
    noted_at: AwareDatetime
    noted_by: str


class Situations(BaseModel):
    """Those on the cases that you may see, the newest first; without what was taken away."""

    items: list[SituationOnCase]


class Happened(BaseModel):
    """What happened in which case, and on which day: not one that has yet to come."""

    model_config = ConfigDict(extra="forbid")

    case: Id
    code: Code
    on: date


@router.get("/{id}/situations")
async def situations(request: Request, who: Who, id: IdInPath) -> Situations:
    """A citizen's."""
    found = await opened(request, who, id)
    await recorded(request, who, "citizen.read", found.id)
    return await _all(request, found)


@router.post("/{id}/situations", status_code=201, responses=problems(409))
async def note(request: Request, who: Who, id: IdInPath, told: Happened) -> Situations:
    """Note one on a case of your units. The same again is nothing new."""
    found = await opened(request, who, id, Action.NOTE_SITUATION)
    wrong = await noted(request, who, found, Typed(case=told.case, code=told.code, on=told.on.isoformat()))
    if wrong:
        raise refused([sentence for _, sentence in wrong])
    return await _all(request, found)


@router.delete("/{id}/situations/{situation}", status_code=204)
async def remove(request: Request, who: Who, id: IdInPath, situation: IdInPath) -> Response:
    """Take one away. Who did, and when, is kept."""
    found = await opened(request, who, id, Action.NOTE_SITUATION)
    store, mine = console_of(request).store, cases_to_note(who.rights, found.cases)
    there = [one for one in await store.situations.of_citizen(found.id) if one.id == situation and one.case in mine]
    if not there or not await store.situations.remove(situation, person=who.rights.address, actor=who.account):
        raise HTTPException(404)
    return Response(status_code=204)


async def _all(request: Request, found: Opened) -> Situations:
    cases = {one.id for one in found.cases}
    there = await console_of(request).store.situations.of_citizen(found.id)
    return Situations(items=[_told(one) for one in there if one.case in cases and one.removed_at is None])


def _told(one: Situation) -> SituationOnCase:
    at = one.noted_at.astimezone(ZONE)
    return SituationOnCase(id=one.id, case=one.case, code=one.code, on=one.on, noted_at=at, noted_by=one.noted_by)
