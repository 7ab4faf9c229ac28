"""Notices in the store: told once, changed by one at a time, found when something is to be done, gone when their term is over."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta

import pytest
from fakes.arrivals import NOW, arrival, attempt, deferred, entry, event, notice, own_mail

from services.store.interface import Failed
from services.store.notices import Change
from workflows.notice_rules import Preferences

LENE, MIA = "lene@eksempel.dk", "mia@eksempel.dk"
HOUR = timedelta(hours=1)
LATE = NOW - timedelta(minutes=10)
DAY_BEFORE = NOW - timedelta(days=1)


async def keep(store, *found):
    assert await store.notices.make(Change(new=found))
    return found


def told(one, by="mail", at=NOW, next_at=None):
    return replace(one, state="told", channel=by, told_at=at, next_at=next_at, tries=0)


async def ids_due(store, limit=10):
    return [one.id for one in await store.notices.due(limit)]


async def test_what_is_kept_is_what_is_found(store):
    whole = notice("n1", failed=("teams", "sms"), tries=2, revision=3, told_at=NOW, seen_at=NOW, opened_at=NOW, next_at=NOW + HOUR)
    await keep(store, whole)
    assert await store.notices.get("n1") == whole and await store.notices.get("n2") is None
    assert await store.notices.about("m1") == [whole] and await store.notices.about("m2") == []


async def test_once_per_name_for_ever_through_redelivery_and_purge(store):
    first = notice("n1", mail=own_mail("mail-1"))
    await keep(store, first)
    again = replace(first, id="n2", mail=own_mail("mail-2"))
    await keep(store, again, replace(again, id="n3"))
    assert [one.id for one in await store.notices.about("m1")] == ["n1"]
    assert [one.delivery.id for one in await store.lease("internet", NOW, NOW + HOUR, 10)] == ["mail-1"]
    await store.purge(NOW + timedelta(days=400), 7, 90, 183)
    assert await store.notices.about("m1") == []
    await keep(store, again)
    assert await store.notices.about("m1") == []


async def test_of_two_who_change_it_one_changes_nothing(store, opener):
    [one] = await keep(store, notice("n1"))
    other = await opener()

    def change(mail):
        by = replace(told(one), delivery=mail)
        what = [event("notice.untold", mail)]
        return Change([by], new=[notice(f"new-{mail}")], mail=own_mail(mail), events=what, audit=[entry("notice.told", mail)])

    done = await asyncio.gather(store.notices.make(change("mail-a")), other.notices.make(change("mail-b")))
    assert sorted(map(bool, done)) == [False, True]
    [mail] = await store.lease("internet", NOW, NOW + HOUR, 10)
    kept = await store.notices.get("n1")
    assert kept.delivery == mail.delivery.id and kept.revision == 1
    assert {each.id for each in await store.notices.about("m1")} == {"n1", f"new-{mail.delivery.id}"}
    assert [each.subject for each in await store.outbox(10)] == [mail.delivery.id]
    assert (await store.verify_audit()).broken_at is None


async def test_of_a_group_all_are_changed_or_none(store):
    one, two = await keep(store, notice("n1"), notice("n2"))
    assert await store.notices.make(Change([told(two)]))
    assert not await store.notices.make(Change([told(one), told(two)], mail=own_mail("mail-1")))
    assert (await store.notices.get("n1")).state == "waiting"
    assert not await store.lease("internet", NOW, NOW + HOUR, 10)


@pytest.mark.parametrize(
    ("before", "overtakes"),
    [
        ({}, True),
        ({"tries": 1, "next_at": NOW + HOUR}, True),  # a chat is asked to take it
        ({"next_at": NOW + HOUR}, False),  # it waits for its hour
        ({"state": "told", "told_at": NOW}, False),
        ({"to": MIA}, False),
        ({"red": True}, True),
        ({"at": NOW + 2 * HOUR}, False),
    ],
)
async def test_in_turn_is_written_only_where_nothing_waits_before_it(store, before, overtakes):
    first = notice("n1", **{key: value for key, value in before.items() if key != "red"})
    if before.get("red"):
        first = replace(first, notice=replace(first.notice, urgency="now"))
    _, later = await keep(store, first, notice("n2", at=NOW + HOUR))
    done = await store.notices.make(Change([told(later)], mail=own_mail("mail-1"), in_turn=True))
    assert bool(done) is not overtakes
    assert (await store.notices.get("n2")).state == ("waiting" if overtakes else "told")
    assert len(await store.lease("internet", NOW, NOW + HOUR, 10)) == (0 if overtakes else 1)


async def test_red_waits_in_turn_for_red_of_its_batch_alone(store):
    def red(id, **more):
        one = notice(id, **more)
        return replace(one, notice=replace(one.notice, urgency="now"))

    _, _, alarm = await keep(store, notice("n1"), red("n2", batch="another"), red("n3", at=NOW + HOUR))
    assert await store.notices.make(Change([told(alarm)], in_turn=True))
    same, next = await keep(store, red("n4"), red("n5", at=NOW + HOUR))
    assert not await store.notices.make(Change([told(next)], in_turn=True))
    assert await store.notices.make(Change([told(same), told(next)], in_turn=True))


async def test_due_are_the_oldest_first_and_no_more_than_asked_for(store, clock):
    await keep(store, notice("n3", at=NOW - HOUR), notice("n2"), notice("n1"), notice("n4", next_at=NOW + HOUR))
    await keep(store, told(notice("n5"), next_at=NOW + HOUR), told(notice("n6")))
    assert await ids_due(store) == ["n3", "n1", "n2"] and await ids_due(store, 2) == ["n3", "n1"]
    clock.move(hours=1)
    assert await ids_due(store) == ["n3", "n1", "n2", "n4", "n5"]


async def test_who_tells_and_who_reads_are_not_in_each_others_way(store, clock):
    [one] = await keep(store, notice("n1"))
    assert await store.notices.seen([LENE], subject="m1") == 1 and await store.notices.opened([LENE], "m1") == 1
    clock.move(minutes=1)
    assert await store.notices.make(Change([told(one)]))
    kept = await store.notices.get("n1")
    assert (kept.state, kept.seen_at, kept.opened_at) == ("told", NOW, NOW)
    assert await store.notices.seen([LENE], subject="m1") == 0 and (await store.notices.get("n1")).seen_at == NOW


async def test_seen_is_not_opened_and_opened_is_seen(store):
    await keep(store, notice("n1"), notice("n2", about="m2"))
    assert await store.notices.seen([LENE], subject="m1") == 1 and await store.notices.opened([LENE], "m2") == 1
    one, two = await store.notices.get("n1"), await store.notices.get("n2")
    assert (one.seen_at, one.opened_at) == (NOW, None) and (two.seen_at, two.opened_at) == (NOW, NOW)
    assert await store.notices.opened([LENE], "m1") == 1 and await store.notices.opened([LENE], "m1") == 0


async def test_nobody_sees_or_opens_for_somebody_else(store):
    await keep(store, notice("n1"), notice("n2", to=MIA))
    assert await store.notices.seen([MIA], subject="m1") == 1 and await store.notices.opened([MIA], "m1") == 1
    one = await store.notices.get("n1")
    assert one.seen_at is None and one.opened_at is None and (await store.notices.get("n2")).opened_at == NOW


async def test_all_that_were_made_by_then_are_seen_at_once(store):
    await keep(store, notice("n1", at=NOW - HOUR), notice("n2"), notice("n3", at=NOW + HOUR))
    assert await store.notices.seen([LENE], before=NOW) == 2
    assert (await store.notices.get("n3")).seen_at is None


async def test_unseen_counts_what_somebody_was_told_of(store):
    await keep(store, notice("n1"), told(notice("n2")), told(notice("n3"), "console"), told(notice("n4", to=MIA)))
    assert await store.notices.unseen([LENE], 9) == 2 and await store.notices.unseen([LENE, MIA], 9) == 3
    assert await store.notices.unseen([LENE, MIA], 2) == 2 and await store.notices.unseen([], 9) == 0
    await store.notices.seen([LENE])
    assert await store.notices.unseen([LENE], 9) == 0


async def test_preferences_are_kept_whole_and_replaced(store):
    assert await store.notices.preferences(LENE) == Preferences()
    first = Preferences(("teams", "mail"), (time(21), time(6, 30)), (time(8), time(15)), "da", {"teams": "lene"})
    for wanted in (first, Preferences(language="en")):
        await store.notices.prefer(LENE, wanted, entry("notice.preferences", LENE))
        assert await store.notices.preferences(LENE) == wanted
    assert await store.notices.preferences(MIA) == Preferences()
    assert (await store.verify_audit()).broken_at is None


async def test_known_is_when_somebody_was_last_told_of_a_batch(store):
    await keep(store, told(notice("n1"), at=NOW - HOUR), told(notice("n2"), at=NOW), notice("n3", to=MIA))
    known = await store.notices.known([LENE, MIA], ["redirected_leader"])
    assert known.told == {(LENE, "redirected_leader"): NOW} and known.preferences == {}
    assert known.waiting == {(MIA, "redirected_leader")}
    assert (await store.notices.known([LENE], ["another"])).told == {} and (await store.notices.known([LENE], [])).told == {}


async def test_the_list_comes_by_pages_the_newest_first(store):
    await keep(store, *(notice(f"n{n}", at=NOW + timedelta(minutes=n // 2)) for n in range(7)), notice("other", to=MIA))
    found, after, pages = [], None, 0
    while pages == 0 or after:
        page = await store.notices.of_people([LENE], limit=3, after=after)
        found, after, pages = found + [one.id for one in page.items], page.after, pages + 1
    assert found == [f"n{n}" for n in (6, 5, 4, 3, 2, 1, 0)] and pages == 3


async def mailed(store, id="n1"):
    """A notice whose mail is under way; gives the copy."""
    await keep(store, notice(id, mail=own_mail(f"mail-{id}")))
    [copy] = await store.lease("internet", NOW, NOW + HOUR, 10)
    return copy


async def not_taken(store, late=LATE, since=DAY_BEFORE):
    return [(one.id, refused) for one, refused in await store.notices.not_taken(since, late)]


async def test_a_notice_whose_mail_was_refused_is_found(store):
    copy = await mailed(store)
    assert await not_taken(store) == []
    await store.record([attempt(copy, Failed(NOW, "550 5.1.1 nobody"))])
    assert await not_taken(store) == [("n1", True)] and await not_taken(store, since=NOW + HOUR) == []
    await store.notices.seen([LENE], subject="m1")
    assert await not_taken(store) == []


async def test_a_notice_whose_mail_waits_is_found_when_it_is_late_where_its_person_may_have_another_channel(store):
    copy = await mailed(store)
    await store.record([attempt(copy, deferred(NOW + HOUR))])
    assert await not_taken(store, late=NOW + timedelta(minutes=10)) == []
    await store.notices.prefer(LENE, Preferences(channels=("mail", "sms")), entry("notice.preferences", LENE))
    assert await not_taken(store) == []
    assert await not_taken(store, late=NOW + timedelta(minutes=10)) == [("n1", False)]


async def test_a_mail_that_no_hop_was_there_to_try_is_late_too(store):
    await store.notices.prefer(LENE, Preferences(channels=("mail", "sms")), entry("notice.preferences", LENE))
    await keep(store, notice("n1", mail=own_mail("mail-1")))
    assert await not_taken(store) == [] and await not_taken(store, late=NOW + HOUR) == [("n1", False)]


async def test_a_notice_that_was_delivered_is_not_found(store):
    await store.record([attempt(await mailed(store))])
    assert await not_taken(store, late=NOW + HOUR) == []


@pytest.mark.parametrize(("days", "left"), [(90, ["n1", "n2", "n3"]), (91, ["n2"])])
async def test_notices_go_when_their_term_is_over_but_for_those_that_wait(store, days, left):
    await store.commit(arrival("m1"))
    await keep(store, told(notice("n1")), notice("n2"), replace(notice("n3"), state="untold", next_at=None))
    await store.purge(NOW + timedelta(days=days), 7, 90, 183)
    assert [one.id for one in await store.notices.about("m1")] == left


async def test_more_than_one_batch_of_them_goes(store):
    await keep(store, *(told(notice(f"n{n}")) for n in range(450)))
    await store.purge(NOW + timedelta(days=91), 7, 90, 183)
    assert await store.notices.about("m1") == []
