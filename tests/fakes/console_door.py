"""The console's pages over a real socket, with accounts to log in to; no mail, no broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
from argon2 import PasswordHasher
from fakes.arrivals import SetClock
from fakes.town import town
from fastapi import FastAPI

from services.console.auth.door import new_account
from services.console.auth.entrance import Entrance
from services.console.auth.passwords import Passwords
from services.console.http import Http, pages
from services.settings import Settings
from services.store.account_values import UserAccount
from services.store.open import open_store
from services.store.sql_store import SqlStore
from workflows.audit import AuditRecord

PASSWORD = "hest batteri sol kanel"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class House:
    """A console that runs."""

    store: SqlStore
    clock: SetClock
    base: str
    app: FastAPI
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    @property
    def entrance(self) -> Entrance:
        return self.app.state.entrance

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """A browser without cookies: it names its origin, and follows nothing by itself."""
        given = {"Origin": self.base, "Accept-Language": "da"} | headers
        self.clients.append(httpx2.AsyncClient(base_url=self.base, headers=given, timeout=60))
        return self.clients[-1]

    async def account(self, name: str = "lene", role: str = "leader", **changes: object) -> UserAccount:
        """Somebody with ``PASSWORD``, which is their own."""
        hash = await self.entrance.door.passwords.hash(PASSWORD)
        made = new_account(f"{name}@eksempel.dk", f"{name.title()} Lund", role, self.clock.now(), password=hash)
        made = replace(made, **{"temporary": False, **changes})
        assert await self.store.users.add(made, AuditRecord(self.clock.now(), "test", "user.added", made.id))
        return made

    async def logged_in(self, name: str = "lene") -> httpx2.AsyncClient:
        client = self.browser()
        answer = await enter(client, name)
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        return client

    async def audited(self) -> list[tuple[str, str]]:
        """Actor and action of every entry."""
        from sqlalchemy import select

        from services.store import schema

        def read(connection):
            return [tuple(row) for row in connection.execute(select(schema.audit.c.actor, schema.audit.c.action).order_by("seq"))]

        return await self.store.readers.run(read)


async def enter(client: httpx2.AsyncClient, name: str = "lene", password: str = PASSWORD, **more: str) -> httpx2.Response:
    return await client.post("/login", data={"address": f"{name}@eksempel.dk", "password": password, **more})


def csrf_of(answer: httpx2.Response) -> str:
    """The token of a page."""
    return answer.text.partition('name="csrf" value="')[2].partition('"')[0]


@asynccontextmanager
async def housed(data: Path, **console: object) -> AsyncIterator[House]:
    """A house with the town's register."""
    settings = Settings.model_validate({"data": data, "console": {"listen": "127.0.0.1:0", **console}})
    clock = SetClock()
    store = await open_store(settings, clock)
    await store.load_register(town(), AuditRecord(clock.now(), "test", "register.loaded", "test"))
    await store.refresh()
    made = pages(settings, store, clock, {})
    made.app.state.entrance = Entrance(settings, store, clock, Passwords(QUICK))
    http = Http("127.0.0.1:0", {}, {}, made)
    await http.start()
    house = House(store, clock, f"http://{http.address}", made.app)
    try:
        yield house
    finally:
        for client in house.clients:
            await client.aclose()
        await http.stop()
        await store.close()
