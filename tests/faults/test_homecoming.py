"""The way home of an island's mails where something goes wrong: each comes home once, and none keeps another from it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fakes.arrivals import CONTENT, NOW, SetClock, arrival, attempt, deferred, spooled
from structlog.testing import capture_logs

from services import island as islands
from services.island import Island
from services.settings import Settings
from services.store import snapshot
from services.store.homecoming import Arrive, SetOut
from services.store.interface import CommitUnknown, Leased, StoreUnavailable
from services.store.open import open_store
from services.store.sql_store import SqlStore
from services.store.unit_of_work import UnitOfWork

UNTIL = NOW + timedelta(minutes=10)


@dataclass
class Ashore:
    """An island, and the database that it stands in for."""

    island: Island
    main: SqlStore
    clock: SetClock
    folder: Path

    async def take(self, *ids: str) -> None:
        for id in ids:
            await self.island.store.commit(arrival(id))

    async def lease(self) -> list[Leased]:
        return await self.island.store.lease("next", self.clock.now(), self.clock.now() + timedelta(minutes=10), 10)

    async def here(self) -> list[str]:
        return sorted([one.mail for one in await self.island.store.queue()])

    async def home(self) -> list[str]:
        """What the database has; its books balance."""
        books = await self.main.books()
        assert books.balance(), books
        assert (await self.main.verify_audit()).broken_at is None
        return sorted([one.mail for one in await self.main.queue()])


@pytest_asyncio.fixture
async def ashore(tmp_path: Path) -> AsyncIterator[Ashore]:
    clock = SetClock()
    main = await open_store(Settings(data=tmp_path / "main"), clock)
    store = await open_store(Settings(data=tmp_path / "island"), clock)
    island = Island(tmp_path / "island", store, main, clock, (), decides=False)
    yield Ashore(island, main, clock, tmp_path / "island")
    await island.stop()
    await main.close()


async def test_law_1_an_arrival_whose_answer_is_lost_is_found_and_comes_home_once(
    ashore: Ashore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ashore.take("m1")
    [leased] = await ashore.lease()
    await ashore.island.store.record([attempt(leased, deferred(NOW + timedelta(minutes=1)), events=())])
    lose_answer(ashore.main, monkeypatch)
    with pytest.raises(CommitUnknown):
        await ashore.island.tend()
    ashore.clock.move(minutes=5)
    assert await ashore.lease() == []  # it may be there: nobody sends it from here
    with capture_logs() as logs:
        await ashore.island.tend()
    assert [one["known"] for one in logs if one["event"] == "mails_home"] == [1]
    assert (await ashore.here(), await ashore.home()) == ([], ["m1"])
    assert [one.id for one in await ashore.main.outbox(9)] == ["mail.received-m1", "mail.decided-m1"]


def lose_answer(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next transaction is committed, and nobody hears of it."""
    real = store.writer._transaction

    def answerless(operations: Any) -> Any:
        real(operations)
        monkeypatch.undo()
        raise OSError("the answer is lost")

    monkeypatch.setattr(store.writer, "_transaction", answerless)


def refuse(monkeypatch: pytest.MonkeyPatch, *ids: str) -> None:
    real: Callable[[Arrive, UnitOfWork], int] = Arrive.apply

    def choosy(self: Arrive, work: UnitOfWork) -> int:
        if set(ids) & set(self.cargo.ids):
            raise ValueError("no such value")
        return real(self, work)

    monkeypatch.setattr(Arrive, "apply", choosy)


