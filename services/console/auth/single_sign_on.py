"""From somebody whom the identity provider knows to an account here."""

from dataclasses import replace
from typing import Any

from services.clock import Clock
from services.console.auth.door import Door, Entered, Refused, new_account
from services.console.auth.oidc import Person, SignOnFailed
from services.store.account_values import UserAccount
from services.store.accounts import Accounts
from workflows.audit import AuditRecord


async def enter(users: Accounts, door: Door, clock: Clock, person: Person, *, client: str, old: str | None) -> Entered | Refused:
    """Let ``person`` in; their account is made at their first visit. Raises ``SignOnFailed`` where they have no role here."""
    if person.role is None:
        raise SignOnFailed("no_role")
    account = await _account(users, clock, person, person.role)
    if account.disabled_at is not None:
        raise SignOnFailed("disabled")
    changes = await _changes(users, account, person, person.role)
    if changes:
        changed = AuditRecord(clock.now(), "guard", "user.changed", account.id, {"fields": sorted(changes), "role": person.role})
        if not await users.change(account, changed, **changes):
            raise SignOnFailed("changed_meanwhile")
        account = replace(account, **changes)
    return await door.enter(account, client, "single_sign_on", old)


async def _account(users: Accounts, clock: Clock, person: Person, role: str) -> UserAccount:
    """Theirs; one that was made for single sign-on and has been nobody's yet; or a new one. Never one with a password."""
    if found := await users.by_subject(person.subject):
        return found
    if found := await users.by_address(person.address):
        if found.subject is not None or found.password is not None:
            raise SignOnFailed("address_taken")
        return found
    made = replace(new_account(person.address, person.name, role, clock.now(), password=None), subject=person.subject)
    if not await users.add(made, AuditRecord(clock.now(), "guard", "user.added", made.id, {"role": role, "how": "single_sign_on"})):
        raise SignOnFailed("changed_meanwhile")
    return made


async def _changes(users: Accounts, account: UserAccount, person: Person, role: str) -> dict[str, Any]:
    """What the provider says otherwise than before."""
    said = {"subject": person.subject, "name": person.name, "role": role, "address": person.address}
    changes = {name: value for name, value in said.items() if getattr(account, name) != value}
    if "address" in changes and await users.by_address(person.address):
        raise SignOnFailed("address_taken")
    return changes
