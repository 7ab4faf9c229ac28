"""*Borger*: who finds and sees whom, what of it, on one time line; that they looked, and why; and what is handed over."""

import html
import json
import os
import re
import signal
from datetime import timedelta

import httpx2
import pytest
from fakes.children import is_gone, noting
from fakes.console import COOKIE, console_running
from fakes.console_door import csrf_of, housed
from fakes.console_matters import lived_in
from fakes.town import town
from sqlalchemy import select

from services.console import citizen_extract, citizen_line
from services.store import schema
from workflows.audit import AuditRecord

WHY = "Borgeren har bedt om indsigt <b>i dag</b>."


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        running.ids = await lived_in(running)
        yield running


def as_(running, role):
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: role}, timeout=60)


async def got(running, role, path, status=200):
    async with as_(running, role) as client:
        answer = await client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text


async def found(running, role, text):
    """The citizens whom a search shows, in order."""
    async with as_(running, role) as client:
        answer = await client.post("/citizens", data={"q": text})
        assert answer.status_code == 200
        return re.findall(r'href="/citizens/([^"]+)"', answer.text)


async def audited(running, actor, action):
    def read(connection):
        asked = (schema.audit.c.actor == actor, schema.audit.c.action == action)
        rows = connection.execute(select(schema.audit.c.subject, schema.audit.c.data).where(*asked).order_by(schema.audit.c.seq))
        return [(row.subject, json.loads(row.data)) for row in rows]

    return await running.guard.store.readers.run(read)


def entries(text):
    """The time line: what each entry is about, and its words."""
    line = text.partition('<ol class="events">')[2].partition("</ol>")[0]
    each = [(re.search(r'href="([^"]*)"', one), one) for one in line.split("<li ")[1:]]
    return [(path[1] if path else "", re.sub(r"<[^>]+>", " ", one)) for path, one in each]


# -- finding
@pytest.mark.parametrize(
    ("role", "text", "whom"),
    [
        ("leader", "bo", ["c-1001"]),
        ("leader", "Borger Bo", ["c-1001"]),
        ("leader", "c-1001", ["c-1001"]),
        ("leader", "s-77", ["c-1001"]),
        ("leader", "BO@example.net", ["c-1001"]),
        ("leader", "ulla", []),  # of another unit
        ("leader", "s-80", []),
        ("leader", "ulla@example.org", []),
        ("leader", "%", []),
        ("leader", "' OR 1=1 --", []),
        ("leader", "x" * 320, []),
        ("caseworker", "ejnar", ["c-1010"]),
        ("caseworker", "anne", []),  # a colleague's
        ("lawyer", "dorte", ["c-1005"]),
        ("lawyer", "mogens", ["c-1003"]),  # a framework that intervenes most
        ("lawyer", "ulla", []),
        ("dpo", "ulla", ["c-1002"]),
    ],
)
async def test_somebody_finds_those_whom_they_may_see(running, role, text, whom):
    assert await found(running, role, text) == whom


async def test_one_s_own_citizens_are_listed_and_whoever_may_see_all_has_to_search(running):
    assert "Ejnar Eg" in await got(running, "caseworker", "/citizens")
    for role in ("dpo", "lawyer"):
        text = await got(running, role, "/citizens?q=bo")
        assert "Bo Borger" not in text and "Find en borger" in text


@pytest.mark.parametrize("role", ["it", "work_environment"])
@pytest.mark.parametrize("path", ["/citizens", "/citizens/c-1001", "/citizens/c-1001/extract.json"])
async def test_whoever_needs_no_citizen_has_no_such_page(running, role, path):
    assert "Bo Borger" not in await got(running, role, path, 404)


async def test_law_10_whom_a_search_shows_is_recorded_and_not_what_was_searched_for(running):
    await found(running, "leader", "bo@example.net")
    subject, data = (await audited(running, "a-leader", "citizens.read"))[-1]
    assert (subject, data) == ("a-leader", {"citizens": ["c-1001"]})


# -- seeing
@pytest.mark.parametrize(
    ("role", "id"), [("leader", "c-1002"), ("caseworker", "c-1011"), ("lawyer", "c-1002"), ("leader", "c-none")]
)
async def test_another_s_citizen_does_not_exist_and_that_somebody_asked_is_recorded(running, role, id):
    text = await got(running, role, f"/citizens/{id}", 404)
    assert text == await got(running, role, f"/citizens/{id}", 404)
    assert "Ulla" not in text and "Anne" not in text
    assert (await audited(running, f"a-{role}", "access.refused"))[-1] == (id, {"why": "citizen.see"})


@pytest.mark.parametrize("id", ["%00", "..%2fc-1001", "c-1001'--", "c" * 65, "%F0%9F%98%80", "c-1001%0d%0aX:y"])
async def test_a_hostile_id_is_no_citizen(running, id):
    await got(running, "dpo", f"/citizens/{id}", 404)


