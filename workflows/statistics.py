"""Numbers for those who look after the work environment (MED, AMR): counts alone, and none so small that it tells of a person.

A cell below five is merged upward (``domain.md`` (g)): its whole row goes into the row of the others, until nothing small is left.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

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
