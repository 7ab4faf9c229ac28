"""The letters of a framework: as they were sent, and when they reached the citizen."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from services.console import framework_words
from services.console.auth.visitor import Visitor, visitor
from services.console.frameworks import Opened, after, opened
from services.console.move_forms import PROOF
from services.console.move_records import first_values, proof_in, proof_values
from services.console.next_steps import why_not_deliver
from services.console.pages.framework_moves import fields_of, wrong_in
from services.console.places import Missing, places
from services.console.recorded import recorded
from services.console.web import page, see, words_of
from services.console.words import N_
from services.store.dossiers import Kept, Letter, Overtaken
from workflows.decision import Sentence
from workflows.letters import Letter as Written
from workflows.letters import as_text
from workflows.lifecycle import Refused

router = APIRouter(prefix="/frameworks/{id}/letters/{letter}")
Someone = Annotated[Visitor, Depends(visitor)]
NAMES = {name: getattr(framework_words, name) for name in dir(framework_words) if name.isupper()}
_TITLE = {"title": N_("Hvornår nåede brevet frem?")}


@router.get("")
async def letter(request: Request, who: Someone, id: str, letter: str) -> Response:
    """A finished letter as PDF, as it was sent."""
    _, one = await _read(request, who, id, letter)
    name = f'attachment; filename="{one.kind}-{one.at.date()}.pdf"'
    return Response(one.pdf, media_type="application/pdf", headers={"Content-Disposition": name})


@router.get("/text")
async def letter_text(request: Request, who: Someone, id: str, letter: str) -> PlainTextResponse:
    """The same as text."""
    _, one = await _read(request, who, id, letter)
    return PlainTextResponse(as_text(Written.model_validate_json(one.document)))


@router.get("/delivered")
async def shown(request: Request, who: Someone, id: str, letter: str) -> Response:
    """The form in which somebody writes when it reached the citizen."""
    found, one = await _read(request, who, id, letter)
    if because := why_not_deliver(letter, found):
        return page(request, "move_refused.html", found=found, form=_TITLE, because=because, **NAMES)
    known = found.dossier.proofs.get(letter)
    return _page(request, found, one, proof_values(known) if known else {})


@router.post("/delivered")
async def delivered(request: Request, who: Someone, id: str, letter: str) -> Response:
    """Write it down, or show what is wrong."""
    found, one = await _read(request, who, id, letter)
    form = await fields_of(request)
    if because := why_not_deliver(letter, found):
        await recorded(request, who, "access.refused", id, "deliver")
        return page(request, "move_refused.html", status=403, found=found, form=_TITLE, because=because, **NAMES)
    if form.get("since") != found.place:
        return _page(request, found, one, form, status=409, overtaken=True)
    try:
        proof = proof_in(form, found, letter)
    except ValidationError as error:
        return _page(request, found, one, form, status=422, wrong=wrong_in(PROOF, error))
    match await found.lifecycle.deliver(found.kept, proof, found.doer):
        case Refused(because):
            missing = places(found, because, [ask.name for ask in PROOF])
            return _page(request, found, one, form, status=422, missing=missing)
        case Overtaken(now=now):
            return _page(request, after(found, now) if now else found, one, form, status=409, overtaken=True)
        case Kept():
            return see(f"{found.path}?said=delivered")


async def _read(request: Request, who: Visitor, id: str, letter: str) -> tuple[Opened, Letter]:
    found = await opened(request, who, id, read=False)
    one = await found.lifecycle.dossiers.letter(letter)
    if one is None or one.framework != id:
        raise HTTPException(404)
    await recorded(request, who, "letter.read", id, letter)
    return found, one


def _page(
    request: Request,
    found: Opened,
    letter: Letter,
    form: Mapping[str, str | None],
    *,
    status: int = 200,
    wrong: Mapping[str, Sentence] | None = None,
    missing: tuple[Missing, ...] = (),
    overtaken: bool = False,
) -> HTMLResponse:
    return page(
        request,
        "letter_delivered.html",
        status=status,
        found=found,
        letter=letter,
        form=_TITLE,
        asks=PROOF,
        values=first_values("activated", found) | dict(form),
        options_of=lambda pairs: [(code, words_of(request).gettext(name), None) for code, name in pairs],
        wrong=wrong or {},
        missing=missing,
        overtaken=overtaken,
        **NAMES,
    )
