"""Numbers by unit for a quarter of a year, and of patterns; never of a person, and none below five."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request

from services.console.api.asking import Who
from services.console.numbers import Statistics, quarter_named, statistics_of
from services.console.patterns import patterns_told
from services.console.recorded import allowed
from workflows.pattern_counts import PatternTold
from workflows.rights import Action

router = APIRouter(prefix="/statistics", tags=["statistics"])
NAMED = r"^20[0-9]{2}-Q[1-4]$"


class PatternCounts(BaseModel):
    """What one pattern of the signal words looks for (``why``, in Danish), and counts; null stands for a number below five."""

    id: str
    kind: str
    level: str
    why: str
    off: bool
    found: int | None
    useful: int | None
    wrong: int | None


class Patterns(BaseModel):
    """All of them, those first that were wrong most often."""

    items: list[PatternCounts]


@router.get("/patterns")
async def patterns(request: Request, who: Who) -> Patterns:
    """How often each pattern was found, and called useful or wrong, in the whole municipality."""
    await allowed(request, who, Action.SEE_PATTERNS, "patterns")
    return Patterns(items=[_counts(one) for one in await patterns_told(request)])


@router.get("")
async def statistics(
    request: Request,
    who: Who,
    quarter: Annotated[str | None, Query(pattern=NAMED, description="Such as 2026-Q4; else this one.")] = None,
) -> Statistics:
    """Counts alone."""
    await allowed(request, who, Action.SEE_STATISTICS, "statistics")
    return await statistics_of(request, quarter_named(quarter) if quarter else None)


def _counts(one: PatternTold) -> PatternCounts:
    found, counts = one.pattern, {name: getattr(one, name) for name in ("off", "found", "useful", "wrong")}
    return PatternCounts(id=found.id, kind=found.kind, level=found.level, why=found.why, **counts)
