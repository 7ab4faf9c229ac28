"""``who``: who may have written a mail, and what speaks for it; nothing follows from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from services import identity_words
from services.commands.common import console, keep_record, opened, print_json, read_record, run, seen
from services.commands.decide import carried
from services.commands.showing import GRADES, ROLES
from services.options import as_json, common, given, why
from services.register_file import read_bytes
from services.settings import Settings
from services.who_wrote import DOUBTS, WEIGHTS, who_wrote, wire_of

Wire = Mapping[str, Any]


@click.command()
@click.argument("file", metavar="MAIL.eml")
@why
@as_json
@common
def who(file: str, *, why: str | None, as_json: bool) -> int:
    """Show who may have written a mail, and what speaks for it.

    MAIL.eml is a file; - is standard input. The mail is compared with the store's register and with the mail that the guard
    still knows. No number of a person is shown. Exit status 1: nobody whom we know. That their data was read is kept in the
    audit chain. No guard needs to run.
    """
    found = run(_found(given().settings(), carried(read_bytes(Path(file))), why))
    if as_json:
        print_json({"likened": found})
    else:
        _show(console(), found)
    return 0 if found else 1


async def _found(settings: Settings, content: bytes, why: str | None) -> list[Wire]:
    async with opened(settings) as store:
        await store.refresh()
        likely = await who_wrote(store, settings, content)
        await keep_record(store, read_record("who", [file.citizen.id for _, file in likely], why))
        return [wire_of(one, identity_words.load()) for one, _ in likely]


def _show(out: Console, found: list[Wire]) -> None:
    if not found:
        out.print("Ingen, vi kender, ligner den, der har skrevet.")
    for one in found:
        out.print()
        named = f" ({ROLES[one['role']]}: {one['person']})" if one["person"] else ""
        out.print(Text.assemble((f"{one['citizen']}{named}", "bold"), f", {GRADES[one['grade']]}"))
        if one["about"] == "spoofing":
            _line(out, "Nogen udgiver sig måske for borgeren.")
        for doubt in one["doubts"]:
            _line(out, f"Imod: {DOUBTS[doubt].da}")
        for hint in one["evidence"]:
            _line(out, f"{hint['because']['da']} ({WEIGHTS[hint['weight']].da})")
            beside = [seen(value) for value in (hint["says"], hint["known"]) if value]
            _line(out, " / ".join(map(str, dict.fromkeys(beside))), indent=4)


def _line(out: Console, text: str, indent: int = 2) -> None:
    if text:
        out.print(Padding(Text(text), (0, 0, 0, indent), expand=False))
