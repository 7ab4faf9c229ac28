"""A start that can't be: told in one line, and everything that had started is stopped again."""

from pathlib import Path

import pytest
from fakes.guard import SetClock, settings

from services.app import Guard
from services.bad_input import BadInput
from services.store.interface import StoreUnavailable
from services.store.sql_store import SqlStore


@pytest.mark.parametrize("asked", ["newest", "release_dead"])
async def test_a_store_that_goes_away_during_the_start_is_told_in_one_line(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: SqlStore) -> None:
        raise StoreUnavailable("the database is locked")

    monkeypatch.setattr(SqlStore, asked, away)
    guard = Guard(settings(tmp_path, "127.0.0.1:1"), frozenset({"deliver"}), SetClock())
    with pytest.raises(BadInput, match="the database is locked"):
        await guard.start()
    monkeypatch.undo()
    again = Guard(guard.settings, guard.roles, guard.clock)
    await again.start()
    await again.stop()
