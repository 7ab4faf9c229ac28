"""What pages look up, on every database: expectations by hand, and no page that costs more for what came before it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fakes.arrivals import NOW, SetClock, arrival, attempt, deferred, entry, framework, register
from fakes.town import POLICY
from sqlalchemy import event, insert

from services.settings import Settings
from services.store import allowed, schema_people
from services.store.interface import Arrival, Assessed, Returned
from services.store.looked_up import Page, QueueSummary, Within
from services.store.sql_store import SqlStore
from workflows.audit import AuditRecord
from workflows.decision import Evidence, Outcome, Reason, Sender, Sentence
from workflows.facts import Facts, Organisation
from workflows.people import Case, Citizen, Grade, Person, RegisteredAddress, Role
from workflows.register import Register
from workflows.replay import kept

HOUR = timedelta(hours=1)
ADMITTED = Sender("c-1001", Role.PARTY, Grade.VERIFIED, True, (Evidence("registered_address", "bo1001@example.net"),))
NO_FACTS = Facts(POLICY, Organisation())


def known(id: str, hours: float = 0, *, to: str | None = None, sender: Sender = ADMITTED, **more: Any) -> Arrival:
    """A mail of somebody in the register, so many hours after NOW; at the unit of ``more["unit"]``."""
    unit = more.pop("unit", "boern-familie")
    made = arrival(id, redirected_to=to, received_at=NOW + hours * HOUR, **more)
    recipients = tuple(one._replace(unit=unit) for one in made.decision.recipients)
    decision = made.decision._replace(sender=sender, recipients=recipients)
    return replace(made, decision=decision, replay=kept(decision.mail, NO_FACTS))


def several(*citizens: str) -> Sender:
    return Sender(None, Role.UNKNOWN, Grade.PROBABLE, candidates=citizens)


def undecided(id: str, hours: float = 0) -> Arrival:
    made = arrival(id, received_at=NOW + hours * HOUR)
    outcomes = tuple(
        Outcome(one.address, "deliver", (one.address,), Reason.NOT_EVALUATED, Sentence("Nej.", "No."))
        for one in made.decision.recipients
    )
    receipt = made.decision.receipt._replace(reason=Reason.NOT_EVALUATED)
    return replace(made, decision=made.decision._replace(recipients=outcomes, receipt=receipt))


def people(*citizens: Citizen, cases: tuple[Case, ...] = (), frameworks: tuple[Any, ...] = ()) -> Register:
    return Register(citizens=citizens, cases=cases, frameworks=frameworks)


def named(id: str, name: str, *addresses: str, people: tuple[Person, ...] = ()) -> Citizen:
    return Citizen(id=id, name=name, addresses=tuple(RegisteredAddress(address=one) for one in addresses), people=people)


async def load(store: SqlStore, what: Register) -> None:
    await store.load_register(what, entry("register.loaded", "register"))


async def mails(store: SqlStore, **asked: Any) -> list[str]:
    return [one.id for one in (await store.views.mails(**asked)).items]


async def found(store: SqlStore, text: str, within: Within | None = None) -> list[str]:
    return [one.citizen.id for one in (await store.views.citizens(text, within)).items]


async def whole(page_after: Any, limit: int = 2) -> tuple[list[Any], int]:
    """All items of all pages, and how many pages there were."""
    items: list[Any] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        one: Page[Any] = await page_after(limit, after)
        assert len(one.items) <= limit
        items += one.items
        after, pages = one.after, pages + 1
    return items, pages


@asynccontextmanager
async def counted(store: SqlStore) -> AsyncIterator[list[str]]:
    """The statements that reading makes."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM meta" not in statement:  # which the register's watch reads twice a second
            statements.append(statement)

    engine = store.readers._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


# -- what the mail path writes
async def test_law_9_a_mail_of_nobody_in_the_register_is_looked_up_by_nobody(store: SqlStore) -> None:
    await store.commit(arrival("m1"))
    assert await mails(store) == []
    assert await store.views.handled("c-1001", NOW, 10) == []
    assert (await store.views.about("m1")).citizens == frozenset()


