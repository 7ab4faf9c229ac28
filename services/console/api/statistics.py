"""Numbers by unit for a quarter of a year; never of a person, and none below five."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from services.console.api.asking import Who
from services.console.numbers import Statistics, quarter_named, statistics_of
from services.console.recorded import allowed
from workflows.rights import Action

router = APIRouter(prefix="/statistics", tags=["statistics"])
NAMED = r"^20[0-9]{2}-Q[1-4]$"


@router.get("")
async def statistics(
    request: Request,
    who: Who,
    quarter: Annotated[str | None, Query(pattern=NAMED, description="Such as 2026-Q4; else this one.")] = None,
) -> Statistics:
    """Counts alone."""
    await allowed(request, who, Action.SEE_STATISTICS, "statistics")
    return await statistics_of(request, quarter_named(quarter) if quarter else None)
