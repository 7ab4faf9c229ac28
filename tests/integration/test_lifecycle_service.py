"""A leader's way through the service and the store, and what the calendar does afterwards, day by day."""

import email
import email.policy
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fakes.arrivals import SetClock, entry
from fakes.dossiers import GROUND, HANS, JURA, KAREN, LENE, MIA, NOW, OTHER_LEADER, REGISTER, TODAY, active, framework, record
from fakes.town import POLICY

from services.calendar_work import CalendarWork
from services.clock_watch import SETTLED, ClockWatch
from services.lifecycle import Doer, Lifecycle, Submission
from services.notify.service import Notifier
from services.settings import Settings
from services.store.dossiers import Kept, Letter, Overtaken
from services.store.open import open_store
from services.store.sql_store import SqlStore
from workflows.events import parse_event
from workflows.framework import State
from workflows.lifecycle import IllegalTransition, Refused
from workflows.proofs import Proof

TOLD = ("submitted", "submitted", "sent_back", "submitted", "approved")


class World:
    """A guard's parts over one store, with a clock that is set by hand and one that nobody can set."""

    def __init__(self, store: SqlStore, clock: SetClock, settings: Settings) -> None:
        self.store, self.clock, self.steady, self.told = store, clock, 0.0, 0
        self.watch = ClockWatch(clock, lambda: self.steady)
        self.lifecycle = Lifecycle(settings, store, clock, self._tell)
        self.calendar = CalendarWork(self.lifecycle, store, clock, self.watch)
        self.notifier = Notifier(settings, store, clock, lambda hops: None)

    def _tell(self) -> None:
        self.told += 1

    def doer(self, address: str) -> Doer:
        return Doer(self.lifecycle.actor(address), f"a-{address[:4]}")

    def pass_to(self, day: date, at: time = time(9)) -> None:
        """Time passes, by both clocks."""
        now = datetime.combine(day, at, POLICY.zone)
        self.steady += (now - self.clock.time).total_seconds()
        self.clock.time = now

    async def day(self, day: date) -> list[str]:
        """What the calendar's turn on ``day`` tells."""
        self.pass_to(day)
        return await self.turn()

    async def turn(self) -> list[str]:
        await self.notifier.sender.turn()
        await self.calendar.adopt()
        await self.calendar.turn()
        found = await self.store.outbox(99)
        await self.store.published([one.seq for one in found])
        for one in found:
            event = parse_event(one.body)
            for what, _, handler in self.notifier.handlers():
                if what == event.what:
                    await handler([event])
        return [parse_event(one.body).what.removeprefix("framework.") for one in found]

    async def mails(self) -> list[tuple[str, str]]:
        """To whom notices wait, and what they say."""
        leased = await self.store.lease("next", self.clock.now() + timedelta(days=9), self.clock.now() + timedelta(days=10), 99)
        parsed = [email.message_from_bytes(bytes(one.content), policy=email.policy.default) for one in leased]  # type: ignore[arg-type]
        return sorted((one["To"], one["Subject"]) for one in parsed)

    async def load(self, *frameworks: Any) -> None:
        await self.store.load_register(REGISTER.model_copy(update={"frameworks": frameworks}), entry("register.loaded", "register"))
        await self.store.refresh()

    async def state(self, id: str = "f-1") -> State | None:
        found = await self.store.dossiers.get(id)
        return found.dossier.framework.state if found else None


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    settings, clock = Settings(data=tmp_path), SetClock(NOW)
    store = await open_store(settings, clock)
    one = World(store, clock, settings)
    await one.load()
    yield one
    await store.close()


def letter(id: str, framework: str, kind: str) -> Letter:
    return Letter(id, framework, kind, NOW, "00" * 32, "{}", b"%PDF-")


async def test_a_leader_s_whole_way_is_kept_told_and_recorded(world: World) -> None:
    lene, move = world.doer(LENE), world.lifecycle.move
    one = await move(world.lifecycle.begin("c-1"), record("reported"), world.doer(KAREN))
    assert isinstance(one, Kept)
    id = one.dossier.framework.id
    assert [kept.dossier.framework.id for kept in await world.store.dossiers.needing(["bf"], TODAY + timedelta(days=1))] == [id]
    one = await move(one, record("drafted"), lene)
    assert isinstance(one, Kept)
    one = await world.lifecycle.save_writing(one, GROUND, framework(), lene)
    assert isinstance(one, Kept)
    assert await world.lifecycle.save_writing(one, GROUND, framework(), lene) is one
    assert isinstance(await move(one, record("decided"), world.doer(KAREN)), Refused)
    one = await move(one, record("decided"), lene, letters=(letter("l-d", id, "decision"),))
    assert isinstance(one, Kept)
    with pytest.raises(IllegalTransition):
        await world.lifecycle.save_writing(one, GROUND, framework(), lene)
    one = await move(one, record("activated"), lene)
    assert isinstance(one, Kept)
    assert one.due == TODAY + timedelta(days=60)
    told = [parse_event(event.body).what for event in await world.store.outbox(9)]
    assert told == ["framework.reported", "framework.drafted", "framework.decided", "framework.activated"]
    assert world.told == 4
    assert (await world.store.verify_audit()).entries == 5  # the load's too
    assert [one.move for one in await world.store.dossiers.revisions(id)] == ["reported", "drafted", None, "decided", "activated"]


