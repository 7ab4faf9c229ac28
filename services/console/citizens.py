"""A citizen as a visitor opens them: what they may see of the file, and why they look where it is nobody of their own."""

import re
from dataclasses import dataclass
from datetime import timedelta

from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.console.auth.entrance import entrance_of
from services.console.auth.visitor import Visitor
from services.console.concern import Concerns, Matter, concerns
from services.console.context import console_of
from services.console.recipients import cases_seen
from services.console.recorded import allowed
from services.console.words import N_, Words
from services.gather import policy_of
from services.store.dossiers import Kept
from services.store.looked_up import CitizenFound, CitizenLine, Page, Within
from workflows.addresses import own_key
from workflows.framework import Scope
from workflows.people import Case
from workflows.rights import Action, Reach, Rights, reach

AT_ONCE = 50
ROUNDS = 4  # pages of the store that are looked through for one page of what a lawyer may see
WHY = "why"  # the cookie that carries a reason
WHY_LASTS = timedelta(minutes=30)
WHY_LONGEST = 300  # characters
LOOKS = {
    "citizen.read": N_("Så borgerens side"),
    "citizen.extracted": N_("Lavede et udtræk"),
    "framework.read": N_("Så rammen"),
    "identity.read": N_("Så, hvem der måske har skrevet"),
    "situation.noted": N_("Noterede en situation"),
    "situation.removed": N_("Fjernede en situation"),
    "access.refused": N_("Fik ikke adgang"),
    "incident.reported": N_("En hændelse blev indberettet"),
    "incident.read": N_("Så hændelsen"),
    "incident.point": N_("Fulgte op på hændelsen"),
    "incident.wish": N_("Skrev, om den skal anmeldes"),
    "incident.citizen_named": N_("Skrev, hvem hændelsen handlede om"),
    "relief.asked": N_("Bad om aflastning i sagen"),
    "relief.read": N_("Så ønsket om aflastning"),
    "relief.answered": N_("Svarede på ønsket om aflastning"),
    "evidence.secured": N_("Sikrede en mail som bevis"),
    "evidence.exported": N_("Hentede beviset som fil"),
}
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A citizen's file as far as the visitor may see it. ``whole``: there is nothing else."""

    file: CitizenFound
    cases: tuple[Case, ...]
    dossiers: tuple[Kept, ...]
    matter: Matter
    about: Concerns
    whole: bool

    @property
    def id(self) -> str:
        """The citizen's."""
        return self.file.citizen.id

    @property
    def path(self) -> str:
        """Where the page is."""
        return f"/citizens/{self.id}"


async def opened(request: Request, who: Visitor, id: str, action: Action = Action.SEE_CITIZEN) -> Opened:
    """The citizen ``id`` for somebody who may do ``action``; 404 for everybody else, and that is recorded."""
    store, about = console_of(request).store, concerns(request)
    file = await store.views.citizen(id) if _ID.fullmatch(id) else None
    matter = await about.citizen(id, file.cases) if file else Matter()
    subject = id if _ID.fullmatch(id) else "unknown"
    for one in dict.fromkeys((Action.SEE_CITIZEN, action)):
        await allowed(
            request,
            who,
            one,
            subject,
            matter.units,
            caseworkers=matter.caseworkers,
            lawyers=matter.lawyers,
            degree=matter.degree,
        )
    if file is None:
        raise HTTPException(404)
    kept = await store.dossiers.of_citizen(id)
    dossiers = tuple([one for one in kept if (await about.framework(one)).opens_to(who.rights, Action.SEE_FRAMEWORK)])
    cases = cases_seen(who.rights, file.cases)
    return Opened(file, cases, dossiers, matter, about, whole=(cases, dossiers) == (file.cases, kept))


async def searched(request: Request, who: Visitor, text: str, after: str | None = None) -> Page[CitizenLine]:
    """The citizens whom ``text`` finds, as far as the visitor may see them and their cases and frameworks."""
    views, far = console_of(request).store.views, reach(who.rights, Action.SEE_CITIZEN)
    if far is Reach.NONE:
        return Page(())
    if far is Reach.ASKED:
        return await _asked(request, who, text, after)
    units = who.units if far is Reach.OWN_UNITS else frozenset()
    within = None if far is Reach.ALL else Within(units, who.address)
    found = await views.citizens(text, within, limit=AT_ONCE, after=after)
    return Page(tuple(_seen(who.rights, one) for one in found.items), found.after)


