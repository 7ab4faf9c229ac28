"""Dossiers: each move one transaction, nobody's work lost, every gateway told, and a past state as it was."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from fakes.arrivals import NOW, SetClock, entry, event
from fakes.dossiers import LENE, MIA, REGISTER, active, decided, done, draft, framework
from fakes.town import BO

from services.store.begun_moves import BegunMove
from services.store.dossiers import Kept, Letter, Overtaken, Save
from services.store.interface import NewDelivery, OutgoingMail
from services.store.sql_store import SqlStore
from workflows.dossier import Dossier
from workflows.framework import State
from workflows.register import Register

Opener = Callable[[], Awaitable[SqlStore]]
LOADED = entry("register.loaded", "register")
TODAY = date(2026, 11, 23)


def save(dossier: Dossier, since: Kept | None = None, **more: object) -> Save:
    return replace(Save(dossier, since, LENE, NOW, units=("bf",), due=TODAY), **more)  # type: ignore[arg-type]


async def kept(store: SqlStore, dossier: Dossier, since: Kept | None = None, **more: object) -> Kept:
    found = await store.dossiers.keep(save(dossier, since, **more))
    assert isinstance(found, Kept), found
    return found


async def load(store: SqlStore, *frameworks: object) -> None:
    register = REGISTER.model_copy(update={"frameworks": tuple(frameworks)})
    await store.load_register(Register.model_validate(register), LOADED)


async def versions(store: SqlStore, id: str = "f-1") -> list[tuple[int, str | None, str]]:
    return [(one.number, one.move, one.state.value) for one in await store.dossiers.revisions(id)]


async def astray(store: SqlStore) -> list[tuple[str, int]]:
    return [(one.dossier.framework.id, one.version) for one, _ in await store.dossiers.astray()]


async def test_a_move_is_kept_whole(store: SqlStore) -> None:
    letter = Letter("l-d", "f-1", "decision", NOW, "00" * 32, "{}", b"%PDF-")
    to = NewDelivery("d-1", "f-1", "c-1", "notice", "next", "", "karen@eksempel.dk", b"", NOW)
    mail = OutgoingMail(b"Hej", to, "told once")
    told = event("framework.decided", "f-1")
    first = await kept(
        store,
        decided(),
        move="decided",
        events=(told,),
        audit=(entry("framework.decided", "f-1"),),
        letters=(letter,),
        mails=(mail,),
    )
    assert await store.dossiers.get("f-1") == first
    assert (first.revision, first.version, first.move) == (1, 1, "decided")
    assert (await store.export_register()).frameworks == (decided().framework,)
    assert [one.id for one in await store.outbox(9)] == [told.id]
    assert (await store.verify_audit()).entries == 1
    assert await store.dossiers.letters("f-1") == {"l-d": "decision"}
    [line] = await store.dossiers.letter_lines("f-1")
    assert (line.id, line.kind, line.at, line.sha256) == ("l-d", "decision", NOW, "00" * 32)
    assert await store.dossiers.letter("l-d") == letter
    assert [one.mail for one in await store.queue()] == ["f-1"]
    assert await store.dossiers.get("f-2") is None
    assert await store.dossiers.letter("l-0") is None


async def test_who_started_from_what_is_no_more_is_overtaken_and_nothing_is_written(store: SqlStore) -> None:
    first = await kept(store, draft(), move="drafted")
    mine = await kept(store, decided(), first, move="decided", author=MIA, at=NOW + timedelta(minutes=1))
    found = await store.dossiers.keep(
        save(done(draft(), "rejected"), first, move="rejected", events=(event("framework.rejected", "f-1"),))
    )
    assert found == Overtaken(MIA, NOW + timedelta(minutes=1), mine)
    assert await store.dossiers.get("f-1") == mine
    assert await store.outbox(9) == []
    assert isinstance(await store.dossiers.keep(save(draft())), Overtaken)


async def test_of_two_who_save_at_once_one_is_overtaken(opener: Opener) -> None:
    stores = [await opener(), await opener()]
    first = await kept(stores[0], draft(), move="drafted")
    saves = [save(decided(), first, move="decided", author=author) for author in (LENE, MIA)]
    found = await asyncio.gather(*(store.dossiers.keep(one) for store, one in zip(stores, saves, strict=True)))
    assert sorted(type(one).__name__ for one in found) == ["Kept", "Overtaken"]
    assert await versions(stores[0]) == [(1, "drafted", "draft"), (2, "decided", "decided")]


async def test_writing_takes_the_place_of_ones_own_last_writing_alone(store: SqlStore) -> None:
    one = await kept(store, draft(), move="drafted")
    for words in ("Første.", "Anden.", "Tredje."):
        one = await kept(store, draft(reason=words), one)
    assert (one.revision, one.version) == (4, 2)
    other = await kept(store, draft(reason="Fjerde."), one, author=MIA)
    assert await versions(store) == [(1, "drafted", "draft"), (4, None, "draft"), (5, None, "draft")]
    assert await store.dossiers.get("f-1") == other
    assert (await store.export_register()).frameworks[0].reason == "Fjerde."
    stale = await store.dossiers.keep(save(draft(reason="Femte."), one))
    assert isinstance(stale, Overtaken)
    assert stale.by == MIA


async def test_what_is_activated_routes_on_every_gateway(store: SqlStore, opener: Opener) -> None:
    gateway = await opener()
    await load(store)
    one = await kept(store, decided(), move="decided")
    await gateway.refresh()
    [file] = await gateway.files_of([BO])
    assert [one.state for one in file.frameworks] == [State.DECIDED]
    one = await kept(store, active(), one, move="activated")
    while [one.state for one in (await gateway.files_of([BO]))[0].frameworks] != [State.ACTIVE]:  # by itself
        await asyncio.sleep(0.01)
    await kept(store, done(active(), "lifted"), one, move="lifted")
    while [one.state for one in (await gateway.files_of([BO]))[0].frameworks] != [State.LIFTED]:
        await asyncio.sleep(0.01)


async def test_no_two_changes_of_the_register_have_one_version(opener: Opener) -> None:
    first, second = await opener(), await opener()
    await load(first, active(id="f-9").framework)
    more = REGISTER.model_copy(update={"authorities": ("politi.dk",), "frameworks": (active(id="f-9").framework,)})
    await asyncio.gather(
        *(kept(store, active(id=id), move="activated") for store, id in ((first, "f-1"), (second, "f-2"), (second, "f-3"))),
        first.load_register(more, LOADED),
    )
    await second.refresh()
    assert second.organisation().authorities.include("post@politi.dk")
    assert {state for id in ("f-1", "f-2", "f-3") for _, _, state in await versions(first, id)} == {"active"}


async def test_a_past_state_is_shown_as_it_was(store: SqlStore) -> None:
    hour = timedelta(hours=1)
    one = await kept(store, draft(), move="drafted", at=NOW)
    one = await kept(store, active(), one, move="activated", at=NOW + hour)
    await kept(store, done(active(), "lifted"), one, move="lifted", at=NOW + 2 * hour)
    at = store.dossiers.as_of
    assert await at("f-1", NOW - hour) is None
    assert await at("f-1", NOW) == draft()
    assert await at("f-1", NOW + 1.5 * hour) == active()
    assert (await at("f-1", NOW + 3 * hour)).framework.state is State.LIFTED  # type: ignore[union-attr]


async def test_the_overview_has_what_needs_somebody_of_a_unit_by_a_day(store: SqlStore) -> None:
    for id, unit, due in (("f-1", "bf", TODAY), ("f-2", "bf", TODAY + timedelta(days=9)), ("f-3", "tek", TODAY)):
        await kept(store, active(id=id), move="activated", units=(unit,), due=due)
    await kept(store, done(active(id="f-4"), "lifted"), move="lifted", due=None)

    async def ids(units: list[str] | None, days: int) -> list[str]:
        return [one.dossier.framework.id for one in await store.dossiers.needing(units, TODAY + timedelta(days=days))]

    assert await ids(["bf"], 0) == ["f-1"]
    assert await ids(["bf"], 10) == ["f-1", "f-2"]
    assert await ids(None, 0) == ["f-1", "f-3"]
    assert await ids([], 10) == []
    assert [one.due for one in await store.dossiers.needing(["bf"], TODAY)] == [TODAY]


async def test_a_lawyer_finds_what_they_are_asked_about_by_any_spelling_of_their_address(store: SqlStore) -> None:
    for id, lawyer, due in [
        ("later", "jura@eksempel.dk", TODAY + timedelta(days=3)),
        ("now", "Jura@Eksempel.dk", TODAY),
        ("whenever", "jura@eksempel.dk", None),
        ("another", "eva@eksempel.dk", TODAY),
    ]:
        asked = draft(id=id)
        asked = asked.model_copy(update={"ground": asked.ground.model_copy(update={"lawyer": lawyer})})
        await kept(store, asked, due=due)
    ended = active(id="ended")
    ended = ended.model_copy(update={"ground": ended.ground.model_copy(update={"lawyer": "jura@eksempel.dk"})})
    await kept(store, done(ended, "lifted"), move="lifted")
    assert [one.dossier.framework.id for one in await store.dossiers.advised("JURA@eksempel.dk")] == ["now", "later", "whenever"]


async def test_the_cases_of_many_citizens_come_at_once(store: SqlStore) -> None:
    await load(store)
    found = await store.dossiers.cases_of({"c-1", "c-none"})
    assert {id: sorted(cases) for id, cases in found.items()} == {"c-1": ["s-1", "s-2", "s-3"], "c-none": []}
    assert await store.dossiers.cases_of([]) == {}


async def test_the_calendar_looks_at_what_may_end_or_be_reviewed(store: SqlStore) -> None:
    near, far = TODAY + timedelta(days=30), TODAY + timedelta(days=31)
    for id, state, ends, due in [
        ("ends", "under_review", near, near),
        ("later", "under_review", far, far),
        ("reviewed", "active", far, TODAY),
        ("urgent", "urgent", far, far),
        ("untold", "decided", near, near),
        ("lifted", "lifted", near, None),
        ("draft", "draft", near, TODAY),
    ]:
        await kept(store, Dossier(framework=framework(id=id, state=state, ends=ends)), due=due)
    assert await store.dossiers.passing(TODAY, near) == ["ends", "reviewed", "untold", "urgent"]


# -- load
async def test_what_load_brought_is_a_dossier_without_a_step(store: SqlStore) -> None:
    await load(store, active().framework)
    found = await store.dossiers.get("f-1")
    assert found == Kept(Dossier(framework=active().framework), 0, 1, "load", NOW)
    assert await store.dossiers.of_citizen("c-1") == (found,)
    assert await astray(store) == [("f-1", 1)]
    [(same, cases)] = await store.dossiers.astray()
    assert (same, set(cases)) == (found, {"s-1", "s-2", "s-3"})
    assert (
        await store.dossiers.adopt([save(same.dossier, same, author="load", move="loaded", at=same.at)] * 2) == 1
    )  # the second is overtaken
    adopted = await store.dossiers.get("f-1")
    assert adopted is not None
    assert await astray(store) == []
    lifted = await kept(store, done(adopted.dossier, "lifted"), adopted, move="lifted")
    assert (lifted.revision, lifted.version) == (2, 2)


async def test_load_is_somebody_who_may_come_in_between(store: SqlStore) -> None:
    first = await kept(store, active(), move="activated")
    eased = active().framework.model_copy(update={"measures": active().framework.measures[:1]})
    await load(store, eased)
    found = await store.dossiers.get("f-1")
    assert found is not None
    assert (found.dossier.framework, found.dossier.steps, found.version) == (eased, active().steps, 2)
    stale = await store.dossiers.keep(save(done(active(), "lifted"), first, move="lifted"))
    assert stale == Overtaken("load", NOW, found)
    assert await astray(store) == [("f-1", 2)]


async def test_what_load_removes_keeps_its_history_and_is_lifted(store: SqlStore) -> None:
    await kept(store, active(), move="activated")
    await load(store)
    assert (await store.export_register()).frameworks == ()
    found = await store.dossiers.get("f-1")
    assert found is not None
    assert (found.dossier.framework.state, found.dossier.steps, found.version) == (State.LIFTED, active().steps, 0)
    assert await store.dossiers.of_citizen("c-1") == (found,)
    assert await store.dossiers.named(["f-1"]) == {"f-1": found}
    assert await astray(store) == [("f-1", 0)]
    gone = await kept(store, found.dossier, found, author="load", move="removed", at=NOW + timedelta(hours=1), due=None)
    assert await astray(store) == []
    assert await store.dossiers.as_of("f-1", NOW) == active()
    assert (await store.export_register()).frameworks == ()
    assert await versions(store) == [(1, "activated", "active"), (2, "removed", "lifted")]
    await load(store, active().framework)
    assert await astray(store) == [("f-1", 1)]
    back = await store.dossiers.get("f-1")
    assert back is not None
    assert (back.dossier.framework, back.revision) == (active().framework, gone.revision)


async def test_many_are_looked_up_as_each_alone(store: SqlStore) -> None:
    await kept(store, active(), move="activated")
    await kept(store, active(id="f-2"), move="activated")
    await load(store, active().framework, framework(id="f-3"))  # f-2 is gone, and f-3 has no dossier
    alone = {id: await store.dossiers.get(id) for id in ("f-1", "f-2", "f-3")}
    assert None not in alone.values()
    assert await store.dossiers.named(["f-3", "f-1", "f-2", "f-4"]) == alone
    assert await store.dossiers.of_citizens(["c-1", "c-2"]) == {"c-1": tuple(alone.values())}
    assert (await store.dossiers.named([]), await store.dossiers.of_citizens([])) == ({}, {})


async def test_the_framework_that_routes_is_shown_whatever_the_dossier_says(store: SqlStore) -> None:
    await kept(store, done(active(), "lifted"), move="lifted")
    await load(store)
    await load(store, active().framework)  # version 1 again
    found = await store.dossiers.get("f-1")
    assert found is not None
    assert found.dossier.framework.state is State.ACTIVE


async def test_law_10_retention_removes_a_dossier_with_its_framework_and_its_letters(store: SqlStore, clock: SetClock) -> None:
    letter = Letter("l-l", "f-1", "lifting", NOW, "00" * 32, "{}", b"%PDF-")
    await kept(store, done(active(), "lifted"), move="lifted", letters=(letter,), audit=(entry("framework.lifted", "f-1"),))
    await kept(store, active(id="f-2"), move="activated")
    await load(store, done(active(), "lifted").framework)  # f-2 is gone from the register
    for id in ("f-1", "f-2", "f-3"):
        await store.begun_moves.keep(BegunMove("a-1", id, "lifted", NOW, "sealed"))
    assert (await store.purge(NOW + timedelta(days=183), 7, 90, 183)).frameworks == 0
    assert await store.dossiers.get("f-2") is not None
    assert (await store.purge(NOW + timedelta(days=184), 7, 90, 183)).frameworks == 1
    for id in ("f-1", "f-2"):
        assert await store.dossiers.get(id) is None
        assert await versions(store, id) == []
    assert await store.dossiers.letter("l-l") is None
    assert [len(await store.begun_moves.of("a-1", id, NOW)) for id in ("f-1", "f-2", "f-3")] == [0, 0, 1]
    assert (await store.verify_audit()).broken_at is None


@pytest.mark.parametrize("odd", ["", "\0", "\udc80", "' OR 1=1 --"])
async def test_what_nothing_is_called_is_not_found(store: SqlStore, odd: str) -> None:
    dossiers = store.dossiers
    assert (await dossiers.get(odd), await dossiers.letter(odd), await dossiers.as_of(odd, NOW)) == (None, None, None)
    assert (await dossiers.of_citizen(odd), await dossiers.revisions(odd)) == ((), ())
    assert (await dossiers.named([odd]), await dossiers.of_citizens([odd])) == ({}, {})
    assert (await dossiers.cases(odd), await dossiers.letters(odd)) == ({}, {})
