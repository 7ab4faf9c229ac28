"""Calls for help, and wishes for relief, as somebody may see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from fastapi import HTTPException
from starlette.requests import Request

from services.assistance import AssistDesk
from services.console.auth.visitor import Visitor
from services.console.citizens import Names
from services.console.concern import concerns
from services.console.context import console_of
from services.console.incidents import by_of
from services.console.recorded import recorded
from services.settings import ZONE
from services.store.desk import KeptMatter, Matter
from workflows.addresses import own_key
from workflows.assistance import LIFE, Assistance, Kind, is_called
from workflows.desk_notices import answers
from workflows.people import Case, Employee
from workflows.relief import Relief
from workflows.rights import Action, Rights, may

HANDLERS = frozenset({"caseworker", "leader", "head"})
SHOWN = timedelta(days=30)  # in which drafts wait, and answers are shown


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the order of a call."""

    name: str
    called: bool
    comes: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A call for help for one visitor."""

    kept: KeptMatter
    one: Assistance
    caller: str
    mine: bool
    wanted: bool  # the visitor was called, or leads, and has not said that they come
    order: tuple[tuple[Person, ...], ...]
    coming: tuple[str, ...]
    i_come: bool

    @property
    def path(self) -> str:
        """Its page."""
        return f"/assist/{self.one.id}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish for relief for one visitor. ``citizen`` is a name where the visitor may know it."""

    kept: KeptMatter
    one: Relief
    asker: str
    mine: bool
    answers: bool
    answerer: str | None
    citizen: str
    said_by: str
    said_to: str

    @property
    def path(self) -> str:
        """Its page."""
        return f"/relief/{self.one.id}"


@dataclass(frozen=True, slots=True)
class Matters:
    """What of this concerns the visitor now. ``drafts`` are calls of theirs of which nobody wrote what happened."""

    calls: tuple[Call, ...] = ()
    drafts: tuple[Call, ...] = ()
    asked: tuple[Asked, ...] = ()
    told: tuple[Asked, ...] = ()  # the visitor's own wishes, with their answers


def assist_desk(request: Request) -> AssistDesk:
    """The service that keeps them."""
    console = console_of(request)
    return AssistDesk(console.settings, console.store, console.clock, console.told)


def unit_of(request: Request, who: Visitor) -> str | None:
    """The unit in which the visitor calls for help: where they work, else one that they lead."""
    console = console_of(request)
    employee = console.store.organisation().employees.get(own_key(who.address))
    return employee.unit if employee else next(iter(sorted(who.units)), None)


class AssistSeen:
    """What one visitor sees. One a request."""

    def __init__(self, request: Request, who: Visitor) -> None:
        self.request = request
        self.who = who
        self.desk = assist_desk(request)
        self.now = console_of(request).clock.now()
        self._names = Names(request)

    async def matters(self) -> Matters:
        """What concerns the visitor now."""
        since, own = self.now - SHOWN, own_key(self.who.address)
        there = {one.matter.id: one for one in await self.desk.matters.open(self.who.units, self.who.address, since)}
        calls = [self.call(one) for one in there.values() if isinstance(one.matter, Assistance) and self.sees(one)]
        now = [one for one in calls if one.one.active and one.one.at > self.now - LIFE and (one.mine or one.wanted or one.i_come)]
        drafts = [one for one in calls if one.mine and one not in now and one.one.happened == "draft"]
        wishes = [one for one in there.values() if isinstance(one.matter, Relief) and self.sees(one)]
        mine = [one for one in await self.desk.matters.of(own, since) if isinstance(one.matter, Relief)]
        told = await self.wishes([*mine])
        asked = [one for one in await self.wishes(wishes) if one.answers]
        return Matters(tuple(now), tuple(drafts), tuple(asked), told)

    async def called(self, kind: Kind) -> Call | None:
        """The visitor's own call of this kind that is open."""
        return next((one for one in (await self.matters()).calls if one.mine and one.one.kind == kind), None)

    async def pressed(self, kind: Kind) -> Call:
        """What the button of this kind brings: the visitor's open call, or a new one."""
        there, unit, by = await self.called(kind), unit_of(self.request, self.who), by_of(self.who)
        return self.call(await self.desk.call_again(there.kept, unit, by) if there else await self.desk.call(kind, unit, by))

    async def asked(self, case: str) -> Asked | None:
        """The visitor's own wish in this case that nobody has answered."""
        told = (await self.matters()).told
        return next((one for one in told if one.one.answer is None and one.one.case == case), None)

    def sees(self, kept: KeptMatter) -> bool:
        """Whether it is for the visitor: who asked, who is called, and who leads the unit."""
        one, rights = kept.matter, self.who.rights
        if isinstance(one, Assistance):
            return own_key(one.caller) == rights.address or is_called(one, rights.address) or _leads(rights, one)
        return may_see_relief(rights, one)

    def call(self, kept: KeptMatter) -> Call:
        """One call, with names."""
        one, rights = kept.matter, self.who.rights
        assert isinstance(one, Assistance)
        coming = {own_key(each.by) for each in one.coming}
        mine = own_key(one.caller) == rights.address
        called = set(one.people)
        order = tuple(
            tuple(Person(self.name(each), each in called, own_key(each) in coming) for each in rung) for rung in one.order
        )
        may_come = not mine and one.active and rights.address not in coming
        return Call(
            kept,
            one,
            caller=self.name(one.caller),
            mine=mine,
            wanted=may_come and (is_called(one, rights.address) or (one.unanswered and _leads(rights, one))),
            order=order,
            coming=tuple(self.name(each.by) for each in one.coming),
            i_come=rights.address in coming,
        )

    async def wishes(self, kept: Iterable[KeptMatter]) -> tuple[Asked, ...]:
        """Wishes for relief, with names as far as they may be told."""
        there = [(one, one.matter) for one in kept if isinstance(one.matter, Relief)]
        citizens = {one.citizen for _, one in there}
        names = await concerns(self.request).names(self.who.rights, citizens) if citizens else {}
        return tuple([self._wish(one, wish, names) for one, wish in there])

    def _wish(self, kept: KeptMatter, one: Relief, names: dict[str, str]) -> Asked:
        answerer, said = answers(one, self.desk.house()), one.answer
        return Asked(
            kept,
            one,
            asker=self.name(one.asked_by),
            mine=own_key(one.asked_by) == self.who.rights.address,
            answers=one.answer is None and _answers(self.who.rights, one),
            answerer=self.name(answerer) if answerer else None,
            citizen=names.get(one.citizen, one.citizen),
            said_by=self.name(said.by) if said else "",
            said_to=self.name(said.to) if said and said.to else "",
        )

    def name(self, address: str) -> str:
        """Whom an address belongs to."""
        return self._names.employee(address)


