"""Posts by the API: what waits, and what a program may do with it for its account."""

import pytest
from fakes.console import console_running
from fakes.visitors import program
from sqlalchemy import select

from services.store import schema

PEOPLE = {"lene": "leader", "maja": "caseworker", "karen": "caseworker", "ali": "caseworker", "it": "it", "dpo.p": "dpo"}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await program(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


@pytest.fixture
async def path(people):
    """A post that nobody has done anything with, and that was moved away from Karen."""
    listed = (await people["maja"].get("/api/v1/posts?limit=100")).json()["items"]
    fresh = [one for one in listed if one["citizen"] == "c-1001" and not one["read_at"] and not one["taken_by"]]
    plain = next(one for one in fresh if {owed["what"] for owed in one["owed"]} == {"read", "answer"})
    return f"/api/v1/posts/{plain['id']}"


async def actions(running, subject):
    def read(connection):
        return list(connection.execute(select(schema.audit.c.action).where(schema.audit.c.subject == subject)).scalars())

    return await running.guard.store.readers.run(read)


async def test_what_waits_is_told_with_its_deadlines_and_no_word_of_it(people):
    first = (await people["lene"].get("/api/v1/posts?unit=boern-familie&limit=2")).json()
    rest = (await people["lene"].get("/api/v1/posts", params={"limit": 100, "cursor": first["next"]})).json()
    items = first["items"] + rest["items"]
    assert len(first["items"]) == 2 and len({one["id"] for one in items}) == len(items) > 5
    [complaint, *_] = [one for one in items if "complaint" in one["rights"]]
    assert {one["what"] for one in complaint["owed"]} == {"read", "answer", "right"}
    assert complaint["mailbox"].startswith("m-") and complaint["case"] == "s-77" and "@" not in complaint["mailbox"]
    assert set(complaint["summary"]) == {"questions", "dates", "amounts", "attachments", "words", "more"}
    assert complaint["owed"][0]["due"].endswith("+01:00")


@pytest.mark.parametrize(("who", "status"), [("ali", 404), ("karen", 404), ("it", 404), ("dpo.p", 200)])
async def test_each_sees_what_the_page_shows(running, people, path, who, status):
    assert (await people[who].get(path)).status_code == status
    made = await people[who].post(f"{path}/take", json={}, headers={"If-Match": '"0"'})
    assert made.status_code == 404 and made.json()["status"] == 404
    assert "access.refused" in await actions(running, path.rpartition("/")[2])
    assert (await people["ali"].get("/api/v1/posts?unit=boern-familie")).status_code == 404


async def test_a_move_starts_from_what_was_seen(running, people, path):
    maja, lene = people["maja"], people["lene"]
    tag = (await maja.get(path)).headers["ETag"]
    assert (await maja.post(f"{path}/take", json={})).status_code == 428
    taken = await maja.post(f"{path}/take", json={}, headers={"If-Match": tag})
    assert taken.status_code == 200 and taken.json()["taken_by"] == "maja@eksempel.dk"
    late = await lene.post(f"{path}/take", json={}, headers={"If-Match": tag})
    assert late.status_code == 412 and late.headers["ETag"] == taken.headers["ETag"]
    refused = await lene.post(f"{path}/take", json={}, headers={"If-Match": taken.headers["ETag"]})
    assert refused.status_code == 409 and "Somebody else has taken it" in refused.json()["detail"]
    assert "post.taken" in await actions(running, path.rpartition("/")[2])


async def test_it_is_read_and_answered_and_then_among_those_that_are_done(people, path):
    maja = people["maja"]
    wrong = await maja.post(f"{path}/read", json={"found": ["murder"]}, headers={"If-Match": '"0"'})
    assert wrong.status_code == 422
    read = await maja.post(f"{path}/read", json={"found": ["nothing_new"]}, headers={"If-Match": '"0"'})
    assert read.json()["read_how"] == "hand" and read.json()["done_at"] is None
    told = {"note": "Ringet op"}
    done = await maja.post(f"{path}/answered", json=told, headers={"If-Match": read.headers["ETag"]})
    assert done.json()["done_at"] and done.json()["owed"] == [] and done.json()["note"].endswith("Besvaret: Ringet op")
    listed = (await maja.get("/api/v1/posts?state=done")).json()["items"]
    assert path.rpartition("/")[2] in {one["id"] for one in listed}
    assert (await maja.post(f"{path}/burn", json={}, headers={"If-Match": '"2"'})).status_code == 422
