"""*Borger*: finding a citizen, and one citizen's file on one time line. What is searched for stands in no URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console.auth.visitor import Visitor
from services.console.charts import Column, columns
from services.console.citizen_extract import Shape, extracted
from services.console.citizen_line import SHOWS, Teller
from services.console.citizens import (
    LOOKS,
    WHY_LONGEST,
    Names,
    Opened,
    keep_reason,
    opened,
    reason_given,
    searched,
    wants_reason,
)
from services.console.context import console_of
from services.console.link_words import TEXTS
from services.console.links import of_citizen
from services.console.pages.live import topics
from services.console.recorded import listed as noted
from services.console.recorded import recorded
from services.console.signals import SITUATIONS
from services.console.situations import Typed, cases_to_note
from services.console.visitors import Reader
from services.console.web import page, see, words_of
from services.console.words import N_
from services.settings import ZONE
from services.store.dossier_rows import Kept
from services.store.looked_up import Seen, Week
from workflows.decision import Sentence
from workflows.framework import IN_FORCE
from workflows.lifecycle import ENDED
from workflows.rights import Action, Reach, may, reach

router = APIRouter(prefix="/citizens")
WEEKS = timedelta(weeks=12)  # before this one, of which mails are counted
LISTENED = 12  # frameworks of which an open page hears
LOOKED = 30  # entries about who looked
Found = tuple[Seen, str, str]  # an entry, who it was, and what they did


class Asked(BaseModel):
    """Which part of the time line."""

    show: str = "all"
    after: str | None = Field(default=None, max_length=200)


@router.get("")
async def listed(request: Request, who: Reader, after: Annotated[str | None, Query(max_length=200)] = None) -> HTMLResponse:
    """The visitor's own citizens; whoever may see all of them searches."""
    own = reach(who.rights, Action.SEE_CITIZEN) in (Reach.OWN_CASES, Reach.OWN_UNITS)
    if own:
        return await _list(request, who, "", after)
    return page(request, "citizens.html", found=None, q="")


@router.post("")
async def search(
    request: Request,
    who: Reader,
    q: Annotated[str, Form(max_length=320)] = "",
    after: Annotated[str | None, Form(max_length=500)] = None,
) -> HTMLResponse:
    """Those whom a name, an id, an address or a case finds."""
    return await _list(request, who, q.strip(), after)


async def _list(request: Request, who: Visitor, q: str, after: str | None) -> HTMLResponse:
    found = await searched(request, who, q, after)
    await noted(request, who, [one.citizen.id for one in found.items])
    next_path = f"/citizens?after={quote(found.after)}" if found.after and not q else None
    known = Names(request)
    return page(request, "citizens.html", found=found, q=q, names=known, next_path=next_path)


@router.get("/{id}")
async def citizen(request: Request, who: Reader, id: str, asked: Annotated[Asked, Query()]) -> Response:
    """One citizen's file."""
    found = await opened(request, who, id)
    why = reason_given(request, who, id)
    if why is None and wants_reason(who, found.matter):
        if "HX-Request" in request.headers:  # an open page asks for news after the reason has lapsed: it stays as it is
            return Response(status_code=204)
        return page(request, "citizen_why.html", id=found.id, error=None, longest=WHY_LONGEST)
    await recorded(request, who, "citizen.read", found.id, why)
    return await shown(request, who, found, asked)


@dataclass(frozen=True, slots=True)
class Problems:
    """What somebody typed about a situation, and what is wrong with it."""

    typed: Typed
    found: tuple[tuple[str, Sentence], ...]


async def shown(
    request: Request, who: Visitor, found: Opened, asked: Asked | None = None, problems: Problems | None = None
) -> HTMLResponse:
    """The page of a citizen; that somebody looks is recorded already."""
    asked = asked or Asked()
    show = asked.show if asked.show in SHOWS else "all"
    names = Names(request)
    line = await Teller(console_of(request).store, who, found, names, words_of(request)).line(show, asked.after)
    may_look = _may_look(who, found)
    about = (found.id, *(one.dossier.framework.id for one in found.dossiers[:LISTENED]))
    return page(
        request,
        "citizen.html",
        status=422 if problems else 200,
        topics=topics(request, who, *about),
        about=about,
        found=found,
        dossiers=sorted(found.dossiers, key=_in_force_first),
        last_day=lambda one: one.last_day(found.about.policy.calendar),
        names=names,
        scopes=names.scopes(found, words_of(request)),
        line=line,
        show=show,
        shows=SHOWS,
        may_look=may_look,
        looked=await _looked(request, found, names) if may_look else (),
        links=await of_citizen(request, who, found.file, found.matter),
        **TEXTS,
        **await _volume(request, who, found),
        **await _situations(request, who, found, problems),
    )


