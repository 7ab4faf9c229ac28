"""The register in the store: loading, exporting, and finding who wrote."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from fakes.arrivals import citizen, entry, framework, register
from fakes.guard import until
from fakes.newer_version import rewrite
from sqlalchemy import select

from services.settings import Settings
from services.store import schema
from services.store.directory import RegisterUnreadable
from services.store.interface import RegisterChange, StoreUnavailable
from services.store.open import open_store
from services.store.sql_store import SqlStore
from workflows.people import OpenKind
from workflows.register import Register

LOADED = entry("register.loaded", "register")


async def load(store: SqlStore, what: Register) -> RegisterChange:
    return await store.load_register(what, LOADED)


async def ids_of(store: SqlStore, *addresses: str) -> list[str]:
    return [one.citizen.id for one in await store.files_of(addresses)]


async def test_a_load_round_trips_and_the_second_changes_nothing(store: SqlStore) -> None:
    made = register(3)
    seen: list[tuple[int, int]] = []
    change = await store.load_register(made, LOADED, lambda done, total: seen.append((done, total)))
    assert change.added == {
        "units": 1,
        "employees": 2,
        "open_addresses": 1,
        "authorities": 2,
        "citizens": 3,
        "cases": 3,
        "frameworks": 3,
    }
    assert seen[-1] == (15, 15)
    exported = await store.export_register()
    assert exported.citizens == made.citizens
    assert exported.frameworks == made.frameworks
    assert exported.employees == made.employees
    assert set(exported.authorities) == set(made.authorities)
    assert await load(store, exported) == RegisterChange()
    assert await load(store, made) == RegisterChange()
    assert (await store.verify_audit()).entries == 1


async def test_a_load_tells_what_it_changed(store: SqlStore) -> None:
    await load(store, register(3))
    lifted = framework("f-1001", "c-1001", "s-1001", state="lifted")
    parts = register(2).model_dump(by_alias=True, mode="json")
    parts["frameworks"][0] = lifted
    parts["citizens"][1]["name"] = "Bo Andersen"
    parts["units"].append({"id": "borgerservice", "name": "Borgerservice", "leader": "lene@eksempel.dk"})
    changed = Register.model_validate(parts)
    change = await load(store, changed)
    assert change.added == {"units": 1}
    assert change.changed == {"citizens": 1, "frameworks": 1}
    assert change.removed == {"citizens": 1, "cases": 1, "frameworks": 1}
    assert (await store.export_register()).frameworks == changed.frameworks
    assert (await store.verify_audit()).entries == 2


async def test_the_file_of_a_citizen_is_found_by_every_address_around_them(store: SqlStore) -> None:
    made = register(3)
    await load(store, made)
    [found] = await store.files_of(["bo1002@example.net"])
    assert await store.files_of(["bo1002@example.net"]) == (found,)  # the second time from memory
    assert (found.citizen, found.cases, found.frameworks) == (made.citizens[1], made.cases[1:2], made.frameworks[1:2])
    assert await ids_of(store, "bo.1001@example.org", "ada1003@advokat.example") == ["c-1001", "c-1003"]
    assert await ids_of(store, "nobody@example.net") == []


async def test_an_address_of_several_finds_them_all(store: SqlStore) -> None:
    parts = register(2).model_dump(by_alias=True, mode="json")
    for one in parts["citizens"]:
        one["addresses"] = ["familien@example.net"]
    await load(store, Register.model_validate(parts))
    assert await ids_of(store, "familien@example.net") == ["c-1001", "c-1002"]


async def test_an_address_that_was_removed_finds_nobody(store: SqlStore) -> None:
    await load(store, register(2))
    moved = citizen(1001).model_copy(update={"addresses": ()})
    await load(store, register(2).model_copy(update={"citizens": (moved, citizen(1002))}))
    assert await ids_of(store, "bo1001@example.net") == []
    assert await ids_of(store, "ada1001@advokat.example") == ["c-1001"]
    await load(store, register(1))
    assert await ids_of(store, "bo1002@example.net") == []


async def test_the_organisation_is_indexed_by_every_address(store: SqlStore) -> None:
    await load(store, register())
    known = store.organisation()
    assert known.employees["karen.karlsen@eksempel.dk"].name == known.employees["karen@eksempel.dk"].name == "Karen Karlsen"
    assert known.open_addresses == {"dpo@eksempel.dk": OpenKind.DPO}
    assert known.authorities.include("post@mail.ombudsmanden.dk")
    assert known.authorities.include("klage@ankestyrelsen.dk")
    assert not known.authorities.include("anden@ankestyrelsen.dk")


async def test_what_another_process_loads_is_in_force_within_a_look(
    store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]
) -> None:
    await load(store, register(2))
    other = await opener()
    await load(other, register(3))
    await store.refresh()
    assert await ids_of(store, "bo1003@example.net") == ["c-1003"]
    await load(other, Register())
    await store.refresh()
    assert (await ids_of(store, "bo1001@example.net"), store.organisation().employees) == ([], {})


async def test_a_store_looks_for_changes_by_itself(store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]) -> None:
    other = await opener()
    await load(other, register(1))
    while not await ids_of(store, "bo1001@example.net"):
        await asyncio.sleep(0.01)
    assert store.organisation().units


async def test_after_a_large_change_the_index_is_read_anew(
    store: SqlStore, opener: Callable[[], Awaitable[SqlStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.store.register_load.LOGGED_CHANGES", 5)
    other = await opener()
    for count in (1, 4, 5):
        await load(other, register(count))
        await store.refresh()
        assert await ids_of(store, f"bo{1000 + count}@example.net") == [f"c-{1000 + count}"]


async def test_law_3_nobody_is_looked_up_before_the_index_is_whole(settings: Settings) -> None:
    from fakes.arrivals import SetClock

    store = await open_store(settings, SetClock(), extra_authorities=["politi.dk"])
    assert not store.ready()
    with pytest.raises(StoreUnavailable):
        await store.files_of(["bo1001@example.net"])
    await store.refresh()
    assert store.ready()
    assert store.organisation().authorities.include("a@politi.dk")
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.export_register()
    with pytest.raises(StoreUnavailable):
        await store.append_audit(LOADED)


async def test_a_load_that_fails_changes_nothing(store: SqlStore) -> None:
    await load(store, register(2))
    before = await store.export_register()
    broken = register(3).model_copy(update={"frameworks": (None,)})  # fails after units, citizens and cases were written
    with pytest.raises(AttributeError):
        await load(store, broken)
    assert await store.export_register() == before
    assert (await store.verify_audit()).entries == 1


async def test_many_frameworks_are_all_named_in_the_chain(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.store.register_load.IDS_AN_ENTRY", 2)
    await load(store, register(5))
    assert (await store.verify_audit()).entries == 3


async def test_law_3_a_register_that_this_version_cannot_read_is_not_decided_by_until_it_can(
    store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]
) -> None:
    """Neither by what was read before, where a framework may be in force that has ended; and it looks again by itself."""
    await load(store, register(1))
    [before] = await store.files_of(["bo1001@example.net"])
    other = await opener()
    [document] = await other.readers.run(lambda connection: connection.execute(select(schema.unit.c.document)).scalars().all())

    async def is_doubted() -> bool:
        try:
            await store.files_of(["bo1001@example.net"])
        except RegisterUnreadable:
            return True
        return False

    await rewrite(other, schema.unit)
    await until(is_doubted)
    assert store.ready()  # mail goes as addressed, and does not wait
    await rewrite(other, schema.unit, document)

    async def is_known() -> bool:
        return not await is_doubted()

    await until(is_known)
    assert await store.files_of(["bo1001@example.net"]) == (before,)


async def test_what_a_look_at_the_register_meets_is_not_the_end_of_looking(
    store: SqlStore, opener: Callable[[], Awaitable[SqlStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("services.store.register_read.versions", fail)
    await until(lambda: asyncio.sleep(0, store._directory._unreadable))
    monkeypatch.undo()
    await load(await opener(), register(1))

    async def is_found() -> bool:
        try:
            return await ids_of(store, "bo1001@example.net") == ["c-1001"]
        except RegisterUnreadable:
            return False

    await until(is_found)
