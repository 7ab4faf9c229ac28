"""*Prøvekør*: what a drafted framework would have done to the citizen's past mail, before anybody decides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.auth.visitor import Visitor, visitor
from services.console.charts import Column, columns
from services.console.concern import concerns, opened
from services.console.context import console_of
from services.console.mail_words import RIGHTS
from services.console.recorded import recorded
from services.console.trying import About, Failed, Trials
from services.console.web import page, words_of
from services.console.words import N_, Words
from services.settings import ZONE
from services.store.dossier_rows import Kept
from services.store.interface import StoreUnavailable
from services.trying import try_framework
from workflows.addresses import normalise
from workflows.backtest import Backtest, TriedMail, Weeks
from workflows.framework import IN_FORCE, ContactFramework
from workflows.rights import Action, Reach, Rights, reach

router = APIRouter(prefix="/frameworks")
SHOWN = 200  # mails of a page; the newest
PEOPLE = 8
TITLE = N_("Mails om ugen til %(who)s")
TOLD = N_("Uge %(week)s: %(would)s med rammen, %(was)s uden")
SUMMARY = N_("Fra %(was)s mails uden rammen til %(would)s med den.")


@router.get("/{id}/try")
async def try_out(
    request: Request, who: Annotated[Visitor, Depends(visitor)], id: str, days: Annotated[Literal["30", "60", "90"], Query()] = "90"
) -> HTMLResponse:
    """The mails that would have gone elsewhere, those with rights first, and what each who gets mail would have seen."""
    kept = await _seen(request, who, id)
    draft = drafted(kept)
    lacks = "scope" if draft.scope is None else None if draft.measures else "measures"
    found, failed = None, False
    if lacks is None:
        await recorded(request, who, "framework.tried_read", draft.id)
        try:
            found = await _tried(request, who, kept, int(days))
        except Failed as error:
            if isinstance(error.__cause__, StoreUnavailable):
                raise error.__cause__ from None
            failed = True
    shown = _shown(request, who, found) if found else None
    return page(
        request,
        "try.html",
        draft=draft,
        in_force=draft.state in IN_FORCE,
        days=int(days),
        lacks=lacks,
        failed=failed,
        found=found,
        shown=shown,
        most=SHOWN,
        rights=RIGHTS,
    )


def drafted(kept: Kept) -> ContactFramework:
    """What would come into force next: the successor that is being written, else the framework itself."""
    return kept.dossier.successor or kept.dossier.framework


async def _seen(request: Request, who: Visitor, id: str) -> Kept:
    """The framework, where its mail is theirs to judge by; 404 where it is not."""
    concerned = concerns(request)
    kept = await concerned.dossier(id)
    if kept is None:
        raise HTTPException(404)
    matter = await concerned.framework(kept)
    action = next((one for one in (Action.WRITE_FRAMEWORK, Action.ADVISE_FRAMEWORK) if _may(who.rights, one)), Action.SEE_FRAMEWORK)
    if action is Action.SEE_FRAMEWORK and reach(who.rights, action) is not Reach.ALL:
        action = Action.WRITE_FRAMEWORK  # whoever only has a case of it needs no view of all the citizen's mail
    await opened(request, who, action, kept.dossier.framework.id, matter)
    return kept


def _may(rights: Rights, action: Action) -> bool:
    return reach(rights, action) is not Reach.NONE


async def _tried(request: Request, who: Visitor, kept: Kept, days: int) -> Backtest | None:
    console = console_of(request)
    draft = drafted(kept)
    since = console.clock.now().astimezone(ZONE).date() - timedelta(days=days)

    async def make() -> Backtest:
        return await try_framework(console.store, console.settings, draft, since)

    about = About(who.account, draft.id, kept.revision, kept.version, days)
    return await _trials(request).get(about, make)


def _trials(request: Request) -> Trials:
    state = request.app.state
    if not hasattr(state, "trials"):
        state.trials = Trials(console_of(request).clock)
    found = state.trials
    assert isinstance(found, Trials)
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page tells. Of mails to units that the visitor has nothing to do with, their number alone (``elsewhere``)."""

    moved: Sequence[TriedMail]
    hidden: int
    elsewhere: int
    people: Sequence[tuple[str, Markup, Weeks]]


def _shown(request: Request, who: Visitor, found: Backtest) -> Shown:
    organisation = console_of(request).store.organisation()
    everything = reach(who.rights, Action.SEE_MAIL) is not Reach.OWN_UNITS

    def is_theirs(address: str) -> bool:
        employee = organisation.employees.get(normalise(address))
        return everything or employee is None or employee.unit in who.units

    moved = [one for one in found.moved if any(is_theirs(tried.address) for tried in one.recipients if tried.moved)]
    shown = sorted(reversed(moved), key=lambda one: not one.rights)[:SHOWN]
    names = {address for one in moved for tried in one.recipients if tried.moved for address in (tried.was, tried.would)}
    weeks = _weeks(found.since, console_of(request).clock.now().astimezone(ZONE).date())
    people = [
        (one, weeks | dict(found.people[normalise(one)]))
        for one in sorted(names)
        if normalise(one) in found.people and is_theirs(one)
    ]
    people.sort(key=lambda one: -sum(abs(was - would) for was, would in one[1].values()))
    pictures = _pictures(people[:PEOPLE], words_of(request))
    return Shown(shown, len(moved) - len(shown), len(found.moved) - len(moved), pictures)


def _weeks(since: date, today: date) -> dict[str, tuple[int, int]]:
    """Every week of the window, with nothing in it yet: a week without mail is told too."""
    mondays = range((since - timedelta(days=since.weekday())).toordinal(), today.toordinal() + 1, 7)
    years = (date.fromordinal(one).isocalendar() for one in mondays)
    return {f"{year}-W{week:02}": (0, 0) for year, week, _ in years}


def _pictures(people: Sequence[tuple[str, Weeks]], words: Words) -> list[tuple[str, Markup, Weeks]]:
    return [(name, _picture(f"p{place}", name, weeks, words), weeks) for place, (name, weeks) in enumerate(people)]


def _picture(id: str, name: str, weeks: Weeks, words: Words) -> Markup:
    """What they would have got, week by week; the table beside it tells what they got."""
    bars = []
    for week, (was, would) in weeks.items():
        number = week.partition("-W")[2]
        told = words.gettext(TOLD) % {"week": number, "would": would, "was": was}
        bars.append(Column(number, would, told))
    sums = {"was": sum(one for one, _ in weeks.values()), "would": sum(one for _, one in weeks.values())}
    return columns(id, words.gettext(TITLE) % {"who": name}, words.gettext(SUMMARY) % sums, bars)