async def test_a_known_mail_stands_under_its_citizen_and_its_units(store: SqlStore) -> None:
    await store.commit(known("m1"))
    await store.commit(known("m2", 1, sender=several("c-1001", "c-2"), unit="borgerservice"))
    await store.commit(known("m3", 2, unit=None, sender=ADMITTED._replace(citizen="c-2")))
    assert await mails(store, citizens=["c-1001"]) == ["m2", "m1"]
    assert await mails(store, citizens=["c-2"]) == ["m3", "m2"]
    assert await mails(store, units=["boern-familie"]) == ["m1"]
    assert await mails(store, units=["boern-familie", "borgerservice", "nowhere"]) == ["m2", "m1"]
    assert await mails(store) == ["m3", "m2", "m1"]
    for nothing in ({"citizens": []}, {"units": []}, {"units": [""]}, {"citizens": ["c-\0"]}, {"citizens": [""]}):
        assert await mails(store, **nothing) == []
    about = await store.views.about("m2")
    assert (about.citizens, about.units) == ({"c-1001", "c-2"}, {"borgerservice"})


async def test_a_mail_that_concerns_several_units_is_listed_once(store: SqlStore) -> None:
    both = known("m1", recipients=("karen@eksempel.dk", "per@eksempel.dk"))
    first, second = both.decision.recipients
    await store.commit(replace(both, decision=both.decision._replace(recipients=(first, second._replace(unit="teknik")))))
    await store.commit(known("m2", 1))
    assert await mails(store, units=["boern-familie", "teknik"]) == ["m2", "m1"]


async def test_what_is_removed_with_its_facts_is_gone(store: SqlStore, clock: SetClock) -> None:
    await store.commit(known("m1"))
    [one] = await store.lease("next", NOW, NOW + HOUR, 10)
    await store.record([attempt(one)])
    later = clock.move(days=200)
    assert (await store.purge(later, 7, 90, 183)).mails == 1
    assert await mails(store) == await mails(store, citizens=["c-1001"]) == await mails(store, wanted="returned") == []
    assert await store.views.handled("c-1001", NOW, 10) == []


async def test_a_mail_can_be_decided_again_from_what_is_kept(store: SqlStore) -> None:
    odd = known("m1", sender=ADMITTED, message_id="<\udc80\0ø@example.net>")
    await store.commit(odd)
    await store.commit(known("m2", 1))
    await store.save_assessments([Assessed("m2", {"rights": ["complaint"], "signals": [{"kind": "tone", "level": "red"}]})])
    first, second = await store.views.handled("c-1001", NOW, 10)
    assert first.replay.mail == odd.decision.mail._replace(size=0)
    assert (first.replay.received_at, first.decision, first.rights) == (NOW, odd.decision.wire(), ())
    assert (second.rights, second.signals) == (("complaint",), (("tone", "red"),))
    assert [one.replay.mail.id for one in await store.views.handled("c-1001", NOW, 1)] == ["m2"]
    assert [one.replay.mail.id for one in await store.views.handled("c-1001", NOW + HOUR, 10)] == ["m2"]