async def test_that_a_letter_arrived_is_one_more_revision_with_its_entry_and_no_event(world: World) -> None:
    lene, lifecycle = world.doer(LENE), world.lifecycle
    one = await lifecycle.move(lifecycle.begin("c-1"), record("drafted"), lene)
    assert isinstance(one, Kept)
    id = one.dossier.framework.id
    one = await lifecycle.move(one, record("warned"), lene, letters=(letter("l-w", id, "warning"),))
    assert isinstance(one, Kept)
    assert one.due == date(2026, 11, 24)
    proof = Proof(letter="l-w", way="paper", delivered=NOW)
    assert isinstance(await lifecycle.deliver(one, proof, world.doer(KAREN)), Refused)
    events, entries = await world.store.outbox(9), (await world.store.verify_audit()).entries
    told = await lifecycle.deliver(one, proof, lene)
    assert isinstance(told, Kept)
    assert (told.dossier.proofs["l-w"], told.due) == (proof, date(2026, 12, 7))
    assert (await world.store.outbox(9), (await world.store.verify_audit()).entries) == (events, entries + 1)
    assert [one.move for one in await world.store.dossiers.revisions(id)] == ["drafted", "warned", "letter_delivered"]
    late = await lifecycle.deliver(one, proof, world.doer(HANS))
    assert late == Overtaken(LENE, NOW, told)
    again = await lifecycle.deliver(told, proof.model_copy(update={"reference": "RK 1"}), world.doer(HANS))
    assert isinstance(again, Kept)
    assert [(one.by, one.proof.reference) for one in again.dossier.delivered] == [(LENE, None), (HANS, "RK 1")]
    assert await world.store.dossiers.get(id) == again


async def test_two_leaders_at_once_lose_nothing_and_the_second_is_told(world: World) -> None:
    draft = await world.lifecycle.move(world.lifecycle.begin("c-1"), record("drafted"), world.doer(LENE))
    assert isinstance(draft, Kept)
    first = await world.lifecycle.save_writing(draft, GROUND, framework(reason="Lenes."), world.doer(LENE))
    second = await world.lifecycle.save_writing(draft, GROUND, framework(reason="Hans'."), world.doer(HANS))
    assert isinstance(first, Kept)
    assert second == Overtaken(LENE, NOW, first)
    again = await world.lifecycle.save_writing(first, GROUND, framework(reason="Begges."), world.doer(HANS))
    assert isinstance(again, Kept)


async def test_a_head_approves_what_the_head_saw(world: World) -> None:
    lene, hans = world.doer(LENE), world.doer(HANS)
    draft = await world.lifecycle.move(world.lifecycle.begin("c-1"), record("drafted"), lene)
    long = framework(ends=date(2027, 6, 1))
    assert isinstance(draft, Kept)

    async def propose(since: Kept, id: str) -> Kept | Submission | Refused | Overtaken:
        decided = record("decided", lawyer=JURA, lawyer_says="Ja.", letter=id)
        return await world.lifecycle.move(since, decided, lene, (letter(id, since.dossier.framework.id, "decision"),))

    written = await world.lifecycle.save_writing(draft, GROUND, long, lene)
    assert isinstance(written, Kept)
    found = await propose(written, "l-0")
    assert isinstance(found, Submission)
    assert [one.da for one in found.because] == ["Rammen varer mere end seks måneder."]
    assert (found.kept.move, found.kept.due) == ("submitted", date(2026, 11, 25))
    changed = await world.lifecycle.save_writing(found.kept, GROUND, long.model_copy(update={"reason": "Andet."}), lene)
    assert isinstance(await world.lifecycle.approve(found.kept, hans), Overtaken)
    assert isinstance(changed, Kept)
    found = await propose(changed, "l-1")
    assert isinstance(found, Submission)
    back = await world.lifecycle.send_back(found.kept, "Kortere.", hans)
    assert isinstance(back, Kept)
    assert back.move == "sent_back"
    found = await propose(back, "l-2")
    assert isinstance(found, Submission)
    assert isinstance(await world.lifecycle.approve(found.kept, lene), Refused)
    kept = await world.lifecycle.approve(found.kept, hans)
    assert isinstance(kept, Kept)
    assert (kept.dossier.framework.state, kept.dossier.framework.approved_by, kept.move) == (State.DECIDED, HANS, "decided")
    told = [parse_event(one.body).what for one in await world.store.outbox(99)]
    proposals = ("submitted", "sent_back", "approved")
    assert [one for one in told if one.removeprefix("framework.") in proposals] == [f"framework.{one}" for one in TOLD]


