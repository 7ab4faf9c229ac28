"""Which mails somebody sees: what they look for, as far as their rights go."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from services.console.auth.visitor import Visitor
from services.console.concern import Concerns, citizens_of
from services.console.recipients import line_for
from services.settings import ZONE
from services.store.looked_up import MailLine, Page, Wanted, Within
from workflows.rights import Action, Reach, Rights, reach

AT_ONCE = 50
ROUNDS = 8  # pages of the store that are looked through for one page of what somebody may see
OWN_CITIZENS = 500  # of one caseworker


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looks for; days are Danish, both included."""

    citizen: str | None = None
    unit: str | None = None
    since: date | None = None
    until: date | None = None
    wanted: Wanted | None = None

    @property
    def begins(self) -> datetime | None:
        """The first instant."""
        return datetime.combine(self.since, time.min, ZONE) if self.since else None

    @property
    def ends(self) -> datetime | None:
        """The instant after the last."""
        return datetime.combine(self.until + timedelta(days=1), time.min, ZONE) if self.until and self.until < date.max else None


async def found(
    concerns: Concerns, who: Visitor, sought: Sought, *, limit: int = AT_ONCE, after: str | None = None
) -> Page[MailLine] | None:
    """The newest first. None where they must name a citizen first: nobody has rights to go through everything with."""
    far = reach(who.rights, Action.SEE_MAIL)
    keys = await _keys(concerns, who.rights, far, sought)
    if keys is None:
        return None
    items: list[MailLine] = []
    for _ in range(ROUNDS):
        page = await concerns.store.views.mails(
            citizens=keys.citizens,
            units=keys.units,
            since=sought.begins,
            until=sought.ends,
            wanted=sought.wanted,
            limit=limit - len(items),
            after=after,
        )
        await _look_up(concerns, far, page.items)
        items += [await _shown(concerns, who, one) for one in page.items if await _fits(concerns, who.rights, far, sought, one)]
        after = page.after
        if after is None or len(items) >= limit:
            break
    return Page(tuple(items), after)


async def _look_up(concerns: Concerns, far: Reach, lines: Collection[MailLine]) -> None:
    """Together what is asked for of each; the frameworks only where rights go by them."""
    if far in (Reach.ALL, Reach.OWN_UNITS):
        await concerns.know({one for line in lines for one in citizens_of(line)})
    else:
        await concerns.know_lines(lines)


async def _shown(concerns: Concerns, who: Visitor, line: MailLine) -> MailLine:
    return line_for(who, [case for one in citizens_of(line) for case in (await concerns.cases(one)).values()], line)


@dataclass(frozen=True, slots=True)
class _Keys:
    citizens: Collection[str] | None = None
    units: Collection[str] | None = None


async def _keys(concerns: Concerns, rights: Rights, far: Reach, sought: Sought) -> _Keys | None:
    if sought.citizen:
        return _Keys(citizens=[sought.citizen])
    if far is Reach.ALL:
        return _Keys(units=[sought.unit] if sought.unit else None)
    if far is Reach.OWN_UNITS:
        return _Keys(units=[one for one in rights.units if sought.unit in (None, one)])
    if far is Reach.OWN_CASES:
        own = await concerns.store.views.citizens(within=Within(caseworker=rights.address), limit=OWN_CITIZENS)
        return _Keys(citizens=[one.citizen.id for one in own.items])
    return None


async def _fits(concerns: Concerns, rights: Rights, far: Reach, sought: Sought, line: MailLine) -> bool:
    units = {one.unit for one in line.recipients if one.unit}
    if sought.unit and sought.unit not in units:
        return False
    if far is Reach.OWN_UNITS and not rights.units.isdisjoint(units):
        return True  # as the table of rights says, without looking up what else it concerns
    return far is Reach.ALL or (await concerns.line(line)).opens_to(rights, Action.SEE_MAIL)
