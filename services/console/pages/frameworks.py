"""*Ramme*: one framework, what it needs next, what applies, why, and everything that was done with it."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from services.console import framework_words
from services.console.auth.visitor import Visitor, visitor
from services.console.begun import moves_begun
from services.console.context import console_of
from services.console.framework_past import past, picture
from services.console.frameworks import Opened, may_do, opened
from services.console.move_records import RECORD
from services.console.next_steps import Way, next_of, provable, quiet_ways, way_to
from services.console.notices import looked_at
from services.console.pages.live import topics
from services.console.web import page, see, words_of
from services.store.dossiers import Kept
from workflows.dossier import Dossier
from workflows.intervention import intervention
from workflows.lifecycle import IllegalTransition
from workflows.lifecycle_letters import untold
from workflows.rights import Action

router = APIRouter(prefix="/frameworks")
Someone = Annotated[Visitor, Depends(visitor)]
NAMES = {name: getattr(framework_words, name) for name in dir(framework_words) if name.isupper()}


@router.get("/{id}")
async def framework(request: Request, who: Someone, id: str, as_of: str = "", said: str = "") -> HTMLResponse:
    """The framework; with ``as_of`` (an instant) as it was then."""
    found = await opened(request, who, id)
    await looked_at(request, who, id)
    store = console_of(request).store
    revisions = await store.dossiers.revisions(id)
    shown = await _then(found, as_of) if as_of else found
    letters = await store.dossiers.letter_lines(id)
    svg, stretches = picture(found, revisions, words_of(request))
    return page(
        request,
        "framework.html",
        topics=None if as_of else topics(request, who, id),
        found=shown,
        one=shown.dossier.framework if as_of else shown.as_today.framework,
        dossier=shown.dossier,
        then=_instant(as_of) if as_of else None,
        grade=intervention(shown.dossier.framework),
        begun=() if as_of else await _begun(request, who, found),
        need=None if as_of else next_of(found, who),
        quiet=() if as_of else quiet_ways(found, who),
        may_write=may_do(who, found, Action.WRITE_FRAMEWORK),
        past=past(found, revisions, words_of(request)),
        svg=svg,
        stretches=stretches,
        letters=letters,
        proofs=found.dossier.proofs,
        owed=untold(found.dossier),
        provable=() if as_of else provable(found),
        said=said,
        **NAMES,
    )


async def _begun(request: Request, who: Visitor, found: Opened) -> list[tuple[Way, datetime]]:
    """What the visitor is in the middle of writing, and when they last wrote."""
    each = [(way_to(move, found), at) for move, at in await moves_begun(request, who, found)]
    return [(way, at) for way, at in each if way]


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise HTTPException(404) from error
    if found.tzinfo is None:
        raise HTTPException(404)
    return found


async def _then(found: Opened, text: str) -> Opened:
    at = _instant(text)
    try:
        dossier: Dossier | None = await found.lifecycle.dossiers.as_of(found.id, at)
    except OverflowError as error:
        raise HTTPException(404) from error
    if dossier is None:
        raise HTTPException(404)
    kept = Kept(dossier, found.kept.revision, found.kept.version, found.kept.author, at)
    return replace(found, kept=kept)


@router.post("/{id}/take_up")
async def take_up(request: Request, who: Someone, id: str) -> RedirectResponse:
    """A leader takes a report up as a draft."""
    found = await opened(request, who, id, Action.WRITE_FRAMEWORK)
    try:
        answer = await found.lifecycle.move(found.kept, RECORD.validate_python({"move": "drafted"}), found.doer)
    except IllegalTransition:
        return see(found.path)
    return see(f"{found.path}/write/scope" if isinstance(answer, Kept) else found.path)
