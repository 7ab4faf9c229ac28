"""Numbers for those who look after the work environment (MED, AMR): counts alone, and none so small that it tells of a person.

A cell below five is merged upward (``domain.md`` (g)): its whole row goes into the row of the others, until nothing small is left.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from workflows.incident import Incident, Point, Times, due

LEAST = 5
Counts = Mapping[str, int]


class Quarter(NamedTuple):
    """A quarter of a year. Freely chosen days would tell, by a difference of two answers, what one answer does not."""

    year: int
    number: int

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        following = date(self.year + 1, 1, 1) if self.number == 4 else date(self.year, 3 * self.number + 1, 1)
        return following - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Merged:
    """A table without small cells. ``rows`` are told by themselves; ``others`` is what the ``merged`` rows are together, with None
    for a cell that is still too small to be told.
    """

    rows: Mapping[str, Counts]
    others: Mapping[str, int | None]
    merged: tuple[str, ...]


def incident_tables(incidents: Iterable[Incident], times: Times) -> dict[str, dict[str, Counter[str]]]:
    """Incidents by aspect, unit and kind (``domain.md`` (g)). In each aspect but ``kind`` an incident is counted once, so that no
    small number is found again as what another leaves of the whole."""
    tables: dict[str, dict[str, Counter[str]]] = {name: {} for name in ASPECTS}
    for one in incidents:
        for name, kinds in ASPECTS.items():
            tables[name].setdefault(one.unit or "", Counter()).update(kinds(one, times))
    return tables


def _first_talk(one: Incident, times: Times) -> str:
    """Whether the leader had talked with the employee by the time that the checklist asks for."""
    talk = next((each for each in one.done if each.point == "talk"), None)
    if talk is None:
        return "not_yet"
    return "in_time" if talk.on <= due(one, "talk", times).astimezone(times.zone).date() else "later"


def _ended(point: Point) -> Callable[[Incident, Times], Collection[str]]:
    def kinds(one: Incident, _: Times) -> Collection[str]:
        last = one.last(point)
        return (last.outcome,) if last else ("open",) if point in one.points else ()

    return kinds


ASPECTS: Mapping[str, Callable[[Incident, Times], Collection[str]]] = {
    "channel": lambda one, _: (one.report.channel,),
    "kind": lambda one, _: one.report.kinds or ("not_told",),
    "severity": lambda one, _: ("near_miss" if one.report.near_miss else "grave" if one.grave else "other",),
    "hours": lambda one, _: ("outside" if one.outside_hours else "inside",),
    "situation": lambda one, _: (one.report.situation or "not_told",),
    "talk": lambda one, times: (_first_talk(one, times),),
    "first_aid": _ended("first_aid"),
    "police": _ended("police"),
}
"""What is counted of incidents, each with the kinds in which it counts one."""


def quarter_of(day: date) -> Quarter:
    """The quarter in which ``day`` lies."""
    return Quarter(day.year, (day.month + 2) // 3)


def merge(table: Mapping[str, Counts]) -> Merged:
    """``table`` (a row a unit, a cell a kind) without small cells."""
    rows = {name: {kind: count for kind, count in sorted(counts.items()) if count} for name, counts in sorted(table.items())}
    rows = {name: counts for name, counts in rows.items() if counts}
    apart = [name for name, counts in rows.items() if _small(counts)]
    while len(apart) < len(rows) and _small(_sum(rows, apart)):
        apart.append(min((name for name in rows if name not in apart), key=lambda name: sum(rows[name].values())))
    together = _sum(rows, apart)
    kept = {name: counts for name, counts in rows.items() if name not in apart}
    return Merged(kept, _hidden(together), tuple(sorted(apart)))


def _small(counts: Counts) -> bool:
    return any(0 < count < LEAST for count in counts.values())


def _sum(rows: Mapping[str, Counts], names: list[str]) -> Counts:
    found: Counter[str] = Counter()
    for name in names:
        found.update(rows[name])
    return dict(sorted(found.items()))


def _hidden(counts: Counts) -> dict[str, int | None]:
    """One cell that is hidden alone could be found again by whoever knows the sum, so that the smallest beside it is hidden too."""
    hidden = {kind for kind, count in counts.items() if count < LEAST}
    if len(hidden) == 1 and len(counts) > 1:
        hidden.add(min((kind for kind in counts if kind not in hidden), key=lambda kind: counts[kind]))
    return {kind: None if kind in hidden else count for kind, count in counts.items()}
