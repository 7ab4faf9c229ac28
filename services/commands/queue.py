"""``queue``: what waits, since when, why, and when it is tried next."""

from datetime import datetime
from typing import Any

import click
from rich.table import Table

from services.clock import SystemClock
from services.commands.common import console, keep_record, opened, print_json, read_record, record, run, seen
from services.options import as_json, common, given, why
from services.settings import ZONE, Settings
from services.store.interface import QueueItem


@click.group()
@common
def queue() -> None:
    """Show what waits, and try it again."""


@queue.command("list")
@why
@as_json
@common
def list_waiting(why: str | None, as_json: bool) -> None:
    """List the deliveries that wait, the longest waiting first."""
    items = run(_waiting(given().settings(), "queue list", None, why))
    if as_json:
        print_json([_wire(item) for item in items])
    elif items:
        _table(items)
    else:
        click.echo("Nothing waits.")


@queue.command()
@click.argument("id", metavar="ID")
@why
@as_json
@common
def show(id: str, why: str | None, as_json: bool) -> int:
    """Show one waiting delivery, by its own id or its mail's."""
    items = run(_waiting(given().settings(), "queue show", id, why))
    if not items:
        click.echo(f"rammevagt: nothing with the id {id} waits", err=True)
        return 1
    if as_json:
        print_json(_wire(items[0]) if len(items) == 1 else [_wire(item) for item in items])
    for item in () if as_json else items:
        for name, value in _wire(item).items():
            click.echo(f"{name:>11}  {'–' if value is None else seen(value)}")
        click.echo()
    return 0


@queue.command()
@click.argument("id", metavar="[ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="Everything that waits, but no notice before its hour.")
@as_json
@common
def retry(id: str | None, everything: bool, as_json: bool) -> int:
    """Try what waits now instead of later.

    ID is a delivery's own id or its mail's. With --all everything is tried but notices that wait for a person's working hours.
    """
    if (id is None) != everything:
        raise click.UsageError("give one ID, or --all", click.get_current_context())
    count = run(_retry(given().settings(), id))
    if as_json:
        print_json({"retried": count})
    elif count:
        click.echo(f"{count} {'delivery is' if count == 1 else 'deliveries are'} due now; the running guard tries at once.")
    elif id is not None:
        click.echo(f"rammevagt: nothing with the id {id} waits", err=True)
    else:
        click.echo("Nothing waits to be tried.")
    return 1 if id is not None and not count else 0


async def _waiting(settings: Settings, command: str, id: str | None, why: str | None) -> list[QueueItem]:
    async with opened(settings) as store:
        items = [item for item in await store.queue() if id is None or id in (item.id, item.mail)]
        if items:
            await keep_record(store, read_record(command, [item.id for item in items], why))
        return items


async def _retry(settings: Settings, id: str | None) -> int:
    async with opened(settings) as store:
        now = SystemClock().now()
        ids = [item.id for item in await store.queue() if _meant(item, id, now)]
        if not ids:
            return 0
        count = await store.retry(ids, now)
        await store.append_audit(record("queue.retried", id or "all", count=count))
        return count


def _meant(item: QueueItem, id: str | None, now: datetime) -> bool:
    """Whether ``item`` is to be tried: by its id, or of all. A notice that was never tried waits for its hour, not for a hop."""
    if id is not None:
        return id in (item.id, item.mail)
    return not (item.kind == "notice" and item.attempts == 0 and item.error is None and item.due > now)


def _wire(item: QueueItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "mail": item.mail,
        "kind": item.kind,
        "address": item.address,
        "hop": item.hop,
        "since": _local(item.queued_at),
        "attempts": item.attempts,
        "next_try": _local(item.due),
        "error": item.error,
        "stuck": item.stuck,
        "under_way": item.under_way,
    }


def _local(at: datetime) -> str:
    return at.astimezone(ZONE).isoformat(timespec="seconds")


def _table(items: list[QueueItem]) -> None:
    table = Table("id", "kind", "to", "since", "tries", "next try", "why", box=None)
    for item in items:
        state = "under way" if item.under_way else f"{item.due.astimezone(ZONE):%d-%m %H:%M:%S}"
        why = f"{seen(item.error or '')}{' (stuck)' if item.stuck else ''}"
        since = f"{item.queued_at.astimezone(ZONE):%d-%m %H:%M:%S}"
        table.add_row(item.id, item.kind, seen(item.address), since, str(item.attempts), state, why)
    console().print(table)
