"""What waits in functional mailboxes, over every store."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from fakes.arrivals import NOW, SetClock, arrival, attempt, entry
from fakes.posts import BOX, CODE, ZONE, assessed, complaint, cursor, post, put, sighting

from services.store.posts import Change, Overtaken, Timed
from services.store.sql_store import SqlStore
from workflows.deadlines import WorkingHours
from workflows.post import PRESSING, Post, done, marked, read, take


def saved(post):
    return entry("post.taken", post.id)


async def test_a_post_is_born_with_its_mails_assessment_once(store: SqlStore) -> None:
    whole = complaint(
        level="yellow",
        spared=("karen@eksempel.dk",),
        no_reply_owed=True,
        due_answer=None,
        note="Æ\0",
        taken_by="karen@eksempel.dk",
        taken_at=NOW,
        told_at=NOW,
    )
    whole = replace(whole, summary={"questions": 2, "dates": ["2026-11-30"]})
    await put(store, whole)
    assert await store.posts.get(whole.id) == whole
    assert await store.posts.of_mail("m1") == (whole,)
    assert (await store.save_assessments([assessed("m1", post(id="other"))])).mails == set()
    assert await store.posts.of_citizen("c-1001") == (whole,)
    assert await store.posts.of_mails(["m2"]) == {} and await store.posts.get("m2.x") is None


async def test_what_is_open_is_listed_by_what_falls_due_first_and_paged(store: SqlStore) -> None:
    hours = (3, 1, 2, 2)
    found = [post(f"m{n}", due_read=NOW + timedelta(hours=due)) for n, due in enumerate(hours)]
    other = post("m8", unit="teknik", code="m-t", id="m8.m-t")
    finished = post("m9", read_at=NOW, answered_at=NOW, done_at=NOW, done_how="answered", next_at=None)
    await put(store, *found, other, finished)
    first = await store.posts.open(units=["boern-familie"], limit=2)
    rest = await store.posts.open(units=["boern-familie"], limit=2, after=first.after)
    assert [one.mail for one in (*first.items, *rest.items)] == ["m1", "m2", "m3", "m0"] and rest.after is None
    assert [one.mail for one in (await store.posts.open(mailboxes=["m-t"])).items] == ["m8"]
    assert len((await store.posts.open()).items) == 5 and (await store.posts.open(units=[])).items == ()
    assert [one.mail for one in (await store.posts.closed(NOW - timedelta(days=30))).items] == ["m9"]
    assert (await store.posts.closed(NOW + timedelta(seconds=1))).items == ()


async def test_counts_tell_what_is_open_unread_and_late(store: SqlStore, clock: SetClock) -> None:
    late = post("m1", due_read=NOW - timedelta(hours=1))
    unanswered = post("m2", read_at=NOW, due_answer=NOW - timedelta(minutes=1))
    await put(store, late, unanswered, post("m3"), post("m4", id="m4.m-t", unit=None, code="m-t", mailbox="t@eksempel.dk"))
    ours, theirs = await store.posts.counts()
    assert (ours.mailbox, ours.code, ours.unit) == (BOX, CODE, "boern-familie")
    assert (ours.open, ours.unread, ours.overdue, ours.unread_overdue) == (3, 2, 2, 1)
    assert ours.next_due == late.due_read and (theirs.unit, theirs.open, theirs.overdue) == (None, 1, 0)
    assert await store.posts.counts(units=["teknik"]) == ()


async def test_of_two_who_take_one_the_second_is_told(store: SqlStore) -> None:
    await put(store, post())
    mine, theirs = take(post(), "karen@eksempel.dk", NOW), take(post(), "per@eksempel.dk", NOW)
    results = await asyncio.gather(*(store.posts.save(one, 0, saved(one)) for one in (mine, theirs)))
    kept = [one for one in results if not isinstance(one, Overtaken)]
    [late] = [one for one in results if isinstance(one, Overtaken)]
    assert kept == [late.now] and kept[0].revision == 1
    assert (await store.verify_audit()).entries == 2  # the mail, and one that took it
    assert await store.posts.save(replace(mine, id="gone"), 0, saved(mine)) == Overtaken(None)


async def test_changes_together_are_each_fenced_by_their_own_revision(store: SqlStore) -> None:
    await put(store, post("m1"), post("m2"))
    await store.posts.save(read(post("m1"), NOW), 0, saved(post("m1")))
    changes = [Change(replace(post(id), note="Set."), 0, audit=(entry("x", id),)) for id in ("m2", "m1")]
    assert [one and one.mail for one in await store.posts.change(changes)] == ["m2", None]
    assert (await store.posts.get(post("m1").id)).note is None


async def test_the_timers_and_people_never_undo_each_other(store: SqlStore) -> None:
    await put(store, complaint("m1"), complaint("m2"))
    told = {"unread_stage": 1, "answer_stage": 2, "told_at": NOW, "next_at": NOW + timedelta(hours=2)}
    clocks = (complaint().clocks[0]._replace(stage=1),)
    found = [
        Timed(one, replace(one, clocks=clocks, **told), audit=(entry("x", one.id),)) for one in (complaint("m1"), complaint("m2"))
    ]
    assert await store.posts.tick(found[:1]) == 1
    assert await store.posts.tick(found) == 1  # of the first it was told before
    taken = take(complaint("m1"), "karen@eksempel.dk", NOW)
    kept = await store.posts.save(taken, 0, saved(taken))
    assert isinstance(kept, Post) and kept.revision == 1
    now = await store.posts.get(taken.id)
    assert (now.unread_stage, now.answer_stage, now.told_at, now.clocks) == (1, 2, NOW, clocks)
    assert (now.taken_by, now.next_at) == ("karen@eksempel.dk", NOW)
    assert await store.posts.tick([Timed(found[0].after, replace(found[0].after, unread_stage=3))]) == 0
    assert (await store.verify_audit()).entries == 5


async def test_what_is_due_is_handed_to_one_at_a_time(store: SqlStore) -> None:
    waiting = [post(f"m{n}", next_at=NOW - timedelta(minutes=n)) for n in range(1, 5)]
    await put(store, *waiting, post("m5", next_at=NOW + timedelta(minutes=1)), post("m6", next_at=None))
    later = NOW + timedelta(minutes=2)
    some = await asyncio.gather(*(store.posts.due(NOW, later, 2) for _ in range(3)))
    assert sorted(one.mail for group in some for one in group) == ["m1", "m2", "m3", "m4"]
    assert [one.mail for one in await store.posts.due(later, later + timedelta(minutes=1), 10)] == ["m5", "m1", "m2", "m3", "m4"]
    assert (await store.posts.get(waiting[0].id)).revision == 0


async def test_an_answer_finds_what_it_answers_by_message_id(store: SqlStore) -> None:
    for n in (1, 2):
        await store.commit(arrival(f"m{n}", redirected_to=BOX, message_id=f"<{n}@x>"))
        await store.save_assessments([assessed(f"m{n}", post(f"m{n}"))])
    ended = done(read(post("m2"), NOW), NOW, "Ringet op.")
    await store.posts.save(ended, 0, saved(ended))
    assert [one.mail for one in await store.posts.answerable(["<1@x>", "<2@x>", "<3@x>"])] == ["m1"]


async def test_it_is_known_when_the_people_of_a_mailbox_last_heard_of_what_is_not_red(store: SqlStore) -> None:
    just = NOW + timedelta(minutes=1)
    red = [post("m3", told_at=just, level="red"), *(post(one, told_at=just, rights=(one,)) for one in sorted(PRESSING))]
    ordinary = [post("m1", told_at=NOW), post("m2", told_at=NOW - timedelta(hours=1)), complaint("m7", told_at=NOW)]
    teknik = post("m5", unit="teknik", told_at=just, level="yellow")
    await put(store, *ordinary, *red, teknik, post("m4", id="x", code="m-t"), post("m6", unit=None, told_at=just))
    found = await store.posts.last_told([CODE, "m-t"])
    assert found == {(CODE, "boern-familie"): NOW, (CODE, "teknik"): just, (CODE, None): just}


async def test_an_open_post_keeps_its_mail_and_a_closed_one_goes_with_it(store: SqlStore) -> None:
    closed = post("m2", read_at=NOW, answered_at=NOW, done_at=NOW, done_how="answered", next_at=None)
    await put(store, post("m1"), closed)
    for leased in await store.lease("next", NOW, NOW + timedelta(minutes=5), 10):
        await store.record([attempt(leased)])
    assert (await store.purge(NOW + timedelta(days=400), 7, 90, 183)).mails == 1
    assert await store.posts.get(closed.id) is None and await store.posts.get(post("m1").id) is not None
    assert await store.mail("m1") is not None and (await store.books()).balance()


async def test_the_clock_of_a_right_that_a_reader_found_is_kept_and_what_the_timers_wrote_stays(store: SqlStore) -> None:
    before = complaint()
    await put(store, before)
    [clock] = before.clocks
    assert await store.posts.tick([Timed(before, replace(before, clocks=(clock._replace(stage=2),)))]) == 1
    found = marked(before, ["child_concern"], WorkingHours(), ZONE)
    await store.posts.save(found, before.revision, saved(before))
    now = await store.posts.get(before.id)
    assert now is not None and now.rights == ("complaint", "child_concern")
    assert [(one.right, one.stage) for one in now.clocks] == [("complaint", 2), ("child_concern", 0)]


async def test_what_is_open_again_begins_anew_with_what_was_found(store: SqlStore) -> None:
    await put(store, complaint())
    told = replace(complaint(), clocks=(complaint().clocks[0]._replace(stage=4),), answer_stage=4, told_at=NOW)
    assert await store.posts.tick([Timed(complaint(), told)]) == 1
    ended = done(read(told, NOW), NOW, "Behandlet.")
    assert isinstance(ended, Post)
    await store.posts.save(ended, 0, saved(ended))
    found = read(marked(ended, ["child_concern"], WorkingHours(), ZONE), NOW, "Læst.")
    assert isinstance(found, Post)
    await store.posts.save(found, 1, saved(found))
    now = await store.posts.get(found.id)
    assert now == replace(found, revision=2) and now.done_at is None and now.answer_stage == 0
    assert [(one.right, one.stage) for one in now.clocks] == [("child_concern", 0)]
    assert [one.id for one in await store.posts.due(NOW, NOW + timedelta(minutes=2), 9)] == [found.id]


async def test_a_post_that_is_missing_where_its_mail_lies_is_opened_once(
    store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]
) -> None:
    await store.mailboxes.lease("m-x", BOX, "a", NOW + timedelta(hours=1))
    await put(store, post())
    await store.commit(arrival("m2"))
    await store.mailboxes.saw("m-x", [sighting(1, "m1", seen=True), sighting(2, "m2")], cursor(2))
    since = NOW - timedelta(minutes=1)
    [found] = await store.posts.missing(["m-x"], since)  # nobody has assessed m2
    assert (found.mail, found.code, found.came_at, found.assessment["rights"]) == ("m1", "m-x", NOW, [])
    assert found.decision["mail"]["id"] == "m1"
    assert await store.posts.missing(["m-x"], NOW) == [] and await store.posts.missing([], since) == []
    other = post(id="m1.m-x", code="m-x", no_reply_owed=True, due_answer=None)
    assert [await process.posts.open_missing([other]) for process in (store, await opener())] == [1, 0]
    kept = await store.posts.get("m1.m-x")
    assert kept and (kept.read_how, kept.done_how) == ("flag", "read")  # as its flags tell
    assert await store.posts.missing(["m-x"], since) == [] and (await store.verify_audit()).broken_at is None
