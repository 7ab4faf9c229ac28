"""Reports of employees: they open nothing about the citizen, to whoever reports or to anybody new."""

import pytest
from fakes.console_door import csrf_of, housed

HAPPENED = {"on.0": "2026-01-05", "at.0": "", "channel.0": "phone", "what.0": "Råbte i telefonen."}


@pytest.fixture
async def house(tmp_path):
    async with housed(tmp_path) as house:
        yield house


async def reported(house, name, **fields):
    client = await house.logged_in(name)
    csrf = csrf_of(await client.get("/report"))
    return await client.post("/report", data={"csrf": csrf, "about": "c-1"} | HAPPENED | fields)


async def test_a_report_of_another_unit_is_not_mixed_with_what_others_told(house):
    for name in ("karen", "lene", "mia"):
        await house.account(name, "caseworker")
        assert (await reported(house, name)).headers["location"] == "/report?said=thanks"
    there = await house.store.dossiers.of_citizen("c-1")
    told = sorted([step.by for step in one.dossier.steps] for one in there)
    assert told == [["karen@eksempel.dk", "lene@eksempel.dk"], ["mia@eksempel.dk"]]


async def test_a_leader_is_not_sent_to_a_leader(house):
    for name, role, says in (("karen", "caseworker", "Din leder tager den op."), ("lene", "leader", "Den ligger på overblikket")):
        await house.account(name, role)
        assert says in (await (await house.logged_in(name)).get("/report?said=thanks")).text


@pytest.mark.parametrize("fields", [{"what.0": ""}, {"on.0": ""}, {"on.0": "2099-01-01"}])
async def test_who_tells_nothing_is_not_told_whom_we_know(house, fields):
    await house.account("mia", "caseworker")
    known, unknown = [await reported(house, "mia", about=about, **fields) for about in ("c-1", "c-2")]
    assert known.status_code == unknown.status_code == 422
    assert "Vi kan ikke finde sagen" not in unknown.text + known.text
    assert "Vi kan ikke finde sagen" in (await reported(house, "mia", about="c-2")).text
