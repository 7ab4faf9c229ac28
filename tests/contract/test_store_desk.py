"""Calls for help and wishes for relief: kept whole, changed by one at a time, found by those whom they concern, and removed."""

import asyncio
import json
from datetime import timedelta

from fakes.arrivals import NOW

from services.store.account_values import LogIn, UserAccount, UserSession
from services.store.desk import SaveMatter
from workflows.assistance import STEP, Assistance, come, ended, stepped, written
from workflows.audit import AuditRecord
from workflows.events import assist_requested
from workflows.relief import Answer, Relief

KAREN, LENE = "Karen@Eksempel.dk", "lene@eksempel.dk"
DAY = timedelta(days=1)


def call(id="a-1", unit="bf", at=NOW):
    one = Assistance(id=id, kind="leader", unit=unit, caller=KAREN, at=at, order=((LENE,), ("per@eksempel.dk",)))
    return stepped(one, at)


def relief(id="r-1"):
    return Relief(id=id, wish="relief", case="s-1", citizen="c-1", unit="bf", asked_by=KAREN, at=NOW, why="Ét ord.")


def save(one, since=0, **more):
    return SaveMatter(one, since, audit=(AuditRecord(NOW, "a-1", "assist.requested", one.id),), **more)


async def test_each_is_kept_with_its_event_and_found_by_unit_and_by_who_asked(store):
    kept = await store.desk.keep(save(call(), events=(assist_requested("a-1", 1, "bf", "leader", NOW),)))
    wish = await store.desk.keep(save(relief()))
    assert (kept.revision, kept.matter, wish.matter) == (1, call(), relief())
    assert await store.desk.get("a-1") == kept and await store.desk.get("none") is None
    both = {kept.matter.id, wish.matter.id}
    for units, person, since, found in (
        (("bf",), "nobody@eksempel.dk", NOW, both),
        (("tek",), "nobody@eksempel.dk", NOW, set()),
        ((), "karen@eksempel.dk", NOW, both),
        (("bf",), "karen@eksempel.dk", NOW + DAY, set()),
    ):
        assert {one.matter.id for one in await store.desk.open(units, person, since)} == found
    assert await store.desk.of_citizen("c-1") == (wish,) and await store.desk.of_citizen("c-2") == ()
    [told] = [json.loads(one.body)["data"] for one in await store.outbox(10)]
    assert told == {"assist": "a-1", "unit": "bf", "kind": "leader", "step": 1}


async def test_of_two_who_change_it_one_is_told(store):
    kept = await store.desk.keep(save(call()))
    assert await store.desk.keep(save(call())) is None
    changes = [save(come(call(), who, NOW), kept.revision) for who in (LENE, "per@eksempel.dk")]
    found = await asyncio.gather(*map(store.desk.keep, changes))
    assert sorted(one is None for one in found) == [False, True]
    assert (await store.desk.get("a-1")).revision == 2


async def test_what_is_over_and_written_down_is_open_no_more_but_is_still_found_by_who_asked(store):
    await store.desk.keep(save(call()))
    await store.desk.keep(save(relief()))
    over = ended(call(), NOW)
    await store.desk.keep(save(over, 1))
    assert {one.matter.id for one in await store.desk.open(("bf",), KAREN, NOW)} == {"a-1", "r-1"}  # nobody wrote what happened
    await store.desk.keep(save(written(over, reported=False), 2))
    said = Answer(says="taken", to=LENE, by=LENE, at=NOW)
    await store.desk.keep(save(relief().model_copy(update={"answer": said}), 1))
    assert await store.desk.open(("bf",), KAREN, NOW) == ()
    assert {one.matter.id for one in await store.desk.of("karen@eksempel.dk", NOW)} == {"a-1", "r-1"}


async def test_the_calls_whose_next_people_are_due_are_found(store):
    await store.desk.keep(save(call()))
    await store.desk.keep(save(come(call("a-2"), LENE, NOW)))
    await store.desk.keep(save(relief()))
    assert await store.desk.waiting(NOW) == ()
    assert [one.matter.id for one in await store.desk.waiting(NOW + STEP)] == ["a-1"]


async def test_what_nobody_has_written_on_since_is_removed(store):
    await store.desk.keep(save(call()))
    assert await store.desk.remove(NOW - DAY) == 0
    assert await store.desk.remove(NOW + timedelta(days=36500)) == 1
    assert await store.desk.get("a-1") is None


async def test_who_is_logged_in_was_here_within_the_hour(store):
    for name, seen, ends, disabled in (
        ("here", NOW, NOW + DAY, None),
        ("away", NOW - timedelta(hours=2), NOW + DAY, None),
        ("over", NOW, NOW - timedelta(minutes=1), None),
        ("disabled", NOW, NOW + DAY, NOW),
    ):
        record = AuditRecord(NOW, "test", "user.added", name)
        account = UserAccount(f"u-{name}", f"{name}@eksempel.dk", name, "caseworker", NOW, password="none")
        assert await store.users.add(account, record)
        session = UserSession(f"s-{name}", account.id, "csrf", seen, seen, ends)
        assert await store.users.enter(LogIn(session, name, "none", None), record)
        if disabled:
            assert await store.users.change(account, record, disabled_at=disabled)
    assert await store.users.there(NOW) == {"here@eksempel.dk"}
