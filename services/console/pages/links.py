"""*Er det den samme?*: one question of who wrote, with the evidence side by side, what each answer does, and the answers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console.allowed import only
from services.console.auth.visitor import Visitor
from services.console.citizens import Names
from services.console.context import console_of
from services.console.link_words import REFUSED, TEXTS
from services.console.links import Asked, answers_to, one_link
from services.console.pages.live import topics
from services.console.web import page, see, words_of
from workflows.link_answers import AGAIN, Answer, NoSuchAnswer
from workflows.rights import Action

router = APIRouter(prefix="/links")
Leading = Annotated[Visitor, Depends(only(Action.LINK_ADDRESS))]


class Filled(BaseModel):
    """An answer; ``revision`` is that of the question as its writer saw it."""

    csrf: str = ""
    answer: Answer
    revision: int = Field(ge=0)


@router.get("/{id}")
async def shown(request: Request, who: Leading, id: str) -> HTMLResponse:
    """One question."""
    return await _page(request, who, await one_link(request, who, id))


@router.post("/{id}")
async def answered(request: Request, who: Leading, id: str, filled: Annotated[Filled, Form()]) -> Response:
    """Yes, no, not now, or take the answer back."""
    found = await one_link(request, who, id)
    store = console_of(request).store
    try:
        done = await store.identity.answer(found.link.id, filled.answer, revision=filled.revision, by=who.address)
    except NoSuchAnswer as refused:
        because = REFUSED[refused.why]
        told = because.en if words_of(request).language == "en" else because.da
        return await _page(request, who, found, errors=(("", told),))
    if done is None:
        now = await store.identity.get(found.link.id)
        if now is None:
            raise HTTPException(404)
        return await _page(request, who, await one_link(request, who, id), overtaken=True)
    await store.refresh()
    return see(found.path)


async def _page(
    request: Request, who: Visitor, found: Asked, *, errors: tuple[tuple[str, str], ...] = (), overtaken: bool = False
) -> HTMLResponse:
    link = found.link
    return page(
        request,
        "link.html",
        status=409 if overtaken else 422 if errors else 200,
        found=found,
        link=link,
        answers=answers_to(link),
        unit=Names(request).unit(link.unit) if link.unit else None,
        again=console_of(request).clock.now() + AGAIN,
        errors=errors,
        overtaken=overtaken,
        topics=topics(request, who, link.id),
        **TEXTS,
    )
