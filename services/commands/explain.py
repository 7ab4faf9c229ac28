"""``explain``: the recorded decision of a handled mail, and what became of it."""

from collections.abc import Sequence
from typing import Any

import click

from services.commands.common import console, keep_record, opened, print_json, read_record, run
from services.commands.showing import show, show_posts, show_way
from services.options import as_json, common, given, why
from services.settings import ZONE, Settings
from services.store.interface import StoredMail
from services.store.sql_store import SqlStore
from workflows.post import Post


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
    mail, ids, posts = run(_find(given().settings(), id, why))
    if mail is not None:
        _show(mail, posts, as_json)
        return 0
    if as_json:
        print_json({"id": id, "ids": ids})
    elif ids:
        click.echo("\n".join(ids))
    told = f"{len(ids)} mails carry this Message-ID; explain one of their ids" if ids else f"no mail with the id or Message-ID {id}"
    click.echo(f"rammevagt: {told}", err=True)
    return 1


async def _find(settings: Settings, id: str, why: str | None) -> tuple[StoredMail | None, list[str], tuple[Post, ...]]:
    async with opened(settings) as store:
        mail = await store.mail(id)
        ids = [mail.id] if mail else await _by_message_id(store, id)
        if mail is None and len(ids) == 1:
            mail = await store.mail(ids[0])
        if ids:
            await keep_record(store, read_record("explain", ids, why))
        return mail, ids, await store.posts.of_mail(mail.id) if mail else ()


async def _by_message_id(store: SqlStore, id: str) -> list[str]:
    """With and without the angle brackets, which people leave out."""
    bare = id.strip().removeprefix("<").removesuffix(">")
    return list(dict.fromkeys([*await store.ids_by_message_id(f"<{bare}>"), *await store.ids_by_message_id(bare)]))


def _show(mail: StoredMail, posts: Sequence[Post], as_json: bool) -> None:
    wire = _wire(mail, posts)
    if as_json:
        print_json(wire)
        return
    out = console()
    show(out, mail.decision)
    show_way(out, mail.way)
    show_posts(out, wire["posts"])


def _wire(mail: StoredMail, posts: Sequence[Post]) -> dict[str, Any]:
    received = mail.received_at.astimezone(ZONE).isoformat()
    waits = [_post(one) for one in posts]
    return {**mail.decision, "received_at": received, "size": mail.size, "way": list(mail.way), "posts": waits}


def _post(one: Post) -> dict[str, Any]:
    """Times in the municipality's zone, as those of the way; not who has taken it."""
    instants = {name: getattr(one, name) for name in ("due_read", "read_at", "due_answer", "answered_at", "done_at")}
    return {
        "mailbox": one.mailbox,
        "unit": one.unit,
        **{name: at.astimezone(ZONE).isoformat() if at else None for name, at in instants.items()},
        "deadlines": [{"right": right, "due": due.astimezone(ZONE).isoformat()} for right, due, _ in one.clocks],
        "answered": one.answered_how,
        "done": one.done_how,
    }
