"""The demo's summary: what came, where it went, why, and who was told."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from services.commands.common import seen
from services.store.interface import LedgerRow, QueueItem, StoredMail

ARROW = {"redirect": "→ ", "deliver": ""}


@dataclass(frozen=True, slots=True)
class Row:
    """One sample mail and what became of it."""

    title: str
    mail: StoredMail

    @property
    def settled(self) -> bool:
        """Whether it has been assessed and every copy of it has ended."""
        return bool(self.mail.decision["assessed"]) and all(way["state"] != "queued" for way in self.mail.way)


def show(console: Console, rows: Sequence[Row], books: Sequence[LedgerRow], queue: Sequence[QueueItem]) -> None:
    """Print the table, the books, and what waits."""
    table = Table(title="Hvad kom, hvor gik det hen, hvorfor, og hvem fik besked", title_justify="left", show_lines=True)
    for heading, ratio in (("Mail", 4), ("Gik til", 3), ("Hvorfor", 5), ("Fik besked", 3)):
        table.add_column(heading, ratio=ratio, overflow="fold")
    for row in rows:
        named = f"{seen(row.title)}\n{seen(row.mail.decision['mail']['message_id'])}"
        table.add_row(named, _went(row), _why(row), _told(row))
    console.print(table)
    for day in books:
        sign = "stemmer" if day.balances() else "STEMMER IKKE"
        parts = f"{day.delivered} leveret + {day.redirected} omdirigeret + {day.queued} i kø + {day.returned} returneret"
        console.print(f"Regnskab {day.day}: {day.accepted} modtaget = {parts}: {sign}")
    waiting = sum(item.kind == "notice" for item in queue)
    if waiting:
        console.print(f"{waiting} beskeder til sagsbehandlere venter på arbejdstid; ledere har fået deres.")


def _went(row: Row) -> str:
    return "\n".join(ARROW[one["action"]] + seen(one["deliver_to"][0]) for one in row.mail.decision["recipients"])


def _why(row: Row) -> str:
    return "\n".join(dict.fromkeys(seen(one["explanation"]["da"]) for one in row.mail.decision["recipients"]))


def _told(row: Row) -> str:
    people = [f"{seen(one['to'])}" for one in row.mail.decision["notify"] or ()]
    if row.mail.decision["receipt"]["send"]:
        people.append("borgeren (kvittering)")
    return "\n".join(people) or "–"