# -- mails
async def test_mails_by_what_became_of_them(store: SqlStore) -> None:
    for n, to in enumerate((None, "bf@eksempel.dk", None, None)):
        await store.commit(known(f"m{n}", n, to=to))
    await store.commit(undecided("m4", 4))
    observed = known("m5", 5)
    of_trial = tuple(one._replace(reason=Reason.OBSERVE_ONLY) for one in observed.decision.recipients)
    await store.commit(replace(observed, decision=observed.decision._replace(recipients=of_trial)))
    leased = {one.delivery.mail: one for one in await store.lease("next", NOW + 9 * HOUR, NOW + 10 * HOUR, 10)}
    put_off = attempt(leased["m3"], deferred(NOW + 11 * HOUR))
    given_back = attempt(leased["m2"], Returned(NOW, "550 5.1.1"))
    await store.record([*(attempt(leased[one]) for one in ("m0", "m1", "m4")), given_back, put_off])
    asked = {
        wanted: await mails(store, wanted=wanted)
        for wanted in ("delivered", "redirected", "observed", "not_evaluated", "waiting", "returned")
    }
    assert asked == {
        "delivered": ["m3", "m2", "m0"],
        "redirected": ["m1"],
        "observed": ["m5"],
        "not_evaluated": ["m4"],
        "waiting": ["m5", "m3"],
        "returned": ["m2"],
    }
    assert await mails(store, wanted="returned", units=["boern-familie"]) == ["m2"]
    states = {one.id: one.state for one in (await store.views.mails()).items}
    assert states == {"m0": "delivered", "m1": "redirected", "m2": "returned", "m3": "queued", "m4": "delivered", "m5": "queued"}


async def test_mails_by_time(store: SqlStore) -> None:
    for n in range(4):
        await store.commit(known(f"m{n}", n))
    assert await mails(store, since=NOW + HOUR, until=NOW + 3 * HOUR) == ["m2", "m1"]
    assert await mails(store, citizens=["c-1001"], until=NOW) == []