async def _situations(request: Request, who: Visitor, found: Opened, problems: Problems | None) -> Mapping[str, Any]:
    """What is noted on the cases that the visitor sees, and what they may note themselves."""
    words = words_of(request)
    cases = {one.id for one in found.cases}
    there = await console_of(request).store.situations.of_citizen(found.id)
    told = [(field, one.en if words.language == "en" else one.da) for field, one in (problems.found if problems else ())]
    return {
        "noted": [one for one in there if one.case in cases and one.removed_at is None],
        "noteable": cases_to_note(who.rights, found.cases),
        "situations": SITUATIONS,
        "what_happened": [(code, words.gettext(text), None) for code, text in SITUATIONS.items()],
        "typed": problems.typed if problems else None,
        "errors": told,
        "error": dict.fromkeys(("case", "code", "on")) | dict(told),
    }


@router.post("/{id}/why")
async def say_why(request: Request, who: Reader, id: str, why: Annotated[str, Form(max_length=2000)] = "") -> Response:
    """Open a citizen who is nobody of the visitor's own, for a reason."""
    found = await opened(request, who, id)
    said = " ".join(why.split())
    if not said or len(said) > WHY_LONGEST:
        too_long = len(said) > WHY_LONGEST
        return page(
            request,
            "citizen_why.html",
            status=422,
            id=found.id,
            error=N_("Skriv det kortere.") if too_long else N_("Skriv, hvorfor du har brug for at se siden."),
            longest=WHY_LONGEST,
        )
    answer = see(found.path)
    keep_reason(request, answer, who, found, said)
    return answer


@router.get("/{id}/extract")
async def extract(request: Request, who: Reader, id: str) -> Response:
    """Everything about the citizen that the visitor may see, to print or hand over."""
    made = await _extracted(request, who, id, "page")
    return HTMLResponse(made) if made is not None else see(f"/citizens/{id}")


@router.get("/{id}/extract.json")
async def extract_file(request: Request, who: Reader, id: str) -> Response:
    """The same as a file."""
    made = await _extracted(request, who, id, "file")
    if made is None:
        return see(f"/citizens/{id}")
    disposition = f'attachment; filename="{id}.json"'
    return Response(made, media_type="application/json", headers={"Content-Disposition": disposition})


async def _extracted(request: Request, who: Visitor, id: str, shape: Shape) -> bytes | None:
    """None where a reason has to be given first."""
    found = await opened(request, who, id, Action.SEE_RECORDS)
    why = reason_given(request, who, id)
    if why is None and wants_reason(who, found.matter):
        return None
    await recorded(request, who, "citizen.extracted", found.id, why)
    return await extracted(request, who, found, shape)


def _in_force_first(one: Kept) -> tuple[bool, bool, float]:
    """What is in force, then what is on its way, then what has ended; the newest first."""
    state = one.dossier.framework.state
    return state not in IN_FORCE, state in ENDED, -one.at.timestamp()


def _may_look(who: Visitor, found: Opened) -> bool:
    """Whether they may know who looked, and hand the file over."""
    matter = found.matter
    return may(who.rights, Action.SEE_RECORDS, matter.units, caseworkers=matter.caseworkers)


async def _looked(request: Request, found: Opened, names: Names) -> Sequence[Found]:
    """Who has looked at this citizen, and at the frameworks that are shown; the newest first."""
    ids = [one.dossier.framework.id for one in found.dossiers]
    entries = await console_of(request).store.views.seen(found.id, *ids, limit=LOOKED)
    return [(one, await names.actor(one.actor), LOOKS[one.action]) for one in entries.items if one.action in LOOKS]


async def _volume(request: Request, who: Visitor, found: Opened) -> Mapping[str, Any]:
    """How many mails came a week. A caseworker sees their own cases, not how much the municipality gets."""
    if reach(who.rights, Action.SEE_CITIZEN) is Reach.OWN_CASES:
        return {"weeks": (), "picture": None}
    console, words = console_of(request), words_of(request)
    today = console.clock.now().astimezone(ZONE).date()
    weeks = await console.store.views.volume(found.id, today - WEEKS, today)
    if not any(one.total for one in weeks):
        return {"weeks": (), "picture": None}

    def told(one: Week) -> str:
        values = {"week": one.monday.isocalendar().week, "count": words.number(one.total)}
        return words.gettext(N_("Uge %(week)s: %(count)s mails")) % values

    bars = [Column(str(one.monday.isocalendar().week), one.total, told(one)) for one in weeks]
    description = words.gettext(N_("%(count)s mails på %(weeks)s uger, flest i én uge: %(most)s."))
    values = {"count": sum(one.total for one in weeks), "weeks": len(weeks), "most": max(one.total for one in weeks)}
    picture = columns("volume", words.gettext(N_("Mails uge for uge")), description % values, bars)
    return {"weeks": weeks, "picture": picture}
