"""The steps of the guided path, and what is written in each as part of the dossier."""

import hashlib
import json
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.console.framework_words import CATEGORIES, MILDER, NEEDS
from services.console.frameworks import Opened
from services.console.move_records import Fields, happenings_in
from services.console.words import N_
from workflows.decision import Sentence
from workflows.dossier import Ground
from workflows.framework import ContactFramework, Measure, MilderMeans, Scope
from workflows.happening import Happening

MEASURE: TypeAdapter[Measure] = TypeAdapter(Measure)
STEPS: Mapping[str, str] = {
    "scope": N_("Sag"),
    "happenings": N_("Hvad er sket"),
    "milder": N_("Hvad har I prøvet"),
    "needs": N_("Hensyn"),
    "measures": N_("Tiltag"),
    "time": N_("Tid"),
    "try": N_("Prøvekør"),
    "letter": N_("Brev"),
}
_OF_GROUND: Mapping[str, tuple[str, ...]] = {
    "scope": ("wider_because",),
    "happenings": ("happenings", "categories", "burden"),
    "needs": ("needs", "needs_asked", "representatives_asked"),
    "time": ("way_back",),
}
_OF_FRAMEWORK: Mapping[str, tuple[str, ...]] = {
    "scope": ("scope",),
    "milder": ("milder_means",),
    "measures": ("measures", "reason", "legal_basis"),
    "time": ("starts", "review", "ends", "observe"),
}
WRITTEN = tuple(one for one in STEPS if one in _OF_GROUND or one in _OF_FRAMEWORK)
MOST_TEXT = 20_000
Sheet = tuple[str, str, str, str]  # account, framework, step, and the page itself
_TOO_LONG = Sentence("Teksten er for lang. Kort den ned.", "The text is too long. Shorten it.")
_NO_DAY = Sentence("Vælg en dag, der findes.", "Choose a day that exists.")
_MEASURE_LACKS: Mapping[str, Sentence] = {
    "fixed_contact": Sentence("Skriv den faste kontakts mailadresse.", "Write the fixed contact's mail address."),
    "changed_caseworker": Sentence("Skriv begge sagsbehandleres mailadresser.", "Write both caseworkers' mail addresses."),
    "contact_window": Sentence("Vælg mindst én dag og et tidsrum.", "Choose at least one day and a span of time."),
    "limited_calls": Sentence(
        "Skriv nummeret, og vælg mindst én dag og et tidsrum.", "Write the number, and choose at least one day and a span of time."
    ),
    "meeting_rules": Sentence("Vælg mindst én aftale om møder.", "Choose at least one rule for meetings."),
    "closed_topic": Sentence("Skriv, hvilket emne det er.", "Write which topic it is."),
}
_MAILBOX_LACKS = Sentence("Skriv hele postkassens adresse.", "Write the mailbox's whole address.")


@dataclass(frozen=True, slots=True)
class Step:
    """What a step's form makes of the dossier. ``wrong``: by field, what could not be taken, and why."""

    ground: Ground
    framework: ContactFramework
    wrong: Mapping[str, Sentence]


class OwnSaves:
    """What each open sheet (a step's page in one browser) has saved: its form may be sent before it hears what a save that it sent
    by itself has come to, and what it sent by itself may come after the form, and is then too old.

    Where this has forgotten, or another process has seen it, the writer is shown both texts, which are then their own.
    """

    MOST, EACH = 5000, 50

    def __init__(self) -> None:
        self._saved: OrderedDict[Sheet, deque[str]] = OrderedDict()
        self._sent: set[Sheet] = set()

    def of(self, sheet: Sheet) -> Collection[str]:
        """The fingerprints of what it has saved lately."""
        return self._saved.get(sheet, ())

    def is_sent(self, sheet: Sheet) -> bool:
        """Whether its form was sent: what it saves by itself is older."""
        return sheet in self._sent

    def keep(self, sheet: Sheet, saved: str, *, sent: bool) -> None:
        """It is about to save this, by itself or because its form was ``sent``."""
        self._saved.setdefault(sheet, deque(maxlen=self.EACH)).append(saved)
        self._saved.move_to_end(sheet)
        if sent:
            self._sent.add(sheet)
        if len(self._saved) > self.MOST:
            self._sent.discard(self._saved.popitem(last=False)[0])


def fingerprint(step: str, ground: Ground, framework: ContactFramework) -> str:
    """Of what stands in a step: who saves says what they saw."""
    parts = ground.model_dump(mode="json", include=set(_OF_GROUND.get(step, ())))
    parts |= framework.model_dump(mode="json", by_alias=True, include=set(_OF_FRAMEWORK.get(step, ())))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def taken(step: str, form: Fields, found: Opened) -> Step:
    """The dossier with what ``form`` holds for ``step``; the other steps stay as they are."""
    wrong: dict[str, Sentence] = {}
    long = [name for name, text in form.items() if len(text) > MOST_TEXT]
    wrong |= dict.fromkeys(long, _TOO_LONG)
    kept = {name: text[:MOST_TEXT] for name, text in form.items()}
    changes = _TAKE[step](kept, found, wrong)
    ground = {name: value for name, value in changes.items() if name in Ground.model_fields}
    framework = {name: value for name, value in changes.items() if name in ContactFramework.model_fields}
    return Step(found.dossier.ground.model_copy(update=ground), found.written.model_copy(update=framework), wrong)


