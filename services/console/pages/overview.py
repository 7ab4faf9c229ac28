"""*Mit overblik*: what needs something from the visitor, and nothing else."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.auth.visitor import Visitor, visitor
from services.console.concern import concerns
from services.console.context import console_of
from services.console.framework_words import STATES
from services.console.live import OVERVIEW
from services.console.mail_words import SIGNALS
from services.console.operations import operations_of
from services.console.pages.live import topics
from services.console.tasks import overdue, tasks_of
from services.console.web import page
from services.store.looked_up import MailLine, Within
from workflows.addresses import own_key
from workflows.audit import AuditRecord
from workflows.framework import IN_FORCE, ContactFramework
from workflows.people import Case
from workflows.rights import Action

router = APIRouter()
Who = Annotated[Visitor, Depends(visitor)]
Values = dict[str, Any]
RECENT = timedelta(days=7)
RED_SHOWN = 8
CASES_SHOWN = 50


@router.get("/")
async def overview(request: Request, who: Who) -> HTMLResponse:
    """What needs something from the visitor."""
    found = await _SHOWN[who.role](request, who)
    if shown := found.get("shown"):
        console = console_of(request)
        data = {"frameworks": sorted(shown)}
        await console.store.append_audit(AuditRecord(console.clock.now(), who.account, "overview.read", who.account, data))
    values: Values = {"tasks": None, "states": STATES, "signals": SIGNALS, "reds": (), "mine": None, "late": None, "needs": None}
    return page(request, "overview.html", topics=topics(request, who, OVERVIEW), **values | found)


async def _leader(request: Request, who: Visitor) -> Values:
    found = await _asked(request, who)
    reds = await _reds(request, who)
    citizens = await _names(request, [*(one.citizen for one in found["tasks"]), *(one.citizen for one in reds if one.citizen)])
    return found | {"reds": reds, "names": citizens}


async def _asked(request: Request, who: Visitor) -> Values:
    tasks = await tasks_of(request, who)
    request.state.waiting = len(tasks.now)
    names = await _names(request, [one.citizen for one in tasks])
    return {"tasks": tasks, "names": names, "shown": {one.framework for one in tasks}}


async def _reds(request: Request, who: Visitor) -> tuple[MailLine, ...]:
    """The newest mails with a red signal to the visitor's units."""
    console, about = console_of(request), concerns(request)
    since = console.clock.now() - RECENT
    found = await console.store.views.mails(units=who.units, since=since, wanted="red", limit=RED_SHOWN)
    return tuple([one for one in found.items if (await about.line(one)).opens_to(who.rights, Action.SEE_MAIL)])


async def _caseworker(request: Request, who: Visitor) -> Values:
    """The frameworks in force that cover a case of theirs."""
    within = Within(caseworker=who.address)
    found = []
    for line in (await console_of(request).store.views.citizens("", within, limit=CASES_SHOWN)).items:
        own = [one for one in line.cases if own_key(one.caseworker) == who.rights.address]
        in_force = [one for one in line.frameworks if one.state in IN_FORCE]
        found += [(line.citizen, one) for one in in_force if any(_covers(one, case) for case in own)]
    return {"mine": found, "shown": {one.id for _, one in found}}


def _covers(framework: ContactFramework, case: Case) -> bool:
    scope = framework.scope
    return scope is not None and (scope.municipality or case.id in scope.cases or case.unit in scope.units)


async def _dpo(request: Request, _: Visitor) -> Values:
    late = await overdue(request)
    return {"late": late, "names": {}, "shown": {one.framework for one in late}}  # who they are is asked with a reason


async def _it(request: Request, _: Visitor) -> Values:
    return {"needs": (await operations_of(request).state()).needs()}


async def _nothing(_: Request, __: Visitor) -> Values:
    return {}


async def _names(request: Request, citizens: list[str]) -> dict[str, str]:
    found = await console_of(request).store.views.named(set(citizens))
    return {id: found[id].name if id in found else id for id in citizens}


_SHOWN: Mapping[str, Callable[[Request, Visitor], Awaitable[Values]]] = {
    "caseworker": _caseworker,
    "leader": _leader,
    "head": _leader,
    "lawyer": _asked,
    "dpo": _dpo,
    "it": _it,
    "work_environment": _nothing,
}
