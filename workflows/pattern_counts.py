"""How often each pattern of the signal words was useful: in the whole municipality, and no number below five."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from workflows.signals import Pattern
from workflows.statistics import LEAST


@dataclass(frozen=True, slots=True)
class PatternTold:
    """A pattern with its counts; None stands for a number below five. ``off``: the municipality has switched it off."""

    pattern: Pattern
    off: bool
    found: int | None
    useful: int | None
    wrong: int | None

    @property
    def is_rare(self) -> bool:
        """Whether nothing is told of it."""
        return self.found is None and self.useful is None and self.wrong is None


def told(patterns: Iterable[Pattern], counts: Mapping[str, Sequence[int]], off: Collection[str]) -> list[PatternTold]:
    """Each pattern, those first that were wrong most often, then those found most often; by what is told alone.

    ``counts``: by id how often it was found, and called useful and wrong.
    """
    rows = [PatternTold(one, one.id in off, *map(_told, counts.get(one.id, (0, 0, 0)))) for one in patterns]
    return sorted(rows, key=lambda one: (-(one.wrong or 0), -(one.found or 0), one.pattern.id))


def _told(count: int) -> int | None:
    return count if count >= LEAST else None
