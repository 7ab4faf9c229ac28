"""The books, the audit chain and the retention."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from fakes.arrivals import DAY, NOW, SetClock, arrival, attempt, deferred, entry, framework, own_mail, register, spooled
from sqlalchemy import text

from services.settings import Settings
from services.store.interface import LedgerRow, Purged
from services.store.sql_store import SqlStore
from workflows.register import Register


async def by_hand(store: SqlStore, statement: str) -> None:
    """What somebody does to the tables past the guard."""
    with store._engines[0].begin() as connection:
        connection.execute(text(statement))


async def deliver_all(store: SqlStore, now=NOW) -> None:
    from services.store.interface import Delivered

    for hop in ("next", "internet"):
        leased = await store.lease(hop, now, now + timedelta(minutes=10), 100)  # type: ignore[arg-type]
        await store.record([attempt(one, Delivered(now)) for one in leased])


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM delivery WHERE mail = 'm1'",
        "DELETE FROM recipient WHERE mail = 'm1'",
        "DELETE FROM mail WHERE id = 'm1'",
        "DELETE FROM content WHERE id = 'm1'",
    ],
)
async def test_law_1_a_lost_row_shows_in_the_books(store: SqlStore, loss: str) -> None:
    await store.commit(arrival("m1"))
    await store.commit(arrival("m2"))
    await by_hand(store, loss)
    assert [one.balances() for one in await store.ledger()] == [False]


async def test_law_1_lost_bytes_show_in_the_books_and_no_empty_mail_is_sent(store: SqlStore, settings: Settings) -> None:
    path = spooled(settings.data, "m1.eml", b"x" * 70_000)
    await store.commit(arrival("m1", content=path))
    assert [one.balances() for one in await store.ledger()] == [True]
    if path.exists():
        path.unlink()
    else:
        await by_hand(store, "DELETE FROM content WHERE id = 'm1'")
    assert [one.balances() for one in await store.ledger()] == [False]
    await store.commit(arrival("m2"))
    await by_hand(store, "DELETE FROM content WHERE id = 'm2'")
    leased = await store.lease("next", NOW, NOW, 10)
    assert [one.delivery.mail for one in leased] == ([] if settings.store.url else ["m1"])  # of a file only the sending can tell


async def test_own_mails_are_in_no_book(store: SqlStore) -> None:
    await store.enqueue([own_mail("n1")], [], [])
    assert await store.ledger() == []


async def test_the_books_have_a_row_a_day(store: SqlStore) -> None:
    for days in (2, 0, 1):
        await store.commit(arrival(f"m{days}", received_at=NOW + timedelta(days=days)))
    assert [one.day for one in await store.ledger()] == [DAY, date(2026, 11, 24), date(2026, 11, 25)]
    assert [one.day for one in await store.ledger(date(2026, 11, 25))] == [date(2026, 11, 25)]


async def test_bodies_go_after_the_last_delivery_but_never_a_queued_one(store: SqlStore, settings: Settings) -> None:
    path = spooled(settings.data, "m2.eml", b"x" * 70_000)
    await store.commit(arrival("m1"))
    await store.commit(arrival("m2", content=path))
    await store.commit(arrival("m3", ("a@eksempel.dk", "b@eksempel.dk")))
    leased = {one.delivery.id: one for one in await store.lease("next", NOW, NOW, 10)}
    waiting = leased.pop("d-m3-b@eksempel.dk")
    await store.record([*(attempt(one) for one in leased.values()), attempt(waiting, deferred(NOW + timedelta(days=300)))])
    assert await store.purge(NOW + timedelta(days=7), 7, 90, 183) == Purged()
    later = NOW + timedelta(days=7, seconds=1)
    assert await store.purge(later, 7, 90, 183) == Purged(contents=2)
    kept = [await store.mail(id) for id in ("m1", "m2", "m3")]
    assert [one is not None and one.content is None for one in kept] == [True, True, False]
    assert not path.exists()
    assert await store.purge(NOW + timedelta(days=299), 7, 90, 183) == Purged(mails=2)
    assert [one.balances() for one in await store.ledger()] == [True]
    assert len(await store.queue()) == 1


async def test_facts_go_in_their_time_and_the_books_and_the_chain_still_hold(store: SqlStore) -> None:
    await store.commit(arrival("m1", outgoing=(own_mail("r1", about="m1"),)))
    await store.commit(arrival("m2", redirected_to="bf@eksempel.dk", framework_in_force=True))
    await store.enqueue([own_mail("n1")], [], [])
    await deliver_all(store)
    before = await store.ledger()
    assert (await store.purge(NOW + timedelta(days=91), 7, 90, 183)).mails == 1
    assert (await store.mail("m1"), await store.mail("m2") is None) == (None, False)
    assert await store.redirection("d-m1-karen@eksempel.dk") is None
    assert (await store.purge(NOW + timedelta(days=184), 7, 90, 183)).mails == 1
    assert await store.ledger() == before == [LedgerRow(DAY, 2, 1, 1, 0, 0)]
    report = await store.verify_audit()
    assert (report.entries, report.broken_at) == (2, None)


async def test_law_1_a_body_that_a_replacement_still_needs_stays(store: SqlStore) -> None:
    from fakes.arrivals import delivery

    from services.store.interface import Bounced

    await store.commit(arrival("m1", redirected_to="bf@eksempel.dk"))
    await deliver_all(store)
    replacement = delivery("m1", "main@eksempel.dk", (), id="again", content="b1", due=NOW + timedelta(days=200))
    home = replace(
        arrival("b1", ("bounce@rammevagt.eksempel.dk",)), deliveries=(), bounced=(Bounced("d-m1-bf@eksempel.dk", replacement),)
    )
    await store.commit(home)
    await store.purge(NOW + timedelta(days=190), 7, 90, 183)
    assert [one.balances() for one in await store.ledger()] == [True]
    assert len(await store.lease("next", NOW + timedelta(days=200), NOW + timedelta(days=201), 10)) == 1


async def test_frameworks_go_after_their_end(store: SqlStore, clock: SetClock) -> None:
    record = entry("register.loaded", "register")
    parts = register(3).model_dump(by_alias=True, mode="json")
    parts["frameworks"][1] = framework("f-1002", "c-1002", "s-1002", state="lifted")  # since today
    parts["frameworks"][2] = {"id": "f-1003", "citizen": "c-1003", "state": "draft"}  # has no end
    await store.load_register(Register.model_validate(parts), record)
    assert (await store.purge(NOW + timedelta(days=183), 7, 90, 183)).frameworks == 0
    assert (await store.purge(NOW + timedelta(days=184), 7, 90, 183)).frameworks == 1
    assert [one.id for one in (await store.export_register()).frameworks] == ["f-1001", "f-1003"]
    ended = NOW.replace(year=2027, month=2, day=3) + timedelta(days=183)
    assert (await store.purge(ended, 7, 90, 183)).frameworks == 1
    assert (await store.verify_audit()).broken_at is None


async def three_entries(store: SqlStore) -> None:
    for n in range(3):
        await store.append_audit(entry("mail.read", f"m{n}", why="klage"))


async def test_the_chain_holds(store: SqlStore) -> None:
    seen: list[tuple[int, int]] = []
    assert (await store.verify_audit()).entries == 0
    await three_entries(store)
    report = await store.verify_audit(lambda done, total: seen.append((done, total)))
    assert (report.entries, report.broken_at, seen) == (3, None, [(3, 3)])


@pytest.mark.parametrize(
    ("harm", "place", "why"),
    [
        ("UPDATE audit SET subject = 'm9' WHERE seq = 2", 2, "changed"),
        ("UPDATE audit SET hash = 'x' WHERE seq = 1", 1, "changed"),
        ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM audit WHERE seq = 3", 3, "missing"),
        ("DELETE FROM audit", 1, "missing"),
        ("INSERT INTO audit SELECT 4, at, actor, action, subject, data, hash FROM audit WHERE seq = 3", 4, "inserted"),
        ("INSERT INTO audit SELECT 0, at, actor, action, subject, data, hash FROM audit WHERE seq = 3", 0, "inserted"),
        ("UPDATE meta SET value = '3 x' WHERE name = 'audit_head'", 3, "head"),
        ("DELETE FROM meta WHERE name = 'audit_head'", 1, "inserted"),
    ],
)
async def test_the_first_broken_place_of_the_chain_is_found(store: SqlStore, harm: str, place: int, why: str) -> None:
    await three_entries(store)
    await by_hand(store, harm)
    report = await store.verify_audit()
    assert (report.broken_at, report.why) == (place, why)


async def test_a_tail_that_was_cut_shows_after_new_entries_too(store: SqlStore) -> None:
    await three_entries(store)
    await by_hand(store, "DELETE FROM audit WHERE seq = 3")
    await store.append_audit(entry("mail.read", "m9"))
    assert (await store.verify_audit()).broken_at == 3
