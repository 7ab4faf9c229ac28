"""What the console's pages ask every store: what changed, what waits, and the municipality's own side by itself."""

from datetime import timedelta

from fakes.arrivals import NOW, arrival, attempt, deferred, entry, register

from services.store import changes as told
from services.store.changes import Changes, changes
from services.store.own_side import load_own_side, own_side, resting_on, stored_own_side
from services.store.sql_store import SqlStore
from services.store.waiting import waiting
from workflows.people import Case, Citizen, Unit
from workflows.register import Register

LATER = NOW + timedelta(minutes=1)


async def look(store: SqlStore, after: int | None) -> Changes:
    return await store.readers.run(changes, after)


async def test_what_changed_after_an_entry_is_told_by_its_subjects(store: SqlStore) -> None:
    assert await look(store, None) == Changes(0)
    for action, subject in (("framework.eased", "f-1"), ("framework.read", "f-1"), ("register.loaded", "register")):
        await store.append_audit(entry(action, subject))
    assert await look(store, 0) == Changes(
        3, {"f-1": frozenset({"framework.eased", "framework.read"}), "register": frozenset({"register.loaded"})}
    )
    assert await look(store, 2) == Changes(3, {"register": frozenset({"register.loaded"})})
    assert await look(store, 3) == await look(store, None) == Changes(3)


async def test_too_many_changes_are_told_as_many(store: SqlStore, monkeypatch) -> None:
    monkeypatch.setattr(told, "MOST", 2)
    for subject in ("f-1", "f-2", "f-3"):
        await store.append_audit(entry("framework.eased", subject))
    assert await look(store, 0) == Changes(3, many=True)
    assert await look(store, 1) == Changes(3, {"f-2": frozenset({"framework.eased"}), "f-3": frozenset({"framework.eased"})})


async def test_what_waits_is_counted_by_hop_and_kind(store: SqlStore) -> None:
    empty = await store.readers.run(waiting)
    assert (empty.count, empty.stuck, empty.lines, empty.chain, empty.chain_at) == (0, 0, (), 0, None)
    await store.commit(arrival("m-1", recipients=("karen@eksempel.dk", "per@eksempel.dk")))
    [first, second] = await store.lease("next", NOW, NOW + timedelta(minutes=10), 10)
    await store.record([attempt(first, deferred(LATER, error="451 4.2.1 karen@eksempel.dk is full"))])
    found = await store.readers.run(waiting)
    [line] = found.lines
    assert (line.kind, line.hop, line.count, line.under_way, line.stuck) == ("mail", "next", 2, 1, 0)
    [one] = found.longest
    assert (one.id, one.attempts, one.due, one.code, one.stuck) == (first.delivery.id, 1, LATER, "451 4.2.1", False)
    assert found.count == 2 and found.chain_at is not None and found.chain >= 1
    await store.record([attempt(second)])
    assert (await store.readers.run(waiting)).count == 1


async def test_of_a_register_only_what_rests_on_the_own_side_is_read(store: SqlStore) -> None:
    """Frameworks with their citizens' cases; of the rest the first cases of units that would be gone, and whose they are."""
    framed = register(2)
    more = {f"c-{n}": "tek" if n % 2 else "boern-familie" for n in range(6)}
    citizens = tuple(Citizen(id=id, name=id) for id in more)
    cases = tuple(Case(id=f"s{id}", citizen=id, unit=unit, caseworker="karen@eksempel.dk") for id, unit in more.items())
    other = Case(id="s-0", citizen="c-1001", unit="boern-familie", caseworker="karen@eksempel.dk")
    tek = Unit(id="tek", name="Teknik", leader="lene@eksempel.dk")
    whole = framed.model_copy(
        update={"units": (*framed.units, tek), "citizens": (*framed.citizens, *citizens), "cases": (*framed.cases, other, *cases)}
    )
    await store.load_register(whole, entry("register.loaded", "register"))
    same = await resting_on(store, whole, 10)
    assert own_side(same) == own_side(await store.export_register())
    assert (same.frameworks, same.citizens) == (framed.frameworks, framed.citizens)
    assert [one.id for one in same.cases] == ["s-0", "s-1001", "s-1002"]
    fewer = await resting_on(store, framed, 2)
    assert [one.id for one in fewer.cases] == ["s-0", "s-1001", "s-1002", "sc-1", "sc-3"]
    assert [one.id for one in fewer.citizens] == ["c-1", "c-1001", "c-1002", "c-3"]
    assert [one.id for one in (await resting_on(store, Register(), 4)).cases] == ["s-0", "s-1001", "s-1002", "sc-0"]


async def test_the_own_side_is_loaded_without_citizens(store: SqlStore) -> None:
    before = register(2)
    await store.load_register(before, entry("register.loaded", "register"))
    data = own_side(before).model_dump(mode="json", by_alias=True)
    data["units"].append({"id": "kultur", "name": "Kultur", "leader": "lene@eksempel.dk"})
    data["authorities"] = []
    change = await load_own_side(store, Register.model_validate(data), entry("register.loaded", "register"))
    assert (change.added, change.removed) == ({"units": 1}, {"authorities": len(before.authorities)})
    after = await store.export_register()
    assert await stored_own_side(store) == own_side(after)
    assert (after.citizens, after.cases, after.frameworks) == (before.citizens, before.cases, before.frameworks)
    assert "kultur" in store.organisation().units
    again = await load_own_side(store, Register.model_validate(data), entry("register.loaded", "register"))
    assert not (again.added or again.changed or again.removed)
    assert (await store.verify_audit()).entries == 2
