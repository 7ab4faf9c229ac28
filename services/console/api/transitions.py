"""The moves of a framework: which there are, what each still wants, and to make one."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from starlette.requests import Request

from services.console.api.asking import IdInPath, Who, Words, etag, words
from services.console.api.framework_shapes import FrameworkWhole, whole_of
from services.console.api.frameworks import WRITES, Seen, made, moving, seen
from services.console.api.letter_writing import LetterWriting, finished_for
from services.console.auth.visitor import Visitor
from services.console.concern import concerns
from services.console.context import console_of
from services.console.frameworks import opened
from services.console.problems import Problem
from services.console.recorded import recorded
from services.lifecycle import Submission
from services.store.dossiers import Kept, Letter
from workflows.dossier import RECORDS, Decided, Extended, Proposal, Record
from workflows.happening import Text
from workflows.lifecycle import IllegalTransition, Refused
from workflows.lifecycle_asking import possible
from workflows.people import Entry

router = APIRouter(prefix="/frameworks", tags=["frameworks"])


class Possible(BaseModel):
    """A move that there is from here. ``missing`` says what to do first, as things stand and with nothing written for it yet;
    ``record`` is the JSON Schema of what it records."""

    move: str
    missing: list[Words]
    record: dict[str, Any] | None


class Transitions(BaseModel):
    """From where a framework is. ``waiting`` is what waits for a head's approval."""

    state: str
    etag: str
    waiting: Proposal | None
    transitions: list[Possible]


class Move(Entry):
    """Make a move. With ``letter`` the letter that tells of it is finished and kept in the same instant, and the record names it:
    whatever stands in the record's own ``letter`` or ``apology`` gives way. ``decided`` and ``extended`` need it."""

    do: Literal["move"]
    record: Annotated[Record, Field(discriminator="move")]
    letter: LetterWriting | None = None


class Approve(Entry):
    """Approve, as a head, what waits."""

    do: Literal["approve"]


class SendBack(Entry):
    """Give what waits back, with words."""

    do: Literal["send_back"]
    because: Text


class Done(BaseModel):
    """The framework after it. ``submitted``: it waits for a head, for these reasons."""

    framework: FrameworkWhole
    submitted: list[Words] | None


@router.get("/{id}/transitions")
async def transitions(request: Request, response: Response, who: Who, id: IdInPath) -> Transitions:
    """The moves that there are from here for you, and what is missing."""
    kept = await seen(request, who, id)
    await recorded(request, who, "framework.read", id)
    lifecycle, doer = moving(request, who)
    around = await lifecycle.around(kept.dossier)
    found = possible(kept.dossier, doer.actor, console_of(request).clock.now(), around)
    response.headers["ETag"] = etag(kept)
    return Transitions(
        state=kept.dossier.framework.state.value,
        etag=etag(kept),
        waiting=kept.dossier.waiting,
        transitions=[
            Possible(
                move=one.move,
                missing=[words(each) for each in one.missing],
                record=RECORDS[one.move].model_json_schema() if one.move in RECORDS else None,
            )
            for one in found
        ],
    )


@router.post("/{id}/transitions", responses=WRITES)
async def transit(
    request: Request,
    response: Response,
    who: Who,
    kept: Seen,
    what: Annotated[Move | Approve | SendBack, Field(discriminator="do")],
) -> Done:
    """Make a move, or approve or send back the one that waits. 409 says in plain sentences what has to be done first."""
    lifecycle, doer = moving(request, who)
    try:
        match what:
            case Move():
                record, letters = await _with_letter(request, who, kept, what)
                found = await lifecycle.move(kept, record, doer, letters)
            case Approve():
                found = await lifecycle.approve(kept, doer)
            case SendBack():
                found = await lifecycle.send_back(kept, what.because, doer)
    except IllegalTransition as error:
        raise Problem(409, f"There is no such move from here: {error}.") from None
    if isinstance(found, Refused):
        tried = what.record.move if isinstance(what, Move) else what.do
        await recorded(request, who, "move.refused", kept.dossier.framework.id, tried)
    after = made(found)
    return await _done(request, response, after, found.because if isinstance(found, Submission) else None)


async def _with_letter(request: Request, who: Visitor, kept: Kept, what: Move) -> tuple[Record, tuple[Letter, ...]]:
    """The record, and the letter that goes with it, finished. Where either lacks something, that is recorded.

    A decision's letter is finished with it: one from before may tell of another.
    """
    if what.letter is None:
        decides = isinstance(what.record, Decided | Extended)
        return what.record.model_copy(update={"letter": None}) if decides else what.record, ()
    id = kept.dossier.framework.id
    found = replace(await opened(request, who, id, read=False), kept=kept)
    try:
        record, letter = await finished_for(request, found, what.record, what.letter)
    except Problem:
        await recorded(request, who, "move.refused", id, what.record.move)
        raise
    return record, (letter,)


async def _done(request: Request, response: Response, after: Kept, because: Any) -> Done:  # noqa: ANN401 - sentences
    response.headers["ETag"] = etag(after)
    whole = whole_of(after, await concerns(request).framework(after))
    return Done(framework=whole, submitted=None if because is None else [words(one) for one in because])
