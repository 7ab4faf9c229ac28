"""A framework as a visitor opens it: what it is, whether they may see it, and who they are towards it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from fastapi import HTTPException
from starlette.requests import Request

from services.console import concern
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.recipients import cases_seen
from services.console.recorded import recorded, shown
from services.letter_texts import texts
from services.letters import letterhead
from services.lifecycle import Doer, Lifecycle
from services.store.dossiers import Kept
from services.store.looked_up import CitizenFound
from workflows.addresses import normalise
from workflows.decision import Sentence
from workflows.dossier import Dossier, Record
from workflows.framework import STANDING, ContactFramework, State
from workflows.intervention import approval_because
from workflows.letters import Kind, Language, Letter, Matter, compose
from workflows.lifecycle import moves_from
from workflows.lifecycle_needs import by_its_dates
from workflows.lifecycle_who import Around
from workflows.people import Case, Citizen, Person
from workflows.rights import Action

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A framework with everything that a page about it needs. ``now`` is when it was opened.

    ``cases`` and ``people`` are the citizen's as far as the visitor may see them; to begin a draft opens nobody's file.
    """

    kept: Kept
    citizen: Citizen
    around: Around
    doer: Doer
    lifecycle: Lifecycle
    now: datetime
    cases: Mapping[str, Case]
    people: tuple[Person, ...]

    @property
    def dossier(self) -> Dossier:
        """As it is now."""
        return self.kept.dossier

    @property
    def id(self) -> str:
        """Of the framework."""
        return self.kept.dossier.framework.id

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/frameworks/{self.id}"

    @property
    def today(self) -> date:
        """The Danish day."""
        return self.around.day(self.now)

    @property
    def as_today(self) -> Dossier:
        """As it is by its dates, where the calendar has not written yet that it has ended."""
        return by_its_dates(self.dossier, self.around, self.today)

    @property
    def place(self) -> str:
        """What a form carries to say which state of things its writer saw."""
        return f"{self.kept.revision}.{self.kept.version}"

    @property
    def written(self) -> ContactFramework:
        """What is written on while it is not decided: beside an urgent one, what is to follow upon it."""
        one = self.dossier
        return one.successor or one.framework if one.framework.state is State.URGENT else one.framework

    def approval_of(self, framework: ContactFramework) -> tuple[Sentence, ...]:
        """Why a head would have to approve ``framework`` as its next version."""
        lately = self.around.lately(self.dossier, framework, self.today)
        return approval_because(framework, self.around.cases, self.dossier.began, lately)

    def name_of(self, address: str | None) -> str:
        """An employee's name, or the address of somebody who is not in the register."""
        found = self.around.organisation.employee(address, self.around.policy) if address and "@" in address else None
        return found.name if found else address or ""


def lifecycle_of(request: Request) -> Lifecycle:
    """The service that moves frameworks."""
    console = console_of(request)
    return Lifecycle(console.settings, console.store, console.clock, console.told)


def doer_of(request: Request, visitor: Visitor) -> Doer:
    """The visitor as whoever makes a move."""
    return Doer(lifecycle_of(request).actor(visitor.address, visitor.role), visitor.account)


async def opened(
    request: Request, visitor: Visitor, id: str, action: Action = Action.SEE_FRAMEWORK, *, read: bool = True
) -> Opened:
    """The framework ``id``, for somebody who may do ``action`` with it; 404 for everybody else.

    Where ``read``, it is recorded that they saw it (law 10).
    """
    lifecycle = lifecycle_of(request)
    kept = await lifecycle.dossiers.get(id) if _ID.fullmatch(id) else None
    found = await console_of(request).store.views.citizen(kept.dossier.framework.citizen) if kept else None
    if kept is None or found is None:
        raise HTTPException(404)
    around = await lifecycle.around(kept.dossier)
    await concern.opened(request, visitor, action, id, concern.matter_of(kept.dossier, around))
    if read:
        await recorded(request, visitor, "framework.read", id)
    cases, people = await _seen(request, visitor, kept, found)
    now = console_of(request).clock.now()
    return Opened(kept, found.citizen, around, doer_of(request, visitor), lifecycle, now, cases, people)


async def opened_again(request: Request, visitor: Visitor, id: str, action: Action = Action.SEE_FRAMEWORK) -> Opened:
    """The same for a page that saves itself: that it is seen is recorded when it is shown, and not each time it saves."""
    found = await opened(request, visitor, id, action, read=False)
    pages = shown(request)
    if not pages.again(request, visitor, id):
        await recorded(request, visitor, "framework.read", id)
        pages.keep(visitor, id)
    return found


async def _seen(
    request: Request, visitor: Visitor, kept: Kept, found: CitizenFound
) -> tuple[Mapping[str, Case], tuple[Person, ...]]:
    """The cases that are the visitor's or that the framework names; the people, where they may see the citizen.

    What is decided names its citizen's people to whoever it concerns, also to a colleague who is to take over.
    """
    one = kept.dossier
    named = {id for part in (one.framework, one.successor) if part and part.scope for id in part.scope.cases}
    own = cases_seen(visitor.rights, found.cases)
    cases = {case.id: case for case in found.cases if case in own or case.id in named}
    if own or one.framework.state in STANDING:
        return cases, found.citizen.people
    matter = await concern.concerns(request).citizen(found.citizen.id, found.cases)
    return cases, found.citizen.people if matter.opens_to(visitor.rights, Action.SEE_CITIZEN) else ()


def is_written(one: Dossier) -> bool:
    """Whether it is still being written: nothing is decided, and can be."""
    return "decided" in moves_from(one) and one.decided is None


def may_do(visitor: Visitor, found: Opened, action: Action) -> bool:
    """The same as an answer."""
    return concern.matter_of(found.dossier, found.around).opens_to(visitor.rights, action)


def letter_of(
    request: Request,
    found: Opened,
    kind: Kind,
    record: Record | None = None,
    edited: dict[str, str] | None = None,
    *,
    language: Language = "da",
    recipient: tuple[str, ...] = (),
) -> Letter:
    """The letter to the citizen as it stands; it tells of ``record``, where that is about to be made."""
    settings, organisation = console_of(request).settings, found.around.organisation
    one = found.dossier
    if kind in ("decision", "hearing") and found.written is not one.framework:
        one = one.model_copy(update={"framework": found.written})
    matter = Matter(
        dossier=one,
        citizen=found.citizen,
        head=letterhead(settings),
        today=found.today,
        by=found.doer.actor.address or "",
        record=record,
        cases=found.around.cases,
        units=organisation.units,
        employees={normalise(one.address): one for one in organisation.employees.values()},
        recipient=recipient,
        version=max(found.kept.version, 1),
    )
    return compose(kind, matter, texts(settings.letters.folder)[language], edited)


def after(found: Opened, kept: Kept) -> Opened:
    """The same, as it was kept now."""
    return replace(found, kept=kept)