def _text(form: Fields, name: str) -> str | None:
    return form.get(name, "").strip() or None


def _chosen(form: Fields, name: str) -> list[str]:
    return [one for one in form.get(name, "").split(",") if one]


def _scope(form: Fields, found: Opened, wrong: dict[str, Sentence]) -> dict[str, Any]:
    """Only what there is and is shown can be chosen."""
    cases = tuple([one for one in _chosen(form, "case") if one in found.cases])
    units = tuple([one for one in _chosen(form, "unit") if one in found.around.organisation.units])
    match form.get("reach"):
        case "units":
            scope = Scope(units=units)
        case "municipality":
            scope = Scope(municipality=True)
        case _:
            scope = Scope(cases=cases)
    empty = not (scope.cases or scope.units or scope.municipality)
    return {"scope": None if empty else scope, "wider_because": _text(form, "wider_because")}


def _happenings(form: Fields, found: Opened, wrong: dict[str, Sentence]) -> dict[str, Any]:
    rows = []
    for at, row in enumerate(happenings_in(form)):
        try:
            rows.append(Happening.model_validate(row))
        except ValidationError:
            wrong[f"on.{at}"] = _NO_DAY
    chosen = tuple([one for one in CATEGORIES if one in _chosen(form, "categories")])
    return {"happenings": tuple(rows), "categories": chosen, "burden": _text(form, "burden")}


def _milder(form: Fields, found: Opened, wrong: dict[str, Sentence]) -> dict[str, Any]:
    """Suggestions by their places in the list, then the leader's own."""
    chosen = _chosen(form, "means")
    means = [
        MilderMeans(what=what, why_not=form.get(f"why.{at}", "").strip()) for at, what in enumerate(MILDER) if str(at) in chosen
    ]
    for at in range(100):
        if f"own.{at}" not in form:
            break
        if own := form[f"own.{at}"].strip():
            means.append(MilderMeans(what=own, why_not=form.get(f"own_why.{at}", "").strip()))
    return {"milder_means": tuple(means)}


def _needs(form: Fields, found: Opened, wrong: dict[str, Sentence]) -> dict[str, Any]:
    chosen = tuple([one for one in NEEDS if one in _chosen(form, "needs")])
    return {
        "needs": chosen,
        "needs_asked": bool(chosen) or "needs_asked" in form,
        "representatives_asked": "representatives_asked" in form,
    }


def _measures(form: Fields, found: Opened, wrong: dict[str, Sentence]) -> dict[str, Any]:
    measures: list[Measure] = []
    for kind in _chosen(form, "measure"):
        try:
            measures.append(MEASURE.validate_python({"kind": kind} | _details(kind, form)))
        except ValidationError:
            wrong[f"measure.{kind}"] = _MEASURE_LACKS.get(kind, _MAILBOX_LACKS)
        measures += [one for one in found.written.measures if one.kind == kind][1:]  # what a file brought beside the first
    return {"measures": tuple(measures), "reason": _text(form, "reason"), "legal_basis": _text(form, "legal_basis")}


def _details(kind: str, form: Fields) -> dict[str, Any]:
    def of(name: str) -> str:
        return form.get(f"{kind}.{name}", "").strip()

    when = {"days": _chosen(form, f"{kind}.days"), "from": of("from"), "to": of("to")}
    details: dict[str, dict[str, Any]] = {
        "functional_mailbox": {"mailbox": of("mailbox") or None},
        "fixed_contact": {"contact": of("contact")},
        "changed_caseworker": {"from": of("from"), "to": of("to")},
        "contact_window": when,
        "limited_calls": when | {"number": of("number")} if of("number") else {},
        "meeting_rules": {"rules": _chosen(form, f"{kind}.rules"), "place": of("place") or None},
        "closed_topic": {"topic": of("topic")} if of("topic") else {},
    }
    return details.get(kind, {})


def _time(form: Fields, found: Opened, wrong: dict[str, Sentence]) -> dict[str, Any]:
    days: dict[str, date | None] = {}
    for name in ("starts", "review", "ends"):
        text = form.get(name, "").strip()
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            wrong[name] = _NO_DAY
    return {**days, "way_back": _text(form, "way_back"), "observe": "observe" in form}


_TAKE: Mapping[str, Callable[[Fields, Opened, dict[str, Sentence]], dict[str, Any]]] = {
    "scope": _scope,
    "happenings": _happenings,
    "milder": _milder,
    "needs": _needs,
    "measures": _measures,
    "time": _time,
}
