"""What a visitor has to do about frameworks, receipts and who wrote, for *Mit overblik*, and the number in the menu."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from starlette.requests import Request

from services.console.assist import AssistSeen
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.incidents import IncidentsSeen
from services.console.lately import Found
from services.console.links import waiting
from services.console.navigation import Waits
from services.console.words import Words
from services.gather import policy_of
from services.lifecycle import Lifecycle
from services.settings import ZONE
from services.store.dossiers import Kept
from services.store.receipts import UntoldCitizen
from workflows.framework import State
from workflows.lifecycle_needs import Need, due_on, needs_of
from workflows.lifecycle_who import Actor, Around
from workflows.link_answers import Link
from workflows.rights import Action, Reach, reach

ASKED_ROLES = frozenset({"leader", "head", "lawyer"})  # of whom the lifecycle asks something
INCIDENTS_SHOWN = 20
AHEAD = timedelta(days=30)
NEAR = timedelta(days=7)  # from when on what is to come waits for somebody
FORGOTTEN = timedelta(minutes=1)  # a number in the menu is no older
_TO_COME = frozenset({"review", "end"})


class Task(NamedTuple):
    """One thing to do with one framework."""

    need: Need
    kept: Kept
    around: Around

    @property
    def begun(self) -> tuple[datetime, str]:
        """When it was begun, and the name of whoever did: who has several at once tells them apart by it."""
        first = self.kept.dossier.steps[:1]
        at, by = (first[0].at, first[0].by) if first else (self.kept.at, self.kept.author)
        found = self.around.organisation.employee(by, self.around.policy) if by and "@" in by else None
        return at, found.name if found else by or ""

    @property
    def framework(self) -> str:
        """Its id."""
        return self.kept.dossier.framework.id

    @property
    def citizen(self) -> str:
        """The citizen's id."""
        return self.kept.dossier.framework.citizen

    def told(self, words: Words) -> str:
        """What there is to do, in the visitor's language."""
        return self.need.sentence.en if words.language == "en" else self.need.sentence.da


@dataclass(frozen=True, slots=True)
class Tasks:
    """What waits now, what was begun and not finished, and what comes within 30 days; the most urgent first.

    ``untold``: citizens whom a receipt did not reach; ``links``: who may have written, which they are asked.
    """

    now: tuple[Task, ...] = ()
    drafts: tuple[Task, ...] = ()
    coming: tuple[Task, ...] = ()
    untold: tuple[UntoldCitizen, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def waiting(self) -> int:
        """How many things wait now."""
        return len(self.now) + len(self.untold) + len(self.links)

    def __iter__(self) -> Iterator[Task]:
        return iter((*self.now, *self.drafts, *self.coming))


async def tasks_of(request: Request, who: Visitor) -> Tasks:
    """Those of ``who``."""
    if who.role not in ASKED_ROLES:
        return Tasks()
    console, today = console_of(request), _today(request)
    dossiers = console.store.dossiers
    if who.role == "lawyer":
        found = await dossiers.advised(who.address)
    else:
        found = await dossiers.needing(who.units, today + AHEAD)
    actor = Lifecycle(console.settings, console.store, console.clock).actor(who.address, who.role)
    each = await _with_cases(request, found)
    tasks = sorted_out([one for kept, around in each for one in _tasks(actor, kept, around, today)], today)
    return replace(tasks, untold=await _untold(request, who), links=await waiting(request, who))


async def overdue(request: Request, limit: int = 20) -> tuple[Task, ...]:
    """Whatever should have been done by somebody, anywhere."""
    today = _today(request)
    found = await console_of(request).store.dossiers.needing(None, today - timedelta(days=1), limit)
    each = [(due_on(kept.dossier, around, today), kept, around) for kept, around in await _with_cases(request, found)]
    return tuple(Task(need, kept, around) for need, kept, around in each if need and need.by < today)


def sorted_out(tasks: Sequence[Task], today: date) -> Tasks:
    """Drafts apart; a review or an end waits from a week before, and what lies further off than 30 days is not told."""
    ordered = sorted((one for one in tasks if one.need.by <= today + AHEAD), key=lambda one: (one.need.by, one.framework))
    parts: dict[str, list[Task]] = {"now": [], "drafts": [], "coming": []}
    for one in ordered:
        parts[_part(one, today)].append(one)
    return Tasks(tuple(parts["now"]), tuple(parts["drafts"]), tuple(parts["coming"]))


def _part(one: Task, today: date) -> str:
    if one.need.what == "write" and one.kept.dossier.framework.state is State.DRAFT:
        return "drafts"
    return "coming" if one.need.what in _TO_COME and one.need.by > today + NEAR else "now"


async def noted(request: Request) -> None:
    """A dependency of every page: how much waits for its visitor, for the menu. Counted anew after every form, and with news."""
    who = getattr(request.state, "visitor", None)
    counts = _counts(request)
    if request.method != "GET":
        counts.clear()
    elif isinstance(who, Visitor) and not who.token and request.url.path != "/live":
        now = console_of(request).clock.now()
        known = counts.get(who.account)
        if known is None or "hx-request" in request.headers or not timedelta() <= now - known.at < FORGOTTEN:
            known = counts[who.account] = Found(await waits_for(request, who), now)
        request.state.waits = known.value


async def waits_for(request: Request, who: Visitor) -> Waits:
    """What *Mit overblik* asks of ``who``: frameworks, receipts, who wrote, calls for help, wishes for relief, and incidents."""
    tasks, matters = await tasks_of(request, who), await AssistSeen(request, who).matters()
    incidents = (await IncidentsSeen(request, who).listed(open=True, limit=INCIDENTS_SHOWN)).items
    calls = sum(one.wanted for one in matters.calls)
    return Waits(tasks.waiting + calls + len(matters.asked) + sum(one.handles for one in incidents), calls)


async def _untold(request: Request, who: Visitor) -> tuple[UntoldCitizen, ...]:
    if reach(who.rights, Action.TELL_CITIZEN) is Reach.NONE:
        return ()
    return await console_of(request).store.receipts.untold(who.units)


def _counts(request: Request) -> dict[str, Found[Waits]]:
    state = request.app.state
    if not hasattr(state, "waiting_counts"):
        state.waiting_counts = {}
    found: dict[str, Found[Waits]] = state.waiting_counts
    return found


def _tasks(actor: Actor, kept: Kept, around: Around, today: date) -> Iterator[Task]:
    return (Task(one, kept, around) for one in needs_of(actor, kept.dossier, around, today))


async def _with_cases(request: Request, found: Sequence[Kept]) -> list[tuple[Kept, Around]]:
    console = console_of(request)
    cases = await console.store.dossiers.cases_of({one.dossier.framework.citizen for one in found})
    organisation, policy = console.store.organisation(), policy_of(console.settings)
    return [(one, Around(organisation, policy, cases[one.dossier.framework.citizen])) for one in found]


def _today(request: Request) -> date:
    return console_of(request).clock.now().astimezone(ZONE).date()
