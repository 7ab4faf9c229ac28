"""What a mail, a citizen or a framework concerns: by this ``workflows.rights`` says who may see it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.recorded import allowed
from services.gather import policy_of
from services.store.dossier_rows import Kept
from services.store.looked_up import CitizenLine, MailFound, MailLine
from services.store.sql_store import SqlStore
from workflows.addresses import own_key
from workflows.dossier import Decided, Dossier, Extended, Heard
from workflows.facts import Policy
from workflows.framework import STANDING, ChangedCaseworker, ContactFramework, FixedContact
from workflows.intervention import concerned_units, intervention
from workflows.lifecycle_who import Around, units_of
from workflows.people import Case
from workflows.rights import Action, Reach, Rights, may, reach
from workflows.shielding import covers, shielded


@dataclass(frozen=True, slots=True)
class Matter:
    """The units, the cases' caseworkers, the lawyers who were asked, and how far it intervenes."""

    units: frozenset[str] = frozenset()
    caseworkers: frozenset[str] = frozenset()
    lawyers: frozenset[str] = frozenset()
    degree: int = 1

    def opens_to(self, rights: Rights, action: Action) -> bool:
        """Whether they may do ``action`` with it."""
        return may(rights, action, self.units, caseworkers=self.caseworkers, lawyers=self.lawyers, degree=self.degree)


@dataclass(frozen=True, slots=True)
class Touched:
    """One recipient of a mail, as far as rights go."""

    address: str
    case: str | None
    framework: str | None


@dataclass(slots=True)
class Concerns:
    """Looks up what things concern, each citizen and framework once. One a request."""

    store: SqlStore
    policy: Policy
    _cases: dict[str, Mapping[str, Case]] = field(default_factory=dict)
    _dossiers: dict[str, Kept | None] = field(default_factory=dict)
    _of_citizens: dict[str, tuple[Kept, ...]] = field(default_factory=dict)

    async def know(self, citizens: Collection[str], frameworks: Collection[str] = ()) -> None:
        """Look up what a list asks for one by one, together: these citizens' cases, and these frameworks."""
        unknown = {one for one in citizens if one not in self._cases}
        self._cases |= await self.store.dossiers.cases_of(unknown)
        missing = {one for one in frameworks if one not in self._dossiers}
        found = await self.store.dossiers.named(missing)
        self._dossiers |= {id: found.get(id) for id in missing}

    async def know_citizens(self, lines: Collection[CitizenLine]) -> None:
        """The same of what ``citizen`` asks for."""
        self._cases |= {line.citizen.id: {one.id: one for one in line.cases} for line in lines}
        await self._know_dossiers([line.citizen.id for line in lines])

    async def know_people(self, citizens: Collection[str]) -> None:
        """The same of what ``shielded`` asks for."""
        await self.know(citizens)
        await self._know_dossiers(citizens)

    def shielded(self, citizens: Collection[str], recipients: Iterable[Mapping[str, Any]], now: datetime) -> frozenset[str]:
        """Whom a mail of these citizens with these recipients was moved away from; they are known (``know_people``)."""
        dossiers = [kept.dossier for one in citizens for kept in self._of_citizens[one]]
        cases = [case for one in citizens for case in self._cases[one].values()]
        frameworks = [one.framework for one in dossiers]
        ours, policy = self.store.organisation(), self.policy
        return shielded(recipients, frameworks, cases, organisation=ours, policy=policy, now=now)

    async def _know_dossiers(self, citizens: Collection[str]) -> None:
        missing = [one for one in citizens if one not in self._of_citizens]
        found = await self.store.dossiers.of_citizens(missing)
        self._of_citizens |= {id: found.get(id, ()) for id in missing}

    async def know_lines(self, lines: Collection[MailLine]) -> None:
        """The same of what ``line`` asks for."""
        citizens = {one for line in lines for one in citizens_of(line)}
        await self.know(citizens, {one.framework for line in lines for one in line.recipients if one.framework})

    async def mail(self, citizens: Collection[str], units: Collection[str], recipients: Iterable[Touched]) -> Matter:
        """A mail: its units, the caseworkers whose case it is or who got it in a case of theirs, and its frameworks' lawyers."""
        touched = list(recipients)
        cases = [one for citizen in sorted(citizens) for one in (await self.cases(citizen)).values()]
        named = {one.case for one in touched}
        written_to = {own_key(one.address) for one in touched}
        own = {one.caseworker for one in cases if one.id in named or own_key(one.caseworker) in written_to}
        applied = [await self.dossier(one) for one in sorted({one.framework for one in touched if one.framework})]
        about = [await self.framework(one) for one in applied if one]
        lawyers = frozenset(lawyer for one in about for lawyer in one.lawyers)
        return Matter(frozenset(units), frozenset(own), lawyers, max((one.degree for one in about), default=1))

    async def found(self, mail: MailFound) -> Matter:
        """One mail with its way."""
        touched = [Touched(one["address"], one["case"], one["framework"]) for one in mail.decision["recipients"]]
        return await self.mail(mail.about.citizens, mail.about.units, touched)

    async def line(self, mail: MailLine) -> Matter:
        """A mail among others."""
        touched = [Touched(one.address, one.case, one.framework) for one in mail.recipients]
        return await self.mail(citizens_of(mail), {one.unit for one in mail.recipients if one.unit}, touched)

    async def framework(self, kept: Kept) -> Matter:
        """A framework: the units that it covers, or all of the citizen's."""
        cases = await self.cases(kept.dossier.framework.citizen)
        return matter_of(kept.dossier, Around(self.store.organisation(), self.policy, cases))

    async def citizen(self, id: str, cases: Sequence[Case]) -> Matter:
        """A citizen: the units of their cases, and of frameworks that somebody has decided; of any, where there are none of those.

        Anybody reports, and any leader begins a draft: that alone opens no file of somebody else's.
        """
        there = self._of_citizens[id] if id in self._of_citizens else await self.store.dossiers.of_citizen(id)
        matters = [await self.framework(one) for one in there]
        decided = [matter for one, matter in zip(there, matters, strict=True) if one.dossier.framework.state in STANDING]
        units = frozenset(one.unit for one in cases).union(*(one.units for one in decided))
        return Matter(
            units or frozenset().union(*(one.units for one in matters)),
            frozenset(one.caseworker for one in cases),
            frozenset().union(*(one.lawyers for one in matters)),
            max((one.degree for one in matters), default=1),
        )

    async def names(self, rights: Rights, citizens: Collection[str]) -> dict[str, str]:
        """By id, what those of ``citizens`` are called whom somebody may see; to them the others are an id."""
        found = await self.store.views.named(sorted(citizens))
        if reach(rights, Action.SEE_CITIZEN) is Reach.ALL:
            return {id: one.name for id, one in found.items()}
        await self.know(found)
        await self._know_dossiers(found)
        matters = {id: await self.citizen(id, list(self._cases[id].values())) for id in found}
        return {id: found[id].name for id, matter in matters.items() if matter.opens_to(rights, Action.SEE_CITIZEN)}

    async def cases(self, citizen: str) -> Mapping[str, Case]:
        """A citizen's cases."""
        if citizen not in self._cases:
            self._cases[citizen] = await self.store.dossiers.cases(citizen)
        return self._cases[citizen]

    async def dossier(self, framework: str) -> Kept | None:
        """A framework's dossier."""
        if framework not in self._dossiers:
            self._dossiers[framework] = await self.store.dossiers.get(framework)
        return self._dossiers[framework]


