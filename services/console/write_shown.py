"""What a step of the guided path shows beside what is written in it."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from services.console.framework_words import MILDER
from services.console.frameworks import Opened
from services.console.next_steps import why_not
from services.console.write_steps import Step
from workflows import lifecycle
from workflows.addresses import normalise
from workflows.framework_rules import REVIEW_BEFORE_END, months_on
from workflows.intervention import intervention
from workflows.lifecycle_told import was_heard

MONTHS = 3
NOTICE_DAYS = 5  # working days: the citizen has to be told first
USUAL_BASIS = "Kommunens ret til at tilrettelægge sin sagsbehandling (anstaltsforhold) og god forvaltningsskik"
"""It stands in the letter as it stands here: in Danish, whatever language its writer reads."""
ONWARD = ("warned", "heard", "decided", "activated_urgently")


def shown_in(found: Opened, step: str, mine: Step) -> dict[str, Any]:
    """By name, as the step's template asks for it."""
    return _SHOWN[step](found, mine) if step in _SHOWN else {}


def _scope(found: Opened, mine: Step) -> dict[str, Any]:
    """The units of the citizen's own cases come first."""
    own = {case.unit for case in found.cases.values()}
    units = sorted(found.around.organisation.units.values(), key=lambda unit: (unit.id not in own, unit.name))
    return {"units": units, "overlaps": _overlaps(found, mine)}


def _overlaps(found: Opened, mine: Step) -> list[tuple[str, str]]:
    """Caseworkers of chosen cases with an open case that is not chosen: their mail stays where it is (law 5, other cases)."""
    chosen = mine.framework.scope.cases if mine.framework.scope else ()
    cases = found.cases
    people = {normalise(cases[one].caseworker) for one in chosen if one in cases}
    others = [one for one in cases.values() if one.open and one.id not in chosen and normalise(one.caseworker) in people]
    return [(found.name_of(one.caseworker), one.id) for one in others]


def _happenings(found: Opened, mine: Step) -> dict[str, Any]:
    return {"rows": [*(row.model_dump() for row in mine.ground.happenings), {"on": found.today}]}


def _milder(found: Opened, mine: Step) -> dict[str, Any]:
    means = mine.framework.milder_means
    own = [one for one in means if one.what not in MILDER]
    return {"tried": {one.what: one.why_not for one in means}, "own_means": [*own, {"what": "", "why_not": ""}]}


def _measures(found: Opened, mine: Step) -> dict[str, Any]:
    organisation = found.around.organisation
    concerned = {case.unit for case in found.cases.values()}
    people = {one.address: one for one in organisation.employees.values() if one.unit in concerned}
    boxes = {unit.functional_mailbox for unit in organisation.units.values() if unit.functional_mailbox}
    return {
        "chosen": {one.kind: one for one in reversed(mine.framework.measures)},
        "people": sorted(people.values(), key=lambda one: one.name),
        "boxes": sorted(boxes),
        "usual_basis": USUAL_BASIS,
    }


def _time(found: Opened, mine: Step) -> dict[str, Any]:
    one, calendar = mine.framework, found.around.policy.calendar
    days = (one.starts, one.review, one.ends)
    return {"proposed": proposed(found), "idle": [day for day in days if day and not calendar.is_working_day(day)]}


def proposed(found: Opened) -> dict[str, date]:
    """Three months from when the citizen can have read the letter; looked at on a working day well before the end."""
    calendar = found.around.policy.calendar
    starts = calendar.working_day_after(found.today, NOTICE_DAYS)
    ends = months_on(starts, MONTHS)
    review = ends - 2 * REVIEW_BEFORE_END
    while not calendar.is_working_day(review):
        review -= timedelta(days=1)
    return {"starts": starts, "review": review, "ends": ends}


def _letter(found: Opened, mine: Step) -> dict[str, Any]:
    there = lifecycle.moves_from(found.dossier)
    onward = {move: not why_not(move, found) for move in ONWARD if move in there}
    return {"onward": onward, "usual": _usual(found) if onward.get(_usual(found)) else "decided"}


def _usual(found: Opened) -> str:
    """The step that comes next where nothing speaks against it: a hearing before what is intrusive, else a warning first."""
    if intervention(found.written).degree == 3 and not was_heard(found.dossier, found.written, found.around.cases):
        return "heard"
    return "decided" if found.dossier.last("warned", "heard", "activated_urgently") else "warned"


_SHOWN: Mapping[str, Callable[[Opened, Step], dict[str, Any]]] = {
    "scope": _scope,
    "happenings": _happenings,
    "milder": _milder,
    "measures": _measures,
    "time": _time,
    "letter": _letter,
}