async def test_pages_of_mails_hold_each_once_also_of_one_instant(store: SqlStore) -> None:
    for n in range(7):
        await store.commit(known(f"m{n}", n // 3, unit=f"u-{n % 2}"))
    for asked in ({}, {"citizens": ["c-1001"]}, {"units": ["u-0", "u-1"]}, {"units": ["u-0", "u-1"], "wanted": "delivered"}):
        items, pages = await whole(lambda limit, after, asked=asked: store.views.mails(**asked, limit=limit, after=after))
        assert [one.id for one in items] == [f"m{n}" for n in reversed(range(7))]
        assert pages == 4


FOREIGN = ("", "x", "[]", "[1]", '["m1",1]', "[1e9,2]", '[true,"m"]', f'[{1 << 80},"m"]', "[" * 100_000, "null")


async def test_a_place_that_was_not_made_here_is_the_beginning(store: SqlStore) -> None:
    await store.commit(known("m1"))
    await load(store, register(1))
    for after in FOREIGN:
        assert [one.id for one in (await store.views.mails(after=after)).items] == ["m1"]
        for text in ("", "bo"):
            assert [one.citizen.id for one in (await store.views.citizens(text, after=after)).items] == ["c-1001"]


async def test_a_line_tells_what_was_decided_and_found(store: SqlStore) -> None:
    await store.commit(known("m1", to="bf@eksempel.dk"))
    await store.save_assessments([Assessed("m1", {"rights": ["complaint"], "signals": [{"kind": "tone", "level": "red"}]})])
    [one] = (await store.views.mails()).items
    assert (one.received_at, one.outcome, one.citizen, one.grade, one.person_role) == (
        NOW,
        "redirected",
        "c-1001",
        "verified",
        "party",
    )
    assert (one.assessed, one.rights, one.signals) == (True, ("complaint",), (("tone", "red"),))
    [to] = one.recipients
    assert (to.address, to.to, to.reason, to.framework, to.unit, to.state) == (
        "karen@eksempel.dk", "bf@eksempel.dk", "framework_applies", "f-1", "boern-familie", "queued",
    )  # fmt: skip
    assert to.explanation == {"da": "Rammen gælder.", "en": "The framework applies."}


async def test_one_mail_with_its_way(store: SqlStore, clock: SetClock) -> None:
    await store.commit(known("m1", to="bf@eksempel.dk"))
    one = await store.views.mail("m1")
    assert one is not None
    assert (one.id, one.received_at, one.client, one.states, one.content_kept) == ("m1", NOW, "127.0.0.1", ("queued",), True)
    assert (one.decision["assessed"], one.about.citizens, one.about.units) == (False, {"c-1001"}, {"boern-familie"})
    assert [(step["address"], step["state"]) for step in one.way] == [("bf@eksempel.dk", "waiting")]
    [leased] = await store.lease("next", NOW, NOW + HOUR, 10)
    await store.record([attempt(leased)])
    await store.save_assessments([Assessed("m1", {"rights": [], "signals": []})])
    await store.purge(clock.move(days=10), 7, 90, 183)
    one = await store.views.mail("m1")
    assert one is not None
    assert (one.states, one.decision["assessed"], one.content_kept) == (("redirected",), True, False)
    assert await store.views.mail("nothing") is None
    assert await store.views.mail("\0") is None


async def test_the_volume_is_told_in_danish_weeks(store: SqlStore) -> None:
    sunday = datetime(2026, 11, 22, 22, 59, tzinfo=UTC)  # 23:59 in Denmark
    for n, at in enumerate((sunday, sunday + timedelta(minutes=2), sunday + timedelta(days=13))):
        await store.commit(known(f"m{n}", (at - NOW) / HOUR, to="bf@eksempel.dk" if n == 1 else None))
    weeks = await store.views.volume("c-1001", date(2026, 11, 20), date(2026, 12, 3))
    assert [(one.monday, dict(one.mails), one.total) for one in weeks] == [
        (date(2026, 11, 16), {"delivered": 1}, 1),
        (date(2026, 11, 23), {"redirected": 1}, 1),
        (date(2026, 11, 30), {"delivered": 1}, 1),
    ]
    assert [one.total for one in await store.views.volume("c-2", date(2026, 11, 20), date(2026, 11, 20))] == [0]


async def test_mails_with_a_red_signal(store: SqlStore) -> None:
    for n, level in enumerate(("red", "yellow", "red")):
        await store.commit(known(f"m{n}", n, unit=f"u-{n}"))
        found = {"rights": [], "signals": [{"kind": "threat", "level": level}]}
        await store.save_assessments([Assessed(f"m{n}", found)])
    assert await mails(store, wanted="red") == ["m2", "m0"]
    assert await mails(store, units=["u-0", "u-1"], wanted="red") == ["m0"]


# -- citizens
ADA = Person(name="Ada", role=Role.REPRESENTATIVE, addresses=(RegisteredAddress(address="ada@x.dk"),))
PEOPLE = (
    named("c-1", "Åse Müller-Sørensen", "aase@example.net"),
    named("c-2", "Hans Hansen", "hans@example.net", "Hans.H@Example.ORG"),
    named("c-3", "Hanne Berg", people=(ADA,)),
    named("c-30", "Berg Hans Olsen"),
    named("d-1", "李小龙"),
)
CASES = (
    Case(id="s-1", citizen="c-1", unit="bf", caseworker="Karen@eksempel.dk"),
    Case(id="s-2", citizen="c-2", unit="tek", caseworker="per@eksempel.dk"),
    Case(id="s-30", citizen="c-30", unit="bf", caseworker="per@eksempel.dk"),
)


async def test_citizens_are_found_by_name_id_case_and_address(store: SqlStore) -> None:
    await load(store, people(*PEOPLE, cases=CASES))
    asked = {
        "": ["c-1", "c-2", "c-3", "c-30", "d-1"],
        "åse": ["c-1"],
        " MULLER ": ["c-1"],
        "sørensen": ["c-1"],
        "ase": [],  # å is a letter of its own
        "han": ["c-3", "c-2", "c-30"],
        "hans": ["c-2", "c-30"],
        "hans olsen": ["c-30"],
        "berg han": ["c-3", "c-30"],
        "berg nobody": [],
        "李": ["d-1"],
        "c-3": ["c-3", "c-30"],
        "s-2": ["c-2"],
        "hans@example.net": ["c-2"],
        "HANS.H@example.org": ["c-2"],
        "hans@example": [],
        "ada@x.dk": ["c-3"],
        "%": [],
        "_": [],
        "'; --": [],
        "\0": [],
        "\ud800": [],
        "x" * 100_000: [],
        "a " * 5_000: [],
    }
    assert {text: await found(store, text) for text in asked} == asked


@pytest.mark.parametrize("many", [1, 2000])
async def test_only_citizens_within_are_found(store: SqlStore, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowed, "MANY", many)
    await load(store, people(*PEOPLE, cases=CASES, frameworks=(framework("f-3", "c-3", "s-3"),)))  # type: ignore[arg-type]
    bf, per = Within(frozenset({"bf"})), Within(caseworker="PER@eksempel.dk")
    for text, in_bf, of_per in (
        ("", ["c-1", "c-30"], ["c-2", "c-30"]),
        ("han", ["c-30"], ["c-2", "c-30"]),
        ("c-", ["c-1", "c-30"], ["c-2", "c-30"]),
        ("s-", ["c-1", "c-30"], ["c-2", "c-30"]),
        ("hans@example.net", [], ["c-2"]),
    ):
        assert (await found(store, text, bf), await found(store, text, per)) == (in_bf, of_per), text
        assert await found(store, text, Within()) == []
    framed = Within(framed=True)
    for text, ids in (("", ["c-3"]), ("c-", ["c-3"]), ("s-", []), ("han", ["c-3"]), ("hans@example.net", [])):
        assert await found(store, text, framed) == ids, text
    assert await found(store, "", Within(frozenset({"tek"}), "karen@eksempel.dk")) == ["c-1", "c-2"]
    await store.writer.run(_scoped("tek", "f-3"))
    assert await found(store, "", Within(frozenset({"tek"}))) == ["c-2", "c-3"]


def _scoped(unit: str, of: str) -> Any:
    from services.store.unit_of_work import Operation

    class Scoped(Operation[None]):
        queries = True

        def apply(self, work: Any) -> None:
            work.connection.execute(insert(schema_people.dossier_unit).values(unit=unit, framework=of))
            work.wrote = True

    return Scoped()


async def test_pages_of_citizens_hold_each_once(store: SqlStore) -> None:
    await load(store, people(*(named(f"c-{n}", f"Hans Hansen {n}") for n in range(9))))
    for text in ("", "hans", "han hans", "hansen"):
        items, _ = await whole(lambda limit, after, text=text: store.views.citizens(text, limit=limit, after=after))
        assert sorted(one.citizen.id for one in items) == [f"c-{n}" for n in range(9)], text


async def test_a_changed_or_removed_citizen_is_found_by_what_they_are_now(store: SqlStore) -> None:
    await load(store, people(named("c-1", "Bo Borger"), named("c-2", "Ida Holm"), cases=CASES[:1]))
    moved = CASES[0].model_copy(update={"unit": "tek", "caseworker": "mia@eksempel.dk"})
    await load(store, people(named("c-1", "Bo Andersen"), cases=(moved,)))
    assert [await found(store, one) for one in ("borger", "andersen", "ida", "bo")] == [[], ["c-1"], [], ["c-1"]]
    assert await found(store, "", Within(frozenset({"bf"}))) == []
    assert await found(store, "", Within(frozenset({"tek"}))) == ["c-1"]
    assert await found(store, "", Within(caseworker="mia@eksempel.dk")) == ["c-1"]


async def test_a_citizens_file(store: SqlStore) -> None:
    await load(store, register(2))
    await store.commit(known("m1"))
    await store.commit(known("m2", 1, sender=ADMITTED._replace(authenticated=False)))
    one = await store.views.citizen("c-1001")
    assert one is not None
    assert (one.citizen.name, [case.id for case in one.cases], [each.id for each in one.frameworks]) == (
        "Bo Borger",
        ["s-1001"],
        ["f-1001"],
    )
    assert [
        (seen.registered.address, seen.registered.grade, seen.mails, seen.authenticated, seen.last) for seen in one.addresses
    ] == [
        ("Bo1001@example.net", "verified", 2, 1, NOW + HOUR),
        ("bo.1001@example.org", "probable", 0, 0, None),
        ("ada1001@advokat.example", "verified", 0, 0, None),
    ]
    assert one.addresses[2].person is not None
    assert await store.views.citizen("c-9") is None


async def test_a_case(store: SqlStore) -> None:
    await load(store, people(*PEOPLE, cases=CASES))
    assert await store.views.case("s-2") == CASES[1]
    assert await store.views.case("s-9") is None


async def test_versions_of_frameworks(store: SqlStore, clock: SetClock) -> None:
    await load(store, register(1))
    later = clock.move(days=1)
    parts = register(1).model_dump(by_alias=True, mode="json")
    parts["frameworks"] = [framework("f-1001", "c-1001", "s-1001", state="lifted")]
    await load(store, Register.model_validate(parts))
    versions = await store.views.versions(["c-1001"])
    assert [(one.version, one.since, one.framework.state) for one in versions["f-1001"]] == [
        (1, NOW, "active"),
        (2, later, "lifted"),
    ]
    now = await store.views.framework("f-1001")
    assert now is not None and now.state == "lifted"
    assert await store.views.framework("f-9") is None


# -- operations
async def test_what_waits_in_short(store: SqlStore) -> None:
    assert await store.views.queue() == []
    for n in range(3):
        await store.commit(known(f"m{n}", n))
    [first, *_] = await store.lease("next", NOW, NOW + HOUR, 1)
    await store.record([attempt(first, deferred(NOW + 9 * HOUR, stuck=True))])
    assert await store.views.queue() == [QueueSummary("next", 3, 1, 1, NOW)]


async def test_law_10_who_has_seen_a_citizen(store: SqlStore) -> None:
    await store.commit(known("m1"))  # the guard's own entry about the mail is none of these
    for n in range(5):
        await store.append_audit(AuditRecord(NOW, "lene", "citizen.read", f"c-{n % 2}", {"n": n}))
    await store.append_audit(AuditRecord(NOW, "per", "mail.read", "m1", {"why": "klage"}))
    items, pages = await whole(lambda limit, after: store.views.seen("c-0", limit=limit, after=after))
    assert ([one.data["n"] for one in items], pages) == ([4, 2, 0], 2)
    [one] = (await store.views.seen("m1")).items
    assert (one.actor, one.action, one.subject, one.at, dict(one.data)) == ("per", "mail.read", "m1", NOW, {"why": "klage"})
    assert len((await store.views.seen("m1", "c-1")).items) == 3
    assert (await store.views.seen("\0")).items == ()


async def test_when_a_citizens_mail_was_received(store: SqlStore) -> None:
    for n, hours in enumerate((-50, -2, 0, 3)):
        await store.commit(known(f"m{n}", hours))
    await store.commit(known("other", sender=several("c-1", "c-2")))
    since = NOW - 2 * HOUR
    received = await store.views.received_of(["c-1001", "c-2", "c-9"], since)
    assert {citizen: sorted(times) for citizen, times in received.items()} == {
        "c-1001": [since, NOW, NOW + 3 * HOUR],
        "c-2": [NOW],
        "c-9": [],
    }
    assert await store.views.received_of([], since) == {}


async def test_each_is_looked_up_in_few_statements(store: SqlStore, settings: Settings) -> None:
    await load(store, register(3))
    for n in range(5):
        await store.commit(known(f"m{n}", n))
    for most, look in (
        (3, lambda: store.views.mails()),
        (3, lambda: store.views.mails(units=[f"u-{n}" for n in range(40)], wanted="waiting")),
        (4, lambda: store.views.mail("m1")),
        (6, lambda: store.views.citizens("bo")),
        (5, lambda: store.views.citizen("c-1001")),
        (1, lambda: store.views.volume("c-1001", NOW.date(), NOW.date())),
        (2, lambda: store.views.received_of(["c-1001", "c-9"], NOW)),
        (1, lambda: store.views.handled("c-1001", NOW, 10)),
        (1, lambda: store.views.queue()),
        (1, lambda: store.views.seen("c-1001")),
    ):
        async with counted(store) as statements:
            await look()
        assert 0 < len(statements) <= most, statements
