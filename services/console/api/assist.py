"""Calls for help (*Tilkald hjælp*): who needs somebody now, whom that calls in which order, and who comes."""

from typing import Literal

from fastapi import APIRouter, HTTPException, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.console.api.asking import IdInPath, Who
from services.console.assist import AssistSeen, Call, one_matter
from services.console.auth.visitor import Visitor
from services.console.incidents import by_of
from services.console.problems import problems, refused
from services.console.recorded import recorded
from services.settings import ZONE
from services.store.desk import KeptMatter
from workflows.assistance import MOST_WHERE, Assistance, Coming, Kind
from workflows.incident import Refused
from workflows.people import Address

router = APIRouter(prefix="/assist", tags=["assist"])


class CallForHelp(BaseModel):
    """A call. ``order``: who is called together, the first first; the first ``called`` of these have been.

    ``rounds``: how often everybody has been called. ``wanted``: you were called, or lead, and have not said that you come.
    ``unanswered``: everybody was called, and nobody comes.
    ``happened``: what the caller wrote afterwards (draft: nothing yet).
    """

    id: str
    kind: Kind
    unit: str | None
    caller: Address
    at: AwareDatetime
    order: list[list[Address]]
    called: int
    rounds: int
    where: str
    coming: list[Coming]
    wanted: bool
    unanswered: bool
    over_at: AwareDatetime | None
    happened: Literal["draft", "reported", "nothing"]


class Calls(BaseModel):
    """Those that concern you now: your own, also of which you have not written what happened, and those of people who need you."""

    items: list[CallForHelp]


class Needed(BaseModel):
    """Who is needed: your leader, a colleague, or a pause that your leader hears of."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind


class Where(BaseModel):
    """Where you are, in your own words."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(max_length=MOST_WHERE)


@router.get("")
async def calls(request: Request, who: Who) -> Calls:
    """What concerns you now."""
    await recorded(request, who, "assist.read", "assist")
    there = await AssistSeen(request, who).matters()
    return Calls(items=[_told(one) for one in (*there.calls, *there.drafts)])


@router.post("", status_code=201)
async def call(request: Request, response: Response, who: Who, needed: Needed) -> CallForHelp:
    """Call for help. Where your call of this kind is open, and its help may be on its way, it is that one."""
    one = await AssistSeen(request, who).pressed(needed.kind)
    response.headers["Location"] = f"/api/v1{one.path}"
    return _told(one)


@router.get("/{id}")
async def one_call(request: Request, who: Who, id: IdInPath) -> CallForHelp:
    """One: for who called, who is called, and who leads the unit."""
    _, one = await _one(request, who, id)
    return _told(one)


@router.post("/{id}/coming", responses=problems(409))
async def come(request: Request, who: Who, id: IdInPath) -> CallForHelp:
    """Say that you come. Nobody else is called then."""
    seen, one = await _one(request, who, id)
    if one.mine:
        raise HTTPException(404)
    return _after(seen, await seen.desk.come(one.kept, by_of(who)))


@router.post("/{id}/nobody", responses=problems(409))
async def nobody(request: Request, who: Who, id: IdInPath) -> CallForHelp:
    """Say in your own call that nobody came, whoever said so: the next are called at once."""
    seen, one = await _own(request, who, id)
    return _after(seen, await seen.desk.nobody_came(one.kept, by_of(who)))


@router.post("/{id}/where", responses=problems(409))
async def place(request: Request, who: Who, id: IdInPath, told: Where) -> CallForHelp:
    """Say where you are, in your own call."""
    seen, one = await _own(request, who, id)
    return _after(seen, await seen.desk.place(one.kept, told.where.strip(), by_of(who)))


@router.post("/{id}/over", responses=problems(409))
async def over(request: Request, who: Who, id: IdInPath) -> CallForHelp:
    """It is over: who called says so, or who came."""
    seen, one = await _one(request, who, id)
    if not (one.mine or one.i_come):
        raise HTTPException(404)
    return _after(seen, await seen.desk.end(one.kept, by_of(who)))


@router.post("/{id}/nothing", responses=problems(409))
async def nothing(request: Request, who: Who, id: IdInPath) -> CallForHelp:
    """There is nothing to report of your own call."""
    seen, one = await _own(request, who, id)
    return _after(seen, await seen.desk.written(one.kept, by_of(who), reported=False))


async def _one(request: Request, who: Visitor, id: str) -> tuple[AssistSeen, Call]:
    seen, kept = await one_matter(request, who, id, Assistance)
    return seen, seen.call(kept)


async def _own(request: Request, who: Visitor, id: str) -> tuple[AssistSeen, Call]:
    seen, one = await _one(request, who, id)
    if not one.mine:
        await recorded(request, who, "access.refused", id, "assist.own")
        raise HTTPException(404)
    return seen, one


def _after(seen: AssistSeen, found: KeptMatter | Refused) -> CallForHelp:
    if isinstance(found, Refused):
        raise refused((found.because,))
    return _told(seen.call(found))


def _told(call: Call) -> CallForHelp:
    one = call.one
    same = {name: getattr(one, name) for name in ("id", "kind", "unit", "caller", "rounds", "where", "unanswered", "happened")}
    return CallForHelp(
        **same,
        at=one.at.astimezone(ZONE),
        called=min(one.called, len(one.order)),
        order=[list(rung) for rung in one.order],
        coming=[each.model_copy(update={"at": each.at.astimezone(ZONE)}) for each in one.coming],
        wanted=call.wanted,
        over_at=one.over_at and one.over_at.astimezone(ZONE),
    )