async def test_a_mail_that_cannot_come_home_keeps_none_behind_it_and_is_sent_from_the_island(
    ashore: Ashore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.store.homecoming.MOST_MAILS", 1)
    await ashore.take("m1", "m2", "m3")
    with monkeypatch.context() as patch, capture_logs() as logs:
        refuse(patch, "m1")
        for _ in range(2):
            await ashore.island.tend()
    assert [one for one in logs if one["event"] == "mail_not_home"] == [
        {"event": "mail_not_home", "log_level": "error", "mail": "m1", "error": "ValueError", "again_in": 30.0}
    ]
    assert (await ashore.here(), await ashore.home()) == (["m1"], ["m2", "m3"])
    [leased] = await ashore.lease()
    await ashore.island.store.record([attempt(leased)])
    await ashore.island.tend()
    assert await ashore.main.mail("m1") is None  # its pause is not over
    ashore.island._refused["m1"] = (30.0, 0.0)
    await ashore.island.tend()
    assert (await ashore.here(), await ashore.home(), ashore.island._refused) == ([], ["m2", "m3"], {})
    assert [(row.accepted, row.delivered, row.queued) for row in await ashore.main.ledger()] == [(3, 1, 2)]


async def test_the_pauses_grow_up_to_an_hour(ashore: Ashore, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "m1")
    await ashore.take("m1")
    pauses = []
    for _ in range(9):
        await ashore.island.tend()
        [(id, (pause, _))] = ashore.island._refused.items()
        ashore.island._refused[id] = pause, 0.0
        pauses.append(pause)
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert await ashore.here() == ["m1"]


async def test_a_mail_whose_file_can_not_be_read_keeps_none_behind_it(ashore: Ashore) -> None:
    file = spooled(ashore.folder, "m1.eml", CONTENT)
    await ashore.island.store.commit(arrival("m1", content=file))
    await ashore.take("m2")
    file.unlink()
    file.mkdir()  # root reads everything, but no folder
    await ashore.island.tend()
    assert (await ashore.here(), await ashore.home()) == (["m1"], ["m2"])
    file.rmdir()
    file.write_bytes(CONTENT)
    ashore.island._refused.clear()
    await ashore.island.tend()
    assert (await ashore.here(), await ashore.home()) == ([], ["m1", "m2"])


async def test_what_a_living_deliverer_has_in_hand_stays_however_long_and_is_taken_home_when_it_dies(ashore: Ashore) -> None:
    await ashore.take("m1")
    beside = await open_store(Settings(data=ashore.folder), ashore.clock)
    await beside.release_dead()  # as a deliverer's start: it is known to live
    assert len(await beside.lease("next", NOW, UNTIL, 10)) == 1
    ashore.clock.move(minutes=11)
    assert await ashore.island.store.writer.run(SetOut(set())) == []
    await ashore.island.tend()
    assert (await ashore.here(), await ashore.home()) == (["m1"], [])
    await beside.close()
    await ashore.island.tend()
    assert (await ashore.here(), await ashore.home()) == ([], ["m1"])


async def test_one_process_at_a_time_brings_mails_home(ashore: Ashore) -> None:
    await ashore.take("m1")
    with snapshot.alone(ashore.folder, "home") as mine:
        assert mine
        await ashore.island.tend()
        assert await ashore.here() == ["m1"]
    await ashore.island.tend()
    assert (await ashore.here(), await ashore.home()) == ([], ["m1"])


async def test_a_homecoming_that_the_islands_disk_stops_is_told(ashore: Ashore, monkeypatch: pytest.MonkeyPatch) -> None:
    await ashore.take("m1")
    monkeypatch.setattr(islands, "TEND_EVERY", 0.01)

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ashore.island.store.writer, "_transaction", full)
    ashore.island.start()
    with capture_logs() as logs:
        async with asyncio.timeout(60):
            while not any(one["event"] == "upkeep_failed" and one["what"] == "tend" for one in logs):
                await asyncio.sleep(0.01)
        monkeypatch.undo()
    async with asyncio.timeout(60):
        while await ashore.here():
            await asyncio.sleep(0.01)
    assert await ashore.home() == ["m1"]


async def test_a_file_that_the_island_did_not_take_goes_and_one_that_it_may_have_taken_stays(
    ashore: Ashore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ashore.folder / "spool"
    with pytest.raises(ValueError, match="served"):
        await ashore.island.commit(replace(large(tmp_path, "m1"), deliveries=()), None)
    assert list(folder.iterdir()) == []
    lose_answer(ashore.island.store, monkeypatch)
    with pytest.raises(CommitUnknown):
        await ashore.island.commit(large(tmp_path, "m2"), None)
    assert [one.name for one in folder.iterdir()] == ["m2.eml"]
    with pytest.raises(StoreUnavailable):
        await ashore.island.commit(replace(arrival("m3"), content=tmp_path / "spool" / "m3.eml"), None)
    await ashore.island.tend()
    assert await ashore.home() == ["m2"]
    found = await ashore.main.mail("m2")
    assert found is not None and list(folder.iterdir()) == []


def large(data: Path, id: str) -> Any:
    return arrival(id, content=spooled(data, f"{id}.eml", CONTENT))
