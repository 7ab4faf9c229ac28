"""*Indberet*: any employee tells what happened, in under a minute. Nothing about the citizen is shown to whoever reports."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console import framework_words
from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.frameworks import doer_of, lifecycle_of
from services.console.move_records import RECORD, Fields, happenings_in
from services.console.pages.framework_moves import fields_of
from services.console.web import page, see
from services.lifecycle import Lifecycle
from services.settings import ZONE
from services.store.dossiers import Kept
from workflows.decision import Sentence
from workflows.dossier import Record, Reported
from workflows.framework import State
from workflows.lifecycle import Refused
from workflows.lifecycle_who import units_behind, units_of

router = APIRouter(prefix="/report")
Someone = Annotated[Visitor, Depends(visitor)]
NAMES = {name: getattr(framework_words, name) for name in dir(framework_words) if name.isupper()}
_WHOM = Sentence(
    "Vi kan ikke finde sagen. Skriv sagens nummer, borgerens nummer eller borgerens mailadresse.",
    "We can't find the case. Write the case's number, the citizen's number or the citizen's mail address.",
)
_WHAT = Sentence("Skriv, hvad der skete, og hvilken dag.", "Write what happened, and on which day.")
_AGAIN = Sentence("Der blev gemt noget imens. Tryk en gang til.", "Something was saved meanwhile. Press once more.")


@router.get("")
async def shown(request: Request, _: Someone, about: str = "", said: str = "") -> HTMLResponse:
    """The form; ``about`` is the id of a case or a citizen."""
    today = console_of(request).clock.now().astimezone(ZONE).date()
    return _page(request, {"about": about[:64]}, [{"on": today}], (), said=said)


@router.post("")
async def reported(request: Request, who: Someone) -> Response:
    """Keep the report; the leader finds it in their overview."""
    form = await fields_of(request)
    written: dict[str, Any] = {"move": "reported", "happenings": happenings_in(form), "wants_support": "wants_support" in form}
    try:
        record = RECORD.validate_python(written)
    except ValidationError:
        record = None
    lifecycle, about = lifecycle_of(request), form.get("about", "").strip()
    told = record is not None and _is_told(record, lifecycle.day(console_of(request).clock.now()))
    citizen = await _citizen(request, about) if told else None  # whether we know somebody is told to nobody who tells nothing
    if citizen is None or record is None:
        unknown = told or not about
        wrong = (*((("about", _WHOM),) if unknown else ()), *((("what.0", _WHAT),) if not told else ()))
        return _page(request, form, written["happenings"] or [{}], wrong, status=422)
    answer = await lifecycle.move(await _dossier(lifecycle, citizen, who), record, doer_of(request, who))
    if isinstance(answer, Kept):
        return see("/report?said=thanks")
    wrong = tuple([("what.0", one) for one in (answer.because if isinstance(answer, Refused) else (_AGAIN,))])
    return _page(request, form, written["happenings"], wrong, status=422)


def _is_told(record: Record, today: date) -> bool:
    return isinstance(record, Reported) and any(one.on <= today for one in record.happenings)


async def _citizen(request: Request, about: str) -> str | None:
    """Whom it is about, by a number or a whole address: a name could be somebody else's."""
    views = console_of(request).store.views
    if not about or len(about) > 320:
        return None
    if "@" in about:
        found = await views.citizens(about, limit=2)
        return found.items[0].citizen.id if len(found.items) == 1 else None
    if case := await views.case(about):
        return case.citizen
    one = await views.citizen(about)
    return one.citizen.id if one else None


async def _dossier(lifecycle: Lifecycle, citizen: str, who: Visitor) -> Kept:
    """The report that no leader has taken up yet, where it opens to nobody new by this one; else a new one."""
    for one in await lifecycle.dossiers.of_citizen(citizen):
        if one.dossier.framework.state is State.REPORTED:
            around = await lifecycle.around(one.dossier)
            if units_behind(who.address, around) <= units_of(one.dossier, around):
                return one
    return lifecycle.begin(citizen)


def _page(
    request: Request,
    form: Fields,
    rows: list[dict[str, Any]],
    wrong: tuple[tuple[str, Sentence], ...],
    *,
    said: str = "",
    status: int = 200,
) -> HTMLResponse:
    return page(request, "report.html", status=status, form=form, rows=rows, wrong=wrong, said=said, **NAMES)
