"""``ledger`` and ``audit``: whether the books balance and the chain holds."""

from collections.abc import Sequence
from datetime import date

import click
from rich.table import Table

from services.commands.common import bar, console, opened, print_json, run
from services.commands.times import Since
from services.options import as_json, common, given
from services.settings import Settings
from services.store.interface import ChainReport, LedgerRow

FIGURES = ("accepted", "delivered", "redirected", "queued", "returned")


@click.command()
@click.option("--since", type=Since(), help="From this day: 90d, or YYYY-MM-DD. Default: all days.")
@as_json
@common
def ledger(since: date | None, as_json: bool) -> int:
    """Balance the books: what came in against what became of it.

    Counts every recipient of received mail, by the Danish day of acceptance: accepted = delivered + redirected + queued +
    returned. Exit status 1 when a day does not balance.
    """
    rows = run(_ledger(given().settings(), since))
    if as_json:
        print_json([{"day": row.day.isoformat()} | {name: getattr(row, name) for name in FIGURES} for row in rows])
    else:
        _show(rows)
    return 0 if all(row.balances() for row in rows) else 1


async def _ledger(settings: Settings, since: date | None) -> list[LedgerRow]:
    async with opened(settings) as store:
        return await store.ledger(since)


def _show(rows: Sequence[LedgerRow]) -> None:
    table = Table("day", box=None, show_footer=True)
    table.columns[0].footer = "all"
    for name in FIGURES:
        table.add_column(name, footer=str(sum(getattr(row, name) for row in rows)), justify="right")
    table.add_column("")
    for row in rows:
        balance = "" if row.balances() else "does not balance"
        table.add_row(row.day.isoformat(), *(str(getattr(row, name)) for name in FIGURES), balance)
    console().print(table)
    wrong = sum(not row.balances() for row in rows)
    click.echo(f"{wrong} of {len(rows)} days do not balance." if wrong else "The books balance.")


@click.group()
@common
def audit() -> None:
    """Check that the audit chain holds."""


@audit.command()
@as_json
@common
def verify(as_json: bool) -> int:
    """Walk the audit chain from its first entry.

    Exit status 1, and the first entry that does not hold, when somebody has changed, removed or added one.
    """
    report = run(_verify(given().settings()))
    holds = report.broken_at is None
    if as_json:
        found = {"holds": holds, "entries": report.entries, "head": report.head, "broken_at": report.broken_at, "why": report.why}
        print_json(found)
    elif holds:
        click.echo(f"The audit chain holds: {report.entries} entries, head {report.head}.")
    else:
        click.echo(f"The audit chain is broken at entry {report.broken_at}: {report.why}.")
    return 0 if holds else 1


async def _verify(settings: Settings) -> ChainReport:
    async with opened(settings) as store:
        with bar("Walking the audit chain") as shown:
            return await store.verify_audit(shown)
