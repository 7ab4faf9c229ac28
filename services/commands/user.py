"""``user``: who may log in to the console."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import click
from rich.table import Table

from services.bad_input import BadInput
from services.clock import SystemClock
from services.commands.common import console, opened, print_json, record, run, seen
from services.console.auth.door import new_account, who_of
from services.console.auth.passwords import Passwords, new_password
from services.console.auth.seal import Sealer
from services.options import as_json, common, given
from services.settings import ZONE
from services.store.account_values import UserAccount
from services.store.sql_store import SqlStore
from workflows.addresses import normalise
from workflows.rights import UserRole

T = TypeVar("T")
ROLES = click.Choice([role.value for role in UserRole])
LONGEST_NAME = 200


@click.group()
@common
def user() -> None:
    """Say who may log in to the console."""


@user.command()
@click.argument("address", metavar="ADDRESS")
@click.option("--name", required=True, help="Their name, as colleagues know it.")
@click.option("--role", type=ROLES, required=True, help="What they are employed as: it decides what they see.")
@click.option("--unit", "units", multiple=True, metavar="ID", help="A unit beside those of the register; can be repeated.")
@click.option("--single-sign-on", "sso", is_flag=True, help="They log in with the municipality's login, and have no password here.")
@as_json
@common
def add(address: str, name: str, role: str, units: tuple[str, ...], sso: bool, as_json: bool) -> None:  # noqa: PLR0917
    """Make an account.

    ADDRESS is their mail address, by which the register knows them. A password is made and printed once; they choose their own
    at their first visit.
    """
    _check(address, name)
    password = None if sso else new_password()

    async def work(store: SqlStore) -> UserAccount:
        unknown = sorted(set(units) - store.organisation().units.keys())
        if unknown:
            raise BadInput(f"{unknown[0]}: the register has no such unit")
        hash = await _hash(password) if password else None
        made = replace(new_account(address, name.strip(), role, SystemClock().now(), password=hash), units=units)
        if not await store.users.add(made, record("user.added", made.id, role=role)):
            raise BadInput(f"{address}: has an account already; user reset gives it a new password")
        return made

    made = _with_store(work)
    _show_password(made, password, as_json=as_json)


@user.command("list")
@as_json
@common
def list_accounts(as_json: bool) -> None:
    """List the accounts."""

    async def work(store: SqlStore) -> list[UserAccount]:
        return await store.users.all()

    accounts = _with_store(work)
    if as_json:
        print_json([_wire(one) for one in accounts])
    elif accounts:
        table = Table("address", "name", "role", "units", "logs in with", "disabled", box=None)
        for one in accounts:
            disabled = f"{one.disabled_at.astimezone(ZONE):%Y-%m-%d}" if one.disabled_at else ""
            table.add_row(seen(one.address), seen(one.name), one.role, " ".join(one.units), _way(one), disabled)
        console().print(table)
    else:
        click.echo("Nobody has an account yet; rammevagt user add makes one.")


@user.command()
@click.argument("address", metavar="ADDRESS")
@as_json
@common
def disable(address: str, as_json: bool) -> int:
    """Let somebody in no more, from now on.

    Their sessions end and their tokens open nothing. What they did stays theirs. The command reset lets them in again.
    """

    async def work(store: SqlStore, one: UserAccount) -> bool:
        if one.disabled_at is not None:
            return False
        entry = record("user.disabled", one.id)
        return await store.users.change(one, entry, ends_sessions=True, disabled_at=entry.at)

    found, done = _with_account(address, work)
    if as_json:
        print_json(_wire(found) | {"disabled": True})
    else:
        click.echo(f"{address} is {'' if done else 'already '}disabled.")
    return 0


@user.command()
@click.argument("address", metavar="ADDRESS")
@as_json
@common
def reset(address: str, as_json: bool) -> None:
    """Let somebody in again who can't get in.

    Gives a new password (printed once; they choose their own at the next visit), forgets their app's codes and their tries,
    ends their sessions, and opens an account that was disabled.
    """
    password = new_password()

    async def work(store: SqlStore, one: UserAccount) -> str | None:
        given = password if one.subject is None else None
        fields: dict[str, Any] = {"totp": None, "totp_used": None, "disabled_at": None}
        if given:
            fields |= {"password": await _hash(given), "temporary": True}
        if not await store.users.change(one, record("user.reset", one.id), ends_sessions=True, **fields):
            raise BadInput(f"{address}: was changed at the same time; run it again")
        await store.users.forget_tries(who_of(Sealer(store.key), one.address))
        return given

    found, new = _with_account(address, work)
    _show_password(found, new, as_json=as_json)


def _with_store(work: Callable[[SqlStore], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with opened(given().settings(), create=True) as store:
            if store.read_only:
                raise BadInput("the store can only be read now")
            return await work(store)

    return run(inside())


def _with_account(address: str, work: Callable[[SqlStore, UserAccount], Awaitable[T]]) -> tuple[UserAccount, T]:
    async def inside(store: SqlStore) -> tuple[UserAccount, T]:
        found = await account_of(store, address)
        return found, await work(store, found)

    return _with_store(inside)


async def account_of(store: SqlStore, address: str) -> UserAccount:
    """The account of ``address``. Raises ``BadInput``."""
    found = await store.users.by_address(normalise(address))
    if found is None:
        raise BadInput(f"{address}: has no account; rammevagt user list shows those that there are")
    return found


def _check(address: str, name: str) -> None:
    local, at, domain = address.rpartition("@")
    if not (at and local and "." in domain and address.isprintable() and " " not in address and len(address) <= 320):
        raise BadInput(f"{address}: is no mail address")
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise BadInput("--name: write a name of at most 200 letters")


async def _hash(password: str) -> str:
    passwords = Passwords()
    try:
        return await passwords.hash(password)
    finally:
        passwords.close()


def _show_password(account: UserAccount, password: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_wire(account) | {"password": password})
    elif password is None:
        click.echo(f"{account.address} logs in with the municipality's login.")
    else:
        click.echo(f"{account.address} can log in once with this password, and then chooses another. It is shown only now:")
        click.echo(f"\n  {password}\n")


def _way(account: UserAccount) -> str:
    if account.password is None:
        return "single sign-on"
    return "password and code" if account.totp else "password"


def _wire(account: UserAccount) -> dict[str, Any]:
    return {
        "id": account.id,
        "address": account.address,
        "name": account.name,
        "role": account.role,
        "units": list(account.units),
        "single_sign_on": account.password is None,
        "code": account.totp is not None,
        "disabled": account.disabled_at is not None,
        "created": account.created_at.astimezone(ZONE).isoformat(timespec="seconds"),
    }
