"""A head reads what waits and approves it or sends it back; a lawyer who was asked gives advice."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console import framework_words
from services.console.auth.visitor import Visitor, visitor
from services.console.framework_words import ANSWERS
from services.console.frameworks import Opened, opened
from services.console.move_forms import FORMS
from services.console.next_steps import why_not_approve
from services.console.pages.framework_moves import fields_of
from services.console.places import Missing, places
from services.console.recorded import recorded
from services.console.web import page, see
from services.console.words import N_
from services.store.dossiers import Kept, Overtaken
from workflows.decision import Sentence
from workflows.dossier import Extended, Proposal
from workflows.framework import ContactFramework, State
from workflows.intervention import intervention
from workflows.lifecycle import IllegalTransition, Refused
from workflows.lifecycle_checks import NOT_A_LAWYER
from workflows.people import Address
from workflows.rights import Action

router = APIRouter(prefix="/frameworks/{id}")
Someone = Annotated[Visitor, Depends(visitor)]
NAMES = {name: getattr(framework_words, name) for name in dir(framework_words) if name.isupper()}
_APPROVE = {"title": N_("Godkend indstillingen")}
_ASK = {"title": N_("Spørg en jurist")}
_NOT_ASKED = Sentence("Du er ikke bedt om en vurdering.", "You have not been asked for advice.")


@router.get("/move/approve")
async def shown(request: Request, who: Someone, id: str) -> Response:
    """What waits, with everything that it rests on."""
    found = await opened(request, who, id)
    if found.dossier.waiting is None:
        return see(f"{found.path}?said=moved_on")
    if because := why_not_approve(found):
        return page(request, "move_refused.html", found=found, form=_APPROVE, because=because, **NAMES)
    return _page(request, found, found.dossier.waiting)


@router.post("/move/approve")
async def answered(request: Request, who: Someone, id: str) -> Response:
    """Approve it, or send it back with words."""
    found, form = await opened(request, who, id), await fields_of(request)
    waiting = found.dossier.waiting
    if waiting is None:
        return see(f"{found.path}?said=moved_on")
    if because := why_not_approve(found):
        await recorded(request, who, "access.refused", id, "approve")
        return page(request, "move_refused.html", status=403, found=found, form=_APPROVE, because=because, **NAMES)
    words = form.get("because", "")
    if form.get("since") != found.place:
        return _page(request, found, waiting, words=words, overtaken=True)
    back = form.get("do") == "back"
    answer = await _answer(found, words if back else None)
    if isinstance(answer, Refused):
        return _page(request, found, waiting, words=words, missing=places(found, answer.because, ("because",)))
    said = "moved_on" if answer is None or isinstance(answer, Overtaken) else "sent_back" if back else "approved"
    return see(f"{found.path}?said={said}")


async def _answer(found: Opened, words: str | None) -> Kept | Refused | Overtaken | None:
    """What came of approving it, or with ``words`` of sending it back; None where nothing waits any more."""
    try:
        if words is None:
            return await found.lifecycle.approve(found.kept, found.doer)
        return await found.lifecycle.send_back(found.kept, words, found.doer)
    except IllegalTransition:
        return None


def _page(
    request: Request,
    found: Opened,
    waiting: Proposal,
    *,
    words: str = "",
    missing: tuple[Missing, ...] = (),
    overtaken: bool = False,
) -> HTMLResponse:
    one = _as_it_would_be(found, waiting)
    record = waiting.record
    answers = [(label, value) for name, label in ANSWERS.items() if (value := getattr(record, name, None)) not in (None, "", ())]
    return page(
        request,
        "approve.html",
        status=422 if missing else 409 if overtaken else 200,
        found=found,
        proposal=waiting,
        one=one,
        answers=answers,
        title=FORMS[record.move].title,
        grade=intervention(one),
        approval=found.approval_of(one),
        words=words,
        missing=missing,
        overtaken=overtaken,
        letter=getattr(record, "letter", None) or next(reversed(tuple(found.around.letters)), None),
        **NAMES,
    )


def _as_it_would_be(found: Opened, waiting: Proposal) -> ContactFramework:
    record = waiting.record
    if isinstance(record, Extended):
        dates = {"starts": record.starts, "review": record.review, "ends": record.ends}
        return found.dossier.framework.model_copy(update=dates)
    return found.written


@router.post("/lawyer")
async def ask(request: Request, who: Someone, id: str) -> Response:
    """A leader asks a lawyer, who may read it from then on."""
    found, form = await opened(request, who, id, Action.WRITE_FRAMEWORK), await fields_of(request)
    lawyer = found.around.organisation.employee(form.get("lawyer", "").strip(), found.around.policy)
    if lawyer is None or lawyer.role != "lawyer":
        return page(request, "move_refused.html", status=422, found=found, form=_ASK, because=(NOT_A_LAWYER,), **NAMES)
    return await _written(found, lawyer=lawyer.address, onward=f"{found.path}/write/letter")


@router.get("/advice")
async def advice(request: Request, who: Someone, id: str) -> Response:
    """Where the lawyer who was asked writes."""
    found = await opened(request, who, id)
    if not found.doer.actor.is_one_of(found.dossier.ground.lawyer):
        return page(request, "move_refused.html", status=403, found=found, form=_ASK, because=(_NOT_ASKED,), **NAMES)
    return page(request, "advice.html", found=found, one=found.written, grade=intervention(found.written), **NAMES)


@router.post("/advice")
async def advised(request: Request, who: Someone, id: str) -> Response:
    """Keep the advice."""
    found, form = await opened(request, who, id), await fields_of(request)
    if not found.doer.actor.is_one_of(found.dossier.ground.lawyer):
        await recorded(request, who, "access.refused", id, "advice")
        return page(request, "move_refused.html", status=403, found=found, form=_ASK, because=(_NOT_ASKED,), **NAMES)
    return await _written(found, lawyer_says=form.get("lawyer_says", "")[:20_000], onward=found.path)


async def _written(found: Opened, *, onward: str, **changes: Address | str) -> Response:
    """Save what was written about advice; where somebody came in between, on what they saved."""
    try:
        answer = await found.lifecycle.save_writing(
            found.kept, found.dossier.ground.model_copy(update=changes), found.written, found.doer
        )
        if isinstance(answer, Overtaken) and answer.now:
            now = answer.now.dossier
            written = now.successor or now.framework if now.framework.state is State.URGENT else now.framework
            ground = now.ground.model_copy(update=changes)
            answer = await found.lifecycle.save_writing(answer.now, ground, written, found.doer)
    except IllegalTransition:
        return see(f"{found.path}?said=moved_on")
    return see(onward if isinstance(answer, Kept) else f"{found.path}?said=moved_on")
