"""*Hændelser*: what employees were exposed to, who follows it up, and the leader's checklist."""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.framework_words import CATEGORIES, CHANNELS
from services.console.frameworks import doer_of, lifecycle_of
from services.console.incident_words import POINTS, SITUATIONS, WISHES
from services.console.incidents import IncidentsSeen, Seen, by_of, one_incident
from services.console.live import OVERVIEW
from services.console.notices import looked_at
from services.console.pages.live import topics
from services.console.playbooks import playbooks_of
from services.console.recorded import recorded
from services.console.report_form import whom_of
from services.console.support import leads_to
from services.console.web import page, see, words_of
from services.incidents import UNSECURED
from services.store.dossiers import Kept as KeptDossier
from workflows.addresses import normalise
from workflows.decision import Sentence
from workflows.dossier import Drafted, Ground
from workflows.incident import MOST_NOTE, Done, Point, Refused, WishSays, happening
from workflows.playbooks import for_incident
from workflows.rights import Action

router = APIRouter(prefix="/incidents")
Someone = Annotated[Visitor, Depends(visitor)]
Wrong = tuple[tuple[str, Sentence], ...]
SAID = frozenset({"reported", "saved", "secured"})
_WORDS = {
    "points": POINTS,
    "channels": CHANNELS,
    "categories": CATEGORIES,
    "situations": SITUATIONS,
    "wishes": WISHES,
    "most_note": MOST_NOTE,
}
_OVERTAKEN = Sentence(
    "En anden skrev på hændelsen imens. Se den igen, og skriv så.", "Somebody else wrote on it meanwhile. Look again, then write."
)
_WHOM = Sentence("Vi kan ikke finde borgeren eller sagen.", "We can't find the citizen or the case.")
_DAY = Sentence("Vælg en dag, der findes.", "Choose a day that exists.")
_HOW = Sentence("Vælg, hvordan det endte.", "Choose how it ended.")
_CANT = Sentence("Du kan ikke lave en ramme for borgeren.", "You can't make a framework for the citizen.")


class Asked(BaseModel):
    """Which incidents are shown: those in which something is left to do, or all."""

    show: Literal["", "all"] = ""
    after: str | None = Field(default=None, max_length=500)

    def url(self, **changes: str | None) -> str:
        """The address of this list with ``changes``."""
        query = urlencode({name: value for name, value in (self.model_dump() | {"after": None} | changes).items() if value})
        return f"/incidents?{query}" if query else "/incidents"


class Ticked(BaseModel):
    """A point's form."""

    revision: int = 0
    outcome: str = Field(default="", max_length=40)
    on: str = Field(default="", max_length=20)
    note: str = Field(default="", max_length=MOST_NOTE)


class Wished(BaseModel):
    """The form of the employee's wish."""

    revision: int = 0
    wish: WishSays | None = None


class Named(BaseModel):
    """The form of whom it was about."""

    revision: int = 0
    about: str = Field(default="", max_length=320)


