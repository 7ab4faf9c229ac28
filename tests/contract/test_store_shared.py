"""Several stores on one PostgreSQL database, each as on a machine of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.arrivals import DAY, NOW, arrival, attempt, delivery, entry, event, notice, own_mail, receipted, register
from fakes.postgres import PostgresServer
from fakes.posts import BOX, CODE, post, put
from sqlalchemy import Connection

from services.store import fellows
from services.store.interface import Assessed, Bounced, FactsChanged, Leased, LedgerRow, StoreUnavailable
from services.store.posts import Timed
from services.store.sql_store import SqlStore
from workflows.register import Register

OpenerOf = Callable[[str], Awaitable[SqlStore]]
pytestmark = pytest.mark.needs("postgresql")


async def lease(store: SqlStore, *, now=NOW, limit: int = 100, hop: str = "next") -> list[Leased]:
    return await store.lease(hop, now, now + timedelta(minutes=10), limit)  # type: ignore[arg-type]


async def drain(store: SqlStore, limit: int = 40) -> list[Leased]:
    """Lease until a lease that met nobody else brings nothing."""
    found: list[Leased] = []
    misses = 0
    while misses < 20:
        some = await lease(store, limit=limit)
        misses = 0 if some else misses + 1
        found += some
    return found


async def test_law_1_two_deliverers_lease_nothing_twice(stores: list[SqlStore]) -> None:
    await asyncio.gather(*(stores[n % 2].commit(arrival(f"m{n}")) for n in range(1000)))
    first, second = await asyncio.gather(*map(drain, stores))
    taken = [one.delivery.id for one in (*first, *second)]
    assert (len(taken), len(set(taken))) == (1000, 1000)
    assert first and second
    results = await asyncio.gather(
        *(store.record([attempt(one) for one in some]) for store, some in zip(stores, (first, second), strict=True))
    )
    assert results == [[], []]
    assert await stores[0].ledger() == [LedgerRow(DAY, 1000, 1000, 0, 0, 0)]


async def test_law_10_two_writers_make_one_chain(stores: list[SqlStore]) -> None:
    records = [[entry(f"entry-{n}", store._tenure.holder) for n in range(150)] for store in stores]
    await asyncio.gather(*(store.append_audit(one) for store, some in zip(stores, records, strict=True) for one in some))
    report = await stores[0].verify_audit()
    assert (report.entries, report.broken_at) == (300, None)


async def test_a_late_writer_on_another_machine_is_fenced_out(stores: list[SqlStore]) -> None:
    await asyncio.gather(*(stores[0].commit(arrival(f"m{n}")) for n in range(50)))
    late = await lease(stores[0])
    new = await lease(stores[1], now=NOW + timedelta(minutes=10))
    fenced, done = await asyncio.gather(stores[0].record(list(map(attempt, late))), stores[1].record(list(map(attempt, new))))
    assert (sorted(fenced), done) == (sorted(one.delivery.id for one in late), [])
    [row] = await stores[0].ledger()
    assert (row.delivered, row.balances()) == (50, True)
    delivered = [one for one in await stores[0].outbox(1000) if one.topic.endswith("mail.delivered")]
    assert len(delivered) == 50


async def test_what_one_holds_while_the_other_takes_over_ends_once(stores: list[SqlStore]) -> None:
    """Records, leases after their end, and releases meet on the same rows."""
    await asyncio.gather(*(stores[0].commit(arrival(f"m{n}")) for n in range(60)))
    held = await lease(stores[0])
    later = NOW + timedelta(minutes=10)
    fenced, taken, *_ = await asyncio.gather(
        stores[0].record(list(map(attempt, held[:40]))), lease(stores[1], now=later), stores[0].release(held[40:])
    )
    assert {one.delivery.id for one in taken} >= set(fenced)
    assert await stores[1].record([attempt(one) for one in taken]) == []
    assert await stores[1].record([attempt(one) for one in await lease(stores[1], now=later)]) == []
    assert await stores[0].ledger() == [LedgerRow(DAY, 60, 60, 0, 0, 0)]


async def test_a_sender_gets_one_receipt_whichever_gateway_it_meets(stores: list[SqlStore]) -> None:
    for place, at in enumerate((NOW, NOW + timedelta(days=8))):  # the first ever, and the next after its time
        tries = [stores[n % 2].commit(receipted(f"m{place}-{n}", at)) for n in range(10)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(one).__name__ for one in results) == ["FactsChanged"] * 9 + ["NoneType"]
    assert len(await lease(stores[0], hop="internet", now=NOW + timedelta(days=9))) == 2
    assert await stores[1].last_receipt("abc") == NOW + timedelta(days=8)
    with pytest.raises(FactsChanged):
        await stores[1].commit(receipted("late", NOW + timedelta(days=9)))


async def test_own_mail_and_assessments_exist_once(stores: list[SqlStore]) -> None:
    await asyncio.gather(*(stores[0].commit(arrival(f"m{n}")) for n in range(20)))
    nothing: dict[str, object] = {"signals": [], "rights": [], "notify": []}

    async def assess(store: SqlStore, n: int) -> set[str]:
        told = notice(f"n{n}-{store._tenure.holder}", about=f"m{n}")
        found = Assessed(f"m{n}", nothing, [told], [event("signal.raised", f"m{n}")], [entry("mail.assessed", f"m{n}")])
        return (await store.save_assessments([found])).mails

    results = await asyncio.gather(*(assess(store, n) for n in range(20) for store in stores))
    assert sorted(id for one in results for id in one) == sorted(f"m{n}" for n in range(20))
    added = await asyncio.gather(
        *(s.enqueue([own_mail(f"x-{s._tenure.holder}", dedupe="once")], [], []) for s in stores for _ in range(5))
    )
    assert sum(added) == 1
    raised = [one for one in await stores[0].outbox(1000) if one.topic.endswith("signal.raised")]
    assert len(raised) == 20
    assert (await stores[1].verify_audit()).entries == 40


async def test_of_two_relays_one_publishes_and_the_other_follows_it(stores: list[SqlStore]) -> None:
    first, second = stores
    assert [await one.publishes() for one in (first, second, first)] == [True, False, True]
    await first.close()
    async with asyncio.timeout(60):
        while not await second.publishes():  # the server ends a session a moment after its client
            await asyncio.sleep(0.01)


async def test_of_two_relays_that_lost_their_connections_one_publishes_again(
    stores: list[SqlStore], postgres: PostgresServer
) -> None:
    async def asked(store: SqlStore) -> bool:
        with suppress(StoreUnavailable):
            return await store.publishes()
        return False

    assert [await asked(one) for one in stores] == [True, False]
    assert postgres.cut(str(stores[0]._engines[0].url.database)) > 0
    found = [False, False]
    async with asyncio.timeout(60):
        while not any(found):
            found = [await asked(one) for one in stores]
    assert [await asked(one) for one in stores].count(True) == 1


async def test_events_of_one_mail_keep_their_order_and_none_is_lost(stores: list[SqlStore]) -> None:
    """Numbers are given before the commit: a smaller one may come later than a larger one of another mail."""
    published: list[tuple[str, str]] = []
    over = asyncio.Event()

    async def relay() -> None:
        while not (over.is_set() and not await stores[0].outbox(1)):
            some = await stores[0].outbox(7)
            published.extend((one.subject, one.topic) for one in some)
            await stores[0].published([one.seq for one in some])

    async def live(store: SqlStore, n: int) -> None:
        await store.commit(arrival(f"m{n}"))
        for one in await lease(store, limit=3):
            await store.record([attempt(one)])

    running = asyncio.create_task(relay())
    await asyncio.gather(*(live(stores[n % 2], n) for n in range(60)))
    for one in await drain(stores[0]):
        await stores[0].record([attempt(one)])
    over.set()
    await running
    names = ("mail.received", "mail.decided", "mail.delivered")
    for n in range(60):
        assert [topic for subject, topic in published if subject == f"m{n}"] == [f"rammevagt.{name}" for name in names]


async def test_leases_of_a_machine_that_is_gone_are_taken_back_and_of_a_living_one_never(
    stores: list[SqlStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, living = stores
    await asyncio.gather(*(dead.commit(arrival(f"m{n}")) for n in range(6)))
    await lease(dead, limit=3)
    await lease(living, limit=3)
    monkeypatch.setattr(fellows, "GONE_SECONDS", 0.0)
    for one in stores:
        await one._tenure.fellows.look()  # type: ignore[union-attr]
    assert await lease(living) == []
    await dead._tenure.fellows.close()  # type: ignore[union-attr]
    async with asyncio.timeout(60):
        while len([one for one in await living.queue() if not one.under_way]) < 3:
            await living._tenure.fellows.look()  # type: ignore[union-attr]
    assert len(await lease(living)) == 3


async def test_a_start_takes_back_the_leases_of_its_own_folder_alone(stores: list[SqlStore], opener_of: OpenerOf) -> None:
    for store in stores:
        await store.release_dead()  # as a deliverer does at its start
    await asyncio.gather(*(stores[0].commit(arrival(f"m{n}")) for n in range(6)))
    await lease(stores[0], limit=2)
    await lease(stores[1], limit=4)
    await stores[0].close()
    after = await opener_of("a")
    assert await after.release_dead() == 2
    assert len(await lease(after)) == 2


async def test_retention_on_two_machines_at_once_counts_each_mail_once(stores: list[SqlStore]) -> None:
    await asyncio.gather(*(stores[0].commit(arrival(f"m{n}")) for n in range(300)))
    for some in (await lease(stores[0], limit=300),):
        await stores[0].record([attempt(one) for one in some])
    purged = await asyncio.gather(*(store.purge(NOW + timedelta(days=100), 7, 90, 183) for store in stores))
    assert (sum(one.contents for one in purged), sum(one.mails for one in purged)) == (300, 300)
    assert await stores[1].ledger() == [LedgerRow(DAY, 300, 300, 0, 0, 0)]


async def test_law_1_a_bounce_that_meets_retention_is_served_or_answered(stores: list[SqlStore]) -> None:
    for n in range(30):
        await stores[0].commit(arrival(f"m{n}", redirected_to="bf@eksempel.dk"))
    sent = await lease(stores[0])
    await stores[0].record([attempt(one) for one in sent])
    later = NOW + timedelta(days=100)
    homes = [
        replace(
            arrival(f"b{n}", ("bounce+x@rammevagt.eksempel.dk",), received_at=later),
            deliveries=(),
            bounced=(
                Bounced(one.delivery.id, delivery(one.delivery.mail, f"main{n}@eksempel.dk", (), due=later, redirected=True)),
            ),
        )
        for n, one in enumerate(sent)
    ]
    await asyncio.gather(stores[0].purge(later, 7, 90, 183), *(stores[1].commit(one) for one in homes))
    rows = await stores[0].ledger()
    assert all(one.balances() for one in rows), rows
    queued = await stores[0].queue()
    assert len(await lease(stores[0], now=later)) == len(queued)  # each that waits has its bytes


async def test_two_loads_of_the_register_come_one_after_the_other(stores: list[SqlStore]) -> None:
    both = [register(3), register(5)]
    await asyncio.gather(*(s.load_register(one, entry("register.loaded", "x")) for s, one in zip(stores, both, strict=True)))
    found: Register = await stores[0].export_register()
    assert len(found.citizens) in (3, 5)
    assert len(found.citizens) == len(found.cases) == len(found.frameworks)
    assert (await stores[0].verify_audit()).broken_at is None


async def test_what_a_look_at_the_others_meets_is_not_the_end_of_looking(
    opener_of: OpenerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    again = asyncio.Event()
    absent = fellows.Fellows._absent

    def unlucky(self: fellows.Fellows, connection: Connection) -> list[str]:
        looks.append(self)
        if len(looks) == 1:
            raise RuntimeError
        loop.call_soon_threadsafe(again.set)
        return absent(self, connection)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(fellows.Fellows, "_absent", unlucky)
    monkeypatch.setattr(fellows, "LOOK_SECONDS", 0.01)
    await opener_of("a")
    async with asyncio.timeout(60):
        await again.wait()


async def test_of_two_who_look_at_deadlines_each_post_is_one_s_and_each_step_written_once(stores: list[SqlStore]) -> None:
    await put(stores[0], *(post(f"m{n}", next_at=NOW) for n in range(40)))
    given = await asyncio.gather(*(stores[n % 2].posts.due(NOW, NOW + timedelta(minutes=1), 7) for n in range(12)))
    found = [one for some in given for one in some]
    assert sorted(one.id for one in found) == sorted({one.id for one in found}) and len(found) == 40
    steps = [Timed(one, replace(one, unread_stage=1), events=(event("mailbox.unread", one.mail),)) for one in found]
    written = await asyncio.gather(*(stores[n % 2].posts.tick(steps) for n in range(6)))
    assert sum(written) == 40
    raised = [one for one in await stores[0].outbox(1000) if one.topic.endswith("mailbox.unread")]
    assert len(raised) == 40


async def test_one_machine_watches_a_mailbox(stores: list[SqlStore]) -> None:
    tries = [stores[n % 2].mailboxes.lease(CODE, BOX, f"h{n}", NOW + timedelta(minutes=1)) for n in range(8)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [one for one in results if one is True] == [True]
    assert all(one is False for one in results if one is not True), results
