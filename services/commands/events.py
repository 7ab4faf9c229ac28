"""``events``: how other systems take events by webhook; go on, and send again."""

from datetime import datetime, timedelta
from typing import Any

import click
from rich.table import Table

from services.bad_input import BadInput
from services.clock import SystemClock
from services.commands.common import console, opened, print_json, record, run
from services.commands.times import Instant
from services.options import as_json, common, given
from services.settings import ZONE, Settings
from services.store.webhooks import Asked, WebhookState

KEPT = timedelta(days=14)  # by the broker, unless its operator has said otherwise
named = click.option("--webhook", "name", metavar="NAME", required=True, help="Its name in the settings.")


@click.group()
@common
def events() -> None:
    """Show how webhooks take events, go on, and send again."""


@events.command("list")
@as_json
@common
def list_webhooks(as_json: bool) -> None:
    """List the webhooks of the settings, and how each is."""
    settings = given().settings()
    states = run(_states(settings))
    found = [(one.name, states.get(one.name)) for one in settings.webhooks]
    if as_json:
        print_json([_wire(name, state) for name, state in found])
    elif found:
        _table(found)
    else:
        click.echo("There are no webhooks in the settings.")


@events.command()
@named
@as_json
@common
def retry(name: str, as_json: bool) -> None:
    """Go on with a webhook now, where it stands.

    Also with one that was stopped. What was set aside is not sent again: see replay.
    """
    run(_ask(given().settings(), name, None))
    if as_json:
        print_json({"webhook": name, "since": None})
    else:
        click.echo(f"{name} goes on; the running guard tries within seconds.")


@events.command()
@named
@click.option("--since", type=Instant(), required=True, help="From when on, such as 2026-11-02T10:00:00+01:00.")
@as_json
@common
def replay(name: str, since: datetime, as_json: bool) -> None:
    """Send a webhook again what was published since TIME.

    With the ids that the events had, and in their order; then it goes on. The broker keeps events for 14 days.
    """
    now = SystemClock().now()
    if since > now:
        raise BadInput("--since: is in the future; nothing was published then")
    run(_ask(given().settings(), name, since))
    if now - since > KEPT:
        click.echo("rammevagt: note: the broker keeps events for 14 days; older ones can't be sent again", err=True)
    if as_json:
        print_json({"webhook": name, "since": since.isoformat()})
    else:
        click.echo(f"{name} is sent again what was published since then; the running guard begins within seconds.")


async def _states(settings: Settings) -> dict[str, WebhookState]:
    async with opened(settings) as store:
        return await store.webhooks.states([one.name for one in settings.webhooks])


async def _ask(settings: Settings, name: str, since: datetime | None) -> None:
    known = [one.name for one in settings.webhooks]
    if name not in known:
        raise BadInput(f"--webhook: there is no webhook {name} in the settings; there {_are(known)}")
    async with opened(settings) as store:
        data = {"since": since.isoformat()} if since else {}
        wanted = record("webhook.replayed" if since else "webhook.retried", name, **data)
        await store.webhooks.ask(name, Asked(SystemClock().now(), since), wanted)


def _are(known: list[str]) -> str:
    return f"{'is' if len(known) == 1 else 'are'} {', '.join(known)}" if known else "are none"


def _wire(name: str, state: WebhookState | None) -> dict[str, Any]:
    if state is None:
        return {"webhook": name, "state": "not_begun"}
    return {
        "webhook": name,
        "state": state.state,
        "why": state.why,
        "status": state.status,
        "since": _local(state.since),
        "tries": state.tries,
        "next_try": _local(state.next_at),
        "last_sent": _local(state.sent_at),
        "set_aside": state.aside,
    }


def _local(at: datetime | None) -> str | None:
    return at.astimezone(ZONE).isoformat(timespec="seconds") if at else None


def _table(found: list[tuple[str, WebhookState | None]]) -> None:
    table = Table("webhook", "state", "why", "since", "tries", "next try", "last sent", "set aside", box=None)
    for name, state in found:
        one = {key: "–" if value is None else str(value) for key, value in _wire(name, state).items()}
        why = " ".join(part for part in (one.get("why", "–"), one.get("status", "–")) if part != "–") or "–"
        cells = (one.get(key, "–") for key in ("since", "tries", "next_try", "last_sent", "set_aside"))
        table.add_row(name, one["state"], why, *cells)
    console().print(table)
