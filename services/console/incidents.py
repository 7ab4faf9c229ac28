"""Incidents as somebody may see them: whom they are shown to, who follows them up, and what is left to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fastapi import HTTPException
from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.citizens import Names
from services.console.concern import Concerns, concerns
from services.console.context import console_of
from services.console.recorded import recorded
from services.gather import policy_of
from services.incidents import By, IncidentDesk
from services.store.incidents import Kept, Which
from services.store.looked_up import Page
from services.working_hours import working_hours
from workflows.addresses import own_key
from workflows.incident import Incident, Point, due
from workflows.incident_notices import responsible
from workflows.notices import House
from workflows.rights import Action, Reach, Rights, UserRole, may, reach


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident for one visitor. ``whole``: with the citizen, what happened, what was noted and the employee's wish, which
    the work environment has no need of."""

    kept: Kept
    whole: bool
    handles: bool  # may work on the checklist
    mine: bool  # it was done to the visitor
    exposed: str
    reporter: str
    follower: str | None
    unit: str
    citizen: str | None
    dues: tuple[tuple[Point, datetime], ...]  # of its open points, the first to fall due first

    @property
    def incident(self) -> Incident:
        """Itself."""
        return self.kept.incident

    @property
    def path(self) -> str:
        """Its page."""
        return f"/incidents/{self.kept.incident.id}"


def desk_of(request: Request) -> IncidentDesk:
    """The service that keeps incidents."""
    console = console_of(request)
    return IncidentDesk(console.settings, console.store, console.clock, console.told)


def by_of(who: Visitor) -> By:
    """The visitor as whoever writes."""
    return By(who.address, who.account)


def may_see(rights: Rights, one: Incident, action: Action = Action.SEE_INCIDENT) -> bool:
    """Whether they may do ``action`` with it. Nobody follows up what was done to themselves."""
    exposed = own_key(one.report.concerns)
    if action is Action.HANDLE_INCIDENT and rights.address == exposed:
        return False
    return may(rights, action, {one.unit} - {None}, caseworkers=(one.report.concerns,) * (action is Action.SEE_INCIDENT))  # type: ignore[arg-type]


def shows_whole(rights: Rights, one: Incident) -> bool:
    """Whether the citizen, what happened and whatever people wrote of it are for them too."""
    return rights.role is not UserRole.WORK_ENVIRONMENT or rights.address == own_key(one.report.concerns)


class IncidentsSeen:
    """What one visitor sees. One a request."""

    def __init__(self, request: Request, who: Visitor) -> None:
        console = console_of(request)
        self.who = who
        self.desk = desk_of(request)
        self.now = console.clock.now()
        self.concerned: Concerns = concerns(request)
        self._names = Names(request)
        settings = console.settings
        self._house = House(console.store.organisation(), policy_of(settings), working_hours(settings))

    async def listed(
        self, *, open: bool | None = None, citizen: str | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Seen]:
        """Those that they may see, the newest first."""
        far = reach(self.who.rights, Action.SEE_INCIDENT)
        units = None if far is Reach.ALL else self.who.units if far is Reach.OWN_UNITS else ()
        which = Which(units, None if far is Reach.ALL else self.who.address, citizen, open)
        found = await self.desk.incidents.listed(which, limit=limit, after=after)
        if citizen is not None and self.who.rights.role is UserRole.WORK_ENVIRONMENT:
            return Page(())  # which incidents are about somebody is not for them
        return Page(await self.told([one for one in found.items if may_see(self.who.rights, one.incident)]), found.after)

    async def told(self, kept: Iterable[Kept]) -> tuple[Seen, ...]:
        """The same with names, as far as they may be told."""
        there = list(kept)
        rights = self.who.rights
        named = {one.incident.report.citizen for one in there if shows_whole(rights, one.incident)}
        names = await self.concerned.names(rights, {one for one in named if one})
        return tuple([self._seen(one, names) for one in there])

    def _seen(self, kept: Kept, names: dict[str, str]) -> Seen:
        one, rights = kept.incident, self.who.rights
        whole = shows_whole(rights, one)
        citizen = one.report.citizen if whole else None
        follower = responsible(one, self._house)
        dues = sorted(((point, due(one, point, self.desk.times)) for point in one.open_points), key=lambda each: each[1])
        return Seen(
            kept,
            whole,
            may_see(rights, one, Action.HANDLE_INCIDENT),
            rights.address == own_key(one.report.concerns),
            exposed=self.name(one.report.concerns),
            reporter=self.name(one.reported_by),
            follower=self.name(follower) if follower else None,
            unit=self._names.unit(one.unit) if one.unit else "",
            citizen=names.get(citizen, citizen) if citizen else None,
            dues=tuple(dues),
        )

    def name(self, address: str) -> str:
        """Whom an address belongs to."""
        return self._names.employee(address)


async def one_incident(
    request: Request, who: Visitor, id: str, action: Action = Action.SEE_INCIDENT, *, noted: str = "incident.read"
) -> tuple[IncidentsSeen, Seen]:
    """The incident where ``who`` may do ``action`` with it; that they looked is recorded. Else 404, and that is recorded too."""
    seen = IncidentsSeen(request, who)
    kept = await seen.desk.incidents.get(id)
    if kept is None or not may_see(who.rights, kept.incident, action):
        if kept is not None:
            await recorded(request, who, "access.refused", id, action.value)
        raise HTTPException(404)
    await recorded(request, who, noted, id)
    [one] = await seen.told([kept])
    return seen, one
