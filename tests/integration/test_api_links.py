"""Questions of who wrote by the API: what is asked, and what a program may answer for its account."""

import json

import pytest
from fakes.console import console_running
from fakes.likely import NEW, from_somebody, likely
from fakes.visitors import browser, program
from sqlalchemy import select

from services.store import schema

PEOPLE = {"lene": "leader", "tove": "leader", "karen": "caseworker", "dpo.p": "dpo"}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        running.links = await likely(running)
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await program(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


async def audited(running, action):
    def read(connection):
        rows = select(schema.audit.c.subject, schema.audit.c.data).where(schema.audit.c.action == action)
        return {subject: json.loads(data) for subject, data in connection.execute(rows)}

    return await running.guard.store.readers.run(read)


def path(running, name, answer=""):
    return f"/api/v1/links/{running.links[name].id}{answer}"


async def test_what_is_asked_is_told_a_page_at_a_time_with_its_evidence(people, running):
    first = (await people["lene"].get("/api/v1/links?limit=2")).json()
    rest = (await people["lene"].get("/api/v1/links", params={"cursor": first["next"]})).json()
    assert len(first["items"]) == 2 and rest["next"] is None
    assert {one["id"] for one in first["items"] + rest["items"]} == {one.id for one in running.links.values()}
    shown = await people["lene"].get(path(running, "new"))
    link = shown.json()
    assert shown.headers["ETag"] == '"0"' and (link["about"], link["state"], link["address"]) == ("link", "open", NEW)
    [case] = [one for one in link["evidence"] if one["kind"] == "case_number"]
    assert (case["says"], case["known"], case["weight"], case["because"]["en"]) == (
        "s-77", "s-77", "some", "The mail names the number of one of the citizen's cases.",
    )  # fmt: skip
    assert "identity.read" in await _actions(running, "c-1001")


async def test_what_a_mail_names_is_shown_as_it_came_however_odd(people, running):
    """A name beside an address may be anything, and no page or answer fails over it."""
    odd = b'"Bo Borger \xff\xed\xa0\x80<b>' + b"x" * 400 + b'"'
    made = from_somebody("Bo Borger", "odd@gmail.com", 77).replace(b"From: Bo Borger", b"From: " + odd)
    made = made.replace(b"From: =?utf-8?q?Bo_Borger?=", b"From: " + odd)
    assert odd in made
    await running.send(made, "karen@eksempel.dk", sender="odd@gmail.com")
    await running.assessed()
    identity = running.guard.store.identity
    [link] = [one for one in await identity.of_citizen("c-1001") if one.address == identity.address("odd@gmail.com")]
    told = await people["lene"].get(f"/api/v1/links/{link.id}")
    assert told.status_code == 200 and told.text.isascii()
    assert "<b>xxx" in "".join(one["says"] for one in told.json()["evidence"])
    async with await browser(running, "lene", "leader") as lene:
        assert "&lt;b&gt;xxx" in (await lene.get(f"/links/{link.id}")).text


async def _actions(running, subject):
    def read(connection):
        return list(connection.execute(select(schema.audit.c.action).where(schema.audit.c.subject == subject)).scalars())

    return await running.guard.store.readers.run(read)


@pytest.mark.parametrize("who", ["tove", "karen", "dpo.p"])
async def test_it_exists_for_those_alone_who_were_asked(people, running, who):
    assert (await people[who].get(path(running, "relative"))).status_code == 404
    made = await people[who].post(path(running, "relative", "/confirm"), headers={"If-Match": '"0"'})
    assert made.status_code == 404 and made.headers["content-type"] == "application/problem+json"
    listed = await people[who].get("/api/v1/links")
    assert (listed.status_code, listed.json().get("items")) == ((200, []) if who == "tove" else (404, None))
    of_one = await people[who].get("/api/v1/links?citizen=c-1001")
    assert (of_one.status_code, of_one.json().get("items")) == ((200, []) if who == "tove" else (404, None))
    assert (await running.guard.store.identity.get(running.links["relative"].id)).state == "open"


async def test_an_answer_starts_from_what_was_seen_and_names_the_token(people, running):
    lene, confirm = people["lene"], path(running, "new", "/confirm")
    assert (await lene.post(confirm)).status_code == 428
    made = await lene.post(confirm, headers={"If-Match": '"0"'})
    assert made.status_code == 200 and made.headers["ETag"] == '"1"'
    assert (made.json()["state"], made.json()["answered_by"], made.json()["address"]) == ("confirmed", "lene@eksempel.dk", NEW)
    assert all(one["says"] is None for one in made.json()["evidence"])
    assert "token" in (await audited(running, "identity.confirmed"))[running.links["new"].id]
    late = await lene.post(confirm, headers={"If-Match": '"0"'})
    assert late.status_code == 412 and late.headers["ETag"] == '"1"'
    twice = await lene.post(confirm, headers={"If-Match": '"1"'})
    assert twice.status_code == 409 and twice.json()["because"][0]["da"] == "Spørgsmålet er besvaret."
    back = await lene.post(path(running, "new", "/undo"), headers={"If-Match": '"1"'})
    assert back.json()["state"] == "open" and back.json()["evidence"][0]["says"] is None


async def test_what_was_answered_stands_with_the_citizen(people, running):
    lene = people["lene"]
    seen = {"If-Match": '"0"'}
    later = await lene.post(path(running, "lawyer", "/later"), headers=seen)
    assert later.json()["again_at"].startswith("2026-12-07")
    assert (await lene.post(path(running, "spoofing", "/confirm"), headers=seen)).status_code == 409
    assert (await lene.post(path(running, "spoofing", "/reject"), headers=seen)).status_code == 200
    listed = (await lene.get("/api/v1/links?citizen=c-1001")).json()["items"]
    expected = {"lawyer": "later", "spoofing": "rejected", "probable": "open"}
    states = {running.links[name].id: state for name, state in expected.items()}
    assert states.items() <= {one["id"]: one["state"] for one in listed}.items()
    waits = {one["id"] for one in (await lene.get("/api/v1/links")).json()["items"]}
    assert running.links["lawyer"].id not in waits and running.links["probable"].id in waits
    assert (await lene.get("/api/v1/links?citizen=c-0")).status_code == 404
    assert (await lene.post(path(running, "probable", "/sometime"), headers=seen)).status_code == 422
