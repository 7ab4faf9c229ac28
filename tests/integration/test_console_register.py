"""The register's page: what a file would change is shown before it is done, and what is wrong with it is told."""

import html
import os
import re
import signal

import httpx2
import pytest
import yaml
from fakes.children import in_this_process, is_gone, noting
from fakes.console import COOKIE, console_running

from services.bad_input import BadInput
from services.console import importing, importing_child
from services.console.importing import check_own_side, read_own_side
from services.store.own_side import resting_on
from workflows.faults import MOST
from workflows.register import Register

FILE = "file"


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        yield running


@pytest.fixture
async def client(beside, running, monkeypatch):
    monkeypatch.setattr(importing, "done_aside", in_this_process(running.guard.store, importing_child.read))
    return beside


@pytest.fixture
async def beside(running):
    """Their files are read by a process of its own, as they are in earnest."""
    async with httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: "it"}, timeout=60) as client:
        yield client


async def handed(client, content, name="register.yaml"):
    content = content if isinstance(content, bytes) else yaml.safe_dump(content, allow_unicode=True).encode()
    return await client.post("/register/import", files={FILE: (name, content, "application/yaml")})


async def current(client):
    answer = await client.get("/register/export")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    return yaml.safe_load(answer.text)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


async def test_what_goes_out_comes_in_again_and_changes_nothing(client):
    text = (await client.get("/register/export")).text
    assert "citizens:" not in text and "frameworks:" not in text and "bo@example.net" not in text
    answer = await handed(client, text.encode())
    assert answer.status_code == 200 and "Filen ændrer ikke noget" in answer.text and "confirm" not in answer.text


async def test_a_change_is_shown_first_and_done_once(client, running):
    store = running.guard.store
    before = await store.export_register()
    wanted = await current(client)
    wanted["units"].append({"id": "kultur", "name": "Kultur", "leader": "tove@eksempel.dk"})
    wanted["employees"] = [one for one in wanted["employees"] if one["address"] != "arne@eksempel.dk"]
    wanted["open_addresses"][0]["kind"] = "complaints"

    shown = words(await handed(client, wanted))
    assert "Kommer til (1) kultur" in shown and "Fjernes (1) arne@eksempel.dk" in shown
    assert await store.export_register() == before

    done = await client.post("/register/import/confirm")
    assert done.headers["Location"] == "/register?said=imported"
    after = await store.export_register()
    assert "kultur" in {one.id for one in after.units} and "arne@eksempel.dk" not in {one.address for one in after.employees}
    assert (after.citizens, after.cases, after.frameworks) == (before.citizens, before.cases, before.frameworks)
    assert "kultur" in {one for one in store.organisation().units}
    assert (await client.post("/register/import/confirm")).headers["Location"] == "/register/import?said=gone"


async def test_a_register_that_changed_meanwhile_is_shown_anew(client, running):
    wanted = await current(client)
    wanted["units"][0]["name"] = "Et nyt navn"
    await handed(client, wanted)
    other = await current(client)
    other["authorities"] = [*other["authorities"], "fsr.example"]
    async with httpx2.AsyncClient(base_url=client.base_url, cookies={COOKIE: "it"}, timeout=60) as colleague:
        files = {FILE: ("b.yaml", yaml.safe_dump(other).encode(), "application/yaml")}
        mine = running.guard.http.pages.app.state.handed.of("a-it", running.clock.now())
        await colleague.post("/register/import", files=files)
        await colleague.post("/register/import/confirm")
    running.guard.http.pages.app.state.handed.keep("a-it", mine)  # the colleague has an account of their own

    answer = await client.post("/register/import/confirm")
    assert answer.status_code == 200 and "Registeret er ændret imens" in answer.text and "fsr.example" in words(answer)
    assert "Et nyt navn" not in {one.name for one in running.guard.store.organisation().units.values()}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"units: [}", "register.yaml:1: this is not YAML"),
        (b"", "register.yaml: is empty"),
        (b"units:\n- {id: x, name: X}\n", "register.yaml:2: units[0] x.leader: is missing"),
        (b"unitz: []\n", "did you mean"),
        (b"a: &a [x]\nb: *a\n", "register.yaml:"),
        (b"\xff\xfe\x00", "register.yaml:"),
        (b"[" * 5000, "register.yaml:"),
        (b"units: []\ncitizens:\n- {id: c-9, name: Ny}\n", "register.yaml:2: citizens: are not changed here"),
        (b"units: []\n", "boern-familie"),
    ],
    ids=["broken", "empty", "lacking", "misspelt", "alias", "bytes", "deep", "citizens", "needed"],
)
async def test_a_file_that_cant_be_used_is_told_with_place_and_mend(client, running, content, says):
    before = await running.guard.store.export_register()
    answer = await handed(client, content)
    assert answer.status_code == 422 and says in words(answer) and "Intet er ændret" in answer.text
    assert await running.guard.store.export_register() == before


