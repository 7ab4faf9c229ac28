"""Copies that are born leased: the deliverer of the same process has them without asking the queue."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.arrivals import CONTENT, NOW, arrival, attempt, bytes_of, delivery, is_known, notice, own_mail, spooled
from fakes.leases import next_due, take_back_all

from services.settings import Settings
from services.store.interface import Assessed, Claim, Leased
from services.store.sql_store import SqlStore

UNTIL = NOW + timedelta(minutes=30)
BOTH = ("Karen@eksempel.dk", "per@eksempel.dk")


class Deliverer:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.leases: list[Leased] = []

    def claim(self, hop: str = "next") -> Claim:
        return Claim(hop, UNTIL, self.leases.extend)  # type: ignore[arg-type]


async def lease(store: SqlStore, *, hop: str = "next", now=NOW) -> list[Leased]:
    return await store.lease(hop, now, now + timedelta(minutes=10), 100)  # type: ignore[arg-type]


async def test_a_claimed_copy_is_what_a_lease_would_have_given(store: SqlStore) -> None:
    deliverer = Deliverer()
    await store.commit(arrival(recipients=BOTH), deliverer.claim())
    assert await lease(store) == []
    assert await take_back_all(store) == 2
    for claimed, leased in zip(deliverer.leases, await lease(store), strict=True):
        assert claimed == replace(leased, lease=claimed.lease, until=UNTIL)
        assert claimed.lease != leased.lease


async def test_a_large_claimed_mail_is_whole(store: SqlStore, settings: Settings) -> None:
    path, deliverer = spooled(settings.data, "m1.eml", CONTENT), Deliverer()
    await store.commit(arrival(content=path), deliverer.claim())
    [one] = deliverer.leases
    assert bytes_of(one.content) == CONTENT


async def test_claimed_copies_are_recorded_and_fenced_like_others(store: SqlStore) -> None:
    deliverer = Deliverer()
    await store.commit(arrival(recipients=BOTH), deliverer.claim())
    first, second = deliverer.leases
    assert await store.record([attempt(first)]) == []
    [taken_over] = await lease(store, now=UNTIL)
    assert await store.record([attempt(second)]) == [second.delivery.id]
    assert await store.record([attempt(taken_over)]) == []
    [row] = await store.ledger()
    assert (row.delivered, row.queued) == (2, 0)


async def test_what_the_deliverer_cannot_take_it_gives_back(store: SqlStore) -> None:
    deliverer = Deliverer()
    await store.commit(arrival(), deliverer.claim())
    await store.release(deliverer.leases)
    assert await next_due(store) == NOW
    assert [one.delivery for one in await lease(store)] == [deliverer.leases[0].delivery]


async def test_law_1_a_crash_loses_no_claimed_copy(store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]) -> None:
    await store.commit(arrival(), Deliverer().claim())
    after = await opener()
    assert await take_back_all(after) == 1
    assert len(await lease(after)) == 1


async def test_only_copies_of_the_claimed_hop_are_claimed(store: SqlStore) -> None:
    deliverer = Deliverer()
    mixed = (delivery("m1", BOTH[0], (0,)), delivery("m1", BOTH[1], (1,), hop="internet"))
    await store.commit(arrival(recipients=BOTH, deliveries=mixed, outgoing=(own_mail("r1", about="m1"),)), deliverer.claim())
    assert [one.delivery.address for one in deliverer.leases] == [BOTH[0]]
    assert sorted(one.delivery.id for one in await lease(store, hop="internet")) == ["d-m1-per@eksempel.dk", "r1"]


async def test_a_claim_is_met_also_when_whoever_asked_has_gone(store: SqlStore) -> None:
    deliverer = Deliverer()
    gone = asyncio.ensure_future(store.commit(arrival("m1"), deliverer.claim()))
    await asyncio.sleep(0)
    gone.cancel()
    await store.commit(arrival("m2"), deliverer.claim())
    assert [one.delivery.mail for one in deliverer.leases] == ["m1", "m2"]


async def test_nothing_is_handed_over_that_was_not_committed(store: SqlStore) -> None:
    deliverer = Deliverer()
    with pytest.raises(ValueError, match="exactly one delivery"):
        await store.commit(replace(arrival(), deliveries=()), deliverer.claim())
    await store.commit(arrival())
    results = await asyncio.gather(*(store.commit(arrival(), deliverer.claim()) for _ in range(3)), return_exceptions=True)
    assert all(map(is_known, results))  # type: ignore[arg-type]
    assert deliverer.leases == []


async def test_a_deliverer_that_fails_keeps_no_neighbour_from_its_answer(store: SqlStore) -> None:
    def fail(_: Sequence[Leased]) -> None:
        raise RuntimeError("no room")

    deliverer = Deliverer()
    await asyncio.gather(store.commit(arrival("m1"), Claim("next", UNTIL, fail)), store.commit(arrival("m2"), deliverer.claim()))
    assert [one.delivery.mail for one in deliverer.leases] == ["m2"]


async def test_a_claimed_notice_that_is_due_is_born_leased(store: SqlStore) -> None:
    deliverer = Deliverer()
    await store.commit(arrival("m1"))
    [first] = await lease(store)
    await store.record([attempt(first)])
    later = own_mail("n2", due=NOW + timedelta(hours=9))
    notices = [notice("n1", mail=own_mail("n1")), notice("n2", mail=later)]
    found = Assessed("m1", {"signals": [], "rights": [], "notify": []}, notices)
    nobody = Assessed("nobody", {}, [notice("n3", mail=own_mail("n3"))])
    assert (await store.save_assessments([found, nobody], deliverer.claim("internet"))).mails == {"m1"}
    [claimed] = deliverer.leases
    assert await lease(store, hop="internet") == []
    assert await take_back_all(store) == 1
    [leased] = await lease(store, hop="internet")
    assert claimed == replace(leased, lease=claimed.lease, until=UNTIL)
    assert (await store.save_assessments([found], deliverer.claim("internet"))).mails == set()
    assert len(deliverer.leases) == 1
    await store.record([attempt(leased)])
    assert [one.delivery for one in await lease(store, hop="internet", now=NOW + timedelta(hours=9))] == [later.delivery]
