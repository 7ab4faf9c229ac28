"""Reports of employees: they open nothing about the citizen, to whoever reports or to anybody new."""

import pytest
from fakes.console_door import csrf_of, housed

HAPPENED = {"on": "2026-01-05", "at": "", "channel": "phone", "what": "Råbte i telefonen."}


@pytest.fixture
async def house(tmp_path):
    async with housed(tmp_path) as house:
        yield house


async def reported(house, name, **fields):
    client = await house.logged_in(name)
    csrf = csrf_of(await client.get("/report"))
    return await client.post("/report", data={"csrf": csrf, "about": "c-1"} | HAPPENED | fields)


async def test_a_report_begins_no_framework_and_each_unit_s_is_its_own(house):
    for name, unit in (("karen", "bf"), ("lene", "bf"), ("mia", "tek")):
        await house.account(name, "caseworker")
        id = (await reported(house, name)).headers["location"].removeprefix("/incidents/").partition("?")[0]
        kept = (await house.store.incidents.get(id)).incident
        assert (kept.unit, kept.report.citizen, kept.report.concerns) == (unit, "c-1", f"{name}@eksempel.dk")
    there = await house.store.dossiers.of_citizen("c-1")
    assert not [one for one in there if one.dossier.framework.state == "reported"]


async def test_a_leader_is_not_sent_to_a_leader(house):
    for name, role, says in (("karen", "caseworker", "Din leder tager den op."), ("lene", "leader", "leder, der følger op")):
        await house.account(name, role)
        assert says in (await (await house.logged_in(name)).get("/report?said=thanks")).text


@pytest.mark.parametrize("fields", [{"what": ""}, {"on": ""}, {"on": "2099-01-01"}])
async def test_who_tells_nothing_is_not_told_whom_we_know(house, fields):
    await house.account("mia", "caseworker")
    known, unknown = [await reported(house, "mia", about=about, **fields) for about in ("c-1", "c-2")]
    assert known.status_code == unknown.status_code == 422
    assert "Vi kan ikke finde sagen" not in unknown.text + known.text
    assert "Vi kan ikke finde sagen" in (await reported(house, "mia", about="c-2")).text
