"""Situations on cases: noted once, taken away once, kept with who did it and when."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta

from fakes.arrivals import NOW, entry

from services.store.sql_store import SqlStore
from workflows.people import Case, Citizen, Unit
from workflows.register import Register
from workflows.situation import Situation

REFUSAL = Situation("01s", "c-1", "s-1", "refusal", date(2026, 11, 2), NOW, "lene@eksempel.dk")
REGISTER = Register(
    units=(Unit(id="u", name="U", leader="lene@eksempel.dk"),),
    citizens=(Citizen(id="c-1", name="Bo Borger"),),
    cases=(Case(id="s-1", citizen="c-1", unit="u", caseworker="karen@eksempel.dk"),),
)


async def load(store: SqlStore, register: Register = REGISTER) -> None:
    await store.load_register(register, entry("register.loaded", "register"))


async def test_a_situation_is_noted_and_taken_away_and_both_are_recorded(store: SqlStore) -> None:
    await load(store)
    later = replace(REFUSAL, id="02s", code="missed_deadline", on=date(2026, 11, 20))
    assert await store.situations.note(REFUSAL, actor="a-1") and await store.situations.note(later, actor="a-1")
    assert await store.situations.of_citizen("c-1") == (later, REFUSAL)
    assert await store.situations.of_citizen("c-2") == ()
    assert await store.situations.remove("01s", person="birgit@eksempel.dk", actor="a-2")
    assert not await store.situations.remove("01s", person="lene@eksempel.dk", actor="a-1")
    assert not await store.situations.remove("\0", person="lene@eksempel.dk", actor="a-1")
    gone = replace(REFUSAL, removed_at=NOW, removed_by="birgit@eksempel.dk")
    assert await store.situations.of_citizen("c-1") == (later, gone)
    kept = [(one.actor, one.action, one.data["code"]) for one in (await store.views.seen("c-1")).items]
    assert kept == [
        ("a-2", "situation.removed", "refusal"),
        ("a-1", "situation.noted", "missed_deadline"),
        ("a-1", "situation.noted", "refusal"),
    ]


async def test_the_same_is_noted_once_and_again_after_it_was_taken_away(opener: Callable[[], Awaitable[SqlStore]]) -> None:
    store, other = await opener(), await opener()
    await load(store)
    tries = [one.situations.note(replace(REFUSAL, id=f"{n}s"), actor="a-1") for n, one in enumerate((store, other, store, other))]
    assert sorted(await asyncio.gather(*tries)) == [False, False, False, True]
    [one] = await store.situations.of_citizen("c-1")
    assert await store.situations.remove(one.id, person="lene@eksempel.dk", actor="a-1")
    assert await store.situations.note(replace(REFUSAL, id="9s"), actor="a-1")


async def test_it_goes_when_it_was_taken_away_or_its_case_is_gone_and_is_old(store: SqlStore) -> None:
    await load(store)
    await store.situations.note(REFUSAL, actor="a-1")
    await store.situations.note(replace(REFUSAL, id="02s", code="sanction"), actor="a-1")
    await store.situations.remove("02s", person="lene@eksempel.dk", actor="a-1")
    await store.purge(NOW + timedelta(days=89), 7, 90, 183)
    assert len(await store.situations.of_citizen("c-1")) == 2
    await store.purge(NOW + timedelta(days=91), 7, 90, 183)
    assert await store.situations.of_citizen("c-1") == (REFUSAL,)
    await load(store, REGISTER.model_copy(update={"cases": ()}))
    await store.purge(NOW + timedelta(days=91), 7, 90, 183)
    assert await store.situations.of_citizen("c-1") == ()
