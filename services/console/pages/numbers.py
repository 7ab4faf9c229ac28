"""*Tal*: how many mails, frameworks and incidents there are in each unit, without anybody's name (``domain.md`` (g))."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.allowed import only
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.framework_words import HISTORY, STATES
from services.console.incident_words import COUNTED
from services.console.mail_words import OUTCOMES
from services.console.numbers import Numbers, counting_of, quarter_named, statistics_of
from services.console.web import page
from services.console.words import N_
from workflows.rights import Action

Line = tuple[str | None, str, int | None]
router = APIRouter(prefix="/statistics")
Reader = Annotated[Visitor, Depends(only(Action.SEE_STATISTICS))]
MAILS, MOVES, FRAMEWORKS, INCIDENTS = N_("Mails"), N_("Hvad der er gjort ved rammer"), N_("Rammer lige nu"), N_("Hændelser")
STATE_NAMES = {code: name for code, (name, _) in STATES.items()}
MOVE_NAMES = {code: name for code, name in HISTORY.items() if code}

Shown = tuple[str, list[Line], Mapping[str, str]]


@router.get("")
async def numbers(
    request: Request, _: Reader, quarter: Annotated[str | None, Query(pattern=r"^20[0-9]{2}-Q[1-4]$")] = None
) -> HTMLResponse:
    """Counts alone, by unit and kind."""
    found = await statistics_of(request, quarter_named(quarter) if quarter else None)
    units = {one.id: one.name for one in console_of(request).store.organisation().units.values()}
    tables = ((MAILS, found.mails, OUTCOMES), (MOVES, found.moves, MOVE_NAMES), (FRAMEWORKS, found.frameworks, STATE_NAMES))
    shown: list[Shown] = [(title, _rows(one, units), kinds) for title, one, kinds in tables]
    incidents = [(title, _rows(found.incidents[aspect], units), kinds) for aspect, (title, kinds) in COUNTED.items()]
    shown += [one for one in incidents if one[1]] or [(INCIDENTS, [], {})]
    quarters = [f"{one.year}-Q{one.number}" for one in counting_of(request).shown()]
    return page(request, "numbers.html", found=found, tables=shown, quarters=quarters)


def _rows(one: Numbers, units: dict[str, str]) -> list[Line]:
    """Unit (None: several together), kind and count (None: too small to be told), a row each."""
    told: list[Line] = []
    for row in one.units:
        told += [(units.get(row.unit, row.unit), kind, count) for kind, count in row.counts.items()]
    return told + [(None, kind, count) for kind, count in one.others.items()]
