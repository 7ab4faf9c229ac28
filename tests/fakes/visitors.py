"""Employees of the sample municipality with accounts of their own: a browser's session, or a program's token."""

import httpx2
from fakes.guard import Running

from services.clock import new_id
from services.console.auth.door import AT_MOST, hash_of, new_account
from services.console.auth.entrance import Entrance
from services.console.auth.scopes import SCOPES, new_token
from services.store.account_values import ApiToken, LogIn, UserAccount, UserSession
from workflows.audit import AuditRecord

CSRF = "c5f7"


async def account(entrance: Entrance, address: str, role: str) -> UserAccount:
    """Their account, made where there is none yet."""
    if found := await entrance.users.by_address(address):
        return found
    now = entrance.clock.now()
    made = new_account(address, address.partition("@")[0].title(), role, now, password=None)
    assert await entrance.users.add(made, AuditRecord(now, "test", "user.added", made.id))
    return made


async def browser(running: Running, name: str, role: str) -> httpx2.AsyncClient:
    """A browser in which ``name`` has logged in; close it."""
    entrance: Entrance = running.guard.http.pages.app.state.entrance
    who, now = await account(entrance, f"{name}@eksempel.dk", role), entrance.clock.now()
    cookie = new_id(now)
    session = UserSession(hash_of(cookie), who.id, CSRF, now, now, now + AT_MOST)
    assert await entrance.users.enter(LogIn(session, name, None, None), AuditRecord(now, "test", "login.succeeded", who.id))
    headers = {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": CSRF, "Accept-Language": "da"}
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={"sid": cookie}, headers=headers, timeout=60)


async def program(running: Running, name: str, role: str, scopes: tuple[str, ...] = SCOPES) -> httpx2.AsyncClient:
    """A program that asks for ``name``; close it."""
    entrance: Entrance = running.guard.http.pages.app.state.entrance
    who, now, secret = await account(entrance, f"{name}@eksempel.dk", role), entrance.clock.now(), new_token()
    token = ApiToken(new_id(now), hash_of(secret), who.id, "test", scopes, now)
    assert await entrance.users.add_token(token, AuditRecord(now, "test", "token.created", token.id))
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", headers=headers, timeout=60)