async def _asked(request: Request, who: Visitor, text: str, after: str | None) -> Page[CitizenLine]:
    """A lawyer's: those with a framework that was sent to them, or that intervenes most."""
    views, about = console_of(request).store.views, concerns(request)
    lines: list[CitizenLine] = []
    for _ in range(ROUNDS):
        found = await views.citizens(text, Within(framed=True), limit=AT_ONCE - len(lines), after=after)
        await about.know_citizens(found.items)
        for one in found.items:
            if (await about.citizen(one.citizen.id, one.cases)).opens_to(who.rights, Action.SEE_CITIZEN):
                lines.append(one)
        after = found.after
        if after is None or len(lines) >= AT_ONCE:
            break
    return Page(tuple(lines), after)


def _seen(rights: Rights, line: CitizenLine) -> CitizenLine:
    """Without other people's cases, and the frameworks that cover those alone."""
    cases = cases_seen(rights, line.cases)
    if len(cases) == len(line.cases):
        return line
    ids, units = {one.id for one in cases}, {one.unit for one in cases} | rights.units
    if reach(rights, Action.SEE_CITIZEN) is Reach.OWN_CASES:
        units = {one.unit for one in cases}
    kept = [
        one
        for one in line.frameworks
        if one.scope and (one.scope.municipality or ids & set(one.scope.cases) or units & set(one.scope.units))
    ]
    return CitizenLine(line.citizen, cases, tuple(kept))


# -- why
def wants_reason(who: Visitor, matter: Matter) -> bool:
    """Whether the citizen is nobody of the visitor's own units, cases or advice: then they say why they look.

    For whoever may see all citizens, none is their own.
    """
    own = {own_key(one) for one in matter.caseworkers | matter.lawyers}
    is_own = not who.units.isdisjoint(matter.units) or who.rights.address in own
    return reach(who.rights, Action.SEE_CITIZEN) is Reach.ALL or not is_own


def reason_given(request: Request, who: Visitor, id: str) -> str | None:
    """What the visitor wrote, while it holds."""
    entrance = entrance_of(request)
    sealed = request.cookies.get(WHY, "")
    found = entrance.door.sealer.opened("citizen why", sealed, entrance.clock.now(), f"{who.account} {id}") if sealed else None
    return found if isinstance(found, str) else None


def keep_reason(request: Request, answer: Response, who: Visitor, found: Opened, why: str) -> None:
    """Have the browser show the reason with this citizen's pages, for a while."""
    entrance = entrance_of(request)
    sealed = entrance.door.sealer.seal("citizen why", why, f"{who.account} {found.id}", entrance.clock.now() + WHY_LASTS)
    answer.set_cookie(
        WHY,
        sealed,
        int(WHY_LASTS.total_seconds()),
        path=found.path,
        secure=entrance.site.secure,
        httponly=True,
        samesite="strict",
    )


# -- names
class Names:
    """What people and units are called; an address or id where the register has no name."""

    def __init__(self, request: Request) -> None:
        console = console_of(request)
        self._organisation = console.store.organisation()
        self._policy = policy_of(console.settings)
        self._users = console.store.users
        self._accounts: dict[str, str] = {}

    def employee(self, address: str | None) -> str:
        """By an address."""
        found = self._organisation.employee(address, self._policy) if address and "@" in address else None
        return found.name if found else address or ""

    def unit(self, id: str) -> str:
        """By an id."""
        return self._organisation.units[id].name if id in self._organisation.units else id

    def scope(self, scope: Scope | None, words: Words) -> str:
        """What a framework covers, as its title."""
        if scope and scope.municipality:
            return words.gettext(N_("Hele kommunen"))
        if scope and (scope.units or scope.cases):
            cases = [words.gettext(N_("Sag %(id)s")) % {"id": one} for one in scope.cases]
            return ", ".join([*map(self.unit, scope.units), *cases])
        return words.gettext(N_("Hvad den gælder, er ikke valgt endnu"))

    def scopes(self, found: Opened, words: Words) -> dict[str, str]:
        """By framework, what it covers."""
        frameworks = [one.dossier.framework for one in found.dossiers]
        return {one.id: self.scope(one.scope, words) for one in frameworks}

    async def actor(self, id: str) -> str:
        """Whom an audit entry names: an account, or an address."""
        if id not in self._accounts:
            account = await self._users.by_id(id)
            self._accounts[id] = account.name if account else self.employee(id)
        return self._accounts[id]