async def test_who_waits_for_an_answer_is_told_it(world: World) -> None:
    lene, hans = world.doer(LENE), world.doer(HANS)
    draft = await world.lifecycle.move(world.lifecycle.begin("c-1"), record("drafted"), lene)
    assert isinstance(draft, Kept)
    written = await world.lifecycle.save_writing(draft, GROUND, framework(ends=date(2027, 6, 1)), lene)
    assert isinstance(written, Kept)
    decided = record("decided", lawyer=JURA, lawyer_says="Ja.", letter="l-0")
    found = await world.lifecycle.move(written, decided, lene, (letter("l-0", draft.dossier.framework.id, "decision"),))
    assert isinstance(found, Submission)
    world.pass_to(TODAY, time(10))
    await world.turn()
    world.pass_to(TODAY, time(11))
    assert isinstance(await world.lifecycle.approve(found.kept, hans), Kept)
    await world.turn()
    await world.notifier.sender.turn()
    id = draft.dossier.framework.id
    told = [(HANS, f"Kontaktrammen {id} venter på godkendelse"), (LENE, f"Kontaktrammen {id} er godkendt")]
    assert await world.mails() == sorted(told)


async def test_the_calendar_asks_reviews_and_ends_each_once(world: World) -> None:
    await world.load(active().framework)  # review 22 January, last day 21 February
    days = {}
    around = [date(2026, 12, 1), date(2027, 1, 22), date(2027, 2, 7), date(2027, 2, 18), date(2027, 2, 22)]
    for day in sorted(one + timedelta(days=n) for one in around for n in (-1, 0, 1)):
        if told := await world.day(day) + await world.turn():
            days[day] = told
    assert days == {
        date(2027, 1, 22): ["due_for_review", "expires_soon"],
        date(2027, 2, 7): ["expires_soon"],
        date(2027, 2, 18): ["expires_soon"],
        date(2027, 2, 22): ["expired"],
    }
    soon, review, over = (f"Kontaktrammen f-1 {words}" for words in ("ophører snart", "skal evalueres", "er ophørt"))
    assert await world.mails() == [(KAREN, over), (LENE, over), *[(LENE, soon)] * 3, (LENE, review)]
    assert await world.state() is State.EXPIRED
    assert (await world.store.verify_audit()).broken_at is None


async def test_after_a_long_rest_only_the_last_reminder_is_sent(world: World) -> None:
    await world.load(active().framework)
    assert await world.day(date(2027, 2, 19)) == ["due_for_review", "expires_soon"]
    assert [subject for _, subject in await world.mails()] == [
        "Kontaktrammen f-1 ophører snart",
        "Kontaktrammen f-1 skal evalueres",
    ]


@pytest.mark.parametrize(("at", "state"), [(time(23, 59, 59), State.UNDER_REVIEW), (time(0), State.EXPIRED)])
async def test_it_is_over_when_the_danish_day_is(world: World, at: time, state: State) -> None:
    await world.load(active().framework)
    await world.day(date(2027, 2, 1))
    world.pass_to(date(2027, 2, 21) if at.hour else date(2027, 2, 22), at)
    await world.turn()
    assert await world.state() is state


async def test_a_clock_that_was_set_ends_nothing_before_it_has_been_let_be(world: World) -> None:
    await world.load(active().framework)
    await world.turn()
    world.clock.move(days=400)
    assert await world.turn() == []
    assert await world.state() is State.ACTIVE
    world.clock.move(days=-400)
    assert await world.turn() == []
    world.clock.move(seconds=SETTLED)
    world.steady += SETTLED
    assert await world.turn() == []
    assert await world.state() is State.ACTIVE


async def test_the_urgent_and_the_untold_end_too(world: World) -> None:
    await world.load(
        framework(id="f-urgent", state="urgent", decided_by=LENE), framework(id="f-untold", state="decided", decided_by=LENE)
    )
    assert await world.day(date(2026, 11, 27)) == ["expires_soon"]
    assert await world.day(date(2026, 11, 30)) == ["expired"]
    assert await world.state("f-urgent") is State.EXPIRED
    assert await world.day(date(2027, 2, 22)) == ["expired"]
    assert await world.state("f-untold") is State.EXPIRED


