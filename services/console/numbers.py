"""Numbers by unit for a quarter of a year, as pages and programs show them: counted again after five minutes."""

from datetime import datetime, time, timedelta

from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request

from services.console.context import Console, console_of
from services.settings import ZONE
from workflows.statistics import Quarter, merge, quarter_of

NOTE = "Numbers below 5 are merged. What is not reported is not counted: a rise may be better reporting."
COUNTED_AGAIN = timedelta(minutes=5)  # of a million mails it takes half a second
MOST_KEPT = 8  # quarters


class Row(BaseModel):
    """A unit and its counts by kind."""

    unit: str
    counts: dict[str, int]


class Numbers(BaseModel):
    """A table. ``others`` is what the units of ``merged`` are together; null stands for a number that is too small to be told."""

    units: list[Row]
    others: dict[str, int | None]
    merged: list[str]


class Statistics(BaseModel):
    """In the quarter: ``mails`` by what was decided, ``moves`` by what was done with frameworks. ``frameworks`` by state, now."""

    quarter: str
    mails: Numbers
    moves: Numbers
    frameworks: Numbers
    at: AwareDatetime = Field(description="When it was counted: at most five minutes ago.")
    note: str = NOTE


async def statistics_of(request: Request, quarter: Quarter | None = None) -> Statistics:
    """Of that quarter, else of this one. That the visitor may see them is the caller's affair."""
    console = console_of(request)
    now = console.clock.now().astimezone(ZONE)
    asked = quarter or quarter_of(now.date())
    kept = _kept(request)
    found = kept.get(asked)
    if found is None or not timedelta() <= now - found.at < COUNTED_AGAIN:
        found = kept[asked] = await _counted(console, asked, now)
        for quarter_left in list(kept)[:-MOST_KEPT]:
            del kept[quarter_left]
    return found


def quarter_named(name: str) -> Quarter:
    """Such as ``2026-Q4``."""
    return Quarter(int(name[:4]), int(name[-1]))


def _kept(request: Request) -> dict[Quarter, Statistics]:
    state = request.app.state
    if not hasattr(state, "statistics"):
        state.statistics = {}
    found: dict[Quarter, Statistics] = state.statistics
    return found


async def _counted(console: Console, asked: Quarter, now: datetime) -> Statistics:
    begins = datetime.combine(asked.first, time.min, ZONE)
    ends = datetime.combine(asked.last + timedelta(days=1), time.min, ZONE)
    views = console.store.views
    return Statistics(
        at=now,
        quarter=f"{asked.year}-Q{asked.number}",
        mails=_numbers(await views.mail_counts(begins, ends)),
        moves=_numbers(await views.move_counts(begins, ends)),
        frameworks=_numbers(await views.state_counts()),
    )


def _numbers(table: dict[str, dict[str, int]]) -> Numbers:
    found = merge(table)
    rows = [Row(unit=unit, counts=dict(counts)) for unit, counts in found.rows.items()]
    return Numbers(units=rows, others=dict(found.others), merged=list(found.merged))
