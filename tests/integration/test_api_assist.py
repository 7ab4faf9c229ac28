"""Calls for help and wishes for relief by the API: the same people see and answer them as on the pages."""

import pytest
from fakes.console import console_running
from fakes.visitors import program

PEOPLE = {"karen": "caseworker", "lene": "leader", "tove": "leader", "ali": "caseworker", "dpo.p": "dpo"}
CALLS, WISHES, WHY = "/api/v1/assist", "/api/v1/relief", "Jeg har haft den i tre år."


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


async def ids(client, path):
    return [one["id"] for one in (await client.get(path)).json()["items"]]


async def test_a_call_goes_from_the_caller_to_whoever_comes_and_to_its_end(people):
    karen, lene = people["karen"], people["lene"]
    made = await karen.post(CALLS, json={"kind": "leader"})
    one, path = made.json(), made.headers["Location"]
    assert (made.status_code, one["caller"], one["order"][0], one["called"]) == (201, "karen@eksempel.dk", ["lene@eksempel.dk"], 1)
    again = await karen.post(CALLS, json={"kind": "leader"})
    assert again.headers["Location"] == path and await ids(lene, CALLS) == [one["id"]]
    assert (await karen.post(f"{path}/where", json={"where": "Samtalerum 2"})).json()["where"] == "Samtalerum 2"
    seen = (await lene.get(path)).json()
    assert seen["wanted"] and seen["where"] == "Samtalerum 2"
    assert (await karen.post(f"{path}/coming")).status_code == 404  # nobody comes to themselves
    come = (await lene.post(f"{path}/coming")).json()
    assert [each["by"] for each in come["coming"]] == ["lene@eksempel.dk"] and not come["wanted"]
    assert (await lene.post(f"{path}/nobody")).status_code == 404  # for the caller to say
    again = (await karen.post(f"{path}/nobody")).json()
    assert (again["coming"], again["called"], again["rounds"]) == ([], 2, 0)
    assert (await lene.post(f"{path}/coming")).json()["coming"]
    assert (await lene.post(f"{path}/over")).json()["over_at"]
    assert (await karen.post(f"{path}/nobody")).status_code == 409
    assert (await lene.post(f"{path}/nothing")).status_code == 404  # what happened is for the caller to say
    assert (await karen.post(f"{path}/nothing")).json()["happened"] == "nothing" and await ids(karen, CALLS) == []
    late = await lene.post(f"{path}/where", json={"where": "x"})
    assert late.status_code == 404


async def test_whom_a_call_does_not_concern_sees_none_and_is_refused(people):
    path = (await people["karen"].post(CALLS, json={"kind": "time_out"})).headers["Location"]
    for name in ("tove", "ali", "dpo.p"):
        for asked in (people[name].get(path), people[name].post(f"{path}/coming"), people[name].post(f"{path}/over")):
            assert (await asked).status_code == 404, name
        assert await ids(people[name], CALLS) == []
    assert (await people["karen"].post(f"{path}/over")).status_code == 200


async def test_who_comes_when_it_is_over_is_told_so(people):
    path = (await people["karen"].post(CALLS, json={"kind": "leader"})).headers["Location"]
    await people["karen"].post(f"{path}/over")
    told = await people["lene"].post(f"{path}/coming")
    assert told.status_code == 409 and told.json()["because"][0]["en"] == "It is over. You need not come."


async def test_a_wish_is_asked_once_and_answered_by_the_leader_with_a_reason(people):
    karen, lene = people["karen"], people["lene"]
    wished = {"case": "s-77", "wish": "hand_over", "why": WHY}
    made = await karen.post(WISHES, json=wished)
    one, path = made.json(), made.headers["Location"]
    assert (made.status_code, one["unit"], one["why"], one["yours"]) == (201, "boern-familie", WHY, False)
    assert (await karen.post(WISHES, json=wished)).headers["Location"] == path
    assert await ids(lene, WISHES) == await ids(karen, WISHES) == [one["id"]] and (await lene.get(path)).json()["yours"]
    assert (await karen.post(f"{path}/answer", json={"says": "no", "note": "Nej."})).status_code == 404
    assert (await people["tove"].get(path)).status_code == 404 and (await people["dpo.p"].get(path)).status_code == 200
    for said, because in (
        ({"says": "no"}, "Write what you agreed, or why not."),
        ({"says": "taken", "to": "ali@eksempel.dk"}, "Choose who takes the case."),  # of another unit
    ):
        told = await lene.post(f"{path}/answer", json=said)
        assert (told.status_code, told.json()["because"][0]["en"]) == (409, because)
    answered = (await lene.post(f"{path}/answer", json={"says": "taken", "to": "maja@eksempel.dk"})).json()
    assert (answered["answer"]["to"], answered["yours"]) == ("maja@eksempel.dk", False)
    assert await ids(lene, WISHES) == [] and await ids(karen, WISHES) == [one["id"]]


async def test_others_cases_do_not_exist_for_whoever_asks(people):
    for name, case in (("karen", "s-90"), ("karen", "s-none"), ("lene", "s-77"), ("dpo.p", "s-77")):
        assert (await people[name].post(WISHES, json={"case": case, "wish": "relief"})).status_code == 404, (name, case)
