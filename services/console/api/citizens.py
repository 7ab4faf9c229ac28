"""Citizens: their people, addresses, cases and frameworks."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from services.console.api.asking import IdInPath, Listed, Paging, Who
from services.console.api.framework_shapes import FrameworkLine, line_of
from services.console.api.seen import frameworks_seen
from services.console.auth.visitor import Visitor
from services.console.concern import concerns, opened
from services.console.recipients import cases_seen
from services.console.recorded import allowed, listed, recorded
from services.store.looked_up import AddressSeen, CitizenLine, Within
from workflows.people import Case, Citizen
from workflows.rights import Action, Reach, Rights, reach

router = APIRouter(prefix="/citizens", tags=["citizens"])


class CitizenInList(BaseModel):
    """A citizen among others."""

    id: str
    name: str
    role: str
    cases: list[str]


class Sought(Paging):
    """By what citizens are looked for: a whole address, or how a name, an id or a case's id begins."""

    text: str = Field(max_length=320)


class AddressUsed(BaseModel):
    """A registered address. Of the citizen's newest mails: how many came from it, and for how many our own upstream vouched."""

    address: str
    grade: str
    person: str | None
    mails: int
    authenticated: int


class CitizenWhole(BaseModel):
    """Everything registered about one citizen that this token's account may see."""

    citizen: Citizen
    cases: list[Case]
    frameworks: list[FrameworkLine]
    addresses: list[AddressUsed]


@router.get("")
async def citizens(request: Request, who: Who, asked: Annotated[Paging, Query()]) -> Listed[CitizenInList]:
    """All whom you may see, in the order of their ids."""
    return await _found(request, who, "", asked)


@router.post("/search")
async def search(request: Request, who: Who, sought: Sought) -> Listed[CitizenInList]:
    """Look for citizens. It is a POST so that no name or address stands in a URL; it only reads."""
    return await _found(request, who, sought.text, sought)


@router.get("/{id}")
async def citizen(request: Request, who: Who, id: IdInPath) -> CitizenWhole:
    """One citizen's file."""
    concerned = concerns(request)
    found = await concerned.store.views.citizen(id)
    if found is None:
        raise HTTPException(404)
    await opened(request, who, Action.SEE_CITIZEN, id, await concerned.citizen(id, found.cases))
    await recorded(request, who, "citizen.read", id)
    kept = await concerned.store.dossiers.of_citizen(id)
    matters = [(one, await concerned.framework(one)) for one in kept]
    return CitizenWhole(
        citizen=found.citizen.model_copy(update={"cpr_hash": None}),  # it serves to compare with, and nobody's eyes
        cases=list(cases_seen(who.rights, found.cases)),
        frameworks=[line_of(one, matter) for one, matter in matters if matter.opens_to(who.rights, Action.SEE_FRAMEWORK)],
        addresses=[_address(one) for one in found.addresses],
    )


async def _found(request: Request, who: Visitor, text: str, asked: Paging) -> Listed[CitizenInList]:
    far = reach(who.rights, Action.SEE_CITIZEN)
    if far is Reach.NONE:
        await allowed(request, who, Action.SEE_CITIZEN, "citizens")
    found = await (_asked if far is Reach.ASKED else _own)(request, who, text, asked)
    await listed(request, who, [one.id for one in found.items])
    return found


async def _own(request: Request, who: Visitor, text: str, asked: Paging) -> Listed[CitizenInList]:
    """Those of their cases or units; all of them for whoever may see all."""
    within = {
        Reach.OWN_UNITS: Within(who.rights.units, who.rights.address),
        Reach.OWN_CASES: Within(caseworker=who.rights.address),
    }.get(reach(who.rights, Action.SEE_CITIZEN))
    page = await concerns(request).store.views.citizens(text, within, limit=asked.limit, after=asked.cursor)
    return Listed(items=[_line(who.rights, one) for one in page.items], next=page.after)


async def _asked(request: Request, who: Visitor, text: str, asked: Paging) -> Listed[CitizenInList]:
    """Those whose frameworks somebody was asked about; with a text, those of them that it fits."""
    concerned = concerns(request)
    page = await frameworks_seen(concerned, who.rights, limit=asked.limit, after=asked.cursor)
    named = await concerned.store.views.named({one.dossier.framework.citizen for one, _ in page.items})
    wanted = text.strip().casefold()
    fit = [one for id, one in sorted(named.items()) if wanted in one.name.casefold() or id.casefold().startswith(wanted)]
    cases = {one.id: list(await concerned.cases(one.id)) for one in fit}
    items = [CitizenInList(id=one.id, name=one.name, role=one.role.value, cases=cases[one.id]) for one in fit]
    return Listed(items=items, next=page.after)


def _line(rights: Rights, one: CitizenLine) -> CitizenInList:
    citizen, cases = one.citizen, cases_seen(rights, one.cases)
    return CitizenInList(id=citizen.id, name=citizen.name, role=citizen.role.value, cases=[case.id for case in cases])


def _address(one: AddressSeen) -> AddressUsed:
    return AddressUsed(
        address=one.registered.address,
        grade=one.registered.grade.value,
        person=one.person.name if one.person else None,
        mails=one.mails,
        authenticated=one.authenticated,
    )
