"""*Mit overblik*: each role is shown what needs something from it, and nothing else."""

import json
import re
from datetime import timedelta

import httpx2
import pytest
from fakes.console import COOKIE, console_running, visitor_as
from fakes.console_door import csrf_of, housed
from fakes.console_matters import lived_in
from fakes.dossiers import AROUND, TODAY, active, decided, draft, record
from sqlalchemy import select

from services.console.pages import overview
from services.console.tasks import Task, sorted_out
from services.lifecycle import Doer, Lifecycle
from services.store import schema
from services.store.dossiers import Kept, Save
from workflows.audit import AuditRecord
from workflows.decision import Sentence
from workflows.framework import ChangedCaseworker, Scope
from workflows.lifecycle_needs import Need

FIRST = re.compile(r"<main.*</main>", re.DOTALL)
WAITS = re.compile(r'class="badge">(\d+)<span class="unseen"> ting venter')


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        running.ids = await lived_in(running)
        yield running


def as_(running, role):
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: role})


async def shown(running, role, path="/"):
    async with as_(running, role) as client:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        return FIRST.search(answer.text)[0]


NEVER = {"Skriv kladden færdig", "Godkend indstillingen", "Skriv din vurdering", "Send brevet til borgeren", "Trussel", "Bo Borger"}


@pytest.mark.parametrize(
    ("role", "has", "has_not"),
    [
        ("leader", {"Send brevet til borgeren", "Skriv kladden færdig", "Trussel", "Evaluér rammen"}, {"Godkend", "Skriv din"}),
        ("head", {"Godkend indstillingen", "Trussel"}, {"Skriv din vurdering"}),
        ("lawyer", {"Dorte Dahl", "Skriv din vurdering", "Rita Rask", "Sendt til dig"}, {"Bo Borger", "Trussel", "Godkend"}),
        ("caseworker", {"Du skal ikke gøre noget.", "Bo Borger", "Ejnar Eg", "I kraft"}, {"Anne Holm", "Kladde", "Trussel</"}),
        ("dpo", {"f-6-udkast", "Find en borger"}, {"Villy Vind", *NEVER} - {"Skriv kladden færdig"}),
        ("it", {"Alt er i orden", "Åbn Drift"}, NEVER),
        ("work_environment", {"Se tallene"}, NEVER),
    ],
)
async def test_a_role_is_shown_what_needs_something_from_it(running, role, has, has_not):
    text = await shown(running, role)
    assert {one for one in has if one not in text} == set()
    assert {one for one in has_not if one in text} == set()


async def test_what_is_urgent_comes_first_and_each_thing_has_one_way_to_it(running):
    text = await shown(running, "leader")
    parts = ("Mails, du bør se", "Det venter på dig", 'id="posts"', "Kladder", "Kommer de")
    assert [text.index(one) for one in parts] == sorted(text.index(one) for one in parts)
    for id in running.ids["told"], running.ids["draft"], running.ids["asked"]:
        assert text.count(f'href="/frameworks/{id}"') == 1
    assert running.ids["waits"] not in text  # the head has it


async def test_a_caseworker_with_many_citizens_sees_all_their_frameworks(running, monkeypatch):
    monkeypatch.setattr(overview, "AT_ONCE", 1)
    text = await shown(running, "caseworker")
    assert "Bo Borger" in text and "Ejnar Eg" in text


async def test_whoever_meets_citizens_can_report_what_happened_from_here(running):
    assert ['href="/report"' in await shown(running, role) for role in ("caseworker", "leader", "it", "dpo")] == [
        True,
        True,
        False,
        False,
    ]


async def test_whoever_has_nothing_to_do_is_told_so(tmp_path):
    async with housed(tmp_path) as house:
        for name, role in (("lene", "leader"), ("hans", "head"), ("jura", "lawyer"), ("karen", "caseworker"), ("dorte", "dpo")):
            await house.account(name, role)
            text = (await (await house.logged_in(name)).get("/")).text
            assert "Alt er i orden" in text and 'class="badge"' not in text, role


async def test_the_menu_counts_what_waits_on_every_page_for_those_of_whom_something_is_asked(running):
    counts = {}
    for role in ("leader", "lawyer", "caseworker", "dpo", "it"):
        async with as_(running, role) as client:
            text = (await client.get("/register" if role in ("it", "dpo") else "/citizens")).text
            counts[role] = re.findall(WAITS, text)
    # the leader: a framework, and two questions of who wrote
    assert counts == {"leader": ["3"], "lawyer": ["1"], "caseworker": [], "dpo": [], "it": []}


