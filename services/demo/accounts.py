"""The demo's accounts: one for each role, with passwords that are printed once."""

from dataclasses import replace

import click

from services.clock import Clock
from services.commands.common import record
from services.console.auth.door import new_account
from services.console.auth.passwords import Passwords, new_password
from services.store.sql_store import SqlStore
from workflows.people import Employee
from workflows.rights import UserRole

SHOWN = ("karen@eksempel.dk", "lene@eksempel.dk")  # whom the first framework shields, and who decided it
DPO = Employee(address="dpo@eksempel.dk", name="Dorte Ørsted", unit="boern-familie", role="dpo")


async def show_accounts(store: SqlStore, clock: Clock) -> None:
    """Make the accounts where there are none, and print how to log in. An earlier run's passwords are known to nobody any more."""
    if await store.users.all():
        click.echo("\nThe accounts are those of an earlier run; rammevagt user reset ADDRESS gives one a new password.")
        return
    click.echo("\nLog in to the console as one of these. The passwords are shown only now:\n")
    employees = sorted([*store.organisation().employees.values(), DPO], key=lambda one: one.address not in SHOWN)
    passwords = Passwords()
    try:
        for role in UserRole:
            one = next(one for one in employees if one.role == role)
            password = new_password()
            made = new_account(one.address, one.name, role.value, clock.now(), password=await passwords.hash(password))
            await store.users.add(replace(made, temporary=False), record("user.added", made.id, role=role.value))
            click.echo(f"  {one.address:<22} {password}   {role.value:<17} {one.name}")
    finally:
        passwords.close()
