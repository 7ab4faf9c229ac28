"""*Mit overblik*: what needs something from the visitor, and nothing else."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.assist import AssistSeen
from services.console.auth.visitor import Visitor, visitor
from services.console.concern import concerns, people_of
from services.console.context import console_of
from services.console.desk import handled_by, playbooks_for
from services.console.incident_words import POINTS
from services.console.incidents import IncidentsSeen, Seen
from services.console.live import OVERVIEW
from services.console.mail_words import SIGNALS
from services.console.operations import operations_of
from services.console.pages.live import topics
from services.console.posts import Posts
from services.console.tasks import INCIDENTS_SHOWN, overdue, tasks_of
from services.console.web import page
from services.settings import ZONE
from services.store.looked_up import MailLine, Within
from workflows.addresses import own_key
from workflows.audit import AuditRecord
from workflows.framework import IN_FORCE
from workflows.rights import Action, Reach, answers_for, reach

router = APIRouter()
Who = Annotated[Visitor, Depends(visitor)]
Values = dict[str, Any]
_UNSHOWN: Values = {"tasks": None, "reds": (), "sent": (), "late": None, "needs": None}
TAKEN_AMONG = 200  # posts that are looked through for those that the visitor has taken
RECENT = timedelta(days=7)
RED_SHOWN = 8
AT_ONCE, MOST_PAGES = 200, 10  # a caseworker's citizens that are looked through


@router.get("/")
async def overview(request: Request, who: Who) -> HTMLResponse:
    """What needs something from the visitor."""
    found = await _SHOWN[who.role](request, who)
    shown = found.get("shown")
    if shown or found.get("shown_mails"):
        console = console_of(request)
        data = {"frameworks": sorted(shown or ())} | ({"mails": mails} if (mails := found.get("shown_mails")) else {})
        await console.store.append_audit(AuditRecord(console.clock.now(), who.account, "overview.read", who.account, data))
    values: Values = {"signals": SIGNALS} | _UNSHOWN | found | await _posts(request, who)
    incidents = await _incidents(request, who)
    values |= {"incidents": incidents, "points": POINTS, "matters": await AssistSeen(request, who).matters()}
    if "mine" not in values:
        return page(request, "overview.html", topics=topics(request, who, OVERVIEW), **values)
    first, others = playbooks_for(request, incidents)
    return page(request, "desk.html", topics=topics(request, who, OVERVIEW), first_books=first, other_books=others, **values)


async def _posts(request: Request, who: Visitor) -> Values:
    """The mailboxes that the visitor answers for, with what waits there, and the posts that they have taken."""
    if reach(who.rights, Action.HANDLE_POST) is Reach.NONE:
        return {"boxes": (), "taken": ()}
    posts = Posts(request, who)
    own = {one.id: one for one in posts.units() if answers_for(who.address, one)}
    counts = await console_of(request).store.posts.counts(own) if own else ()
    boxes = [(own[one.unit], one) for one in counts if one.unit in own]
    return {"boxes": sorted(boxes, key=lambda one: one[1].next_due), "taken": await posts.taken(TAKEN_AMONG)}


async def _incidents(request: Request, who: Visitor) -> tuple[Seen, ...]:
    """Those that the visitor follows up, or that were done to them, and in which something is left to do."""
    found = (await IncidentsSeen(request, who).listed(open=True, limit=INCIDENTS_SHOWN)).items
    return tuple(one for one in found if one.handles or one.mine)


async def _leader(request: Request, who: Visitor) -> Values:
    found = await _asked(request, who)
    reds = await _reds(request, who)
    wrote = {one.citizen for one in reds if one.citizen}
    names = {id: id for id in wrote} | await concerns(request).names(who.rights, wrote) | found["names"]
    return found | {"reds": reds, "names": names}


async def _asked(request: Request, who: Visitor) -> Values:
    tasks = await tasks_of(request, who)
    names = await _names(request, [one.citizen for one in (*tasks, *tasks.untold, *tasks.links) if one.citizen])
    mails = [one.mail for one in tasks.untold]
    return {"tasks": tasks, "names": names, "shown": {one.framework for one in tasks}, "shown_mails": mails}


async def _lawyer(request: Request, who: Visitor) -> Values:
    """What waits, and what else was sent to them and has not ended."""
    found = await _asked(request, who)
    known = found["shown"]
    sent = [one for one in await console_of(request).store.dossiers.advised(who.address) if one.dossier.framework.id not in known]
    frameworks = [one.dossier.framework for one in sent]
    names = found["names"] | await _names(request, [one.citizen for one in frameworks])
    return found | {"sent": frameworks, "names": names, "shown": known | {one.id for one in frameworks}}


async def _reds(request: Request, who: Visitor) -> tuple[MailLine, ...]:
    """The newest mails with a red signal to the visitor's units."""
    console, about = console_of(request), concerns(request)
    since = console.clock.now() - RECENT
    found = await console.store.views.mails(units=who.units, since=since, wanted="red", limit=RED_SHOWN)
    await about.know_lines(found.items)
    return tuple([one for one in found.items if (await about.line(one)).opens_to(who.rights, Action.SEE_MAIL)])


async def _caseworker(request: Request, who: Visitor) -> Values:
    """*Mine sager*: the frameworks in force that concern them, of the citizens with whom they have a case, and who handles them."""
    views, calendar, found, after = console_of(request).store.views, concerns(request).policy.calendar, [], None
    today = console_of(request).clock.now().astimezone(ZONE).date()
    for _ in range(MOST_PAGES):
        lines = await views.citizens("", Within(caseworker=who.address), limit=AT_ONCE, after=after)
        for line in lines.items:
            ends = [(one, one.last_day(calendar)) for one in line.frameworks if one.state in IN_FORCE]
            found += [
                (line.citizen, one, last)
                for one, last in ends
                if (last is None or last >= today) and who.rights.address in map(own_key, people_of(one, line.cases))
            ]
        after = lines.after
        if after is None:
            break
    ours, own = console_of(request).store.organisation(), who.rights.address
    handled = {one.id: handled_by(request, one, ours, own) for _, one, _ in found}
    return {"mine": found, "handled": handled, "shown": {one.id for _, one, _ in found}}


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
    "lawyer": _lawyer,
    "dpo": _dpo,
    "it": _it,
    "work_environment": _nothing,
}