async def test_a_visitor_sees_their_own_part_of_a_citizen(running):
    leader, caseworker = await got(running, "leader", "/citizens/c-1001"), await got(running, "caseworker", "/citizens/c-1001")
    assert "s-77" in leader and "s-78" not in leader and "Ada Advokat" in leader
    assert "s-77" in caseworker and "s-78" not in caseworker
    assert "Mails uge for uge" in leader and "Mails uge for uge" not in caseworker
    assert "Hvem har set borgeren" in leader and "Hvem har set borgeren" not in caseworker
    both = await got(running, "head", "/citizens/c-1010")
    assert "s-90" in both and "s-91" in both and await audited(running, "a-head", "citizen.read") == [("c-1010", {"why": None})]
    mine = await got(running, "caseworker", "/citizens/c-1010")
    assert "s-90" in mine and "s-91" not in mine


async def test_evidence_stands_beside_each_address(running):
    text = " ".join(re.sub(r"<[^>]+>", " ", await got(running, "leader", "/citizens/c-1001")).split())
    assert re.search(r"bo@example\.net Borgeren selv Bekræftet \d+ mails, senest 23\.11\.2026 \d+ bekræftet af jeres egen", text)
    assert re.search(r"bo\.b@example\.org Borgeren selv Sandsynlig", text)


# -- the time line
async def test_every_mail_and_move_is_told_once_however_many_pages_there_are(running, monkeypatch):
    whole = entries(await got(running, "leader", "/citizens/c-1001"))
    monkeypatch.setattr(citizen_line, "MAILS", 7)
    told, path, pages = [], "/citizens/c-1001", 0
    while path:
        text = await got(running, "leader", path)
        told += entries(text)
        pages += 1
        following = re.search(r'rel="next" href="([^"#]+)', text)
        path = html.unescape(following[1]) if following else None
    assert sorted(told) == sorted(whole)
    assert pages == 4 and len(whole) > 25


@pytest.mark.parametrize(
    ("show", "fits"),
    [
        ("mails", lambda path, _: path.startswith("/mails/")),
        ("elsewhere", lambda _, text: "Gik et andet sted hen" in text),
        ("red", lambda _, text: 'class="alarm"' in text and "Mail til" in text),
        ("frameworks", lambda path, text: path.startswith("/frameworks/") and "Hændelse:" not in text),
        ("happenings", lambda _, text: "Skrev 14 mails på én nat." in text),
    ],
)
async def test_the_time_line_shows_what_is_asked_for(running, show, fits):
    whole = entries(await got(running, "leader", "/citizens/c-1001"))
    shown = entries(await got(running, "leader", f"/citizens/c-1001?show={show}"))
    assert shown and sorted(shown) == sorted(one for one in whole if fits(*one))


@pytest.mark.parametrize(
    "after", ["x", "[]", '["x","y"]', "[1e99,1]", '[9223372036854775806,"x"]', '[-9223372036854775806,"x"]', "[" * 150]
)
async def test_a_place_that_was_not_made_here_is_no_error(running, after):
    async with as_(running, "leader") as client:
        for show in ("all", "nonsense"):
            assert (await client.get("/citizens/c-1001", params={"show": show, "after": after})).status_code == 200
        assert (await client.get("/citizens", params={"after": after})).status_code == 200


