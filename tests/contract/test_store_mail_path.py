"""Taking in, leasing, recording: the mail's way through the store."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes.arrivals import (
    CONTENT,
    DAY,
    NOW,
    SetClock,
    arrival,
    attempt,
    bytes_of,
    decision,
    deferred,
    delivery,
    entry,
    event,
    is_known,
    notice,
    outcome,
    own_mail,
    spooled,
)
from fakes.leases import next_due, take_back_all

from services.settings import Settings
from services.store import recent
from services.store.interface import (
    Arrival,
    Assessed,
    Bounced,
    Delivered,
    FactsChanged,
    Failed,
    Leased,
    LedgerRow,
    Rerouted,
    Returned,
)
from services.store.sql_store import SqlStore

LATER = NOW + timedelta(minutes=10)


async def lease(store: SqlStore, *, hop: str = "next", now=NOW, limit: int = 100) -> list[Leased]:
    return await store.lease(hop, now, now + timedelta(minutes=10), limit)  # type: ignore[arg-type]


async def the_row(store: SqlStore) -> LedgerRow:
    [row] = await store.ledger()
    assert row.balances()
    return row


async def test_law_1_what_is_committed_is_all_there(store: SqlStore) -> None:
    await store.commit(arrival(recipients=("karen@eksempel.dk", "per@eksempel.dk"), message_id="<1@example.net>"))
    kept = await store.mail("m1")
    assert kept is not None
    assert (kept.content, kept.size, kept.received_at) == (CONTENT, len(CONTENT), NOW)
    assert kept.decision["recipients"][1]["address"] == "per@eksempel.dk"
    assert [one["state"] for one in kept.way] == ["waiting", "waiting"]
    assert [one.topic.removeprefix("rammevagt.") for one in await store.outbox(10)] == ["mail.received", "mail.decided"]
    assert (await store.verify_audit()).entries == 1
    assert await the_row(store) == LedgerRow(DAY, 2, 0, 0, 2, 0)


async def test_law_1_an_arrival_that_would_lose_a_recipient_is_refused_whole(store: SqlStore) -> None:
    whole = arrival(recipients=("karen@eksempel.dk", "per@eksempel.dk"))
    for broken in (whole.deliveries[:1], (*whole.deliveries, delivery("m1", "x@eksempel.dk", (1,))), ()):
        with pytest.raises(ValueError, match="exactly one delivery"):
            await store.commit(replace(whole, deliveries=broken))
    assert await store.mail("m1") is None
    assert await store.outbox(10) == []


async def test_a_mail_that_was_never_taken_in_is_none(store: SqlStore) -> None:
    assert await store.mail("nobody") is None
    assert await store.redirection("nobody") is None
    assert await store.last_receipt("nobody") is None
    assert await next_due(store) is None


async def test_one_failing_item_fails_alone(store: SqlStore) -> None:
    await store.commit(arrival("m0"))
    arrivals = [arrival("m0"), *(arrival(f"m{n}") for n in range(1, 20))]
    results = await asyncio.gather(*(store.commit(one) for one in arrivals), return_exceptions=True)
    assert is_known(results[0])
    assert results[1:] == [None] * 19
    assert (await the_row(store)).accepted == 20
    assert (await store.verify_audit()).entries == 20


async def test_a_cancelled_commit_harms_nobody(store: SqlStore) -> None:
    gone = asyncio.ensure_future(store.commit(arrival("m1")))
    await asyncio.sleep(0)
    gone.cancel()
    await store.commit(arrival("m2"))
    assert await store.mail("m2") is not None


async def test_a_leased_delivery_carries_all_that_sending_needs(store: SqlStore) -> None:
    every_field = {
        "fallbacks": ("main@eksempel.dk",),
        "smtputf8": True,
        "eight_bit": True,
        "framework": "f-1",
        "refuse": "5.4.6 Loop",
    }
    given = delivery("m1", "bf@eksempel.dk", (0, 1), redirected=True, **every_field)
    await store.commit(arrival(recipients=("Karen@eksempel.dk", "per@eksempel.dk"), deliveries=(given,)))
    [one] = await lease(store)
    assert one.delivery == given
    assert (one.content, one.attempts, one.queued_at, one.until) == (CONTENT, 0, NOW, LATER)
    assert one.originals == ("Karen@eksempel.dk", "per@eksempel.dk")
    assert one.original_sender == "bo@example.net"


async def test_a_large_mail_stays_a_file_or_goes_where_all_have_hold_of_it(store: SqlStore, settings: Settings) -> None:
    path = spooled(settings.data, "m1.eml", b"x" * 100_000)
    await store.commit(arrival(content=path))
    [one] = await lease(store)
    assert isinstance(one.content, bytes if settings.store.url else Path)
    assert bytes_of(one.content) == b"x" * 100_000
    assert path.exists() is not bool(settings.store.url)
    with pytest.raises(ValueError, match="spool"):
        await store.commit(arrival("m2", content=settings.data / "elsewhere"))


async def test_hostile_text_is_kept_as_it_is(store: SqlStore) -> None:
    odd = "bo\udcff\0ø@example.net"
    copy = delivery("m1", odd, id="d1")
    await store.commit(arrival(sender=odd, recipients=(odd,), message_id="<\udc80\0>", deliveries=(copy,)))
    [one] = await lease(store)
    assert (one.original_sender, one.originals, one.delivery.address) == (odd, (odd,), odd)
    assert await store.ids_by_message_id("<\udc80\0>") == ["m1"]


async def test_messages_are_found_by_message_id(store: SqlStore) -> None:
    for id in ("m2", "m1"):
        await store.commit(arrival(id, message_id="<same@example.net>"))
    await store.commit(arrival("m3"))
    assert await store.ids_by_message_id("<same@example.net>") == ["m1", "m2"]
    assert await store.ids_by_message_id("<other>") == []


async def test_delivered_as_addressed_and_redirected_are_told_apart(store: SqlStore) -> None:
    await store.commit(arrival("m1"))
    await store.commit(arrival("m2", ("karen@eksempel.dk", "per@eksempel.dk"), "bf@eksempel.dk"))
    assert await store.record([attempt(one) for one in await lease(store)]) == []
    assert await the_row(store) == LedgerRow(DAY, 3, 1, 2, 0, 0)
    assert await lease(store, now=NOW + timedelta(days=9)) == []
    kept = await store.mail("m2")
    assert kept is not None
    assert kept.way[0]["state"] == "delivered"
    assert kept.way[0]["finished_at"] == "2026-11-23T10:30:00+01:00"


async def test_who_was_written_to_at_the_final_address_itself_got_it_as_addressed(store: SqlStore) -> None:
    await store.commit(arrival("m1", ("karen@eksempel.dk", "BF@eksempel.dk"), "bf@eksempel.dk"))
    await store.commit(arrival("m2", ("karen@eksempel.dk", "BF@eksempel.dk"), "bf@eksempel.dk"))
    first, second = await lease(store)
    await store.record([attempt(first), attempt(second, Rerouted("main@eksempel.dk", (), NOW, "550 5.1.1"))])
    await store.record([attempt(one) for one in await lease(store)])
    assert await the_row(store) == LedgerRow(DAY, 4, 1, 3, 0, 0)


async def test_returned_with_its_report(store: SqlStore) -> None:
    await store.commit(arrival())
    [one] = await lease(store)
    report = replace(own_mail("r1", about="m1"), dedupe=None)
    assert await store.record([attempt(one, Returned(NOW, "550 5.1.1"), outgoing=(report,))]) == []
    assert await the_row(store) == LedgerRow(DAY, 1, 0, 0, 0, 1)
    [report_leased] = await lease(store, hop="internet")
    assert (report_leased.delivery.mail, report_leased.originals) == ("m1", ())
    await store.record([attempt(report_leased, Failed(NOW, "550 5.1.1"))])
    assert await store.queue() == []
    kept = await store.mail("m1")
    assert kept is not None
    assert [(way["state"], way["error"]) for way in kept.way] == [("returned", "550 5.1.1"), ("failed", "550 5.1.1")]


async def test_given_back_at_once(store: SqlStore) -> None:
    looping = replace(arrival(), deliveries=(), returned=(0,), outgoing=(own_mail("r1", about="m1"),))
    await store.commit(looping)
    assert await the_row(store) == LedgerRow(DAY, 1, 0, 0, 0, 1)


async def test_deferred_comes_again_when_due(store: SqlStore) -> None:
    await store.commit(arrival())
    [one] = await lease(store)
    await store.record([attempt(one, deferred(NOW + timedelta(minutes=1), stuck=True), events=())])
    assert await lease(store) == []
    assert await next_due(store) == NOW + timedelta(minutes=1)
    [item] = await store.queue()
    assert (item.attempts, item.error, item.stuck, item.under_way) == (1, "450 4.2.1", True, False)
    [again] = await lease(store, now=NOW + timedelta(minutes=1))
    assert again.attempts == 1
    assert (await the_row(store)).queued == 1


async def test_a_hop_that_is_away_costs_no_attempt(store: SqlStore) -> None:
    await store.commit(arrival())
    [one] = await lease(store)
    await store.record([attempt(one, deferred(LATER, counts=False))])
    [again] = await lease(store, now=LATER)
    assert again.attempts == 0


async def test_rerouted_goes_on_at_once_to_the_next_address(store: SqlStore) -> None:
    await store.commit(arrival(redirected_to="bf@eksempel.dk"))
    [one] = await lease(store)
    new_way = Rerouted("karen@eksempel.dk", (), NOW, "550 5.1.1", redirected=False, envelope_from="bo@example.net", hop="internet")
    await store.record([attempt(one, new_way)])
    assert await lease(store) == []
    [again] = await lease(store, hop="internet")
    assert again.delivery.id == one.delivery.id
    assert (again.delivery.address, again.delivery.fallbacks, again.delivery.redirected) == ("karen@eksempel.dk", (), False)
    await store.record([attempt(again, Delivered(NOW))])
    assert await the_row(store) == LedgerRow(DAY, 1, 1, 0, 0, 0)


async def test_a_late_writer_is_fenced_out(store: SqlStore, clock: SetClock) -> None:
    await store.commit(arrival())
    [late] = await lease(store)
    [new] = await lease(store, now=LATER)
    assert new.lease != late.lease
    reported = attempt(late, Returned(NOW, "550"), outgoing=(own_mail("r1"),), audit=(entry("mail.returned", "m1"),))
    assert await store.record([reported]) == [late.delivery.id]
    assert await lease(store, hop="internet") == []
    assert (await store.verify_audit()).entries == 1
    assert await store.record([attempt(new)]) == []
    assert await store.record([attempt(new)]) == [new.delivery.id]
    assert await the_row(store) == LedgerRow(DAY, 1, 1, 0, 0, 0)


async def test_an_expired_lease_still_counts_while_nobody_else_has_it(store: SqlStore) -> None:
    await store.commit(arrival())
    [one] = await lease(store)
    assert await store.record([attempt(one, Delivered(LATER + timedelta(hours=1)))]) == []


async def test_one_mail_from_the_future_is_not_the_newest_record_for_ever(store: SqlStore) -> None:
    """Else each start would take the right time for a wrong one until that mail is removed."""
    assert await store.newest() is None
    ahead = NOW + timedelta(days=700)
    await store.commit(arrival("m9", received_at=ahead))
    assert await store.newest() == ahead
    await store.commit(arrival("m1"))
    assert await store.newest() == NOW


async def test_leases_are_kept_by_who_holds_them(store: SqlStore, clock: SetClock) -> None:
    await store.commit(arrival("m1"))
    await store.commit(arrival("m2"))
    [first, second] = await lease(store)
    held = [(one.delivery.id, one.lease) for one in (first, second)]
    assert await store.renew([held[0], (held[1][0], "somebody else's")], first.until + timedelta(hours=1)) == [held[1][0]]
    assert [one.delivery.id for one in await store.lease("next", first.until, first.until + timedelta(hours=1), 10)] == [held[1][0]]
    assert await store.record([attempt(first), attempt(second)]) == [held[1][0]]
    assert await store.renew(held, first.until) == [held[0][0], held[1][0]]


async def test_leases_end_when_given_or_taken_back(store: SqlStore, clock: SetClock) -> None:
    await store.commit(arrival("m1"))
    await store.commit(arrival("m2"))
    [first, _] = await lease(store)
    assert await lease(store) == []
    assert await next_due(store) is None
    assert [one.under_way for one in await store.queue()] == [True, True]
    await store.release([first])
    assert await next_due(store) == NOW
    assert [one.delivery.id for one in await lease(store)] == [first.delivery.id]
    await store.release([first])  # no longer its lease: the other holder keeps it
    assert await lease(store) == []
    assert await take_back_all(store) == 2
    assert len(await lease(store)) == 2
    clock.move(minutes=10)
    assert [one.under_way for one in await store.queue()] == [False, False]


async def test_fresh_and_deferred_each_get_a_share(store: SqlStore) -> None:
    for n in range(8):
        await store.commit(arrival(f"old{n}", (f"a{n}@eksempel.dk",)))
    await store.record([attempt(one, deferred(NOW)) for one in await lease(store)])
    for n in range(8):
        await store.commit(arrival(f"new{n}", received_at=LATER))
    took = await lease(store, now=LATER, limit=8)
    assert [one.attempts for one in took] == [0] * 6 + [1] * 2
    took = await lease(store, now=LATER, limit=1)
    assert [one.attempts for one in took] == [1]  # the longest waiting
    took = await lease(store, now=LATER, limit=100)
    assert len(took) == 7


async def test_a_sick_address_does_not_block_the_others(store: SqlStore) -> None:
    sick = [arrival(f"s{n:03}", ("sick@eksempel.dk",)) for n in range(120)]
    await asyncio.gather(*(store.commit(one) for one in sick))
    await store.record([attempt(one, deferred(NOW + timedelta(seconds=1))) for one in await lease(store, limit=200)])
    await store.commit(arrival("well", ("karen@eksempel.dk",)))
    await store.record([attempt(one, deferred(NOW + timedelta(seconds=2))) for one in await lease(store)])
    soon = NOW + timedelta(minutes=1)
    took = await lease(store, now=soon, limit=20)
    assert sorted({one.delivery.address for one in took}) == ["karen@eksempel.dk", "sick@eksempel.dk"]
    assert len(took) == 6
    assert await lease(store, now=soon, limit=20) == []


async def test_retry_makes_due_what_is_not_under_way(store: SqlStore) -> None:
    await store.commit(arrival("m1", ("a@eksempel.dk",)))
    await store.commit(arrival("m2", ("b@eksempel.dk",)))
    await store.record([attempt(one, deferred(NOW + timedelta(days=1))) for one in await lease(store)])
    first, second = (one.id for one in await store.queue())
    assert await store.retry([first, "unknown"], NOW) == 1
    assert [one.delivery.id for one in await lease(store)] == [first]
    assert await store.retry(None, NOW) == 1
    assert [one.delivery.id for one in await lease(store)] == [second]


async def test_law_1_a_bounce_that_came_home_opens_the_recipients_again(store: SqlStore) -> None:
    await store.commit(arrival("m1", ("karen@eksempel.dk", "per@eksempel.dk"), "bf@eksempel.dk"))
    [one] = await lease(store)
    await store.record([attempt(one)])
    about = await store.redirection(one.delivery.id)
    assert about is not None
    assert (about.delivery.address, about.content_kept) == ("bf@eksempel.dk", True)
    replacement = delivery("m1", "main@eksempel.dk", (), redirected=True)
    home = replace(
        arrival("b1", ("bounce+x@rammevagt.eksempel.dk",)), deliveries=(), bounced=(Bounced(one.delivery.id, replacement),)
    )
    await store.commit(home)
    assert await the_row(store) == LedgerRow(DAY, 3, 1, 0, 2, 0)
    await store.commit(
        replace(home, decision=decision("b2", [outcome("bounce+x@rammevagt.eksempel.dk")]))
    )  # the same copy bounces twice
    [again] = await lease(store)
    assert (again.delivery.address, again.delivery.serves) == ("main@eksempel.dk", (0, 1))
    assert (again.originals, again.original_sender) == (("karen@eksempel.dk", "per@eksempel.dk"), "bo@example.net")
    await store.record([attempt(again)])
    assert await the_row(store) == LedgerRow(DAY, 4, 2, 2, 0, 0)


async def test_law_1_a_bounce_may_overtake_the_record_of_its_delivery(store: SqlStore) -> None:
    await store.commit(arrival("m1", redirected_to="bf@eksempel.dk"))
    [one] = await lease(store)
    replacement = delivery("m1", "main@eksempel.dk", (), redirected=True)
    home = replace(
        arrival("b1", ("bounce+x@rammevagt.eksempel.dk",)), deliveries=(), bounced=(Bounced(one.delivery.id, replacement),)
    )
    await asyncio.gather(store.record([attempt(one)]), store.commit(home))
    assert await the_row(store) == LedgerRow(DAY, 2, 1, 0, 1, 0)


async def test_two_receipts_at_once_are_refused(store: SqlStore) -> None:
    def with_receipt(id: str, **more: object):
        return arrival(
            id, receipt_sender="abc", receipt_not_since=NOW - timedelta(days=7), outgoing=(own_mail(f"r-{id}", about=id),), **more
        )

    results = await asyncio.gather(*(store.commit(with_receipt(f"m{n}")) for n in range(3)), return_exceptions=True)
    assert [type(one) for one in results] == [type(None), FactsChanged, FactsChanged]
    assert await store.last_receipt("abc") == NOW
    with pytest.raises(FactsChanged):
        await store.commit(with_receipt("m5"))
    assert len(await lease(store, hop="internet")) == 1
    late = NOW + timedelta(days=8)
    await store.commit(replace(with_receipt("m6", received_at=late), receipt_not_since=late - timedelta(days=7)))
    assert await store.last_receipt("abc") == late


async def test_own_mail_exists_once(store: SqlStore) -> None:
    twice = [own_mail("n1", dedupe="notice:m1"), own_mail("n2", dedupe="notice:m1")]
    assert await store.enqueue(twice, [event("notification.sent", "m1")], []) == 1
    assert await store.enqueue(twice[:1], [event("notification.sent", "m1")], [entry("notice", "m1")]) == 0
    assert (len(await store.outbox(10)), (await store.verify_audit()).entries) == (1, 0)
    assert await store.enqueue([own_mail("n3", dedupe="notice:m1"), own_mail("n4")], [], []) == 1
    assert [one.delivery.id for one in await lease(store, hop="internet")] == ["n1", "n4"]


async def test_an_assessment_is_saved_once(store: SqlStore) -> None:
    await store.commit(arrival())
    found = {"signals": [{"kind": "threat", "level": "red"}], "rights": [], "notify": []}

    async def save():
        one = Assessed(
            "m1", found, [notice("n1", mail=own_mail("n1"))], [event("signal.raised", "m1")], [entry("mail.assessed", "m1")]
        )
        saved = await store.save_assessments([one, Assessed("nobody", found, [notice("n2", mail=own_mail("n2"))])])
        return saved.mails, {each.id for each in saved.notices}

    assert sorted(await asyncio.gather(save(), save()), key=str) == [(set(), set()), ({"m1"}, {"n1"})]
    kept = await store.mail("m1")
    assert kept is not None
    assert (kept.decision["assessed"], kept.decision["signals"]) == (True, found["signals"])
    assert len(await store.outbox(10)) == 3
    assert (await store.verify_audit()).entries == 2
    assert [one.delivery.id for one in await lease(store, hop="internet")] == ["n1"]
    decided = (await store.decisions(["m1", "nobody"]))["m1"]
    assert (decided["assessed"], decided["signals"]) == (False, None)


async def test_mails_without_an_assessment_are_found_by_their_time(store: SqlStore) -> None:
    times = {f"m{n}": NOW + timedelta(minutes=n) for n in range(5)}
    for id, at in times.items():
        await store.commit(arrival(id, received_at=at))
    await store.save_assessments([Assessed("m2", {"signals": [], "rights": [], "notify": []})])
    found = await store.unassessed(NOW, NOW + timedelta(minutes=4), 10)
    assert found == [("m1", times["m1"]), ("m3", times["m3"])]
    assert await store.unassessed(NOW, NOW + timedelta(hours=1), 1) == found[:1]


async def test_the_outbox_keeps_its_order_and_never_uses_a_number_twice(store: SqlStore) -> None:
    await store.commit(arrival("m1"))
    first = await store.outbox(10)
    born = event("mail.received", "m1")
    assert (first[0].id, first[0].topic, first[0].subject, first[0].at) == (born.id, born.topic(), born.subject, born.at)
    assert first[0].body == born.body().encode()
    await store.published([one.seq for one in first])
    assert await store.outbox(10) == []
    await store.commit(arrival("m2"))
    second = await store.outbox(1)
    assert second[0].seq > first[-1].seq
    await store.published([one.seq for one in first])
    assert len(await store.outbox(10)) == 2


async def test_two_stores_on_one_file_share_the_work(store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]) -> None:
    other = await opener()
    await asyncio.gather(*((store, other)[n % 2].commit(arrival(f"m{n:02}")) for n in range(40)))
    both = await asyncio.gather(*(lease((store, other)[n % 2], limit=10) for n in range(4)))
    assert len({one.delivery.id for some in both for one in some}) == 40
    for n, some in enumerate(both):
        assert await (store, other)[n % 2].record([attempt(one) for one in some]) == []
    assert await the_row(other) == LedgerRow(DAY, 40, 40, 0, 0, 0)
    report = await store.verify_audit()
    assert (report.entries, report.broken_at) == (40, None)


async def test_everything_is_there_after_a_restart(store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]) -> None:
    await store.commit(arrival())
    await lease(store)
    await store.close()
    again = await opener()
    assert await take_back_all(again) == 1
    assert len(await lease(again)) == 1


async def test_what_was_just_committed_is_handed_on_from_memory(store: SqlStore, opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept before somebody asks; then the newest, until they are assessed; the others are read."""
    assert await store.mails_to_assess(["m0"]) == []
    monkeypatch.setattr(recent, "MOST", 2)
    for number in (1, 2, 3):
        await store.commit(arrival(f"m{number}"))
    held = set(store._recent.arrivals(["m1", "m2", "m3"]))
    assert held == {"m2", "m3"}
    other = await opener()
    ids = ["m1", "m2", "m3"]
    found = {one.id: one for one in await store.mails_to_assess(ids)}
    assert found == {one.id: one for one in await other.mails_to_assess(ids)}
    assert await store.decisions(ids) == await other.decisions(ids)
    await store.save_assessments([Assessed("m3", {"signals": [], "rights": [], "notify": []})])
    assert {one.id for one in await store.mails_to_assess(ids)} == {"m1", "m2"}


