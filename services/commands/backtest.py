"""``backtest``: what a drafted framework would have done to mail already handled, by the evaluator of live mail (law 7)."""

from datetime import date

import click
from rich.console import Console
from rich.table import Table

from services.bad_input import BadInput
from services.commands.common import console, keep_record, opened, print_json, record, run, seen
from services.commands.times import Since
from services.options import as_json, common, given, why
from services.settings import ZONE, Settings
from services.trying import MOST, try_framework
from workflows.backtest import Backtest, TriedMail, next_in_force

SHOWN = 50  # mails for people to read; --json has all


@click.command()
@click.argument("framework", metavar="FRAMEWORK")
@click.option("--since", type=Since(), default="90d", show_default=True, help="Since this day: 90d, or 2026-11-02.")
@why
@as_json
@common
def backtest(framework: str, *, since: date, why: str | None, as_json: bool) -> int:
    """Show what a drafted framework would have done to past mail.

    FRAMEWORK is the id of one in the store, in whatever state; what is being written to follow upon it is tried in its place. Each
    of its citizen's mails is decided again as if it had been in force, and nothing is changed. That you looked is kept in the audit
    chain.
    """
    settings = given().settings()
    found = run(_tried(settings, framework, since, why))
    if found is None:
        click.echo(f"rammevagt: no framework with the id {framework}", err=True)
        return 1
    if as_json:
        print_json(found.wire(ZONE))
    else:
        _show(console(), found)
    return 0


async def _tried(settings: Settings, id: str, since: date, why: str | None) -> Backtest | None:
    async with opened(settings) as store:
        await store.refresh()
        kept = await store.dossiers.get(id)
        if kept is None:
            return None
        draft = next_in_force(kept.dossier)
        if draft.scope is None or not draft.measures:
            lacks = "scope" if draft.scope is None else "measures"
            raise BadInput(f"{id}: it has no {lacks} yet, so there is nothing to try; write its {lacks} first")
        found = await try_framework(store, settings, draft, since)
        looked = record("data.read", draft.citizen, command="backtest", ids=[draft.citizen, draft.id], why=why)
        await keep_record(store, looked)
        return found


def _show(out: Console, found: Backtest) -> None:
    moved = found.moved
    out.print(f"Framework {found.framework}, citizen {found.citizen}, since {found.since.isoformat()}")
    out.print(f"{len(moved)} of {len(found.mails)} mails would have gone elsewhere.")
    for name, counts in (("rights", found.rights()), ("signals", found.signals())):
        if counts:
            out.print(f"Among them, {name}: " + ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))
    if changed := sum(one.register_changed for one in found.mails):
        out.print(f"{changed} would be decided otherwise today without it too: citizens, cases or units have changed since.")
    if found.older_left_out:
        out.print(f"There is more mail; these are the newest {MOST}.")
    if moved:
        out.print(_mails(moved[-SHOWN:]))
        if len(moved) > SHOWN:
            out.print(f"… and {len(moved) - SHOWN} before; --json gives all.")
    if found.people:
        out.print(_people(found))


def _mails(mails: tuple[TriedMail, ...]) -> Table:
    table = Table("mail", "received", "written to", "went to", "would have gone to", "rights", box=None)
    for one in mails:
        received = one.received_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
        for place, each in enumerate(tried for tried in one.recipients if tried.moved):
            first = (one.mail, received) if place == 0 else ("", "")
            table.add_row(*first, seen(each.address), seen(each.was), seen(each.would), ", ".join(one.rights))
    return table


def _people(found: Backtest) -> Table:
    table = Table("who gets mail", "week", "got", "would have got", box=None)
    for address, weeks in sorted(found.people.items()):
        for place, (week, (was, would)) in enumerate(weeks.items()):
            table.add_row("" if place else seen(address), week, str(was), str(would))
    return table
