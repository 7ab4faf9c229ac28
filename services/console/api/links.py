"""Links: questions of who may have written (is it the same person?), with the evidence, and the answers that people give."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import AwareDatetime, BaseModel
from starlette.requests import Request

from services.console.api.asking import Ascii, IdInPath, IfMatch, Listed, OfCitizen, Who, Words, words
from services.console.concern import concerns, opened
from services.console.context import console_of
from services.console.link_words import REFUSED
from services.console.links import Asked, matter_of, one_link, waiting
from services.console.problems import ABOUT, Problem, problems, refused
from services.console.recorded import allowed, recorded
from services.settings import ZONE
from services.who_wrote import DOUBTS
from workflows.link_answers import Answer, Link, NoSuchAnswer
from workflows.rights import Action, Reach, reach

router = APIRouter(prefix="/links", tags=["links"])


class LinkLine(BaseModel):
    """One question. ``person``: somebody around the citizen, by name. ``spoofing``: somebody may pretend to be them.

    ``again_at``: when it is asked once more, of what was put off.
    """

    id: str
    citizen: str
    person: str | None
    mail: str
    unit: str | None
    about: Literal["link", "spoofing"]
    state: Literal["open", "later", "confirmed", "rejected"]
    asked_at: AwareDatetime
    again_at: AwareDatetime | None
    answered_at: AwareDatetime | None
    answered_by: str | None


class Evidence(BaseModel):
    """What speaks for it: what the mail says beside what is known, until somebody has answered. No number of a person is told."""

    kind: str
    weight: Literal["strong", "some", "little"]
    says: str | None
    known: str | None
    because: Words


class LinkWhole(LinkLine):
    """One question with its evidence, and ``doubts``: what speaks against it. ``address`` is null where it is known no more."""

    address: str | None
    evidence: list[Evidence]
    doubts: list[Words]


@router.get("")
async def links(request: Request, who: Who, asked: Annotated[OfCitizen, Query()]) -> Listed[LinkLine]:
    """What you are asked now, the oldest first; or all that your units were ever asked about one citizen, answered or not."""
    if reach(who.rights, Action.LINK_ADDRESS) is Reach.NONE:
        await allowed(request, who, Action.LINK_ADDRESS, "links")
    found = await (_of_citizen(request, who, asked.citizen) if asked.citizen else waiting(request, who))
    await recorded(request, who, "identity.read", asked.citizen or "links")
    ids = [one.id for one in found]
    first = ids.index(asked.cursor) + 1 if asked.cursor in ids else 0
    some = found[first : first + asked.limit]
    more = len(found) > first + asked.limit
    return Listed(items=[LinkLine(**_line(one)) for one in some], next=some[-1].id if more else None)


async def _of_citizen(request: Request, who: Who, id: str) -> tuple[Link, ...]:
    about = concerns(request)
    file = await about.store.views.citizen(id)
    if file is None:
        raise HTTPException(404)
    matter = await about.citizen(id, file.cases)
    await opened(request, who, Action.LINK_ADDRESS, id, matter)
    found = await about.store.identity.of_citizen(id)
    return tuple([one for one in found if matter_of(request, one, matter).opens_to(who.rights, Action.LINK_ADDRESS)])


@router.get("/{id}", response_model=LinkWhole)
async def link(request: Request, who: Who, id: IdInPath) -> Ascii:
    """One, with its ETag."""
    return _whole(await one_link(request, who, id))


async def _answering(request: Request, who: Who, id: IdInPath, if_match: IfMatch = None) -> Asked:
    found = await one_link(request, who, id)
    if if_match is None:
        raise Problem(428, ABOUT[428])
    if if_match.strip().removeprefix("W/") != _etag(found.link):
        raise _overtaken(found.link)
    return found


@router.post("/{id}/{answer}", response_model=LinkWhole, responses=problems(409, 412, 428))
async def answered(request: Request, who: Who, asked: Annotated[Asked, Depends(_answering)], answer: Answer) -> Ascii:
    """Confirm, reject, not now (``later``, once), or undo. A confirmed address counts for mail that comes from now on."""
    store, link = console_of(request).store, asked.link
    try:
        done = await store.identity.answer(link.id, answer, revision=link.revision, by=who.address, token=who.token)
    except NoSuchAnswer as why:
        raise refused([REFUSED[why.why]]) from None
    if done is None:
        raise _overtaken(await store.identity.get(link.id))
    await store.refresh()
    return _whole(await one_link(request, who, link.id))


def _overtaken(now: Link | None) -> Problem:
    return Problem(412, ABOUT[412], {"ETag": _etag(now)} if now else {})


def _etag(link: Link) -> str:
    return f'"{link.revision}"'


def _line(one: Link) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in ("id", "citizen", "person", "mail", "unit", "about", "state", "answered_by")}
    moments = ("asked_at", "again_at", "answered_at")
    return plain | {name: at.astimezone(ZONE) if (at := getattr(one, name)) else None for name in moments}


def _whole(found: Asked) -> Ascii:
    evidence = [Evidence(**{name: one[name] for name in Evidence.model_fields}) for one in found.evidence]
    doubts = [words(DOUBTS[one]) for one in found.link.doubts]
    whole = LinkWhole(**_line(found.link), address=found.address, evidence=evidence, doubts=doubts)
    return Ascii(whole.model_dump(mode="json"), headers={"ETag": _etag(found.link)})