async def test_what_is_decided_here_is_given_once_from_the_first_call_on(store: SqlStore, monkeypatch) -> None:
    monkeypatch.setattr(recent, "LINE", 3)  # what is beyond it is left to whoever looks into the store
    await store.commit(arrival("m0"))
    waiting = asyncio.create_task(store.decided_here(2))
    await asyncio.sleep(0)
    await store.commit(arrival("m1"))
    assert [(one.subject, one.what) for one in await waiting] == [("m1", "mail.decided")]
    for number in range(2, 6):
        await store.commit(arrival(f"m{number}"))
    assert [one.subject for one in await store.decided_here(2)] == ["m2", "m3"]
    assert [one.subject for one in await store.decided_here(2)] == ["m4"]


async def test_a_receipt_that_another_process_sent_is_seen_at_the_commit_and_then_known(
    store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]
) -> None:
    def with_receipt(id: str, at: datetime) -> Arrival:
        outgoing = (own_mail(f"r-{id}", about=id),)
        return arrival(id, receipt_sender="abc", receipt_not_since=at - timedelta(days=7), outgoing=outgoing, received_at=at)

    await store.commit(with_receipt("m1", NOW))
    assert await store.last_receipt("abc") == NOW
    other, late = await opener(), NOW + timedelta(days=8)
    await other.commit(with_receipt("m2", late))
    with pytest.raises(FactsChanged):
        await store.commit(with_receipt("m3", late + timedelta(days=1)))
    assert await store.last_receipt("abc") == late