async def opened(request: Request, who: Visitor, action: Action, subject: str, matter: Matter) -> None:
    """Returns where ``who`` may do ``action`` with it; else that is recorded, and ``subject`` does not exist for them (404)."""
    await allowed(
        request, who, action, subject, matter.units,
        caseworkers=matter.caseworkers, lawyers=matter.lawyers, degree=matter.degree,
    )  # fmt: skip


def citizens_of(mail: MailLine) -> tuple[str, ...]:
    """Who may have sent it."""
    return (mail.citizen,) if mail.citizen else mail.candidates


def concerns(request: Request) -> Concerns:
    """Those of a request."""
    console = console_of(request)
    return Concerns(console.store, policy_of(console.settings))


def matter_of(dossier: Dossier, around: Around) -> Matter:
    """A framework's: its units, those whose work it and what is to follow upon it concern, and whoever was asked for advice."""
    parts = [one for one in (dossier.framework, dossier.successor) if one]
    units = units_of(dossier, around).union(*(concerned_units(one, around.cases) for one in parts))
    own = frozenset().union(*(people_of(one, around.cases.values()) for one in parts))
    degree = max(intervention(one).degree for one in parts)
    return Matter(units, own, frozenset(_lawyers(dossier)), degree)


def people_of(framework: ContactFramework, cases: Iterable[Case]) -> frozenset[str]:
    """Those whose work it concerns: the caseworkers of those of the citizen's ``cases`` that it covers, and those who take over."""
    own = {one.caseworker for one in cases if covers(framework, one)}
    over = {one.to for one in framework.each(ChangedCaseworker)}
    return frozenset(own | over | {one.contact for one in framework.each(FixedContact)})


def _lawyers(dossier: Dossier) -> Iterator[str]:
    records = [step.record for step in dossier.steps] + ([dossier.submitted.record] if dossier.submitted else [])
    named = [one.lawyer for one in records if isinstance(one, Heard | Decided | Extended)]
    yield from (one for one in (dossier.ground.lawyer, *named) if one)
