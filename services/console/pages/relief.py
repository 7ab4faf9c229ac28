"""A caseworker asks to hand over a case, or for relief in it; their leader answers."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, HTTPException
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console.allowed import only
from services.console.assist import Asked, AssistSeen, one_matter, own_case, taker, takers
from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.incidents import by_of
from services.console.live import OVERVIEW
from services.console.notices import looked_at
from services.console.pages.live import topics
from services.console.recorded import recorded
from services.console.web import page, see
from services.store.desk import KeptMatter
from workflows.decision import Sentence
from workflows.incident import Refused
from workflows.relief import MOST_WORDS, Answer, Relief, Says, Wish
from workflows.rights import Action

router = APIRouter(prefix="/relief")
Someone = Annotated[Visitor, Depends(visitor)]
Asker = Annotated[Visitor, Depends(only(Action.ASK_RELIEF))]
Wrong = tuple[tuple[str, Sentence], ...]
_CASE = Sentence(
    "Vi kan ikke finde sagen blandt dine. Skriv sagens nummer.", "We can't find the case among yours. Write its number."
)
_WISH = Sentence("Vælg, hvad du beder om.", "Choose what you ask for.")
_SAYS = Sentence("Vælg et svar.", "Choose an answer.")
_LONG = Sentence("Teksten er for lang. Kort den ned.", "The text is too long. Shorten it.")


class Filled(BaseModel):
    """The form as somebody filled it in."""

    case: str = Field(default="", max_length=64)
    wish: Wish | Literal[""] = ""
    why: str = Field(default="", max_length=20 * MOST_WORDS)


class Said(BaseModel):
    """A leader's answer as it was filled in."""

    says: Says | Literal[""] = ""
    to: str = Field(default="", max_length=320)
    note: str = Field(default="", max_length=20 * MOST_WORDS)


@router.get("")
async def form(request: Request, who: Asker, case: str = "") -> HTMLResponse:
    """What to ask for, in which case."""
    return _form(request, Filled(case=case[:64]))


@router.post("")
async def asked(request: Request, who: Asker, filled: Annotated[Filled, Form()]) -> Response:
    """Ask; the leader hears of it the same day. Who asks the same twice comes to the first."""
    case = await own_case(request, who, filled.case.strip())
    wrong: list[tuple[str, Sentence]] = [] if case else [("case", _CASE)]
    wrong += [] if filled.wish else [("wish", _WISH)]
    wrong += [("why", _LONG)] if len(filled.why) > MOST_WORDS else []
    if case is None or not filled.wish or wrong:
        return _form(request, filled, tuple(wrong))
    seen = AssistSeen(request, who)
    if there := await seen.asked(case.id):
        return see(there.path)
    kept = await seen.desk.ask(filled.wish, case, filled.why.strip(), by_of(who))
    return see(f"/relief/{kept.matter.id}?said=asked")


@router.get("/{id}")
async def shown(request: Request, who: Someone, id: str, said: str = "") -> HTMLResponse:
    """One wish, with its answer."""
    seen, one = await _one(request, who, id)
    await looked_at(request, who, id)
    return _page(request, seen, one, said=said)


@router.post("/{id}/answer")
async def answered(request: Request, who: Someone, id: str, filled: Annotated[Said, Form()]) -> Response:
    """The leader answers."""
    seen, one = await _one(request, who, id)
    if not one.answers:
        await recorded(request, who, "access.refused", id, Action.ANSWER_RELIEF.value)
        raise HTTPException(404)
    to = taker(request, one.one, filled.to)
    if not filled.says or len(filled.note) > MOST_WORDS:
        return _page(request, seen, one, filled=filled, wrong=_SAYS if not filled.says else _LONG)
    note, now = filled.note.strip(), console_of(request).clock.now()
    made = Answer(says=filled.says, to=to, note=note, by=who.address, at=now)
    found = await seen.desk.answer(one.kept, made, by_of(who))
    if isinstance(found, Refused):
        return _page(request, seen, one, filled=filled, wrong=found.because)
    return see(f"{one.path}?said=answered")


async def _one(request: Request, who: Visitor, id: str) -> tuple[AssistSeen, Asked]:
    seen, kept = await one_matter(request, who, id, Relief)
    assert isinstance(kept, KeptMatter)
    [one] = await seen.wishes([kept])
    return seen, one


def _form(request: Request, filled: Filled, wrong: Wrong = ()) -> HTMLResponse:
    return page(request, "relief_ask.html", status=422 if wrong else 200, filled=filled, wrong=wrong, error=dict(wrong))


def _page(
    request: Request,
    seen: AssistSeen,
    one: Asked,
    *,
    filled: Said | None = None,
    wrong: Sentence | None = None,
    said: str = "",
) -> HTMLResponse:
    named = [(each.address, each.name) for each in takers(request, one.one)]
    values = {"seen": one, "one": one.one, "takers": named, "filled": filled or Said(), "wrong": wrong, "said": said}
    return page(request, "relief.html", status=422 if wrong else 200, topics=topics(request, seen.who, OVERVIEW), **values)
