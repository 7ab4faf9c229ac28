"""*Ny ramme*: the guided path, a step a page, saved as one goes, with the letter building up beside it."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.clock import new_id
from services.console import framework_words
from services.console.auth.visitor import Visitor, visitor
from services.console.errors import ABOVE
from services.console.frameworks import Opened, after, is_written, letter_of, opened, opened_again
from services.console.move_letters import Draft
from services.console.move_records import Fields, blank
from services.console.pages.framework_moves import as_pdf, fields_of
from services.console.places import Missing, places
from services.console.web import page, see
from services.console.words import N_
from services.console.write_shown import shown_in
from services.console.write_steps import STEPS, WRITTEN, OwnSaves, Step, fingerprint, taken
from services.store.dossiers import Kept, Overtaken
from workflows import lifecycle
from workflows.intervention import intervention
from workflows.letters import preview as shown_parts
from workflows.lifecycle import IllegalTransition, Refused
from workflows.rights import Action

router = APIRouter(prefix="/frameworks/{id}")
Someone = Annotated[Visitor, Depends(visitor)]
NAMES = {name: getattr(framework_words, name) for name in dir(framework_words) if name.isupper()}
TRIES = 3  # of a save that others come in between of, on other steps
_REFUSED = {"title": N_("Skriv på rammen")}


class Saving(NamedTuple):
    """What is being saved: the step, what it holds, and the form it came from."""

    step: str
    mine: Step
    form: Fields


@router.get("/write/{step}")
async def shown(request: Request, who: Someone, id: str, step: str) -> Response:
    """One step."""
    found = await _opened(request, who, id, step)
    if not is_written(found.dossier):
        return see(found.path)
    return _page(request, found, step, Step(found.dossier.ground, found.written, {}))


@router.post("/write/{step}")
async def saved(request: Request, who: Someone, id: str, step: str) -> Response:
    """Save what is written in a step; ``go`` says where to go then. A script is answered with what changes on the page."""
    if step not in WRITTEN:
        raise HTTPException(404)
    form, own, by_itself = await fields_of(request), _own_saves(request), "HX-Request" in request.headers
    sheet = (who.account, id, step, form.get("sheet", ""))
    for _ in range(TRIES):
        found = await _opened(request, who, id, step)
        if not is_written(found.dossier):
            return see(found.path)
        mine, theirs = taken(step, form, found), fingerprint(step, found.dossier.ground, found.written)
        wanted = fingerprint(step, mine.ground, mine.framework)
        if theirs not in (form.get("seen"), wanted, *own.of(sheet)) or (by_itself and own.is_sent(sheet)):
            return _overtaken(request, found, step, mine)
        own.keep(sheet, wanted, sent=not by_itself)
        try:
            answer = await found.lifecycle.save_writing(found.kept, mine.ground, mine.framework, found.doer)
        except IllegalTransition:
            return see(found.path)
        if not isinstance(answer, Overtaken):
            return _answer(request, found, Saving(step, mine, form), answer)
    raise HTTPException(503)


@router.get("/preview")
async def preview(request: Request, who: Someone, id: str) -> Response:
    """The letter of decision as it stands, as a PDF."""
    found = await opened(request, who, id, Action.WRITE_FRAMEWORK)
    return await as_pdf(request, Draft(letter_of(request, found, "decision"), {}, "da", ""))


async def _opened(request: Request, who: Visitor, id: str, step: str) -> Opened:
    if step not in STEPS:
        raise HTTPException(404)
    return await opened_again(request, who, id, Action.WRITE_FRAMEWORK)


def _own_saves(request: Request) -> OwnSaves:
    state = request.app.state
    if not hasattr(state, "own_saves"):
        state.own_saves = OwnSaves()
    found = state.own_saves
    assert isinstance(found, OwnSaves)
    return found


def _answer(request: Request, found: Opened, saving: Saving, answer: Kept | Refused) -> Response:
    step, mine, form = saving
    if isinstance(answer, Refused):
        return page(request, "move_refused.html", status=403, found=found, form=_REFUSED, because=answer.because, **NAMES)
    later = after(found, answer)
    if "HX-Request" in request.headers:
        return page(request, "write_saved.html", **_values(request, later, step, mine))
    if mine.wrong or form.get("go") == "more":
        return _page(request, later, step, mine, 422 if mine.wrong else 200)
    onward = list(STEPS)
    following = onward[min(onward.index(step) + 1, len(onward) - 1)]
    return see(f"{found.path}/write/{form['go'] if form.get('go') in STEPS else following}")


def _overtaken(request: Request, found: Opened, step: str, mine: Step) -> Response:
    """Somebody saved the same step meanwhile: nothing is written, and both are shown."""
    if "HX-Request" in request.headers:
        answer: Response = page(request, "write_overtaken_part.html", status=409, found=found)
        answer.headers.update(ABOVE)
        return answer
    return _page(request, found, step, mine, 409, overtaken=True)


def _page(request: Request, found: Opened, step: str, mine: Step, status: int = 200, *, overtaken: bool = False) -> HTMLResponse:
    values = _values(request, found, step, mine) | {"overtaken": overtaken}
    return page(request, "write.html", status=status, **values)


def _values(request: Request, found: Opened, step: str, mine: Step) -> dict[str, Any]:
    letter = letter_of(request, found, "decision")
    gaps, order = _gaps(found), list(STEPS)
    at = order.index(step)
    return {
        "found": found,
        "step": step,
        "steps": STEPS,
        "before": order[at - 1] if at else None,
        "number": at + 1,
        "last": len(order),
        "lacking": {one.href.rsplit("/", 1)[-1] for one in gaps if one.href},
        "gaps": gaps,
        "ground": mine.ground,
        "one": mine.framework,
        "wrong": mine.wrong,
        "sheet": new_id(found.now),
        "seen": fingerprint(step, found.dossier.ground, found.written),
        "letter": letter,
        "shown": shown_parts(letter),
        "grade": intervention(found.written),
        "approval": found.approval_of(found.written),
        "overtaken": False,
        **shown_in(found, step, mine),
        **NAMES,
    }


def _gaps(found: Opened) -> tuple[Missing, ...]:
    """What is missing before anything can be decided, as far as it is written on this path."""
    answer = lifecycle.move(found.dossier, blank("decided", found), found.doer.actor, found.now, found.around)
    because = answer.because if isinstance(answer, Refused) else ()
    order = [f"{found.path}/write/{step}" for step in STEPS]
    gaps = [one for one in places(found, because) if one.href]
    return tuple(sorted(gaps, key=lambda one: order.index(one.href) if one.href in order else len(order)))
