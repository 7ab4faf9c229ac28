"""A page for each move with a framework: its few fields, the letter that goes with it, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console import begun, framework_words
from services.console.auth.visitor import Visitor, visitor
from services.console.frameworks import Opened, opened_again
from services.console.move_forms import FORMS, Ask
from services.console.move_letters import Draft, drafted, finish, kind_of, named, preview, to_tell
from services.console.move_records import blank, first_values, record_in, rows_in, strings
from services.console.next_steps import why_not
from services.console.places import Missing, places
from services.console.recorded import recorded
from services.console.web import page, see, words_of
from services.letters import PrinterFailed
from services.lifecycle import Submission
from services.store.dossiers import Kept, Letter, Overtaken
from workflows import lifecycle
from workflows.decision import Sentence
from workflows.dossier import Record
from workflows.letters import Unfinished
from workflows.letters import preview as shown_parts
from workflows.lifecycle import IllegalTransition, Refused

router = APIRouter(prefix="/frameworks/{id}/move")
Someone = Annotated[Visitor, Depends(visitor)]
NAMES = {name: getattr(framework_words, name) for name in dir(framework_words) if name.isupper()}
PDF_POLICY = "default-src 'self'; object-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
_WRONG = {
    "day": Sentence("Vælg en dag, der findes.", "Choose a day that exists."),
    "delivered": Sentence("Skriv dag og klokkeslæt.", "Write the day and the time."),
    "choice": Sentence("Vælg en af mulighederne.", "Choose one of the options."),
    "address": Sentence("Skriv hele mailadressen.", "Write the whole mail address."),
    "happenings": Sentence("Skriv en dag, der findes, ved hver hændelse.", "Write a day that exists for each incident."),
}
_TOO_LONG = Sentence("Teksten er for lang. Kort den ned.", "The text is too long. Shorten it.")
NOT_PRINTED = Sentence(
    "Brevet kunne ikke laves lige nu. Prøv igen om lidt. Det, du har skrevet, står her endnu.",
    "The letter could not be made just now. Try again in a moment. What you wrote is still here.",
)


@dataclass(frozen=True, slots=True)
class Writing:
    """One move on its way: what is written in its fields, and what came of it so far."""

    move: str
    found: Opened
    form: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()
    wrong: Mapping[str, Sentence] = field(default_factory=dict)
    overtaken: bool = False
    begun: datetime | None = None  # when what stands in its fields was saved, where its writer comes back to it
    kept: bool | None = None  # whether it was saved now

    @property
    def asks(self) -> tuple[Ask, ...]:
        """Its fields."""
        return FORMS[self.move].asks(self.found)


async def fields_of(request: Request) -> dict[str, str]:
    """A form's fields; several of one name are joined by commas."""
    written: dict[str, str] = {}
    async with request.form(max_files=0, max_fields=1000) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                text = value.replace("\r\n", "\n")
                written[name] = f"{written[name]},{text}" if name in written else text
    return written


async def _opened(request: Request, who: Visitor, id: str, move: str) -> Opened:
    """That they see it is recorded once, not each time the page saves itself."""
    if move not in FORMS:
        raise HTTPException(404)
    return await opened_again(request, who, id)


@router.get("/{move}")
async def shown(request: Request, who: Someone, id: str, move: str) -> Response:
    """The page of a move; whoever has begun to write on it goes on from there."""
    found = await _opened(request, who, id, move)
    try:
        forbidden = why_not(move, found)
    except IllegalTransition:
        return see(f"{found.path}?said=moved_on")
    if forbidden:
        return page(request, "move_refused.html", found=found, form=FORMS[move], because=forbidden, **NAMES)
    around = replace(found.around, letters={**found.around.letters, "none": kind_of(move, found) or "decision"})
    answer = lifecycle.move(found.dossier, blank(move, found), found.doer.actor, found.now, around)
    gaps = places(found, answer.because) if isinstance(answer, Refused) else ()
    writing = Writing(move, found, missing=tuple([one for one in gaps if one.href]))
    if there := await begun.begun(request, who, found, move):
        writing = replace(writing, form=there.form, begun=there.at)
    return _page(request, writing)


@router.post("/{move}")
async def made(request: Request, who: Someone, id: str, move: str) -> Response:
    """Make it, or show what is missing; with ``do`` other than ``make`` the page anew with what is written, or without (``drop``).

    What is written is kept first, until the move is made.
    """
    found = await _opened(request, who, id, move)
    writing = Writing(move, found, await fields_of(request))
    try:
        forbidden = why_not(move, found)
        if forbidden:
            await recorded(request, who, "access.refused", id, move)
            return page(request, "move_refused.html", status=403, found=found, form=FORMS[move], because=forbidden, **NAMES)
        if writing.form.get("do") == "drop":
            await begun.drop(request, who, found, move)
            return see(f"{found.path}/move/{move}")
        writing = replace(writing, kept=await begun.keep(request, who, found, move, writing.form))
        if writing.form.get("do") != "make":
            return _page(request, writing)
        if writing.form.get("since") != found.place:
            return _page(request, replace(writing, overtaken=True), 409)
        answer = await _made(request, writing)
        if answer.status_code == 303:
            await begun.drop(request, who, found, move)
        return answer
    except IllegalTransition:
        return see(f"{found.path}?said=moved_on")


@router.post("/{move}/preview")
async def printed(request: Request, who: Someone, id: str, move: str) -> Response:
    """The letter as a PDF, as it stands in the form."""
    found = await _opened(request, who, id, move)
    writing = Writing(move, found, await fields_of(request))
    draft = _draft(request, writing, _record(writing, None))
    if draft is None:
        raise HTTPException(404)
    return await as_pdf(request, draft)


