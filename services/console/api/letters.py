"""Letters: those that were finished, the one that a move would be told in, and that one reached the citizen."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Response
from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request

from services.console.api.asking import Ascii, IdInPath, Listed, Who, Words, words
from services.console.api.framework_shapes import FrameworkWhole
from services.console.api.frameworks import WRITES, Seen, made, moving, seen, told_of
from services.console.api.letter_writing import LetterWriting, drafted_for
from services.console.auth.visitor import Visitor
from services.console.concern import concerns
from services.console.frameworks import opened
from services.console.problems import problems
from services.console.recorded import recorded
from services.lifecycle import DELIVERED
from services.settings import ZONE
from services.store.dossiers import Kept, Letter
from workflows.dossier import Record
from workflows.letters import Kind, Language
from workflows.letters import Letter as Written
from workflows.lifecycle import Refused
from workflows.lifecycle_letters import untold
from workflows.people import Entry
from workflows.proofs import Instant, Proof, Reference, Way

router = APIRouter(prefix="/frameworks/{id}/letters", tags=["letters"])
PDF = {200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}, "description": "As it was sent."}}


class LetterLine(BaseModel):
    """A finished letter. ``proof`` tells when it reached the citizen; ``owed``: somebody has yet to send it, or to write that down.

    ``version`` is that of the framework, ``texts`` that of the municipality's words.
    """

    id: str
    kind: Kind
    at: AwareDatetime
    language: Language
    version: int
    texts: str
    sha256: str
    proof: Proof | None
    owed: bool


class LetterWhole(LetterLine):
    """The same with what stands in it."""

    letter: Written


class Part(BaseModel):
    """One part of a letter that is not finished: what stands in it, what it lacks, and what is worth a second look."""

    id: str
    heading: str
    text: str
    missing: list[Words]
    advice: list[Words]


class Drafted(BaseModel):
    """A letter that is not finished. ``missing`` is everything that keeps it from being so."""

    kind: Kind
    language: Language
    title: str
    on: date
    recipient: list[str]
    parts: list[Part]
    missing: list[Words]


class Asked(Entry):
    """The move that a letter is to tell of, and what its author writes of it."""

    record: Annotated[Record, Field(discriminator="move")]
    letter: LetterWriting = LetterWriting()


class Delivered(Entry):
    """When a letter could be read by the citizen, and by what way it came."""

    way: Way
    delivered: Instant
    reference: Reference | None = None


@router.get("", response_model=Listed[LetterLine])
async def letters(request: Request, who: Who, id: IdInPath) -> Ascii:
    """Those that were finished, the oldest first."""
    kept = await seen(request, who, id)
    await recorded(request, who, "framework.read", id)
    lines = await concerns(request).store.dossiers.letter_lines(id)
    return Ascii({"items": [_line(kept, one) for one in lines], "next": None})


@router.post("/draft", responses=problems(409))
async def draft(request: Request, who: Who, id: IdInPath, asked: Asked) -> Drafted:
    """The letter that a move would be told in, as it stands; nothing is kept. 409 where the move has no letter."""
    found = await opened(request, who, id)
    letter = drafted_for(request, found, asked.record, asked.letter)
    parts = [
        Part(
            id=one.id,
            heading=one.heading,
            text=one.text,
            missing=[words(each) for each in one.missing],
            advice=[words(each) for each in one.advice],
        )
        for one in letter.sections
    ]
    return Drafted(
        kind=letter.kind,
        language=letter.language,
        title=letter.title,
        on=letter.on,
        recipient=list(letter.recipient),
        parts=parts,
        missing=[words(one) for one in letter.missing],
    )


@router.get("/{letter}", response_model=LetterWhole)
async def letter(request: Request, who: Who, id: IdInPath, letter: IdInPath) -> Ascii:
    """One letter."""
    kept, one = await _read(request, who, id, letter)
    lines = {line.id: line for line in await concerns(request).store.dossiers.letter_lines(id)}
    return Ascii(_line(kept, lines[letter]) | {"letter": Written.model_validate_json(one.document).model_dump(mode="json")})


@router.get("/{letter}/pdf", response_class=Response, responses=PDF)  # type: ignore[arg-type]
async def pdf(request: Request, who: Who, id: IdInPath, letter: IdInPath) -> Response:
    """The file that is sent to the citizen."""
    _, one = await _read(request, who, id, letter)
    return Response(one.pdf, media_type="application/pdf")


@router.post("/{letter}/delivery", responses=WRITES)
async def deliver(
    request: Request, response: Response, who: Who, kept: Seen, *, letter: IdInPath, delivered: Delivered
) -> FrameworkWhole:
    """Write down that a letter reached the citizen. A decision's is written down by the move ``activated``."""
    await _read(request, who, kept.dossier.framework.id, letter)
    lifecycle, doer = moving(request, who)
    found = await lifecycle.deliver(kept, Proof(letter=letter, **delivered.model_dump()), doer)
    if isinstance(found, Refused):
        await recorded(request, who, "move.refused", kept.dossier.framework.id, DELIVERED)
    return await told_of(request, response, made(found))


async def _read(request: Request, who: Visitor, id: str, letter: str) -> tuple[Kept, Letter]:
    kept = await seen(request, who, id)
    one = await concerns(request).store.dossiers.letter(letter)
    if one is None or one.framework != id:
        raise HTTPException(404)
    await recorded(request, who, "letter.read", id, letter)
    return kept, one


def _line(kept: Kept, one: Any) -> dict[str, Any]:  # noqa: ANN401 - a line of the store
    proof = kept.dossier.proofs.get(one.id)
    names = ("id", "kind", "language", "version", "texts", "sha256")
    return {name: getattr(one, name) for name in names} | {
        "at": one.at.astimezone(ZONE).isoformat(),
        "proof": proof.model_dump(mode="json") if proof else None,
        "owed": one.id in untold(kept.dossier),
    }