async def test_what_is_in_a_file_or_its_name_is_never_markup(client):
    evil = "<script>alert(1)</script>"
    answer = await handed(client, f'{{"{evil}": 1}}'.encode(), name=f"{evil}.yaml")
    assert answer.status_code == 422 and "<script>alert" not in answer.text
    wanted = await current(client)
    wanted["units"].append({"id": "x", "name": evil, "leader": "tove@eksempel.dk"})
    await handed(client, wanted)
    await client.post("/register/import/confirm")
    found = await client.get("/register", params={"q": evil})
    assert "<script>alert" not in found.text and html.escape(evil) in found.text


async def test_no_file_is_told(client):
    answer = await client.post("/register/import", data={"file": "text"})
    assert answer.status_code == 422 and "Vælg en fil først" in answer.text


@pytest.mark.parametrize(
    ("asked", "there", "not_there"),
    [
        ("view=employees&q=KAREN.karlsen", "Karen Karlsen", "Per Poulsen"),
        ("view=units&q=teknik", "Teknik og Byg", "Job og Ydelse"),
        ("view=open&q=klage", "klage@eksempel.dk", "dpo@eksempel.dk"),
        ("view=none&page=99", "Job og Ydelse", "Karen Karlsen"),
    ],
)
async def test_the_lists_are_searched(client, asked, there, not_there):
    answer = await client.get(f"/register?{asked}")
    assert there in answer.text and not_there not in answer.text


@pytest.mark.parametrize("asked", ["page=0", "page=x", "q=" + "x" * 300])
async def test_what_can_be_no_search_is_refused(client, asked):
    assert (await client.get(f"/register?{asked}")).status_code == 422


def faults_with(stored, running, content=b"units: []"):
    """What is wrong with the file beside what is stored."""
    settings = running.guard.settings
    with pytest.raises(BadInput) as raised:
        check_own_side("r.yaml", read_own_side("r.yaml", content, settings), settings, stored)
    return raised.value.lines


async def test_what_is_wrong_only_with_what_is_stored_is_told_by_its_id(running):
    stored = await running.guard.store.export_register()
    lines = faults_with(stored, running)
    assert any(line.startswith("r.yaml: cases.s-77.unit: ") for line in lines)
    assert any(line.startswith("r.yaml: frameworks.") for line in lines)
    assert faults_with(await resting_on(running.guard.store, Register(), MOST + 1), running) == lines


async def test_of_very_many_faults_with_what_is_stored_some_are_told(running):
    stored = await running.guard.store.export_register()
    [one] = [one for one in stored.cases if one.id == "s-77"]
    cases = tuple(one.model_copy(update={"id": f"s-{number}"}) for number in range(2500))
    lines = faults_with(stored.model_copy(update={"cases": cases}), running)
    assert len(lines) == 2001 and lines[0].startswith("r.yaml: has more than 2000 faults")


async def test_a_file_is_read_beside_the_guard(beside, running):
    wanted = await current(beside)
    wanted["units"].append({"id": "havn", "name": "Ærø Havn", "leader": "tove@eksempel.dk"})
    children = []
    with noting(children.append):
        assert "Kommer til (1) havn" in words(await handed(beside, wanted))
        assert (await beside.post("/register/import/confirm")).headers["Location"] == "/register?said=imported"
        refused = await handed(beside, b"units: []")
    assert running.guard.store.organisation().units["havn"].name == "Ærø Havn"
    assert refused.status_code == 422 and "boern-familie" in words(refused)
    assert len(children) == 3 and all(is_gone(one.pid) for one in children)


async def test_the_death_of_what_reads_a_file_changes_nothing(beside, running):
    before = await running.guard.store.export_register()
    with noting(lambda child: os.kill(child.pid, signal.SIGKILL)):
        answer = await handed(beside, (await beside.get("/register/export")).content)
    assert answer.status_code == 503 and "Det lykkedes ikke denne gang" in answer.text and "Intet er ændret" in answer.text
    assert await running.guard.store.export_register() == before


async def test_a_leader_may_leave_and_what_they_decided_stays(client, running):
    before = (await running.guard.store.export_register()).frameworks
    assert {"lene@eksempel.dk"} & {one.decided_by for one in before}
    wanted = await current(client)
    wanted["units"] = [
        one | {"leader": "per@eksempel.dk"} if one["leader"] == "lene@eksempel.dk" else one for one in wanted["units"]
    ]
    assert "Ændres (1) boern-familie" in words(await handed(client, wanted))
    await client.post("/register/import/confirm")
    assert running.guard.store.organisation().units["boern-familie"].leader == "per@eksempel.dk"
    assert (await running.guard.store.export_register()).frameworks == before
