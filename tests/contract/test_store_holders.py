"""Several deliverers on one store: each keeps what it has under way for as long as it lives, and no longer."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from fakes.arrivals import NOW, arrival
from fakes.leases import next_due

from services.settings import Settings
from services.store.interface import Leased
from services.store.sql_store import SqlStore

Opener = Callable[[], Awaitable[SqlStore]]


async def lease(store: SqlStore) -> list[Leased]:
    return await store.lease("next", NOW, NOW + timedelta(minutes=30), 10)


async def test_a_second_deliverer_leaves_the_first_what_it_has_under_way(opener: Opener) -> None:
    first, second = await opener(), await opener()
    assert await first.release_dead() == 0
    await first.commit(arrival())
    (mine,) = await lease(first)
    assert await second.release_dead() == 0
    assert await lease(second) == [] and await next_due(first) is None
    assert await first.release_dead() == 0
    await first.release([mine])
    assert len(await lease(second)) == 1


async def test_law_1_what_a_dead_deliverer_had_is_taken_up_by_those_that_live(opener: Opener) -> None:
    first, second, third = await opener(), await opener(), await opener()
    for one in (first, second):
        await one.release_dead()
    await first.commit(arrival("m1"))
    await lease(first)
    await second.commit(arrival("m2"))
    (alive,) = await lease(second)
    await first.close()  # its lease stays, as after kill -9
    assert await second.release_dead() == 1
    assert await second.release_dead() == 0
    (taken,) = await lease(second)
    assert taken.delivery.mail == "m1" and alive.delivery.mail == "m2"
    assert await third.release_dead() == 0


async def test_a_lease_of_a_holder_that_nobody_knows_is_taken_back(opener: Opener, settings: Settings) -> None:
    unknown, store = await opener(), await opener()
    await unknown.commit(arrival())
    await lease(unknown)  # as one of a version that was not known by name
    on_other_machines = bool(settings.store.url)  # there may be some: who is missing there is seen by the locks on the server
    assert await store.release_dead() == (0 if on_other_machines else 1)