async def test_two_guards_over_one_store_do_each_thing_once(world: World, tmp_path: Path) -> None:
    await world.load(active().framework)
    world.pass_to(date(2027, 2, 22))
    other = CalendarWork(world.lifecycle, world.store, world.clock, world.watch)
    await other.adopt()
    await other.turn()
    assert await world.turn() == ["expired"]
    assert [one.move for one in await world.store.dossiers.revisions("f-1")] == ["loaded", "expired"]


async def test_one_that_fails_keeps_no_other_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.load(active().framework, active(id="f-2").framework)
    get = world.store.dossiers.get

    async def spoilt(id: str) -> Kept | None:
        if id == "f-1":
            raise ValueError(id)
        return await get(id)

    monkeypatch.setattr(world.store.dossiers, "get", spoilt)
    await world.day(date(2027, 2, 22))
    assert await world.state("f-2") is State.EXPIRED


async def test_what_load_does_is_in_the_history_from_its_next_turn_on(world: World) -> None:
    await world.load(active().framework, *(active(id=f"f-{n}").framework for n in range(2, 60)))
    assert await world.lifecycle.adopt() == 59
    assert await world.lifecycle.adopt() == 0
    found = await world.store.dossiers.needing(["bf"], TODAY + timedelta(days=60))
    assert (len(found), found[0].author) == (59, "load")
    await world.load(active().framework)
    assert await world.lifecycle.adopt() == 58
    assert await world.state("f-2") is State.LIFTED
    assert [(one.author, one.move, one.state) for one in await world.store.dossiers.revisions("f-2")] == [
        ("load", "loaded", State.ACTIVE),
        ("load", "removed", State.LIFTED),
    ]
    assert await world.store.dossiers.needing(["tek"], TODAY + timedelta(days=99)) == ()


async def test_a_case_that_moves_takes_its_framework_to_the_leader_of_its_new_unit(world: World) -> None:
    """Also where ``load`` changes the case alone, and a framework that nobody has moved since."""
    await world.load(active().framework)
    await world.lifecycle.adopt()
    before = await world.store.dossiers.get("f-1")
    register = await world.store.export_register()
    cases = tuple([one.model_copy(update={"unit": "tek"}) if one.id == "s-1" else one for one in register.cases])
    await world.store.load_register(register.model_copy(update={"cases": cases}), entry("register.loaded", "register"))
    assert await world.lifecycle.adopt() == 0
    until = TODAY + timedelta(days=99)
    [moved] = await world.store.dossiers.needing(["tek"], until)
    assert await world.store.dossiers.needing(["bf"], until) == () and moved == before
    assert [one.dossier.framework.id for one in (await world.store.dossiers.listed(units=["tek"], limit=9)).items] == ["f-1"]


async def test_whom_somebody_has_written_meanwhile_is_seen_by_whom_they_wrote(world: World) -> None:
    await world.load(active().framework)
    await world.lifecycle.adopt()
    one = await world.store.dossiers.get("f-1")
    assert one is not None
    assert await world.store.dossiers.see_anew({"f-1": ((one.revision - 1, one.version), ["tek"])}) == 0
    assert await world.store.dossiers.needing(["tek"], TODAY + timedelta(days=99)) == ()


async def test_what_comes_on_a_holiday_is_told_on_the_working_day_before(world: World) -> None:
    """Three days before Sunday the 27th is Christmas Eve: nobody would hear of it before the end."""
    ends = framework(id="f-1", state="active", decided_by=LENE, starts="2026-11-02", review="2026-12-01", ends="2026-12-27")
    await world.load(ends)
    assert "expires_soon" in await world.day(date(2026, 12, 14))
    assert await world.day(date(2026, 12, 22)) == []
    assert await world.day(date(2026, 12, 23)) == ["expires_soon"]
    assert await world.day(date(2026, 12, 24)) == []


async def test_another_leader_answers_who_asks_to_look_again(world: World) -> None:
    await world.load(active().framework)
    await world.lifecycle.adopt()
    one = await world.store.dossiers.get("f-1")
    assert one is not None
    asked = await world.lifecycle.move(one, record("reconsideration_asked"), world.doer(KAREN))
    assert isinstance(asked, Kept)
    upheld = record("upheld", letter="l-u")
    answer = (letter("l-u", "f-1", "upheld"),)
    assert isinstance(await world.lifecycle.move(asked, upheld, world.doer(LENE), answer), Refused)
    assert isinstance(await world.lifecycle.move(asked, upheld, world.doer(MIA), answer), Refused)
    assert isinstance(await world.lifecycle.move(asked, upheld, world.doer(OTHER_LEADER), answer), Kept)
    assert await world.store.dossiers.letters("f-1") == {"l-u": "upheld"}
