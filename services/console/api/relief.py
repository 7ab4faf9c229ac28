"""Wishes to hand over a case, or for relief in it (*aflastning*), and their leader's answers."""

from fastapi import APIRouter, HTTPException, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.console.api.asking import IdInPath, Who
from services.console.assist import Asked, AssistSeen, one_matter, own_case, taker
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.incidents import by_of
from services.console.problems import problems, refused
from services.console.recorded import recorded
from services.settings import ZONE
from services.store.desk import KeptMatter
from workflows.incident import Refused
from workflows.people import Address, Id
from workflows.relief import MOST_WORDS, Answer, Relief, Says, Wish
from workflows.rights import Action

router = APIRouter(prefix="/relief", tags=["relief"])


class WishForRelief(BaseModel):
    """What is asked for in which case, by whom. ``yours``: it waits for your answer."""

    id: str
    wish: Wish
    case: str
    citizen: str
    unit: str
    asked_by: Address
    at: AwareDatetime
    why: str
    yours: bool
    answer: Answer | None


class Wishes(BaseModel):
    """Those that wait for your answer, and your own of the last 30 days."""

    items: list[WishForRelief]


class Wished(BaseModel):
    """What you ask for, in a case of yours. Nobody has to say why."""

    model_config = ConfigDict(extra="forbid")

    case: Id
    wish: Wish
    why: str = Field("", max_length=MOST_WORDS)


class Said(BaseModel):
    """The answer. ``to`` takes the case over (taken); ``note`` says what was agreed instead, or why not (other, no)."""

    model_config = ConfigDict(extra="forbid")

    says: Says
    to: Address | None = None
    note: str = Field("", max_length=MOST_WORDS)


@router.get("")
async def wishes(request: Request, who: Who) -> Wishes:
    """What concerns you now."""
    await recorded(request, who, "relief.read", "relief")
    there = await AssistSeen(request, who).matters()
    return Wishes(items=[_told(one) for one in (*there.asked, *there.told)])


@router.post("", status_code=201)
async def ask(request: Request, response: Response, who: Who, wished: Wished) -> WishForRelief:
    """Ask; your leader hears of it the same day. Where a wish of yours in this case waits, it is that one."""
    case = await own_case(request, who, wished.case)
    if case is None:
        raise HTTPException(404)
    seen = AssistSeen(request, who)
    one = await seen.asked(case.id)
    if one is None:
        [one] = await seen.wishes([await seen.desk.ask(wished.wish, case, wished.why.strip(), by_of(who))])
    response.headers["Location"] = f"/api/v1{one.path}"
    return _told(one)


@router.get("/{id}")
async def wish(request: Request, who: Who, id: IdInPath) -> WishForRelief:
    """One: for who asks, who leads the unit, and the DPO."""
    _, one = await _one(request, who, id)
    return _told(one)


@router.post("/{id}/answer", responses=problems(409))
async def answer(request: Request, who: Who, id: IdInPath, said: Said) -> WishForRelief:
    """Answer, as the leader. A no is explained, and no case moves by itself."""
    seen, one = await _one(request, who, id)
    if not one.answers:
        await recorded(request, who, "access.refused", id, Action.ANSWER_RELIEF.value)
        raise HTTPException(404)
    to, now = taker(request, one.one, said.to) if said.to else None, console_of(request).clock.now()
    made = Answer(says=said.says, to=to, note=said.note.strip(), by=who.address, at=now)
    found = await seen.desk.answer(one.kept, made, by_of(who))
    if isinstance(found, Refused):
        raise refused((found.because,))
    [after] = await seen.wishes([found])
    return _told(after)


async def _one(request: Request, who: Visitor, id: str) -> tuple[AssistSeen, Asked]:
    seen, kept = await one_matter(request, who, id, Relief)
    assert isinstance(kept, KeptMatter)
    [one] = await seen.wishes([kept])
    return seen, one


def _told(wish: Asked) -> WishForRelief:
    one, said = wish.one, wish.one.answer
    same = {name: getattr(one, name) for name in ("id", "wish", "case", "citizen", "unit", "asked_by", "why")}
    answer = said.model_copy(update={"at": said.at.astimezone(ZONE)}) if said else None
    return WishForRelief(**same, at=one.at.astimezone(ZONE), yours=wish.answers, answer=answer)