async def as_pdf(request: Request, draft: Draft) -> Response:
    """A draft as a PDF in the browser."""
    try:
        found = await preview(request, draft)
    except Unfinished as error:
        return page(request, "letter_unprintable.html", status=422, because=error.because)
    except PrinterFailed:
        return page(request, "letter_unprintable.html", status=503, because=(NOT_PRINTED,))
    headers = {"Content-Disposition": 'inline; filename="kladde.pdf"', "Content-Security-Policy": PDF_POLICY}
    return Response(found.pdf, media_type="application/pdf", headers=headers)


async def _made(request: Request, writing: Writing) -> Response:
    found, move = writing.found, writing.move
    kind = kind_of(move, found)
    id = named(found) if kind else to_tell(found) if move == "activated" else None
    try:
        record = record_in(move, found, writing.form, id)
    except ValidationError as error:
        return _page(request, replace(writing, wrong=wrong_in(writing.asks, error)), 422)
    draft = _draft(request, writing, record)
    letters = {**found.around.letters, **({id: kind} if kind and id else {})}
    tried = lifecycle.move(found.dossier, record, found.doer.actor, found.now, replace(found.around, letters=letters))
    because = (*(tried.because if isinstance(tried, Refused) else ()), *(draft.letter.missing if draft else ()))
    if because:
        return _page(request, replace(writing, missing=_places(writing, because)), 422)
    try:
        finished = (await finish(request, found, draft.letter, id),) if draft and id else ()
    except Unfinished as error:
        return _page(request, replace(writing, missing=_places(writing, error.because)), 422)
    except PrinterFailed:
        return _page(request, replace(writing, missing=_places(writing, (NOT_PRINTED,))), 503)
    return await _kept(request, writing, record, finished)


async def _kept(request: Request, writing: Writing, record: Record, letters: tuple[Letter, ...]) -> Response:
    found = writing.found
    match await found.lifecycle.move(found.kept, record, found.doer, letters):
        case Refused(because):
            return _page(request, replace(writing, missing=_places(writing, because)), 422)
        case Overtaken(now=now):
            later = replace(found, kept=now) if now else found
            return _page(request, replace(writing, found=later, overtaken=True), 409)
        case Submission():
            return see(f"{found.path}?said=submitted")
        case Kept(dossier=after):
            in_force = after.framework.in_force(found.now, found.around.policy.zone, found.around.policy.calendar)
            told = in_force and writing.move in ("activated", "activated_urgently")
            return see(f"{found.path}?said={'in_force' if told else 'made'}")


def _record(writing: Writing, letter: str | None) -> Record | None:
    try:
        return record_in(writing.move, writing.found, writing.form, letter)
    except ValidationError:
        return None


def _draft(request: Request, writing: Writing, record: Record | None) -> Draft | None:
    kind = kind_of(writing.move, writing.found)
    return drafted(request, writing.found, kind, record, writing.form) if kind else None


def _places(writing: Writing, because: tuple[Sentence, ...]) -> tuple[Missing, ...]:
    """One thing for each field: what the move and the letter both miss there is one thing to write."""
    found = places(writing.found, because, [*(one.name for one in writing.asks), "recipient"])
    first = {one.href: one for one in reversed(found)}
    return tuple([one for one in found if not one.here or first[one.href] is one])


def wrong_in(asks: tuple[Ask, ...], error: ValidationError) -> dict[str, Sentence]:
    """By field, what to do about it."""
    shapes: dict[str, str] = {one.name: one.shape for one in asks}
    found: dict[str, Sentence] = {}
    for one in error.errors():
        names = [str(part) for part in one["loc"] if str(part) in shapes]
        name = names[0] if names else next(iter(shapes))
        found[name] = _TOO_LONG if one["type"] == "string_too_long" else _WRONG.get(shapes[name], _WRONG["choice"])
    return found


def _page(request: Request, writing: Writing, status: int = 200) -> HTMLResponse:
    found, move = writing.found, writing.move
    values: dict[str, Any] = first_values(move, found) | (_unticked(writing) if writing.form else {}) | dict(writing.form)
    rows = rows_in(writing.form) if writing.form else [one.model_dump() for one in values.get("happenings", ())]
    draft = _draft(request, writing, _record(replace(writing, form=strings(values)), None))
    return page(
        request,
        "move.html",
        status=status,
        found=found,
        move=move,
        form=FORMS[move],
        approval=move == "decided" and found.approval_of(found.written),
        asks=writing.asks,
        values=values,
        options_of=lambda pairs: [(code, words_of(request).gettext(name), None) for code, name in pairs],
        kept_measures=_chosen(values),
        rows=[*rows, {}],
        missing=writing.missing,
        wrong=writing.wrong,
        overtaken=writing.overtaken,
        begun=writing.begun,
        moved_on=writing.begun is not None and writing.form.get("since") != found.place,
        kept=writing.kept,
        draft=draft,
        marks=draft.marks if draft else {},
        shown=shown_parts(draft.letter) if draft else (),
        tells=to_tell(found) if move == "activated" else None,
        **NAMES,
    )


def _unticked(writing: Writing) -> dict[str, str]:
    """A form does not carry what is not ticked."""
    return {one.name: "" for one in writing.asks if one.shape in ("check", "many")}


def _chosen(values: Mapping[str, Any]) -> list[str]:
    keep = values.get("keep", ())
    return keep.split(",") if isinstance(keep, str) else list(keep)
