"""Who may have written: found by an index, asked once, answered by people, and gone with the mail."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.arrivals import NOW, SetClock, arrival, attempt, entry
from fakes.old_store import made_by
from sqlalchemy import select

from services.settings import Settings
from services.store import identity
from services.store.address_index import identity_key
from services.store.interface import Assessed
from services.store.open import open_store
from services.store.schema import audit, citizen
from services.store.schema_identity import citizen_key, identity_link, mail_words
from services.store.sql_store import SqlStore
from workflows.clues import Clues
from workflows.cpr import cpr_hash
from workflows.decision import Sender
from workflows.found_by import key_of_phone
from workflows.likeness import Hint, Likeness
from workflows.link_answers import AGAIN, Link, NoSuchAnswer, asked
from workflows.people import Case, Citizen, Grade, Role, Unit
from workflows.register import Register

NEW = "ny@example.org"
BO = Citizen.model_validate(
    {
        "id": "c-1",
        "name": "Bo Borger",
        "addresses": ["bo.borger@example.net", {"address": "bo@example.com", "grade": "probable"}],
        "phones": ["12 34 56 78"],
        "cpr": "010190-1234",
        "people": [{"name": "Ada Advokat", "role": "representative", "addresses": ["ada@advokat.example"]}],
    }
)
UNIT = Unit.model_validate({"id": "u", "name": "U", "leader": "lene@eksempel.dk"})
CASE = Case.model_validate({"id": "s-77", "citizen": "c-1", "unit": "u", "caseworker": "karen@eksempel.dk"})
REGISTER = Register(units=(UNIT,), citizens=(BO,), cases=(CASE,))


async def load(store: SqlStore, register: Register = REGISTER) -> bool:
    change = await store.load_register(register, entry("register.load", "register"))
    return bool(change.added or change.changed or change.removed)


async def found(store: SqlStore, *keys: str, **more: tuple[object, ...]) -> dict[str, set[str]]:
    [people] = await store.identity.resembling([Clues(keys=keys, **more)])  # type: ignore[arg-type]
    return {one.file.citizen.id: set(one.keys) for one in people}


def question(store: SqlStore, mail: str = "m1", address: str = NEW, **changed: object) -> Link:
    like = Likeness("c-1", None, Role.PARTY, Grade.PROBABLE, "link", (Hint("display_name", "Bo B.", "Bo Borger"), Hint("cpr")))
    return replace(asked(like, mail, "u", store.identity.address(address), NOW), **changed)  # type: ignore[arg-type]


async def ask(store: SqlStore, *links: Link, mail: str = "m1", address: str = NEW, words: tuple[tuple[int, str], ...] = ()) -> None:
    await store.commit(arrival(mail, ("karen@eksempel.dk",), sender=address))
    await store.save_assessments([Assessed(mail, {"signals": [], "rights": []}, links=links, words=words)])


async def keys(store: SqlStore) -> set[tuple[str, str]]:
    return await store._readers.run(lambda connection: {tuple(row) for row in connection.execute(select(citizen_key))})


async def test_a_load_keeps_no_cpr_number_and_the_second_changes_nothing(store: SqlStore) -> None:
    assert await load(store)
    assert not await load(store)
    exported = await store.export_register()
    [one] = exported.citizens
    assert (one.cpr, one.cpr_hash) == (None, cpr_hash(identity_key(store.key), "0101901234"))
    assert not await load(store, exported)
    documents = await store._readers.run(lambda connection: list(connection.execute(select(citizen.c.document)).scalars()))
    assert not any("0101901234" in one or "010190" in one for one in (*documents, repr(exported), repr(BO), str(await keys(store))))


async def test_each_clue_finds_the_citizen_and_others_nobody(store: SqlStore) -> None:
    await load(store)
    own = identity_key(store.key)
    phone = key_of_phone(own, "+4512345678")
    assert phone is not None
    for key in (
        "name:bo borger",
        "name:ada advokat",
        "local:boborger",
        "domain:example.net",
        phone,
        f"cpr:{cpr_hash(own, '0101901234')}",
    ):
        assert await found(store, key, "name:per plads") == {"c-1": {key}}, key
    assert await found(store, "domain:advokat.example", f"cpr:{cpr_hash(store.key, '0101901234')}") == {}
    assert await found(store, cases=("s-77", "s-78")) == {"c-1": {"case:s-77"}}
    assert await store.identity.resembling([]) == []


async def test_what_more_than_five_share_tells_nothing(store: SqlStore) -> None:
    people = [Citizen.model_validate({"id": f"c-{n}", "name": "Jens Hansen", "addresses": [f"j{n}@fælles.dk"]}) for n in range(6)]
    await load(store, Register(citizens=tuple(people)))
    assert await found(store, "name:hansen jens", "domain:xn--flles-rra.dk") == {}
    await load(store, Register(citizens=tuple(people[:5])))
    assert len(await found(store, "name:hansen jens")) == 5


async def test_a_thread_counts_where_the_citizen_certainly_wrote_in_it(store: SqlStore) -> None:
    await load(store)
    for id, grade in (("m1", Grade.VERIFIED), ("m2", Grade.PROBABLE)):
        made = arrival(id, ("karen@eksempel.dk",), message_id=f"<{id}@x>")
        await store.commit(replace(made, decision=made.decision._replace(sender=Sender("c-1", grade=grade))))
    assert await found(store, thread=("<m1@x>", "<m2@x>", "<m3@x>")) == {"c-1": {"thread:m1"}}


async def test_sentences_are_found_until_their_mail_is_removed(store: SqlStore) -> None:
    await load(store)
    await ask(store, words=((7, "c-1"), (-8, "c-1")))
    assert await found(store, sentences=(7, -8, 9)) == {"c-1": {"words:m1:7", "words:m1:-8"}}
    for one in await store.lease("next", NOW, NOW + timedelta(hours=1), 9):
        await store.record([attempt(one)])
    await store.purge(NOW + timedelta(days=900), 1, 1, 1)
    assert await store._readers.run(lambda connection: connection.execute(select(mail_words)).all()) == []


async def test_a_register_that_changes_is_found_by_what_it_says_now(store: SqlStore) -> None:
    await load(store)
    await load(store, REGISTER.model_copy(update={"citizens": (BO.model_copy(update={"name": "Bo Nyt", "phones": ()}),)}))
    assert ("name:bo nyt", "c-1") in await keys(store)
    assert not any(one == "name:bo borger" or one.startswith("phone:") for one, _ in await keys(store))
    await ask(store, question(store))
    await load(store, Register())
    assert await keys(store) == set() and await store.identity.of_citizen("c-1") == ()


async def test_a_link_is_asked_once_and_confirmed_it_routes_until_it_is_undone(store: SqlStore) -> None:
    await load(store)
    await ask(store, question(store))
    await ask(store, question(store, "m2"), mail="m2")
    [one] = await store.identity.open(["u"], NOW)
    assert (one.mail, one.state, one.hints[0].says) == ("m1", "open", "Bo B.")
    assert await store.identity.open(["v"], NOW) == () == await store.identity.open([], NOW)
    assert await store.files_of({NEW}) == ()
    done = await store.identity.answer(one.id, "confirm", revision=0, by="lene@eksempel.dk")
    assert done is not None and (done.state, done.answered_by, done.hints[0].says) == ("confirmed", "lene@eksempel.dk", None)
    await store.refresh()
    [file] = await store.files_of({NEW})
    assert [(str(a.address), a.grade) for a in file.citizen.addresses][-1] == (NEW, Grade.VERIFIED)
    assert await store.identity.open(["u"], NOW) == () and await store.identity.get(one.id) == done
    assert await store.identity.of_mail("m1") == (done,) and await store.identity.of_mail("m2") == ()
    assert await store.identity.answer(one.id, "undo", revision=0, by="lene@eksempel.dk") is None
    again = await store.identity.answer(one.id, "undo", revision=1, by="lene@eksempel.dk")
    assert again is not None and again.state == "open"
    await store.refresh()
    assert await store.files_of({NEW}) == ()
    assert (await store.export_register()).citizens[0].addresses == BO.addresses
    assert (await store.verify_audit()).broken_at is None


async def test_an_address_that_was_probable_becomes_verified_and_probable_again(store: SqlStore) -> None:
    await load(store)
    await ask(store, question(store, address="bo@example.com"), address="bo@example.com")
    [one] = await store.identity.of_citizen("c-1")
    done = await store.identity.answer(one.id, "confirm", revision=0, by="lene@eksempel.dk")
    assert done is not None and done.had is Grade.PROBABLE
    await store.identity.answer(one.id, "undo", revision=1, by="lene@eksempel.dk")
    assert (await store.export_register()).citizens[0].addresses == BO.addresses


async def test_a_representatives_address_is_registered_with_them(store: SqlStore) -> None:
    await load(store)
    await ask(store, question(store, person="Ada Advokat"))
    [one] = await store.identity.open(["u"], NOW)
    await store.identity.answer(one.id, "confirm", revision=0, by="lene@eksempel.dk")
    [kept] = (await store.export_register()).citizens
    assert kept.addresses == BO.addresses and [one.address for one in kept.people[0].addresses] == ["ada@advokat.example", NEW]


async def confirmed(store: SqlStore, **changed: object) -> str:
    await load(store)
    await ask(store, question(store, **changed))  # type: ignore[arg-type]
    [one] = await store.identity.open(["u"], NOW)
    await store.identity.answer(one.id, "confirm", revision=0, by="lene@eksempel.dk")
    return one.id


async def addresses(store: SqlStore) -> dict[str, str]:
    [kept] = (await store.export_register()).citizens
    around = [each for one in kept.people for each in one.addresses]
    return {one.address: one.grade.value for one in (*kept.addresses, *around)}


def file_with(**changes: object) -> Register:
    return REGISTER.model_copy(update={"citizens": (BO.model_copy(update=changes),)})


async def test_a_confirmed_address_outlives_a_file_that_knows_nothing_of_it(store: SqlStore) -> None:
    id = await confirmed(store)
    assert not await load(store)  # the file is as it was: nothing changes
    assert await load(store, file_with(name="Bo Nyt Borger"))
    await store.refresh()
    [file] = await store.files_of({NEW})
    assert (file.citizen.name, (await addresses(store))[NEW]) == ("Bo Nyt Borger", "verified")
    assert not await load(store, await store.export_register())
    await store.identity.answer(id, "undo", revision=1, by="lene@eksempel.dk")
    assert await load(store, REGISTER) and NEW not in await addresses(store)


async def test_a_file_that_still_calls_a_confirmed_address_probable_changes_nothing(store: SqlStore) -> None:
    await load(store)
    await ask(store, question(store, address="bo@example.com"), address="bo@example.com")
    [one] = await store.identity.open(["u"], NOW)
    await store.identity.answer(one.id, "confirm", revision=0, by="lene@eksempel.dk")
    assert not await load(store) and (await addresses(store))["bo@example.com"] == "verified"
    await store.identity.answer(one.id, "undo", revision=1, by="lene@eksempel.dk")
    assert not await load(store) and (await addresses(store))["bo@example.com"] == "probable"


async def test_a_file_that_drops_who_is_meant_ends_what_was_confirmed_and_they_may_be_asked_of_again(store: SqlStore) -> None:
    id = await confirmed(store, person="Ada Advokat")
    assert not await load(store)
    await load(store, file_with(people=()))
    assert NEW not in await addresses(store) and await store.identity.get(id) is None
    await load(store)
    assert NEW not in await addresses(store)
    await ask(store, question(store, "m2"), mail="m2")
    assert [one.id for one in await store.identity.open(["u"], NOW)] == [id]
    await store.identity.answer(id, "confirm", revision=0, by="lene@eksempel.dk")
    await load(store, Register())
    await load(store)
    assert NEW not in await addresses(store) and await store.identity.get(id) is None
    ended = await store._readers.run(lambda connection: list(connection.execute(select(audit.c.subject, audit.c.action))))
    assert [tuple(row) for row in ended if row[1] == "identity.ended"] == [(id, "identity.ended")] * 2


async def test_rejected_is_never_asked_again_and_later_once_more(store: SqlStore) -> None:
    await load(store)
    await ask(store, question(store), question(store, address="andet@example.org"))
    first, second = await store.identity.open(["u"], NOW)
    await store.identity.answer(first.id, "reject", revision=0, by="lene@eksempel.dk")
    await store.identity.answer(second.id, "later", revision=0, by="lene@eksempel.dk")
    assert await store.identity.open(["u"], NOW + AGAIN - timedelta(seconds=1)) == ()
    assert [one.id for one in await store.identity.open(["u"], NOW + AGAIN)] == [second.id]
    with pytest.raises(NoSuchAnswer, match="asked_twice"):
        await store.identity.answer(second.id, "later", revision=1, by="lene@eksempel.dk")
    with pytest.raises(NoSuchAnswer, match="not_open"):
        await store.identity.answer(first.id, "confirm", revision=1, by="lene@eksempel.dk")
    await ask(store, question(store, "m2"), mail="m2")
    assert len(await store.identity.of_citizen("c-1")) == 2


async def test_who_is_perhaps_pretended_to_be_is_never_confirmed(store: SqlStore) -> None:
    await load(store)
    await ask(store, question(store, about="spoofing"))
    [one] = await store.identity.open(["u"], NOW)
    with pytest.raises(NoSuchAnswer, match="spoofing"):
        await store.identity.answer(one.id, "confirm", revision=0, by="lene@eksempel.dk")
    assert await store.identity.get(one.id) == one
    rows = await store._readers.run(lambda connection: connection.execute(select(identity_link.c.document)).scalars().all())
    assert not any(NEW in row for row in rows)


async def test_a_register_of_an_earlier_version_is_found_from_the_first_start_on(tmp_path: Path) -> None:
    plain = BO.model_copy(update={"cpr": None, "phones": ()})  # no earlier version knew them
    settings = Settings(data=tmp_path)
    before = await open_store(settings, SetClock())
    await load(before, REGISTER.model_copy(update={"citizens": (plain,)}))
    expected = await keys(before)
    await before.close()
    made_by("0008", tmp_path)
    after = await open_store(settings, SetClock())
    try:
        assert await keys(after) == expected and ("name:bo borger", "c-1") in expected
        assert not await load(after, REGISTER.model_copy(update={"citizens": (plain,)}))
    finally:
        await after.close()


def test_a_look_up_costs_by_its_clues_alone() -> None:
    """Every statement is bounded by a limit for each clue; none reads a table whole."""
    assert str(identity._statement(identity._KEYS, 3)).count("LIMIT 6") == 3