def may_see_relief(rights: Rights, one: Relief) -> bool:
    """Whoever asked, who leads the unit, and the DPO."""
    return may(rights, Action.SEE_RELIEF, {one.unit}, caseworkers=(one.asked_by,))


async def own_call(request: Request, who: Visitor, id: str) -> KeptMatter | None:
    """The visitor's own call, of which nobody has written what happened."""
    kept = await assist_desk(request).matters.get(id) if 0 < len(id) <= 64 else None
    one = kept.matter if kept else None
    mine = isinstance(one, Assistance) and own_key(one.caller) == own_key(who.address) and one.happened == "draft"
    return kept if mine else None


def of_call(matter: Matter) -> dict[str, str]:
    """The incident's draft: when help was called for, and that the caller would like to talk about it."""
    at = matter.at.astimezone(ZONE)
    return {"assist": matter.id, "on": at.date().isoformat(), "at": at.strftime("%H:%M"), "wants_support": "yes"}


async def own_case(request: Request, who: Visitor, id: str) -> Case | None:
    """The visitor's own case of this number; others' don't exist for them."""
    found = await console_of(request).store.views.case(id) if id else None
    own = found is not None and may(who.rights, Action.ASK_RELIEF, caseworkers=(found.caseworker,))
    return found if own else None


def takers(request: Request, one: Relief) -> list[Employee]:
    """To whom the case can be given: who works with cases in its unit, but who asks."""
    every = {each.address: each for each in console_of(request).store.organisation().employees.values()}.values()
    asker = own_key(one.asked_by)
    found = [each for each in every if each.unit == one.unit and each.role in HANDLERS and own_key(each.address) != asker]
    return sorted(found, key=lambda each: each.name)


def taker(request: Request, one: Relief, address: str) -> str | None:
    """The one of them with this address."""
    return next((each.address for each in takers(request, one) if own_key(each.address) == own_key(address)), None)


async def one_matter(
    request: Request, who: Visitor, id: str, kind: type[Assistance] | type[Relief]
) -> tuple[AssistSeen, KeptMatter]:
    """The matter where ``who`` may see it, and that they looked is recorded; else 404, and that is recorded too."""
    seen = AssistSeen(request, who)
    kept = await seen.desk.matters.get(id)
    if kept is None or not isinstance(kept.matter, kind) or not seen.sees(kept):
        if kept is not None:
            await recorded(request, who, "access.refused", id, kind.__name__.lower())
        raise HTTPException(404)
    await recorded(request, who, "assist.read" if kind is Assistance else "relief.read", id)
    return seen, kept


def _leads(rights: Rights, one: Assistance) -> bool:
    return one.unit is not None and may(rights, Action.ANSWER_ASSISTANCE, {one.unit})


def _answers(rights: Rights, one: Relief) -> bool:
    return own_key(one.asked_by) != rights.address and may(rights, Action.ANSWER_RELIEF, {one.unit})
