"""The journal of route mode, over every store: each step once, whoever was overtaken writes nothing, and the books hold."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fakes.arrivals import NOW, SetClock, arrival

from services.store.answers import LedgerRow
from services.store.routing import Routed
from services.store.sql_store import SqlStore
from workflows.post import code_of

INBOX, BOX, ADDRESS = "m-karen", "m-box", "bf-kontakt@eksempel.dk"
HASH = "ab" * 32


def found(mail: str = "g1", **changes: Any) -> Routed:
    one = Routed(mail, INBOX, 7, 11, "", "", "", 0, "<m@example.net>", NOW - timedelta(minutes=1), NOW, NOW)
    return replace(one, **changes)


def routed(mail: str = "g1", **changes: Any) -> Any:
    plain = arrival(mail, redirected_to=ADDRESS, deliveries=(), placed=(0,), client="imap")
    return replace(plain, **changes)


async def aimed(store: SqlStore, one: Routed) -> Routed:
    to = replace(one, target=BOX, sha256="ef" * 32, mended=HASH, size=9, target_uidvalidity=3, target_next=5)
    saved = await store.routing.save(one, to)
    assert saved == replace(to, revision=one.revision + 1)
    return saved


async def taken(store: SqlStore, **later: float) -> Routed:
    [one] = await store.routing.take(INBOX, NOW + timedelta(**later))
    return one


async def test_a_message_is_planned_once(store: SqlStore) -> None:
    assert await store.routing.plan(found()) == found()
    assert await store.routing.plan(found("g2")) is None
    assert await store.routing.plan(found("g3", uid=12)) == found("g3", uid=12)
    assert [one.mail for one in await store.routing.take(INBOX, NOW)] == ["g1", "g3"]
    assert await store.routing.take("m-per", NOW) == []


async def test_only_what_is_due_is_taken(store: SqlStore) -> None:
    await store.routing.plan(found(next_at=NOW + timedelta(minutes=1)))
    assert await store.routing.take(INBOX, NOW) == []
    assert (await taken(store, minutes=1)).mail == "g1"


async def test_who_was_overtaken_writes_nothing_more(store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]) -> None:
    await store.routing.plan(found())
    first, second = await taken(store), await taken(await opener())
    assert await store.routing.save(first, replace(first, target=BOX)) is None
    assert await store.routing.record(first, replace(first, stage="copied"), routed()) is None
    assert not await store.routing.drop(first)
    assert await store.mail("g1") is None
    assert await store.routing.drop(second)


async def test_law_1_the_books_have_it_the_instant_its_copy_is_proven(store: SqlStore) -> None:
    await store.routing.plan(found())
    one = await aimed(store, await taken(store))
    assert await store.ledger() == []
    saved = await store.routing.record(one, replace(one, stage="copied", target_uid=5), routed())
    assert saved and (saved.stage, saved.target_uid) == ("copied", 5)
    assert (await store.books()).rows == (LedgerRow(NOW.date(), 1, 0, 1, 0, 0),)
    assert (await store.books()).unaccounted == ()
    assert [one.id for one in await store.mails_to_assess(["g1"])] == ["g1"]
    shown = await store.views.mail("g1")
    assert shown and shown.states == ("redirected",)
    assert {one.topic for one in await store.outbox(10)} == {"rammevagt.mail.received", "rammevagt.mail.decided"}
    assert (await store.verify_audit()).broken_at is None


async def test_the_clocks_of_a_moved_mail_begin_when_the_server_had_it(
    store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]
) -> None:
    came = NOW - timedelta(days=3)
    await store.mails_to_assess([])  # from now on what is committed here is kept in memory until it is assessed
    await store.routing.plan(found(arrived_at=came))
    one = await aimed(store, await taken(store))
    assert await store.routing.record(one, replace(one, stage="copied"), routed(came_at=came))
    for process in (store, await opener()):
        assert [one.came_at for one in await process.mails_to_assess(["g1"])] == [came]
    shown = await store.mail("g1")
    assert shown and shown.received_at == NOW  # when it was decided, by what the register held then


async def test_what_lies_there_for_another_reason_has_no_recipient_in_the_books(store: SqlStore) -> None:
    await store.routing.plan(found())
    one = await aimed(store, await taken(store))
    left = replace(one, stage="left", why="framework_changed", next_at=None)
    assert await store.routing.record(one, left, routed(placed=()))
    assert (await store.books()).rows in ((), (LedgerRow(NOW.date(), 0, 0, 0, 0, 0),))
    assert (await store.books()).unaccounted == ()
    assert await store.mail("g1") is not None
    assert [tuple(one) for one in await store.routing.obstacles(NOW)] == [(INBOX, "framework_changed", 1)]
    assert await store.routing.take(INBOX, NOW + timedelta(days=9)) == []


async def test_only_what_was_never_copied_can_be_forgotten(store: SqlStore) -> None:
    await store.routing.plan(found())
    one = await aimed(store, await taken(store))
    saved = await store.routing.record(one, replace(one, stage="copied"), routed())
    assert saved and not await store.routing.drop(saved)
    assert (await taken(store)).stage == "copied"


async def test_a_copy_is_known_by_its_bytes_before_it_is_in_the_books(store: SqlStore) -> None:
    box = code_of(store.key, ADDRESS)
    await store.routing.plan(found())
    one = await taken(store)
    saved = await store.routing.save(
        one, replace(one, target=box, sha256="ef" * 32, mended=HASH, size=9, target_uidvalidity=3, target_next=5)
    )
    assert saved
    [known] = await store.mailboxes.match(box, ADDRESS, [], [HASH])
    assert (known.id, known.sha256, known.here, known.seen_as) == ("g1", HASH, True, ())
    assert await store.mailboxes.match("m-other", "other@eksempel.dk", [], [HASH]) == ()
    assert await store.mailboxes.match(box, ADDRESS, [], ["cd" * 32]) == ()
    assert await store.routing.record(saved, replace(saved, stage="copied", target_uid=5), routed())
    [known] = await store.mailboxes.match(box, ADDRESS, ["g1"], [HASH])
    assert known.here
    assert await store.routing.claimed(box, 3) == {5}
    assert await store.routing.claimed(box, 4) == set()


async def test_the_same_bytes_a_second_time(store: SqlStore) -> None:
    await store.routing.plan(found())
    await aimed(store, await taken(store))
    await store.routing.plan(found("g2", uid=12))
    one, two = await store.routing.take(INBOX, NOW)
    assert await store.routing.others(replace(two, sha256="ef" * 32)) == 1
    assert await store.routing.others(one) == 0


async def test_a_message_found_under_a_new_number_takes_the_place_of_a_new_plan(store: SqlStore) -> None:
    await store.routing.plan(found())
    await aimed(store, await taken(store))
    await store.routing.plan(found("g2", uidvalidity=8, uid=1))
    old, _ = await store.routing.take(INBOX, NOW)
    moved = await store.routing.save(old, replace(old, uidvalidity=8, uid=1))
    assert moved and (await taken(store)).mail == "g1"


async def test_it_goes_with_the_facts_of_its_mail(store: SqlStore, clock: SetClock) -> None:
    await store.routing.plan(found())
    one = await aimed(store, await taken(store))
    copied = await store.routing.record(one, replace(one, stage="copied"), routed())
    assert copied
    await store.routing.save(copied, replace(copied, stage="moved", next_at=None))
    await store.routing.plan(found("g2", uid=12))
    unproven = await taken(store)
    await store.routing.save(unproven, replace(unproven, stage="left", why="copy_unproven", next_at=None))
    await store.purge(NOW + timedelta(days=89), 7, 90, 183)
    assert len(await store.routing.obstacles(NOW)) == 1
    await store.purge(NOW + timedelta(days=400), 7, 90, 183)
    assert await store.routing.obstacles(NOW) == ()
    assert await store.mail("g1") is None
    assert await store.routing.plan(found("g3")) is not None  # nothing of its place is kept either