@router.get("")
async def listed(request: Request, who: Someone, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """Those that concern the visitor, the newest first."""
    found = await IncidentsSeen(request, who).listed(open=None if asked.show else True, after=asked.after)
    return page(
        request,
        "incidents.html",
        asked=asked,
        found=found,
        points=POINTS,
        channels=CHANNELS,
        categories=CATEGORIES,
        topics=topics(request, who, OVERVIEW),
    )


@router.get("/{id}")
async def shown(request: Request, who: Someone, id: str, said: str = "", lost: str = "") -> HTMLResponse:
    """One: what happened, what has been done, and what comes next."""
    seen, one = await one_incident(request, who, id)
    await looked_at(request, who, id, opened=one.handles)
    return await _page(request, seen, one, said=said if said in SAID else "", lost=lost)


@router.post("/{id}/points/{point}")
async def ticked(request: Request, who: Someone, id: str, point: Point, filled: Annotated[Ticked, Form()]) -> Response:
    """Write a point of the checklist down."""
    seen, one = await one_incident(request, who, id, Action.HANDLE_INCIDENT)
    try:
        day = date.fromisoformat(filled.on)
        told = {"outcome": filled.outcome, "on": day, "note": filled.note.replace("\r\n", "\n").strip()}
        done = Done.model_validate(told | {"point": point, "by": normalise(who.address), "at": seen.now})
    except (ValueError, ValidationError):
        return await _page(request, seen, one, ((point, _DAY if filled.outcome else _HOW),), filled=(point, filled))
    if filled.revision != one.kept.revision:
        return await _page(request, seen, one, ((point, _OVERTAKEN),), filled=(point, filled), status=409)
    found = await seen.desk.tick(one.kept, done, by_of(who))
    if isinstance(found, Refused):
        return await _page(request, seen, one, ((point, found.because),), filled=(point, filled))
    return see(f"{one.path}?said=saved#checklist")


@router.post("/{id}/wish")
async def wished(request: Request, who: Someone, id: str, filled: Annotated[Wished, Form()]) -> Response:
    """Whether the employee wants it reported to the police: they say it themselves, or whoever follows it up writes it down."""
    seen, one = await one_incident(request, who, id)
    if not (one.mine or one.handles):
        raise HTTPException(404)
    if filled.wish is None:
        because = Sentence("Vælg, hvad medarbejderen ønsker.", "Choose what the employee wants.")
        return await _page(request, seen, one, (("wish", because),))
    if filled.revision != one.kept.revision:
        return await _page(request, seen, one, (("wish", _OVERTAKEN),), wish=filled.wish, status=409)
    found = await seen.desk.wish(one.kept, filled.wish, by_of(who))
    if isinstance(found, Refused):
        return await _page(request, seen, one, (("wish", found.because),), wish=filled.wish, status=409)
    return see(f"{one.path}?said=saved")


@router.post("/{id}/citizen")
async def named(request: Request, who: Someone, id: str, filled: Annotated[Named, Form()]) -> Response:
    """Whom it was about, where the report did not know or was wrong; nothing written where nobody knows."""
    seen, one = await one_incident(request, who, id, Action.HANDLE_INCIDENT)
    about, there = filled.about.strip(), one.incident.report.citizen
    whom = await whom_of(request, about) if about or there else None
    if whom is None:
        return await _page(request, seen, one, (("about", _WHOM),), about=about)
    if filled.revision != one.kept.revision:
        return await _page(request, seen, one, (("about", _OVERTAKEN),), about=about, status=409)
    found = await seen.desk.name_citizen(one.kept, whom.citizen, whom.case, by_of(who))
    if isinstance(found, Refused):
        return await _page(request, seen, one, (("about", found.because),), about=about, status=409)
    return see(f"{one.path}?said=saved")


@router.post("/{id}/framework")
async def drafted(request: Request, who: Someone, id: str) -> Response:
    """From the incident to a draft of a framework, filled in with what happened."""
    seen, one = await one_incident(request, who, id, Action.HANDLE_INCIDENT)
    citizen = one.incident.report.citizen
    if citizen is None:
        return await _page(request, seen, one, (("about", _WHOM),))
    if there := await _frameworks(request, seen, one):
        return see(f"/frameworks/{there[0]}")
    lifecycle = lifecycle_of(request)
    await recorded(request, who, "citizen.read", citizen)  # the draft has their name
    ground = Ground(happenings=(happening(one.incident),), categories=one.incident.report.kinds)
    made = await lifecycle.move(lifecycle.begin(citizen, ground), Drafted(move="drafted"), doer_of(request, who))
    if not isinstance(made, KeptDossier):
        return await _page(request, seen, one, (("framework", _CANT),))
    return see(f"/frameworks/{made.dossier.framework.id}/write/scope")


async def _frameworks(request: Request, seen: IncidentsSeen, one: Seen) -> list[str]:
    """Those that rest on it, as far as anybody wrote that down."""
    citizen = one.incident.report.citizen
    kept = await console_of(request).store.dossiers.of_citizen(citizen) if citizen else ()
    named = [each for each in kept if one.incident.id in {happened.incident for happened in each.dossier.ground.happenings}]
    about, rights = seen.concerned, seen.who.rights
    return [each.dossier.framework.id for each in named if (await about.framework(each)).opens_to(rights, Action.SEE_FRAMEWORK)]


async def _help(request: Request, seen: IncidentsSeen, one: Seen) -> dict[str, object]:
    """The playbook that fits, and whether the page leads on to the mail."""
    report = one.incident.report
    situation = for_incident(report.kinds, report.channel)
    opens = one.whole and await leads_to(request, seen.who, report.mail)
    return {"situation": situation, "playbook": playbooks_of(request).of(situation), "opens": opens}


async def _page(
    request: Request,
    seen: IncidentsSeen,
    one: Seen,
    wrong: Wrong = (),
    *,
    filled: tuple[str, Ticked] | None = None,
    wish: WishSays | None = None,
    about: str = "",
    said: str = "",
    lost: str = "",
    status: int = 0,
) -> HTMLResponse:
    evidence = await seen.desk.incidents.evidence(one.incident.id) if one.whole else ()
    return page(
        request,
        "incident.html",
        status=status or (422 if wrong else 200),
        seen=one,
        one=one.incident,
        report=one.incident.report,
        name=seen.name,
        dues=dict(one.dues),
        evidence=evidence,
        **await _help(request, seen, one),
        frameworks=await _frameworks(request, seen, one) if one.whole else [],
        wrong=wrong,
        error={name: sentence for name, sentence in reversed(wrong)},
        filled=dict([filled]) if filled else {},
        wish=wish,
        about=about,
        said=said,
        lost=UNSECURED.get(lost),
        **_WORDS,
        wish_options=[(code, words_of(request).gettext(text), None) for code, text in WISHES.items()],
        topics=topics(request, seen.who, one.incident.id),
    )
