"""What is known of watched mailboxes, over every store."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.arrivals import DAY, NOW, SetClock, arrival, attempt, delivery, spooled
from fakes.posts import BOX, CODE, assessed, cursor, post, put, sighting, straight

from services.settings import Settings
from services.store.interface import LedgerRow, OutgoingMail, StoredMail
from services.store.mailboxes import Sighting
from services.store.sql_store import SqlStore

UNTIL = NOW + timedelta(minutes=2)
SHA = "ab" * 32


@pytest.fixture
async def watched(store: SqlStore) -> SqlStore:
    assert await store.mailboxes.lease(CODE, BOX, "a", UNTIL)
    return store


async def test_one_process_watches_a_mailbox_and_another_takes_over_when_it_is_gone(store: SqlStore, clock: SetClock) -> None:
    boxes = store.mailboxes
    got = await asyncio.gather(*(boxes.lease(CODE, BOX, name, UNTIL) for name in "abc"))
    assert sorted(got) == [False, False, True]
    [one] = await boxes.all()
    assert (one.code, one.address, one.state, one.held_until, one.own_login) == (CODE, BOX, "connecting", UNTIL, False)
    winner, other = one.holder, "z"
    assert await boxes.lease(CODE, BOX, winner, UNTIL + timedelta(minutes=2))
    clock.move(minutes=4)
    assert await boxes.lease(CODE, BOX, other, NOW + timedelta(minutes=9))
    assert not await boxes.saw(CODE, [sighting()], cursor(), holder=winner)
    assert not await boxes.state(CODE, "unreachable", holder=winner)
    assert not await boxes.record(CODE, straight(), sighting(mail="m9"), holder=winner)
    assert await boxes.known(CODE, 7) == () and await store.mail("m9") is None
    await boxes.release(CODE, other)
    assert await boxes.lease(CODE, BOX, winner, NOW + timedelta(minutes=9))


async def test_a_look_is_kept_whole(watched: SqlStore, clock: SetClock) -> None:
    boxes = watched.mailboxes
    assert await boxes.cursor(CODE) is None
    seen = [sighting(1, None), sighting(2, "m2", seen=True), sighting(3, "m3", gone=True)]
    assert await boxes.saw(CODE, seen, replace(cursor(3), modseq=99), holder="a")
    assert await boxes.known(CODE, 7) == tuple(seen[:2]) and await boxes.known(CODE, 8) == ()
    assert await boxes.cursor(CODE) == replace(cursor(3), modseq=99)
    clock.move(minutes=1)
    assert await boxes.saw(CODE, [replace(seen[1], answered=True)])
    [one] = await boxes.all()
    assert (one.state, one.looked_at) == ("watching", clock.time)
    assert (await boxes.known(CODE, 7))[1].answered and await boxes.cursor(CODE) == replace(cursor(3), modseq=99)


async def test_a_state_keeps_its_beginning_while_it_stays(watched: SqlStore, clock: SetClock) -> None:
    boxes = watched.mailboxes
    clock.move(minutes=1)
    await boxes.state(CODE, "login_refused", "no", token_until=UNTIL)
    clock.move(minutes=1)
    await boxes.state(CODE, "login_refused", "no again")
    [one] = await boxes.all()
    assert (one.state, one.error, one.since, one.token_until) == ("login_refused", "no again", NOW + timedelta(minutes=1), UNTIL)
    assert not await boxes.state("m-none", "full")


async def test_a_mended_login_is_kept_until_it_is_taken_back(watched: SqlStore) -> None:
    boxes = watched.mailboxes
    assert await boxes.keep_login(CODE, "sealed") and await boxes.login(CODE) == "sealed" and (await boxes.all())[0].own_login
    assert await boxes.keep_login(CODE, None) and await boxes.login(CODE) is None
    assert not await boxes.keep_login("m-none", "sealed")


async def test_copies_of_a_mail_are_seen_beside_each_other_until_they_are_gone(watched: SqlStore) -> None:
    """One that is moved and comes back takes the place of what is gone, also where both are told by one look."""
    boxes = watched.mailboxes
    await put(watched, post("m1"))
    await boxes.saw(CODE, [sighting(1), sighting(2)], cursor(2))
    assert [(one.uid, one.mail) for one in await boxes.known(CODE, 7)] == [(1, "m1"), (2, "m1")]
    await boxes.saw(CODE, [sighting(3)], cursor(3))
    await boxes.saw(CODE, [sighting(1, gone=True)], cursor(3))
    assert [one.uid for one in await boxes.known(CODE, 7)] == [2, 3]
    [known] = await boxes.match(CODE, BOX, ["m1"], [])
    assert [(one.uid, one.gone) for one in known.seen_as] == [(1, True), (2, False), (3, False)]
    await boxes.saw(CODE, [sighting(4)], cursor(4))
    [known] = await boxes.match(CODE, BOX, ["m1"], [])
    assert [one.uid for one in known.seen_as] == [2, 3, 4]


@pytest.mark.parametrize("order", [1, -1])
async def test_a_copy_that_was_read_or_answered_counts_for_the_mail(watched: SqlStore, order: int) -> None:
    copies = [sighting(1, seen=True), sighting(2, answered=True), sighting(3)][::order]
    await put(watched, post("m1"))
    await watched.mailboxes.saw(CODE, copies, cursor(3))
    [told] = await watched.posts.of_mail("m1")
    assert (told.read_how, told.answered_how, told.done_how) == ("flag", "flag", "answered")
    await watched.commit(arrival("m2", redirected_to=BOX))
    later = [replace(one, uid=one.uid + 3, mail="m2") for one in copies]
    await watched.mailboxes.saw(CODE, later, cursor(6))
    assert len(await watched.mailboxes.unassessed(NOW - timedelta(days=1), NOW + timedelta(days=1), 9)) == 1
    await watched.save_assessments([assessed("m2", post("m2"))])
    [born] = await watched.posts.of_mail("m2")
    assert (born.read_how, born.answered_how) == ("flag", "flag")


async def test_a_mail_is_one_message_of_a_mailbox(watched: SqlStore) -> None:
    """Moved back, or under a new UIDVALIDITY, it is the same mail; nothing is seen twice."""
    boxes = watched.mailboxes
    await boxes.saw(CODE, [sighting(1), sighting(2, "m2")], cursor(2))
    await boxes.saw(CODE, [sighting(5, uidvalidity=8), sighting(2, None, uidvalidity=8)], cursor(5, 8))
    assert [(one.uid, one.mail) for one in await boxes.known(CODE, 8)] == [(2, None), (5, "m1")]
    assert [one.mail for one in await boxes.known(CODE, 7)] == ["m2"]


async def test_flags_tell_that_a_person_has_read_and_answered(watched: SqlStore, clock: SetClock) -> None:
    await put(watched, post("m1"), post("m2"), post("m3"))
    clock.move(minutes=5)
    flags = [sighting(1, "m1", seen=True), sighting(2, "m2", answered=True), sighting(3, "m3")]
    await watched.mailboxes.saw(CODE, flags, cursor(3))
    first, second, third = [(await watched.posts.of_mail(id))[0] for id in ("m1", "m2", "m3")]
    assert (first.read_at, first.read_how, first.answered_at, first.next_at) == (clock.time, "flag", None, clock.time)
    assert (second.answered_at, second.answered_how, second.done_how) == (clock.time, "flag", "answered")
    assert third == post("m3")
    entries = (await watched.verify_audit()).entries
    clock.move(minutes=5)
    await watched.mailboxes.saw(CODE, flags, cursor(3))
    assert (await watched.posts.of_mail("m1"))[0] == first and (await watched.verify_audit()).entries == entries


async def test_a_message_may_be_read_before_its_mail_is_assessed(watched: SqlStore) -> None:
    await watched.commit(arrival("m1", redirected_to=BOX))
    await watched.mailboxes.saw(CODE, [sighting(seen=True)], cursor())
    await watched.save_assessments([assessed("m1", post())])
    [born] = await watched.posts.of_mail("m1")
    assert (born.read_at, born.read_how, born.revision) == (NOW, "flag", 0)


async def test_straight_mail_is_recorded_once_with_its_sighting_and_is_in_no_books(watched: SqlStore) -> None:
    assert await watched.mailboxes.record(CODE, straight(), sighting(4, "m9"), cursor(4), holder="a")
    assert [one.mail for one in await watched.mailboxes.known(CODE, 7)] == ["m9"]
    kept = await watched.mail("m9")
    assert isinstance(kept, StoredMail) and kept.way == () and kept.decision["recipients"][0]["address"] == BOX
    books = await watched.books()
    assert books.balance() and await watched.ledger() == [LedgerRow(DAY, 0, 0, 0, 0, 0)] and await watched.queue() == []
    [waiting] = await watched.mails_to_assess(["m9"])
    assert waiting.ends == (BOX,) and waiting.content is not None
    assert [one.topic for one in await watched.outbox(10)] == ["rammevagt.mail.received", "rammevagt.mail.decided"]
    await watched.save_assessments([assessed("m9", post("m9"))])
    [box] = await watched.posts.counts()
    assert box.open == 1
    found = await watched.views.mail("m9")
    assert found is not None and found.states == ("delivered",)


async def test_large_straight_mail_comes_from_the_spool(watched: SqlStore, settings: Settings) -> None:
    path = spooled(settings.data, "big", b"x" * 100_000)
    await watched.mailboxes.record(CODE, straight(content=path), sighting(4, "m9"), cursor(4))
    kept = await watched.mail("m9")
    assert kept is not None and kept.content is not None
    assert (kept.content if isinstance(kept.content, bytes) else kept.content.read_bytes()) == b"x" * 100_000


async def test_straight_mail_goes_with_its_term_and_an_open_post_keeps_it(watched: SqlStore) -> None:
    for n, how in ((1, None), (2, "answered")):
        await watched.mailboxes.record(CODE, straight(f"m{n}"), sighting(n, f"m{n}"), cursor(n))
        ended = {"done_at": NOW, "done_how": how, "next_at": None} if how else {}
        await watched.save_assessments([assessed(f"m{n}", post(f"m{n}", **ended))])
    purged = await watched.purge(NOW + timedelta(days=400), 7, 90, 183)
    assert (purged.mails, purged.contents) == (1, 2)
    assert [one.mail for one in await watched.mailboxes.known(CODE, 7)] == ["m1"]
    assert (await watched.books()).balance()


async def test_what_was_seen_and_is_no_mail_is_forgotten_with_its_term(watched: SqlStore) -> None:
    boxes = watched.mailboxes
    await boxes.saw(CODE, [sighting(n, None) for n in range(1, 451)], cursor(450))
    await watched.purge(NOW + timedelta(days=90), 7, 90, 183)
    assert len(await boxes.known(CODE, 7)) == 450
    await watched.purge(NOW + timedelta(days=91), 7, 90, 183)
    assert await boxes.known(CODE, 7) == () and await boxes.cursor(CODE) == cursor(450)


async def test_what_was_found_and_not_assessed_is_found_by_when_it_was_found(watched: SqlStore, clock: SetClock) -> None:
    boxes, long_ago = watched.mailboxes, NOW - timedelta(days=30)
    for n in (1, 2):
        await boxes.record(CODE, straight(f"m{n}", received_at=long_ago), sighting(n, f"m{n}", long_ago), cursor(n))
        clock.move(minutes=1)
    await boxes.saw(CODE, [sighting(3, None)], cursor(3))
    assert await watched.unassessed(NOW - timedelta(days=1), clock.time, 9) == []
    waiting = [("m1", NOW), ("m2", NOW + timedelta(minutes=1))]
    assert await boxes.unassessed(NOW - timedelta(days=1), clock.time, 9) == waiting
    assert await boxes.unassessed(NOW, clock.time, 9) == waiting[1:]
    await watched.save_assessments([assessed("m2")])
    assert await boxes.unassessed(NOW - timedelta(days=1), clock.time, 9) == waiting[:1]


async def test_messages_are_told_which_mails_they_may_be(watched: SqlStore, clock: SetClock) -> None:
    boxes = watched.mailboxes
    await put(watched, post("m1"), message_id="<a@x>")
    await watched.commit(arrival("m2"))  # to Karen
    await boxes.saw(CODE, [sighting(3)], cursor(3))
    one, two = await boxes.match(CODE, BOX, ["m1", "m2", "nobody"], [])
    assert (one.id, one.sha256, one.message_id, one.here, one.seen_as) == ("m1", "00" * 32, "<a@x>", True, (sighting(3),))
    assert (two.id, two.here, two.seen_as) == ("m2", False, ())
    assert [found.id for found in await boxes.match(CODE, BOX, [], ["00" * 32])] == ["m1"]
    assert await boxes.match(CODE, BOX, [], [SHA]) == () and await boxes.match("m-t", "t@eksempel.dk", [], ["00" * 32]) == ()


async def test_a_mail_that_has_just_come_is_known_by_its_hash_too(watched: SqlStore, clock: SetClock) -> None:
    """It has no post yet, but a copy for this mailbox."""
    await watched.commit(arrival("m1", redirected_to="BF-kontakt@eksempel.dk"))
    assert [one.id for one in await watched.mailboxes.match(CODE, BOX, [], ["00" * 32])] == ["m1"]
    clock.move(hours=1)
    assert await watched.mailboxes.match(CODE, BOX, [], ["00" * 32]) == ()
    assert [one.here for one in await watched.mailboxes.match(CODE, BOX, ["m1"], [])] == [True]


async def test_a_mail_that_fell_back_to_a_mailbox_is_known_there(watched: SqlStore) -> None:
    await watched.commit(arrival("m1", redirected_to=BOX))
    [leased] = await watched.lease("next", NOW, UNTIL, 10)
    await watched.record([attempt(leased)])
    [known] = await watched.mailboxes.match(CODE, BOX, ["m1"], [])
    assert known.here and isinstance(sighting(), Sighting)


def canary(id: str, hour: str) -> OutgoingMail:
    return OutgoingMail(b"Subject: c\r\n\r\n", replace(delivery(id, BOX, ()), content=id, kind="notice"), f"canary:{CODE}:{hour}")


async def test_a_canary_is_sent_once_by_whomever_and_the_first_that_is_missing_is_waited_for(
    watched: SqlStore, opener: Callable[[], Awaitable[SqlStore]]
) -> None:
    later = NOW + timedelta(hours=1)
    other = await opener()
    sent = [await one.mailboxes.send_canary(CODE, canary(f"c{n}", "9"), NOW) for n, one in enumerate((watched, other))]
    assert sent == [True, False] and [one.id for one in await watched.queue()] == ["d-c0-bf-kontakt@eksempel.dk"]
    assert await other.mailboxes.send_canary(CODE, canary("c2", "10"), later)

    async def known() -> tuple[object, object]:
        [one] = [one for one in await other.mailboxes.all() if one.code == CODE]
        return one.canary_sent_at, one.canary_found_at

    assert await known() == (NOW, None)
    await watched.mailboxes.found_canary(CODE, NOW - timedelta(hours=1))  # found again, under another UIDVALIDITY
    assert await known() == (NOW, NOW - timedelta(hours=1))
    await watched.mailboxes.found_canary(CODE, later)
    assert await known() == (None, later)
    await watched.mailboxes.found_canary(CODE, NOW)
    assert await known() == (None, later)
    await watched.mailboxes.send_canary(CODE, canary("c3", "11"), later)
    await watched.mailboxes.forget_canary(CODE)
    assert await known() == (None, later)
    assert (await watched.books()).balance()