async def test_the_number_is_counted_anew_after_a_form_and_after_a_minute(tmp_path):
    async with housed(tmp_path) as house:
        await house.account("lene", "leader")
        client = await house.logged_in("lene")

        async def number():
            return re.findall(WAITS, (await client.get("/citizens")).text)

        async def another(id):
            save = Save(decided(id=id), None, "lene@eksempel.dk", house.clock.now(), units=("bf",), due=TODAY)
            assert isinstance(await house.store.dossiers.keep(save), Kept)

        assert await number() == []
        await another("f-8")
        assert await number() == []
        await client.post("/citizens", data={"csrf": csrf_of(await client.get("/citizens")), "q": "bo"})
        assert await number() == ["1"]
        await another("f-9")
        assert await number() == ["1"]
        house.clock.move(seconds=61)
        assert await number() == ["2"]


async def test_two_drafts_about_one_citizen_are_told_apart(running):
    lifecycle = Lifecycle(running.guard.settings, running.guard.store, running.clock)
    drafted = record("drafted")
    for role in ("leader", "head"):
        who = Doer(lifecycle.actor(visitor_as(role).address), f"a-{role}")
        assert isinstance(await lifecycle.move(lifecycle.begin("c-1010"), drafted, who), Kept)
    text = await shown(running, "leader")
    assert "af Lene Lund" in text and "af Birgit Bruun" in text and "Sagen s-90" in text and "Ikke valgt endnu" in text


async def test_what_has_ended_by_its_dates_asks_for_nothing_though_the_calendar_has_not_been_there(tmp_path):
    async with housed(tmp_path) as house:
        await house.account("lene", "leader")
        client = await house.logged_in("lene")
        one = active(id="f-9")
        over = {"starts": TODAY - timedelta(days=90), "review": TODAY - timedelta(days=20), "ends": TODAY - timedelta(days=1)}
        ended = one.model_copy(update={"framework": one.framework.model_copy(update=over)})
        save = Save(ended, None, "lene@eksempel.dk", house.clock.now(), units=("bf",), due=over["review"])
        assert isinstance(await house.store.dossiers.keep(save), Kept)
        assert "f-9" not in (await client.get("/")).text
        text = FIRST.search((await client.get("/frameworks/f-9")).text)[0]
        assert "Udløbet" in text and "Evaluér" not in text and "Næste skridt" not in text and "/move/eased" not in text
        for path in (f"/citizens/{ended.framework.citizen}", "/citizens", f"/frameworks/new?citizen={ended.framework.citizen}"):
            text = FIRST.search((await client.get(path)).text)[0]
            assert "Udløbet" in text and "I kraft" not in text, path


async def test_law_10_what_somebody_was_shown_is_recorded(running):
    await shown(running, "lawyer")

    def read(connection):
        mine = (schema.audit.c.actor == "a-lawyer", schema.audit.c.action == "overview.read")
        return connection.execute(select(schema.audit.c.subject, schema.audit.c.data).where(*mine)).all()[-1]

    subject, data = await running.guard.store.readers.run(read)
    assert subject == visitor_as("lawyer").account
    assert json.loads(data) == {"frameworks": sorted([running.ids["asked"], running.ids["answered"]])}


async def test_a_caseworker_who_takes_over_sees_it_too(running):
    store = running.guard.store
    register = await store.export_register()
    [of_theirs] = [one for one in register.frameworks if one.id == "f-1"]
    over = ChangedCaseworker(kind="changed_caseworker", **{"from": "niels@eksempel.dk", "to": visitor_as("caseworker").address})
    of_niels = {"id": "f-over", "scope": Scope(cases=("s-78",)), "measures": (over,)}
    assert "/frameworks/f-over" not in await shown(running, "caseworker")
    more = register.model_copy(update={"frameworks": (*register.frameworks, of_theirs.model_copy(update=of_niels))})
    await store.load_register(more, AuditRecord(running.clock.now(), "test", "register.loaded", "test"))
    assert "/frameworks/f-over" in await shown(running, "caseworker")


def task(what, days, id="f-1"):
    need = Need(what, TODAY.fromordinal(TODAY.toordinal() + days), "leader", Sentence("Gør det.", "Do it."))
    return Task(need, Kept(draft(id=id), 1, 1, "lene@eksempel.dk", None), AROUND)


def test_what_comes_waits_from_a_week_before_and_is_told_from_thirty_days_before():
    all_of_it = [
        task("review", 31),
        task("end", 30),
        task("review", 8),
        task("end", 7),
        task("tell", 20),
        task("write", -3),
        task("mend", -1),
    ]
    found = sorted_out(all_of_it, TODAY)
    assert [(one.need.what, (one.need.by - TODAY).days) for one in found.now] == [("mend", -1), ("end", 7), ("tell", 20)]
    assert [one.need.what for one in found.drafts] == ["write"]
    assert [(one.need.what, (one.need.by - TODAY).days) for one in found.coming] == [("review", 8), ("end", 30)]
