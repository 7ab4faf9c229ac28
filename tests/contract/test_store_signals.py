"""What was found in mails, what people answered to it, and what stays of that when the mails are gone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from fakes.arrivals import NOW, SetClock, arrival, attempt
from fakes.old_store import made_by

from services.settings import Settings
from services.store.interface import Assessed
from services.store.open import open_store
from services.store.signals import Answered, PatternCount, SignalSeen
from services.store.sql_store import SqlStore

LENE, KAREN = "lene@eksempel.dk", "karen@eksempel.dk"
FOUND = {"signals": [{"kind": "threat", "level": "red"}, {"kind": "insult", "level": "yellow"}], "rights": [], "notify": []}
PATTERNS = {"threat": "threat.direct", "insult": "insult"}


async def found(store: SqlStore, mail: str = "m1") -> None:
    await store.commit(arrival(mail))
    await store.save_assessments([Assessed(mail, FOUND | {"patterns": PATTERNS})])


async def seen(store: SqlStore, person: str = LENE, mail: str = "m1") -> set[SignalSeen]:
    return set(await store.signals.of_mail(mail, person))


async def test_a_signal_is_answered_once_by_each_and_the_last_word_counts(store: SqlStore) -> None:
    await found(store)
    threat, insult = SignalSeen("threat", "red", "threat.direct"), SignalSeen("insult", "yellow", "insult")
    assert await seen(store) == {threat, insult}
    assert await store.signals.answer("m1", "insult", "wrong", person=LENE, actor="a-1")
    assert await store.signals.answer("m1", "insult", "useful", person=LENE, actor="a-1")
    assert await store.signals.answer("m1", "insult", "wrong", person=KAREN, actor="a-2")
    assert await seen(store) == {threat, SignalSeen("insult", "yellow", "insult", "useful")}
    assert await store.signals.counts() == {"threat.direct": PatternCount(1), "insult": PatternCount(1, 1, 1)}
    given = await store.signals.answers(["m1", "m2"])
    assert given == {"m1": (Answered("insult", "wrong", NOW), Answered("insult", "useful", NOW))}


async def test_every_change_of_mind_is_recorded_and_the_same_word_again_is_not(store: SqlStore) -> None:
    await found(store)
    for answer in ("wrong", "wrong", "useful"):
        await store.signals.answer("m1", "insult", answer, person=LENE, actor="a-1")  # type: ignore[arg-type]
    kept = (await store.views.seen("m1")).items
    told = [(one.actor, one.data) for one in reversed(kept) if one.action == "signal.answered"]
    data = {"kind": "insult", "level": "yellow", "pattern": "insult"}
    assert told == [("a-1", data | {"answer": "wrong"}), ("a-1", data | {"answer": "useful"})]
    assert (await store.verify_audit()).broken_at is None


async def test_two_who_answer_at_once_both_count(opener: Callable[[], Awaitable[SqlStore]]) -> None:
    store, other = await opener(), await opener()
    await found(store)
    tries = [
        one.signals.answer("m1", "threat", "useful", person=f"{n}@eksempel.dk", actor="a")
        for one in (store, other)
        for n in range(3)
    ]
    assert all(await asyncio.gather(*tries))
    assert (await store.signals.counts())["threat.direct"] == PatternCount(1, 3, 0)


async def test_what_was_not_found_can_not_be_answered(store: SqlStore) -> None:
    await found(store)
    assert not await store.signals.answer("m1", "volume", "wrong", person=LENE, actor="a-1")
    assert not await store.signals.answer("m\0", "threat", "wrong", person=LENE, actor="a-1")
    assert await store.signals.of_mail("\ud800", LENE) == ()
    await store.commit(arrival("m2"))
    await store.save_assessments([Assessed("m2", {"signals": [], "rights": [], "notify": []})])
    assert await seen(store, mail="m2") == set() and await store.signals.answers([]) == {}


async def test_law_10_what_it_counted_for_stays_when_the_mail_goes(store: SqlStore) -> None:
    for mail in ("m1", "m2"):
        await found(store, mail)
        await store.signals.answer(mail, "insult", "wrong", person=LENE, actor="a-1")
    for copy in await store.lease("next", NOW, NOW + timedelta(minutes=10), 10):
        await store.record([attempt(copy)])
    assert (await store.purge(NOW + timedelta(days=200), 7, 90, 183)).mails == 2
    assert await seen(store) == set() and await store.signals.answers(["m1", "m2"]) == {}
    assert await store.signals.counts() == {"threat.direct": PatternCount(2), "insult": PatternCount(2, 0, 2)}
    await found(store, "m3")
    assert (await store.signals.counts())["insult"] == PatternCount(3, 0, 2)


async def test_signals_of_an_earlier_version_can_be_answered_too(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    before = await open_store(settings, SetClock())
    await found(before)
    await before.close()
    made_by("0010", tmp_path)
    after = await open_store(settings, SetClock())
    try:
        assert await seen(after) == {SignalSeen("threat", "red", None), SignalSeen("insult", "yellow", None)}
        assert await after.signals.answer("m1", "threat", "useful", person=LENE, actor="a-1")
        assert await after.signals.counts() == {}  # nobody knows which pattern it was
    finally:
        await after.close()
