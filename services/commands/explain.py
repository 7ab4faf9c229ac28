"""``explain``: the recorded decision of a handled mail, and what became of it."""

from typing import Any

import click

from services.commands.common import console, keep_record, opened, print_json, read_record, run
from services.commands.showing import show, show_way
from services.options import as_json, common, given, why
from services.settings import ZONE, Settings
from services.store.interface import StoredMail
from services.store.sql_store import SqlStore


@click.command()
@click.argument("id", metavar="ID")
@why
@as_json
@common
def explain(id: str, why: str | None, as_json: bool) -> int:
    """Show the recorded decision of a handled mail.

    ID is the guard's id or a Message-ID; of one that several mails carry, their ids are listed (exit status 1). That you
    looked is kept in the audit chain.
    """
    mail, ids = run(_find(given().settings(), id, why))
    if mail is not None:
        _show(mail, as_json)
        return 0
    if as_json:
        print_json({"id": id, "ids": ids})
    elif ids:
        click.echo("\n".join(ids))
    told = f"{len(ids)} mails carry this Message-ID; explain one of their ids" if ids else f"no mail with the id or Message-ID {id}"
    click.echo(f"rammevagt: {told}", err=True)
    return 1


async def _find(settings: Settings, id: str, why: str | None) -> tuple[StoredMail | None, list[str]]:
    async with opened(settings) as store:
        mail = await store.mail(id)
        ids = [mail.id] if mail else await _by_message_id(store, id)
        if mail is None and len(ids) == 1:
            mail = await store.mail(ids[0])
        if ids:
            await keep_record(store, read_record("explain", ids, why))
        return mail, ids


async def _by_message_id(store: SqlStore, id: str) -> list[str]:
    """With and without the angle brackets, which people leave out."""
    bare = id.strip().removeprefix("<").removesuffix(">")
    return list(dict.fromkeys([*await store.ids_by_message_id(f"<{bare}>"), *await store.ids_by_message_id(bare)]))


def _show(mail: StoredMail, as_json: bool) -> None:
    if as_json:
        print_json(_wire(mail))
        return
    out = console()
    show(out, mail.decision)
    show_way(out, mail.way)


def _wire(mail: StoredMail) -> dict[str, Any]:
    received = mail.received_at.astimezone(ZONE).isoformat()
    return {**mail.decision, "received_at": received, "size": mail.size, "way": list(mail.way)}