# -- why
async def test_the_dpo_says_why_first_and_the_reason_stands_beside_each_look(running):
    async with as_(running, "dpo") as client:
        asked = await client.get("/citizens/c-1001")
        assert "Hvorfor vil du se borgeren?" in asked.text and "Bo Borger" not in asked.text
        for wrong in ("", "  \n", "x" * 301):
            refused = await client.post("/citizens/c-1001/why", data={"why": wrong})
            assert refused.status_code == 422 and 'href="#why"' in refused.text and "Bo Borger" not in refused.text
        assert await audited(running, "a-dpo", "citizen.read") == []
        given = await client.post("/citizens/c-1001/why", data={"why": WHY})
        cookie = given.headers["set-cookie"]
        assert (given.status_code, given.headers["location"]) == (303, "/citizens/c-1001")
        assert {"Path=/citizens/c-1001", "HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
        shown = await client.get("/citizens/c-1001")
        assert "Bo Borger" in shown.text and "s-78" in shown.text
        assert await audited(running, "a-dpo", "citizen.read") == [("c-1001", {"why": WHY})]
        again = (await client.get("/citizens/c-1001")).text
        assert html.escape(WHY) in again and WHY not in again
        sealed = cookie.partition("=")[2].partition(";")[0]
        other = await client.get("/citizens/c-1002", headers={"Cookie": f"{COOKIE}=dpo; why={sealed}"})
        assert "Hvorfor vil du se borgeren?" in other.text
        by_another = await client.get("/citizens/c-1003", headers={"Cookie": f"{COOKIE}=lawyer; why={sealed}"})
        assert "Mogens" not in by_another.text
        running.clock.forward(timedelta(minutes=31))
        assert (await client.get("/citizens/c-1001", headers={"HX-Request": "true"})).status_code == 204  # the open page stays
        assert "Hvorfor vil du se borgeren?" in (await client.get("/citizens/c-1001")).text


async def test_a_reason_opens_nobody_whom_one_may_not_see(running):
    async with as_(running, "leader") as client:
        assert (await client.post("/citizens/c-1002/why", data={"why": "Nysgerrig."})).status_code == 404


# -- handing over
async def test_what_is_handed_over_is_what_the_visitor_may_see_and_says_whether_that_is_all(running):
    made = json.loads(await got(running, "leader", "/citizens/c-1001/extract.json"))
    assert ([one["id"] for one in made["cases"]], made["whole"]) == (["s-77"], False)
    assert {"f-1", running.ids["waits"]} == {one["framework"]["id"] for one in made["frameworks"]}
    assert made["citizen"]["name"] == "Bo Borger" and made["addresses"][0]["mails"] > 0 and len(made["mails"]) > 20
    assert ("citizen.extracted", "Lene Lund") in {(one["action"], one["by"]) for one in made["looked"]}
    assert "sagsbehandling" not in json.dumps(made["mails"])  # no content of mails
    assert (await audited(running, "a-leader", "citizen.extracted"))[-1] == ("c-1001", {"why": None})
    page = await got(running, "leader", "/citizens/c-1001/extract")
    assert "Udtrækket er ikke helt" in page and "Skrev 14 mails på én nat." in page


async def test_much_is_made_by_another_process_and_is_the_same(running, monkeypatch):
    """But for the look that each of them is."""
    here = {path: await got(running, "leader", f"/citizens/c-1001/{path}") for path in ("extract", "extract.json")}
    monkeypatch.setattr(citizen_extract, "FEW", 1)
    children = []
    with noting(children.append):
        aside = {path: await got(running, "leader", f"/citizens/c-1001/{path}") for path in here}
    assert len(children) == 2 and all(is_gone(one.pid) for one in children)
    own = ("Lavede et udtræk", 'id="bell"')  # the look, and what came in the meantime
    texts = (here["extract"], aside["extract"])
    pages = [[line for line in text.splitlines() if not any(one in line for one in own)] for text in texts]
    assert pages[0] == pages[1] and len(pages[0]) > 50 and len(aside["extract"]) > len(here["extract"])
    made, again = json.loads(here["extract.json"]), json.loads(aside["extract.json"])
    assert again["looked"][2:] == made["looked"] and again | {"looked": []} == made | {"looked": []}


async def test_an_extract_whose_process_dies_says_so(running, monkeypatch):
    monkeypatch.setattr(citizen_extract, "FEW", 1)
    with noting(lambda child: os.kill(child.pid, signal.SIGKILL)):
        told = await got(running, "leader", "/citizens/c-1001/extract", 503)
    assert "Det lykkedes ikke denne gang" in told and "Prøv igen om lidt" in told


async def test_the_dpo_hands_over_all_of_it_for_a_reason(running):
    async with as_(running, "dpo") as client:
        unsaid = await client.get("/citizens/c-1001/extract.json")
        assert (unsaid.status_code, unsaid.headers["location"]) == (303, "/citizens/c-1001")
        await client.post("/citizens/c-1001/why", data={"why": WHY})
        answer = await client.get("/citizens/c-1001/extract.json")
        assert answer.headers["content-disposition"] == 'attachment; filename="c-1001.json"'
        made = answer.json()
        assert ([one["id"] for one in made["cases"]], made["whole"]) == (["s-77", "s-78"], True)
        assert WHY in {one["why"] for one in made["looked"]}
        waits = [one["posts"] for one in made["mails"] if one["posts"]]
        assert waits and waits[0][0]["mailbox"].startswith("bf-kontakt@") and waits[0][0]["due_read"]
        assert "taken_by" not in json.dumps(waits)


@pytest.mark.parametrize("role", ["caseworker", "lawyer"])
async def test_others_hand_nothing_over(running, role):
    id = "c-1001" if role == "caseworker" else "c-1005"
    for path in ("extract", "extract.json"):
        await got(running, role, f"/citizens/{id}/{path}", 404)
    assert (await audited(running, f"a-{role}", "access.refused"))[-1] == (id, {"why": "records.see"})


# -- hostile names
async def test_what_a_name_holds_is_shown_as_text(tmp_path):
    hostile = "<script>alert(1)</script> {{ 12345*67891 }} \" onclick='x'"
    async with housed(tmp_path) as house:
        people = [{"name": hostile, "role": "relative", "addresses": ["a<b>@example.org"]}]
        citizens = [{"id": "c-1", "name": hostile, "addresses": ["bo@example.net"], "people": people}]
        record = AuditRecord(house.clock.now(), "test", "register.loaded", "test")
        await house.store.load_register(town(citizens=citizens), record)
        await house.store.refresh()
        await house.account("lene", "leader")
        client = await house.logged_in("lene")
        listed = await client.get("/citizens")
        searched = await client.post("/citizens", data={"csrf": csrf_of(listed), "q": hostile})
        assert searched.status_code == 200
        for path in ("/citizens", "/citizens/c-1", "/citizens/c-1/extract"):
            text = (await client.get(path)).text
            assert "<script>alert" not in text and "onclick='x'" not in text and str(12345 * 67891) not in text
            assert html.escape("<script>alert(1)</script>") in text
        assert (await client.get("/citizens/c-1/extract.json")).json()["citizen"]["name"] == hostile
