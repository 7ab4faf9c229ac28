"""A damaged, lost or foreign database: a clear stop that names the mend, nothing taken in, and nothing on disk made worse."""

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from fakes.arrivals import CONTENT, SetClock, arrival, entry

from services.settings import Settings
from services.store.errors import LostPromises, UnsoundStore
from services.store.homecoming import Remove
from services.store.interface import StoreUnavailable
from services.store.keys import FILE, BadKey
from services.store.open import open_store
from services.store.promises import MARK
from services.store.sql_store import SqlStore

PAGE = 4096
MAILS = 40


async def with_mails(folder: Path, first: int = 0) -> SqlStore:
    store = await open_store(Settings(data=folder), SetClock())
    for n in range(first, first + MAILS):
        await store.commit(arrival(f"m{n}", content=CONTENT + b"x" * 9000))
    return store


async def killed(folder: Path) -> Path:
    """A data folder as kill -9 leaves it: the copy of one in use."""
    store = await with_mails(folder.with_name("live"))
    shutil.copytree(folder.with_name("live"), folder)
    await store.close()
    return folder


async def stopped(folder: Path) -> Path:
    await (await with_mails(folder)).close()
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    """But for the log's index, and an empty log, which any look at the database makes."""
    found = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and not file.name.endswith("-shm")}
    return {name: content for name, content in found.items() if content}


def page_of(folder: Path, name: str) -> int:
    with sqlite3.connect(folder / FILE) as database:
        [(page,)] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchall()
    database.close()
    return int(page)


def overwrite(file: Path, page: int, content: bytes = os.urandom(PAGE)) -> None:
    with file.open("r+b") as opened:
        opened.seek((page - 1) * PAGE)
        opened.write(content)


