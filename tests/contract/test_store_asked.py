"""What programs ask for, on every database: frameworks by pages, notices of mails, names, and counts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fakes.arrivals import NOW, SetClock, arrival, entry, notice
from fakes.dossiers import LENE, MIA, REGISTER, draft, framework
from fakes.town import POLICY
from sqlalchemy import Connection, event

from services.store import view_notices
from services.store.dossiers import Kept, Save
from services.store.interface import Assessed
from services.store.sql_store import SqlStore
from workflows.decision import Sender
from workflows.facts import Facts, Organisation
from workflows.framework import State
from workflows.people import Grade, Role
from workflows.replay import kept

DAY = timedelta(days=1)


async def keep(store: SqlStore, id: str, *units: str, citizen: str = "c-1", move: str | None = None) -> None:
    one = draft().model_copy(update={"framework": framework().model_copy(update={"id": id, "citizen": citizen})})
    found = await store.dossiers.keep(Save(one, None, LENE, NOW, move=move, units=units))
    assert isinstance(found, Kept)


async def listed(store: SqlStore, limit: int = 10, **which: Any) -> list[str]:
    page = await store.dossiers.listed(limit=limit, **which)
    return [one.dossier.framework.id for one in page.items]


async def test_frameworks_are_listed_by_whom_they_are_for(store: SqlStore) -> None:
    await keep(store, "f-1", "bf")
    await keep(store, "f-2", "bf", "tek", citizen="c-2")
    await keep(store, "f-3", "tek")
    assert await listed(store) == ["f-1", "f-2", "f-3"]
    assert await listed(store, units=["bf"]) == ["f-1", "f-2"]
    assert await listed(store, units=[]) == []
    assert await listed(store, citizens=["c-2"]) == ["f-2"]
    state = (await store.dossiers.listed(limit=1)).items[0].dossier.framework.state
    assert await listed(store, state=state) == ["f-1", "f-2", "f-3"]
    assert await listed(store, state=State.EXPIRED) == []


async def test_pages_of_frameworks_hold_each_once(store: SqlStore) -> None:
    for n in range(5):
        await keep(store, f"f-{n}", "bf")
    first = await store.dossiers.listed(limit=2)
    second = await store.dossiers.listed(limit=2, after=first.after)
    last = await store.dossiers.listed(limit=2, after=second.after)
    assert [one.dossier.framework.id for page in (first, second, last) for one in page.items] == [f"f-{n}" for n in range(5)]
    assert last.after is None
    assert await listed(store, after="no place of ours") == [f"f-{n}" for n in range(5)]


async def test_citizens_by_id(store: SqlStore) -> None:
    await store.load_register(REGISTER, entry("register.loaded", "register"))
    assert {id: one.name for id, one in (await store.views.named(["c-1", "c-none", "\0"])).items()} == {"c-1": "Bo Borger"}
    assert await store.views.named([]) == {}


async def mail(store: SqlStore, id: str, unit: str, *, to: str | None = None, days: int = 0) -> None:
    made = arrival(id, redirected_to=to, received_at=NOW + days * DAY)
    sender = Sender("c-1", Role.PARTY, Grade.VERIFIED)
    decision = made.decision._replace(sender=sender, recipients=tuple(one._replace(unit=unit) for one in made.decision.recipients))
    await store.commit(replace(made, decision=decision, replay=kept(decision.mail, Facts(POLICY, Organisation()))))


async def test_notices_of_mails(store: SqlStore) -> None:
    for id in ("m1", "m2", "m3"):
        await mail(store, id, "bf")
        told = {"rights": [], "signals": [], "notify": [{"to": LENE.upper(), "role": "leader", "urgency": "now"}]}
        notices = [notice(f"n-{id}-{n}", about=id, to=to) for n, to in enumerate((LENE, MIA))] if id != "m2" else []
        await store.save_assessments([Assessed(id, told, notices)])
    found = await store.views.notices(["m3", "m2", "m1"])
    assert [(one.mail, one.to, one.role, one.urgency) for one in found] == [
        ("m3", LENE, "leader", "same_day"),
        ("m3", MIA, "leader", "same_day"),
        ("m1", LENE, "leader", "same_day"),
        ("m1", MIA, "leader", "same_day"),
    ]
    assert {(one.state, one.queued_at, one.due, one.finished_at) for one in found} == {("waiting", NOW, NOW, None)}
    assert await store.views.notices([]) == []


async def test_notices_to_somebody_the_newest_first_and_by_pages(store: SqlStore, clock: SetClock) -> None:
    for n in range(5):
        clock.time = NOW + n * DAY
        await mail(store, f"m{n}", "bf")
        told = {"rights": [], "signals": [], "notify": [{"to": LENE, "role": "leader", "urgency": "now"}]}
        await store.save_assessments(
            [
                Assessed(
                    f"m{n}",
                    told,
                    [notice(f"n{n}", about=f"m{n}", to=LENE, at=clock.time), notice(f"x{n}", about=f"m{n}", to=MIA, at=clock.time)],
                )
            ]
        )
    first = await store.views.notices_to([LENE], limit=3)
    assert [(one.id, one.to, one.role) for one in first.items] == [(f"n{n}", LENE, "leader") for n in (4, 3, 2)]
    rest = await store.views.notices_to([LENE], limit=3, after=first.after)
    assert [one.id for one in rest.items] == ["n1", "n0"] and rest.after is None
    both = await store.views.notices_to([MIA, LENE], limit=3)
    assert [one.id for one in both.items] == ["x4", "n4", "x3"]
    again = await store.views.notices_to([MIA, LENE], limit=99, after=both.after)
    assert [one.id for one in again.items] == ["n3", "x2", "n2", "x1", "n1", "x0", "n0"]
    assert (await store.views.notices_to(["nobody@eksempel.dk", "\0"], limit=3)).items == ()
    assert (await store.views.notices_to([], limit=3)).items == ()
    assert len((await store.views.notices_to([LENE], limit=9, after="no place of ours")).items) == 5


async def test_somebody_s_notices_are_read_from_their_own_index_in_its_order(store: SqlStore) -> None:
    def plan(connection: Connection) -> str:
        seen: list[str] = []

        def remember(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            seen.extend([str(row) for row in connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)])

        event.listen(connection, "before_cursor_execute", remember)
        view_notices.notices_to(connection, [LENE], 10, None)
        event.remove(connection, "before_cursor_execute", remember)
        return " ".join(seen)

    def is_sqlite(connection: Connection) -> bool:
        return connection.dialect.name == "sqlite"

    if await store.readers.run(is_sqlite):  # of PostgreSQL's planner nothing is known with an empty table
        found = await store.readers.run(plan)
        assert "ix_notice_person" in found and "TEMP B-TREE" not in found


async def test_counts_by_unit(store: SqlStore) -> None:
    for n, (unit, to, days) in enumerate(_MAILS):
        await mail(store, f"m{n}", unit, to=to, days=days)
    assert await store.views.mail_counts(NOW, NOW + 2 * DAY) == {"bf": {"delivered": 2, "redirected": 1}, "tek": {"delivered": 1}}
    assert await store.views.mail_counts(NOW + 3 * DAY, NOW + 4 * DAY) == {}
    await keep(store, "f-1", "bf", move="drafted")
    await keep(store, "f-2", "bf", "tek", move="drafted")
    await keep(store, "f-3", "tek")
    assert await store.views.move_counts(NOW, NOW + DAY) == {"bf": {"drafted": 2}, "tek": {"drafted": 1}}
    assert await store.views.move_counts(NOW - DAY, NOW) == {}
    states = await store.views.state_counts()
    assert {unit: sum(counts.values()) for unit, counts in states.items()} == {"bf": 2, "tek": 2}


_MAILS: Sequence[tuple[str, str | None, int]] = (
    ("bf", None, 0),
    ("bf", None, 1),
    ("bf", "bf-kontakt@eksempel.dk", 1),
    ("tek", None, 1),
    ("tek", None, 2),
)
