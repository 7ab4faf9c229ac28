"""*Prøvekør*: what a drafted framework would have done to the citizen's past mail, before anybody decides it."""

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
from services.console.frameworks import is_written
from services.console.mail_words import RIGHTS
from services.console.recorded import recorded
from services.console.trying import About, Failed, Trials
from services.console.web import page, words_of
from services.console.words import N_, Words
from services.settings import ZONE
from services.store.dossier_rows import Kept
from services.store.interface import StoreUnavailable
from services.trying import overview_of
from workflows.backtest import Weeks, next_in_force
from workflows.decision import Sentence
from workflows.framework import IN_FORCE
from workflows.rights import Action, Reach, Rights, reach
from workflows.trial import SHOWN, Overview

router = APIRouter(prefix="/frameworks")
TITLE = N_("Mails om ugen til %(who)s")
TOLD = N_("Uge %(week)s: %(would)s med rammen, %(was)s uden")
SUMMARY = N_("Fra %(was)s mails uden rammen til %(would)s med den.")


@router.get("/{id}/try")
async def try_out(
    request: Request, who: Annotated[Visitor, Depends(visitor)], id: str, days: Annotated[Literal["30", "60", "90"], Query()] = "90"
) -> HTMLResponse:
    """The mails that would have gone elsewhere, those with rights first, and what each who gets mail would have seen."""
    kept = await _seen(request, who, id)
    draft = next_in_force(kept.dossier)
    since = console_of(request).clock.now().astimezone(ZONE).date() - timedelta(days=int(days))
    lacks = "scope" if draft.scope is None else None if draft.measures else "measures"
    found, failed = None, False
    if lacks is None:
        await recorded(request, who, "framework.tried_read", draft.id)
        try:
            found = await _tried(request, who, kept, since)
        except Failed as error:
            if isinstance(error.__cause__, StoreUnavailable):
                raise error.__cause__ from None
            failed = True
    return page(
        request,
        "try.html",
        draft=draft,
        in_force=draft.state in IN_FORCE,
        writes=_may(who.rights, Action.WRITE_FRAMEWORK) and is_written(kept.dossier),
        days=int(days),
        lacks=lacks,
        failed=failed,
        found=found,
        since=since,
        people=_people(request, found, since) if found else (),
        stayed=[(_of_this(one, draft.id), count) for one, count in found.stayed] if found else (),
        most=SHOWN,
        rights=RIGHTS,
    )


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


async def _tried(request: Request, who: Visitor, kept: Kept, since: date) -> Overview | None:
    console = console_of(request)
    draft = next_in_force(kept.dossier)
    units = who.units if reach(who.rights, Action.SEE_MAIL) is Reach.OWN_UNITS else None

    async def make() -> Overview:
        return await overview_of(console.store, console.settings, draft, since, now=console.clock.now(), units=units)

    return await _trials(request).get(About(who.account, units, draft.id, kept.revision, kept.version, since), make)


def _of_this(said: Sentence, id: str) -> Sentence:
    """The evaluator's sentence, on a page where only one framework can be meant: its id tells nobody anything."""
    da = said.da.replace(f"Ramme {id}", "Rammen").replace(f"ramme {id}", "rammen")
    return Sentence(da, said.en.replace(f"Framework {id}", "The framework").replace(f"framework {id}", "the framework"))


def _trials(request: Request) -> Trials:
    state = request.app.state
    if not hasattr(state, "trials"):
        state.trials = Trials(console_of(request).clock)
    found = state.trials
    assert isinstance(found, Trials)
    return found


def _weeks(since: date, today: date) -> dict[str, tuple[int, int]]:
    """Every week of the window, with nothing in it yet: a week without mail is told too."""
    mondays = range((since - timedelta(days=since.weekday())).toordinal(), today.toordinal() + 1, 7)
    years = (date.fromordinal(one).isocalendar() for one in mondays)
    return {f"{year}-W{week:02}": (0, 0) for year, week, _ in years}


def _people(request: Request, found: Overview, since: date) -> list[tuple[str, Markup, Weeks]]:
    weeks = _weeks(since, console_of(request).clock.now().astimezone(ZONE).date())
    people = [(name, weeks | dict(got)) for name, got in found.people]
    return [(name, _picture(f"p{place}", name, of, words_of(request)), of) for place, (name, of) in enumerate(people)]


def _picture(id: str, name: str, weeks: Weeks, words: Words) -> Markup:
    """What they would have got, week by week; the table beside it tells what they got."""
    bars = []
    for week, (was, would) in weeks.items():
        number = week.partition("-W")[2]
        told = words.gettext(TOLD) % {"week": number, "would": would, "was": was}
        bars.append(Column(number, would, told))
    sums = {"was": sum(one for one, _ in weeks.values()), "would": sum(one for _, one in weeks.values())}
    return columns(id, words.gettext(TITLE) % {"who": name}, words.gettext(SUMMARY) % sums, bars)
