"""Posts: what waits in functional mailboxes to be read and perhaps answered, and what is done with it. Bodies are no part."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.console.api.asking import ANY_ID, IdInPath, IfMatch, Listed, Paging, Who
from services.console.post_moves import Filled, Found, Move, move
from services.console.posts import Posts, Seen, one_post
from services.console.problems import ABOUT, Problem, problems, refused
from services.console.recorded import allowed, recorded
from services.settings import ZONE
from services.store.posts import Overtaken
from workflows.post import MOST_NOTE, Post, Refused
from workflows.rights import Action, Reach, reach

router = APIRouter(prefix="/posts", tags=["posts"])


class Owed(BaseModel):
    """What is still to be done, and by when: read it, answer it, or deal with a right."""

    what: Literal["read", "answer", "right"]
    due: AwareDatetime
    right: str | None


class Summary(BaseModel):
    """What the mail holds, without a word of it. ``amounts`` are in øre."""

    questions: int
    dates: list[str]
    amounts: list[int]
    attachments: int
    words: int
    more: bool


class PostWhole(BaseModel):
    """One mail in one functional mailbox. ``mailbox`` is its code; ``taken_by`` an employee's address, while it is open."""

    id: str
    mail: str
    mailbox: str
    unit: str | None
    citizen: str | None
    case: str | None
    level: str | None
    rights: list[str]
    arrived_at: AwareDatetime
    owed: list[Owed]
    read_at: AwareDatetime | None
    read_how: str | None
    answered_at: AwareDatetime | None
    answered_how: str | None
    no_reply_owed: bool
    taken_by: str | None
    done_at: AwareDatetime | None
    note: str | None
    summary: Summary | None


class Asked(Paging):
    """Which posts: of one unit's mailbox or of all; those that wait, the most urgent first, or those done in the last 30 days."""

    unit: str | None = Field(None, pattern=ANY_ID)
    state: Literal["open", "done"] = "open"


class Told(BaseModel):
    """What goes with a move. ``to``: an employee's address, to hand over; ``found``: what the reader found, for ``read``."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field("", max_length=MOST_NOTE)
    to: str = Field("", max_length=320)
    found: list[Found] = Field([], max_length=20)


@router.get("")
async def posts(request: Request, who: Who, asked: Annotated[Asked, Query()]) -> Listed[PostWhole]:
    """Those in the mailboxes that you read."""
    if reach(who.rights, Action.SEE_POST) is Reach.NONE:
        await allowed(request, who, Action.SEE_POST, "posts")
    looking = Posts(request, who)
    units = {one.id for one in looking.units()}
    if asked.unit is not None and asked.unit not in units:
        await recorded(request, who, "access.refused", asked.unit, Action.SEE_POST.value)
        raise HTTPException(404)
    await recorded(request, who, "posts.read", asked.unit or "posts")
    look = looking.open if asked.state == "open" else looking.closed
    page = await look([asked.unit] if asked.unit else None, limit=asked.limit, after=asked.cursor)
    return Listed(items=[_whole(one) for one in page.items], next=page.after)


@router.get("/{id}")
async def post(request: Request, response: Response, who: Who, id: IdInPath) -> PostWhole:
    """One, with its ETag."""
    _, seen = await one_post(request, who, id, Action.SEE_POST, "post.seen")
    response.headers["ETag"] = _etag(seen.post)
    return _whole(seen)


@dataclass(frozen=True, slots=True)
class Moving:
    """A move that is asked for, from the state that whoever asks has seen."""

    posts: Posts
    seen: Seen
    name: Move


async def _moving(request: Request, who: Who, id: IdInPath, name: Move, if_match: IfMatch = None) -> Moving:
    posts, seen = await one_post(request, who, id, Action.HANDLE_POST, "post.seen")
    if if_match is None:
        raise Problem(428, ABOUT[428])
    if if_match.strip().removeprefix("W/") != _etag(seen.post):
        raise _overtaken(seen.post)
    return Moving(posts, seen, name)


@router.post("/{id}/{name}", responses=problems(409, 412, 428))
async def moved(request: Request, response: Response, asked: Annotated[Moving, Depends(_moving)], told: Told) -> PostWhole:
    """Take it, hand it over, tell that it is read, answered, in no need of an answer, or done."""
    filled = Filled(revision=asked.seen.post.revision, note=told.note, to=told.to, found=list(told.found))
    made = await move(request, asked.posts, asked.seen, asked.name, filled)
    if isinstance(made, Refused):
        raise refused([made.because])
    if isinstance(made, Overtaken):
        raise _overtaken(made.now)
    now = await asked.posts.one(made.id)
    if now is None:
        raise HTTPException(404)
    response.headers["ETag"] = _etag(now.post)
    return _whole(now)


def _overtaken(now: Post | None) -> Problem:
    return Problem(412, ABOUT[412], {"ETag": _etag(now)} if now else {})


def _etag(post: Post) -> str:
    return f'"{post.revision}"'


def _whole(seen: Seen) -> PostWhole:
    one = seen.post
    moments = ("arrived_at", "read_at", "answered_at", "done_at")
    return PostWhole(
        **{name: getattr(one, name) for name in ("id", "mail", "unit", "citizen", "level", "note", "taken_by", "no_reply_owed")},
        **{name: at.astimezone(ZONE) if (at := getattr(one, name)) else None for name in moments},
        mailbox=one.code,
        case=seen.case,
        rights=list(one.rights),
        owed=[Owed(what=owed.what, due=owed.due.astimezone(ZONE), right=owed.right) for owed in one.owed()],
        read_how=one.read_how,
        answered_how=one.answered_how,
        summary=Summary(**one.summary) if one.summary else None,
    )
