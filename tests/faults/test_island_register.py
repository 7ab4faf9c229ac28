"""The island's snapshot of the register, where it is renewed or fails while mail is decided by it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fakes.arrivals import NOW, SetClock, entry
from fakes.town import BO, POLICY, framework, town
from structlog.testing import capture_logs

from services.island_register import IslandRegister
from services.settings import Settings
from services.store import snapshot
from services.store.columns import micros
from services.store.open import open_store
from services.store.sql_store import SqlStore
from workflows.mail import Envelope, Headers, Mail


@pytest_asyncio.fixture
async def main(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = await open_store(Settings(data=tmp_path), SetClock())
    await store.load_register(town(framework()), entry("register.loaded", "test"))
    yield store
    await store.close()


@pytest_asyncio.fixture
async def register(main: SqlStore, tmp_path: Path) -> AsyncIterator[IslandRegister]:
    one = IslandRegister(tmp_path, main, SetClock(), ())
    await one.keep()
    yield one
    await one.close()


def renew(main: SqlStore, folder: Path) -> None:
    """As another process on this island does: the file that was in use is gone."""
    with main._engines[1].connect() as connection:
        snapshot.make(connection, folder, main.key, micros(NOW))


async def states(register: IslandRegister, sender: str = BO) -> list[str] | None:
    """Of the sender's frameworks; None where nothing is known."""
    mail = Mail("aa", Envelope(sender, ("karen@eksempel.dk",)), Headers(1, (sender,)), "m1", 5)
    with capture_logs() as logs:
        facts = await register.facts(POLICY, mail, NOW)
    assert facts.known == (not any(one["log_level"] == "critical" for one in logs))
    return [str(one.state) for file in facts.files for one in file.frameworks] if facts.known else None


async def test_law_2_a_snapshot_that_is_renewed_while_it_is_opened_is_used(
    main: SqlStore, register: IslandRegister, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await main.load_register(town(framework(state="lifted")), entry("register.loaded", "test"))
    real = snapshot.open_file

    def late(folder: Path, seal: snapshot.Seal) -> Path:
        monkeypatch.undo()
        renew(main, folder)
        return real(folder, seal)

    monkeypatch.setattr(snapshot, "open_file", late)
    assert await states(register) == ["lifted"]


async def test_a_snapshot_that_fails_under_way_is_judged_again(main: SqlStore, register: IslandRegister, tmp_path: Path) -> None:
    assert await states(register) == ["active"]
    await main.load_register(town(framework(state="lifted")), entry("register.loaded", "test"))
    renew(main, tmp_path)
    assert register._opened is not None
    register._opened[0].close()
    assert await states(register, "bo.b@example.org") == ["lifted"]
    assert await states(register) == ["lifted"]


async def test_one_that_stays_unreadable_is_told_and_used_when_it_is_back(
    register: IslandRegister, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: Any) -> Any:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "open_file", unreadable)
        assert await states(register) is None
    assert await states(register) == ["active"]
