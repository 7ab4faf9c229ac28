"""``token``: what programs show to the API in place of a password."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import click
from rich.table import Table

from services.bad_input import BadInput
from services.clock import SystemClock, new_id
from services.commands.common import console, opened, print_json, record, run, seen
from services.commands.user import account_of
from services.console.auth.door import hash_of
from services.console.auth.scopes import SCOPES, new_token
from services.options import as_json, common, given
from services.settings import ZONE, Settings
from services.store.account_values import ApiToken, UserAccount

DAYS = 365


@click.group()
@common
def token() -> None:
    """Make and revoke tokens for programs that use the API."""


@token.command()
@click.argument("address", metavar="ADDRESS")
@click.option("--name", required=True, help="What the token is for, such as the program's name.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="What it opens; repeat it for more."
)
@click.option("--days", type=click.IntRange(1, 10 * 365), default=DAYS, show_default=True, help="How long it is good.")
@as_json
@common
def create(address: str, name: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a token and print it once.

    It opens what its scopes say, and never more than the account of ADDRESS may see and do.
    """
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise BadInput("--name: write a name of at most 200 letters")
    secret, now = new_token(), SystemClock().now()
    token = ApiToken(new_id(now), hash_of(secret), "", name.strip(), scopes, now, now + timedelta(days=days))
    made = run(_create(given().settings(), address, token))
    if as_json:
        print_json(_wire(made) | {"token": secret})
    else:
        click.echo(f"Token {made.id}, good until {made.ends_at:%Y-%m-%d}. It is shown only now:\n\n  {secret}\n")


async def _create(settings: Settings, address: str, token: ApiToken) -> ApiToken:
    async with opened(settings) as store:
        account = await account_of(store, address)
        if account.disabled_at is not None:
            raise BadInput(f"{address}: is disabled")
        made = replace(token, account=account.id)
        await store.users.add_token(made, record("token.created", made.id, account=account.id, scopes=list(made.scopes)))
        return made


@token.command("list")
@as_json
@common
def list_tokens(as_json: bool) -> None:
    """List the tokens, the newest first."""
    tokens, owners = run(_list(given().settings()))
    if as_json:
        print_json([_wire(one) | {"address": owners[one.account].address} for one in tokens])
    elif tokens:
        table = Table("id", "name", "account", "scopes", "good until", "last used", "revoked", box=None)
        for one in tokens:
            days = [f"{at.astimezone(ZONE):%Y-%m-%d}" if at else "–" for at in (one.ends_at, one.used_at, one.revoked_at)]
            table.add_row(one.id, seen(one.name), seen(owners[one.account].address), " ".join(one.scopes), *days)
        console().print(table)
    else:
        click.echo("There is no token yet.")


async def _list(settings: Settings) -> tuple[list[ApiToken], dict[str, UserAccount]]:
    async with opened(settings) as store:
        return await store.users.tokens(), {one.id: one for one in await store.users.all()}


@token.command()
@click.argument("id", metavar="ID")
@as_json
@common
def revoke(id: str, as_json: bool) -> int:
    """Revoke a token: it opens nothing from now on."""
    done = run(_revoke(given().settings(), id))
    if as_json:
        print_json({"id": id, "revoked": done})
    elif done:
        click.echo(f"Token {id} is revoked.")
    else:
        click.echo(f"rammevagt: no token with the id {id} is in force", err=True)
    return 0 if done else 1


async def _revoke(settings: Settings, id: str) -> bool:
    async with opened(settings) as store:
        return await store.users.revoke_token(id, record("token.revoked", id))


def _wire(token: ApiToken) -> dict[str, Any]:
    times = {"created": token.created_at, "ends": token.ends_at, "used": token.used_at, "revoked": token.revoked_at}
    shown = {name: at.astimezone(ZONE).isoformat(timespec="seconds") if at else None for name, at in times.items()}
    return {"id": token.id, "name": token.name, "account": token.account, "scopes": list(token.scopes), **shown}
