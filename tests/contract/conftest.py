"""Every store that there is, behind one fixture: each contract test runs over each of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from fakes.arrivals import SetClock

from services.settings import Settings, StoreSettings
from services.store.keys import make_key
from services.store.open import open_store
from services.store.sql_store import SqlStore

STORES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql")))
Opener = Callable[[], Awaitable[SqlStore]]
OpenerOf = Callable[[str], Awaitable[SqlStore]]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=STORES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Settings(data=tmp_path / "data", store=StoreSettings(url=url))


@pytest_asyncio.fixture
async def opener(settings: Settings, clock: SetClock) -> AsyncIterator[Opener]:
    """Opens the same store as often as a test asks: each time as another process would."""
    opened: list[SqlStore] = []

    async def open_one() -> SqlStore:
        opened.append(await open_store(settings, clock))
        await opened[-1].refresh()
        return opened[-1]

    yield open_one
    for one in opened:
        await one.close()


@pytest_asyncio.fixture
async def store(opener: Opener) -> SqlStore:
    return await opener()


@pytest_asyncio.fixture
async def opener_of(postgres_url: str, tmp_path: Path) -> AsyncIterator[OpenerOf]:
    """Opens one PostgreSQL database as the machine of that name."""
    make_key(tmp_path / "shared.key")
    shared = StoreSettings(url=postgres_url, key_file=str(tmp_path / "shared.key"))
    opened: list[SqlStore] = []

    async def open_one(machine: str) -> SqlStore:
        opened.append(await open_store(Settings(data=tmp_path / machine, store=shared), SetClock()))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.close()


@pytest_asyncio.fixture
async def stores(opener_of: OpenerOf) -> list[SqlStore]:
    """Two machines on one PostgreSQL database."""
    return [await opener_of("a"), await opener_of("b")]
