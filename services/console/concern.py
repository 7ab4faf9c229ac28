"""What a mail, a citizen or a framework concerns: by this ``workflows.rights`` says who may see it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.recorded import allowed
from services.store.dossier_rows import Kept
from services.store.looked_up import MailFound, MailLine
from services.store.sql_store import SqlStore
from workflows.addresses import own_key
from workflows.dossier import Dossier
from workflows.intervention import concerned_units, intervention
from workflows.people import Case
from workflows.rights import Action, Rights, may


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
    _cases: dict[str, Mapping[str, Case]] = field(default_factory=dict)
    _dossiers: dict[str, Kept | None] = field(default_factory=dict)

    async def mail(self, citizens: Collection[str], units: Collection[str], recipients: Iterable[Touched]) -> Matter:
        """A mail: its units, the caseworkers whose case it is or who got it in a case of theirs, and its frameworks' lawyers."""
        touched = list(recipients)
        cases = [one for citizen in sorted(citizens) for one in (await self.cases(citizen)).values()]
        named = {one.case for one in touched}
        written_to = {own_key(one.address) for one in touched}
        own = {one.caseworker for one in cases if one.id in named or own_key(one.caseworker) in written_to}
        applied = [await self.dossier(one) for one in sorted({one.framework for one in touched if one.framework})]
        about = [_of(one.dossier, {}) for one in applied if one]
        lawyers = frozenset(lawyer for one in about for lawyer in one.lawyers)
        return Matter(frozenset(units), frozenset(own), lawyers, max((one.degree for one in about), default=1))

    async def found(self, mail: MailFound) -> Matter:
        """One mail with its way."""
        touched = [Touched(one["address"], one["case"], one["framework"]) for one in mail.decision["recipients"]]
        return await self.mail(mail.about.citizens, mail.about.units, touched)

    async def line(self, mail: MailLine) -> Matter:
        """A mail among others."""
        citizens = (mail.citizen,) if mail.citizen else mail.candidates
        touched = [Touched(one.address, one.case, one.framework) for one in mail.recipients]
        return await self.mail(citizens, {one.unit for one in mail.recipients if one.unit}, touched)

    async def framework(self, kept: Kept) -> Matter:
        """A framework: the units that it covers, or all of the citizen's."""
        return _of(kept.dossier, await self.cases(kept.dossier.framework.citizen))

    async def citizen(self, id: str, cases: Sequence[Case]) -> Matter:
        """A citizen: the units of their cases and frameworks."""
        matters = [await self.framework(one) for one in await self.store.dossiers.of_citizen(id)]
        return Matter(
            frozenset(one.unit for one in cases).union(*(one.units for one in matters)),
            frozenset(one.caseworker for one in cases),
            frozenset().union(*(one.lawyers for one in matters)),
            max((one.degree for one in matters), default=1),
        )

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


def concerns(request: Request) -> Concerns:
    """Those of a request."""
    return Concerns(console_of(request).store)


def _of(dossier: Dossier, cases: Mapping[str, Case]) -> Matter:
    """Its scope's units, else those of the citizen's cases; the caseworkers of its cases; whoever was asked for advice."""
    parts = [one for one in (dossier.framework, dossier.successor) if one]
    scoped = {id for one in parts if one.scope for id in one.scope.cases}
    units = frozenset().union(*(concerned_units(one, cases) for one in parts)) or frozenset(one.unit for one in cases.values())
    asked = {dossier.ground.lawyer, *(getattr(one.record, "lawyer", None) for one in dossier.steps)} - {None}
    own = [one for one in cases.values() if one.id in scoped or not scoped]
    return Matter(
        units, frozenset(one.caseworker for one in own), frozenset(map(str, asked)), max(intervention(one).degree for one in parts)
    )
