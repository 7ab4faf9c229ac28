"""``ledger`` and ``audit``: whether the books balance and the chain holds."""

from collections.abc import Mapping, Sequence
from datetime import date

import click
from rich.table import Table

from services.commands.common import bar, console, opened, print_json, read_record, run, seen
from services.commands.times import Since
from services.options import as_json, common, given, why
from services.settings import Settings
from services.store.interface import Account, Booked, Books, ChainReport, Gap

FIGURES = ("accepted", "delivered", "redirected", "queued", "returned")
NAMELESS = "(removed, or lost)"  # what the retention settings removed keeps its figures alone
GAPS: Mapping[Gap, str] = {
    "no_row": "the number of its recipients is not that of its rows",
    "no_mail": "the mail that it belongs to is gone",
    "no_state": "it is in no state that there is",
    "no_delivery": "it is queued, and no copy waits for it",
    "no_content": "it is queued, and the bytes of its copy are gone",
    "two_copies": "a second copy waits for it",
}


@click.command()
@click.option("--since", type=Since(), help="From this day: 90d, or YYYY-MM-DD. Default: all days.")
@click.option("--by", type=click.Choice(["mailbox", "recipient"]), help="A row a day and mailbox where mail ended, or recipient.")
@why
@as_json
@common
def ledger(since: date | None, by: Booked | None, why: str | None, as_json: bool) -> int:
    """Balance the books: what came in against what became of it.

    Counts every recipient of received mail, by the Danish day of acceptance: accepted = delivered + redirected + queued +
    returned. Each recipient is looked at by itself too. Exit status 1 when a day does not balance, or a recipient is not
    accounted for exactly once.
    """
    books, accounts = run(_ledger(given().settings(), since, by, why))
    rows = [Account(None, row) for row in books.rows] if by is None else accounts
    if as_json:
        print_json([_wire(one, by) for one in rows])
    else:
        _show(rows, by)
    _tell(books, err=as_json)
    return 0 if books.balance() else 1


async def _ledger(settings: Settings, since: date | None, by: Booked | None, why: str | None) -> tuple[Books, list[Account]]:
    """Addresses are read only where they are asked for, and that is recorded."""
    async with opened(settings) as store:
        if by is None:
            return await store.books(since), []
        await store.append_audit(read_record(f"ledger --by {by}", [], why))
        return await store.books(since), await store.accounts(by, since)


def _wire(one: Account, by: Booked | None) -> dict[str, object]:
    named = {} if by is None else {by: one.name}
    return {"day": one.row.day.isoformat()} | named | {name: getattr(one.row, name) for name in FIGURES}


def _show(rows: Sequence[Account], by: Booked | None) -> None:
    table = Table("day", *([by] if by else []), box=None, show_footer=True)
    table.columns[0].footer = "all"
    for figure in FIGURES:
        table.add_column(figure, footer=str(sum(getattr(one.row, figure) for one in rows)), justify="right")
    table.add_column("")
    for one in rows:
        name = [] if by is None else [NAMELESS if one.name is None else seen(one.name)]
        balance = "" if one.row.balances() else "does not balance"
        figures = [str(getattr(one.row, figure)) for figure in FIGURES]
        table.add_row(one.row.day.isoformat(), *name, *figures, balance)
    console().print(table)


def _tell(books: Books, *, err: bool) -> None:
    """The verdict, for people; with ``--json`` only what is wrong, and not among the results."""
    for one in books.unaccounted:
        who = "" if one.n is None else f", recipient {one.n}"
        click.echo(f"mail {one.mail}{who}: {GAPS[one.why]}", err=err)
    wrong = sum(not row.balances() for row in books.rows)
    if wrong:
        click.echo(f"{wrong} of {len(books.rows)} days do not balance.", err=err)
    if not err and not wrong:
        gaps = len(books.unaccounted)
        click.echo(f"The days balance, but {gaps} recipients do not." if gaps else "The books balance.")


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