LOST: dict[str, Callable[[Path], object]] = {
    "deleted": lambda log: log.unlink(),
    "truncated": lambda log: os.truncate(log, log.stat().st_size // 2),
    "empty": lambda log: os.truncate(log, 0),
    "garbage": lambda log: log.write_bytes(os.urandom(log.stat().st_size)),
    "header gone": lambda log: overwrite(log, 1, bytes(32)),
    "older": lambda log: log.write_bytes(log.read_bytes()[: 32 + 40 * (PAGE + 24)]),
}


@pytest.mark.parametrize("how", LOST)
async def test_law_1_a_lost_log_stops_the_start_and_is_told(how: str, tmp_path: Path) -> None:
    data = await killed(tmp_path / "data")
    log = data / f"{FILE}-wal"
    LOST[how](log)
    before = everything(data)
    for _ in range(2):
        with pytest.raises(LostPromises, match=r"rammevagt\.db: .*runbook"):
            await open_store(Settings(data=data), SetClock())
    assert everything(data) == before
    (data / MARK).unlink()  # a person has decided
    store = await open_store(Settings(data=data), SetClock())
    await store.commit(arrival("later"))
    assert all(row.balances() for row in await store.ledger())
    assert (await store.verify_audit()).broken_at is None
    await store.close()


async def test_law_1_the_log_of_another_database_is_never_taken_for_ours(tmp_path: Path) -> None:
    other = await with_mails(tmp_path / "live-other", first=500)
    data = await killed(tmp_path / "data")
    shutil.copy(tmp_path / "live-other" / f"{FILE}-wal", data / f"{FILE}-wal")
    await other.close()
    before = everything(data)
    with pytest.raises(UnsoundStore, match="runbook"):
        await open_store(Settings(data=data), SetClock())
    assert everything(data) == before


async def test_what_another_process_took_home_is_no_lost_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes on one island: the last entry that one of them promised goes home with its mail, by the other."""
    settings, clock = Settings(data=tmp_path), SetClock()
    one, other = await open_store(settings, clock), await open_store(settings, clock)
    await one.append_audit(entry("mail.accepted", "m1"))
    mark = (tmp_path / MARK).read_bytes()
    await other.append_audit(entry("mail.delivered", "m1"))
    await other.writer.run(Remove(["m1"], other.spool))

    def failing(_: object) -> None:
        monkeypatch.undo()
        one.writer._drop(spoilt=True)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(one.writer, "_transaction", failing)
    with pytest.raises(StoreUnavailable):
        await one.append_audit(entry("mail.accepted", "m2"))
    await one.append_audit(entry("mail.accepted", "m2"))
    assert one.ready()
    await one.close()
    await other.close()
    (tmp_path / MARK).write_bytes(mark)  # what the first promised last, as if it had written that last
    await (await open_store(settings, clock)).close()


@pytest.mark.parametrize("how", ["garbage", "gone"])
async def test_a_log_is_found_whole_whatever_became_of_its_index(how: str, tmp_path: Path) -> None:
    data = await killed(tmp_path / "data")
    index = data / f"{FILE}-shm"
    index.write_bytes(os.urandom(index.stat().st_size)) if how == "garbage" else index.unlink()
    store = await open_store(Settings(data=data), SetClock())
    [row] = await store.ledger()
    assert (row.accepted, row.balances()) == (MAILS, True)
    assert (await store.verify_audit()).entries == MAILS
    await store.close()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "header": lambda data: overwrite(data / FILE, 1),
    "table": lambda data: overwrite(data / FILE, page_of(data, "delivery")),
    "index": lambda data: overwrite(data / FILE, page_of(data, "ix_mail_day")),
    "zeros in a table": lambda data: overwrite(data / FILE, page_of(data, "mail"), bytes(PAGE)),
    "truncated": lambda data: os.truncate(data / FILE, (data / FILE).stat().st_size // 2),
    "zero-length": lambda data: os.truncate(data / FILE, 0),
    "no database": lambda data: (data / FILE).write_bytes(b"no database" * 5000),
    "gone": lambda data: (data / FILE).unlink(),
}


@pytest.mark.parametrize("what", DAMAGE)
async def test_law_1_a_damaged_database_takes_nothing_in(what: str, tmp_path: Path) -> None:
    data = await stopped(tmp_path / "data")
    DAMAGE[what](data)
    try:
        store = await open_store(Settings(data=data), SetClock())
    except UnsoundStore as error:
        assert str(data / FILE) in str(error) and "runbook" in str(error)
        return
    with suppress(StoreUnavailable):  # after a clean stop it is met when the page is read
        for n in range(MAILS):
            await store.commit(arrival(f"n{n}"))
            await store.ledger()
    assert "damaged" in await refused(store, "after")
    assert not store.ready()
    await store.close()
    with pytest.raises(UnsoundStore, match="damaged"):  # and looked for at the next start
        await open_store(Settings(data=data), SetClock())


@pytest.mark.parametrize("name", ["citizen", "ix_receipt_sent_at"])
async def test_law_1_after_a_kill_the_whole_database_is_looked_at(name: str, tmp_path: Path) -> None:
    """These pages are read by nothing here but that look."""
    data = await stopped(tmp_path / "data")
    page = page_of(data, name)
    store = await open_store(Settings(data=data), SetClock())
    await store.commit(arrival("last"))
    shutil.copytree(data, tmp_path / "killed")
    await store.close()
    overwrite(tmp_path / "killed" / FILE, page)
    for _ in range(2):
        with pytest.raises(UnsoundStore, match=r"the database is damaged .*runbook"):
            await open_store(Settings(data=tmp_path / "killed"), SetClock())


@pytest.mark.parametrize("what", ["header", "pages", "truncated"])
async def test_law_1_damage_while_running_ends_every_promise(what: str, tmp_path: Path) -> None:
    data = await stopped(tmp_path / "data")
    store = await open_store(Settings(data=data), SetClock())
    await store.refresh()
    if what == "pages":
        for page in range(2, (data / FILE).stat().st_size // PAGE):
            overwrite(data / FILE, page)
    else:
        DAMAGE[what](data)
    promised = []
    with suppress(StoreUnavailable):
        for n in range(MAILS):
            await store.commit(arrival(f"n{n}", content=CONTENT + b"x" * 9000))
            promised.append(f"n{n}")
            await store.ledger()
            await store.verify_audit()
    if store.ready():  # the page lay in the log, or in memory, and the next checkpoint mends it
        assert what == "header"
        await store.close()
        store = await open_store(Settings(data=data), SetClock())
        assert all([await store.mail(id) for id in promised])
        assert (await store.verify_audit()).entries == MAILS + len(promised)
    else:
        assert "damaged" in await refused(store, "after")
    await store.close()


async def refused(store: SqlStore, id: str) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        await store.commit(arrival(id))
    return str(caught.value)


@pytest.mark.parametrize("file", [FILE, f"{FILE}-wal"])
async def test_law_1_a_file_removed_while_running_ends_every_promise_and_a_clean_stop_saves_all(file: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = await with_mails(data)
    aside = (data / file).rename(tmp_path / "aside")
    assert "removed or replaced" in await refused(store, "m40")
    assert not store.ready()
    shutil.copytree(data, tmp_path / "killed")
    if file == FILE:
        aside.rename(data / FILE)
    await store.close()
    with pytest.raises(UnsoundStore):  # where it was killed instead
        await open_store(Settings(data=tmp_path / "killed"), SetClock())
    store = await open_store(Settings(data=data), SetClock())
    [row] = await store.ledger()
    assert row.accepted >= MAILS and row.balances()
    assert (await store.verify_audit()).broken_at is None
    await store.close()


async def test_an_older_mark_is_fine_and_one_that_cannot_be_read_is_not(tmp_path: Path) -> None:
    store = await with_mails(tmp_path)
    older = (tmp_path / MARK).read_bytes()
    await store.commit(arrival("after"))
    await store.close()
    (tmp_path / MARK).write_bytes(older)  # as after a power cut
    await (await open_store(Settings(data=tmp_path), SetClock())).close()
    (tmp_path / MARK).write_bytes(b"")
    with pytest.raises(UnsoundStore, match=r"rammevagt\.promised.*\(mark\)"):
        await open_store(Settings(data=tmp_path), SetClock())


async def test_a_lost_key_is_told_with_its_mend(tmp_path: Path) -> None:
    data = await stopped(tmp_path / "data")
    (data / "secret.key").unlink()
    with pytest.raises(BadKey, match="put it back from a backup"):
        await open_store(Settings(data=data), SetClock())


async def test_law_1_a_locked_database_is_refused_meanwhile_and_used_afterwards(tmp_path: Path) -> None:
    store = await with_mails(tmp_path)
    connection = store._writer._kept()
    connection.exec_driver_sql("PRAGMA busy_timeout = 20")
    connection.rollback()
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    threads = threading.active_count()
    for n in range(20):
        assert "locked" in await refused(store, f"l{n}")
    assert threading.active_count() == threads
    assert store.ready()
    other.execute("ROLLBACK")
    other.close()
    await store.commit(arrival("after"))
    assert (await store.verify_audit()).entries == MAILS + 1
    await store.close()
