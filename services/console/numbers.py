"""Numbers by unit for a quarter of a year, as pages and programs show them.

Few mails are counted when somebody asks. A million take half a second, and longer after a start: they are counted ahead of the
visitors, and again before five minutes have gone.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from pydantic import AwareDatetime, BaseModel, Field, PrivateAttr
from starlette.requests import Request

from services.clock import Clock
from services.settings import ZONE
from services.store.sql_store import SqlStore
from workflows.deadlines import WorkingHours
from workflows.incident import Times
from workflows.statistics import Quarter, incident_tables, merge, quarter_of

NOTE = "Numbers below 5 are merged. What is not reported is not counted: a rise may be better reporting."
COUNTED_AGAIN = timedelta(minutes=5)
ROUND = timedelta(minutes=4)  # from one count ahead to the next, so that none grows too old between them
MANY = 100_000  # mails; below them counting takes no visitor's time
SHOWN = 4  # quarters to choose among: this one and those before it
MOST_KEPT = 8


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
    """In the quarter: ``mails`` by what was decided, ``moves`` by what was done with frameworks, and ``incidents`` that were
    reported, by aspect (``channel``, ``kind``, ``severity``, ``hours``, ``situation``, ``talk``, ``first_aid``, ``police``).
    ``frameworks`` by state, now.
    """

    quarter: str
    mails: Numbers
    moves: Numbers
    frameworks: Numbers
    incidents: dict[str, Numbers]
    at: AwareDatetime = Field(description="When it was counted: at most five minutes ago.")
    note: str = NOTE
    _counted: int = PrivateAttr(0)

    def many(self) -> bool:
        """Whether counting its mails takes time."""
        return self._counted >= MANY


class Counting:
    """The numbers of each quarter, kept where they take time to count."""

    def __init__(self, store: SqlStore, clock: Clock, hours: WorkingHours) -> None:
        self._store = store
        self._clock = clock
        self._times = Times(hours, ZONE)
        self._kept: dict[Quarter, Statistics] = {}

    async def of(self, asked: Quarter) -> Statistics:
        """That quarter's, at most five minutes old."""
        found = self._kept.get(asked)
        return found if found and self._holds(found, timedelta()) else await self._count(asked)

    async def ahead(self) -> None:
        """Count what may be asked for and would be too old before the next round."""
        for asked in self.shown():
            found = self._kept.get(asked)
            if found is None or not self._holds(found, ROUND):
                await self._count(asked)

    def shown(self) -> list[Quarter]:
        """This quarter and those before it, the newest first."""
        newest = quarter_of(self._clock.now().astimezone(ZONE).date())
        last = newest.year * 4 + newest.number - 1
        return [Quarter(one // 4, one % 4 + 1) for one in range(last, last - SHOWN, -1)]

    def _holds(self, found: Statistics, for_: timedelta) -> bool:
        return timedelta() <= self._clock.now() + for_ - found.at < COUNTED_AGAIN

    async def _count(self, asked: Quarter) -> Statistics:
        found = await _counted(self._store, asked, self._clock.now().astimezone(ZONE), self._times)
        self._kept.pop(asked, None)
        if found.many():
            self._kept[asked] = found
        for left in list(self._kept)[:-MOST_KEPT]:
            del self._kept[left]
        return found


async def statistics_of(request: Request, quarter: Quarter | None = None) -> Statistics:
    """Of that quarter, else of this one. That the visitor may see them is the caller's affair."""
    counting = counting_of(request)
    return await counting.of(quarter or counting.shown()[0])


def counting_of(request: Request) -> Counting:
    """The numbers that the console keeps."""
    found = request.app.state.counting
    assert isinstance(found, Counting)
    return found


def quarter_named(name: str) -> Quarter:
    """Such as ``2026-Q4``."""
    return Quarter(int(name[:4]), int(name[-1]))


async def _counted(store: SqlStore, asked: Quarter, now: datetime, times: Times) -> Statistics:
    begins = datetime.combine(asked.first, time.min, ZONE)
    ends = datetime.combine(asked.last + timedelta(days=1), time.min, ZONE)
    views = store.views
    mails = await views.mail_counts(begins, ends)
    reported = incident_tables([one.incident for one in await store.incidents.between(begins, ends)], times)
    found = Statistics(
        at=now,
        quarter=f"{asked.year}-Q{asked.number}",
        mails=_numbers(mails),
        moves=_numbers(await views.move_counts(begins, ends)),
        frameworks=_numbers(await views.state_counts()),
        incidents={aspect: _numbers(table) for aspect, table in reported.items()},
    )
    found._counted = sum(sum(counts.values()) for counts in mails.values())
    return found


def _numbers(table: Mapping[str, Mapping[str, int]]) -> Numbers:
    found = merge(table)
    rows = [Row(unit=unit, counts=dict(counts)) for unit, counts in found.rows.items()]
    return Numbers(units=rows, others=dict(found.others), merged=list(found.merged))
