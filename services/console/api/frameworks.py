"""Frameworks with their dossiers: read, begun, and written on until they are decided."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from starlette.requests import Request

from services.console.api.asking import IdInPath, IfMatch, Listed, OfCitizen, Who, etag, must_be, overtaken
from services.console.api.framework_shapes import FrameworkLine, FrameworkWhole, line_of, whole_of
from services.console.api.seen import frameworks_seen
from services.console.auth.visitor import Visitor
from services.console.concern import concerns, opened
from services.console.frameworks import doer_of, lifecycle_of
from services.console.problems import Problem, problems, refused
from services.console.recorded import allowed, recorded
from services.lifecycle import Doer, Lifecycle, Submission
from services.store.dossiers import Kept, Overtaken
from workflows.dossier import Drafted, Ground, Reported
from workflows.framework import ContactFramework, State
from workflows.lifecycle import IllegalTransition, Refused
from workflows.people import Entry, Id
from workflows.rights import Action, Reach, reach

router = APIRouter(prefix="/frameworks", tags=["frameworks"])
WRITES = problems(409, 412, 428)


class Begun(Entry):
    """A dossier's first move."""

    citizen: Id
    record: Reported | Drafted


class Writing(Entry):
    """What is written on a framework before it is decided. The fields that moves set stay as they are."""

    ground: Ground
    framework: ContactFramework


class Asked(OfCitizen):
    """Which frameworks."""

    state: State | None = None


@router.get("")
async def frameworks(request: Request, who: Who, asked: Annotated[Asked, Query()]) -> Listed[FrameworkLine]:
    """Those that you may see, in the order of their ids."""
    if reach(who.rights, Action.SEE_FRAMEWORK) is Reach.NONE:
        await allowed(request, who, Action.SEE_FRAMEWORK, "frameworks")
    await recorded(request, who, "frameworks.read", asked.citizen or "frameworks")
    page = await frameworks_seen(
        concerns(request), who.rights, citizen=asked.citizen, state=asked.state, limit=asked.limit, after=asked.cursor
    )
    return Listed(items=[line_of(one, matter) for one, matter in page.items], next=page.after)


@router.post("", status_code=201, responses=problems(409))
async def begin(request: Request, response: Response, who: Who, begun: Begun) -> FrameworkWhole:
    """Report what happened about a citizen, or begin a draft as their leader."""
    concerned = concerns(request)
    found = await concerned.store.views.citizen(begun.citizen)
    if found is None:
        raise HTTPException(404)
    await opened(request, who, Action.SEE_CITIZEN, begun.citizen, await concerned.citizen(begun.citizen, found.cases))
    lifecycle, doer = moving(request, who)
    kept = made(await lifecycle.move(lifecycle.begin(begun.citizen), begun.record, doer))
    response.headers["Location"] = f"/api/v1/frameworks/{kept.dossier.framework.id}"
    return await told_of(request, response, kept)


@router.get("/{id}")
async def framework(request: Request, response: Response, who: Who, id: IdInPath) -> FrameworkWhole:
    """One, with its dossier. The ETag is what a change of it names."""
    kept = await seen(request, who, id)
    await recorded(request, who, "framework.read", id)
    return await told_of(request, response, kept)


async def seen(request: Request, who: Visitor, id: str) -> Kept:
    """The framework, where ``who`` may see it; else 404."""
    concerned = concerns(request)
    kept = await concerned.dossier(id)
    if kept is None:
        raise HTTPException(404)
    await opened(request, who, Action.SEE_FRAMEWORK, id, await concerned.framework(kept))
    return kept


async def as_seen(request: Request, who: Who, id: IdInPath, if_match: IfMatch = None) -> Kept:
    """The framework that somebody is about to change, in the state that they saw."""
    kept = await seen(request, who, id)
    must_be(kept, if_match)
    return kept


Seen = Annotated[Kept, Depends(as_seen)]


@router.put("/{id}", responses=WRITES)
async def write(request: Request, response: Response, who: Who, kept: Seen, writing: Writing) -> FrameworkWhole:
    """Save what is written so far."""
    lifecycle, doer = moving(request, who)
    try:
        saved = await lifecycle.save_writing(kept, writing.ground, writing.framework, doer)
    except IllegalTransition:
        raise Problem(409, "It is decided: nothing is written on it any more.") from None
    if isinstance(saved, Refused):  # who may not write; what is written may lack anything
        await recorded(request, who, "access.refused", kept.dossier.framework.id, "write")
    return await told_of(request, response, made(saved))


def moving(request: Request, who: Visitor) -> tuple[Lifecycle, Doer]:
    """The service that moves frameworks, and ``who`` as the one who moves them."""
    return lifecycle_of(request), doer_of(request, who)


def made(found: Kept | Submission | Refused | Overtaken) -> Kept:
    """What was kept; a problem where nothing was."""
    if isinstance(found, Refused):
        raise refused(found.because)
    if isinstance(found, Overtaken):
        raise overtaken(found.by, found.now)
    return found.kept if isinstance(found, Submission) else found


async def told_of(request: Request, response: Response, kept: Kept) -> FrameworkWhole:
    """A framework that was kept, with its new ETag."""
    response.headers["ETag"] = etag(kept)
    return whole_of(kept, await concerns(request).framework(kept))
