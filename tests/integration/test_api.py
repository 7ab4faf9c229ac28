"""The API over a real socket: the same rights as the pages, the same record of who looked, and problems in one form."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest
from fakes.console import console_running
from fakes.visitors import program
from sqlalchemy import select

from services.console import numbers
from services.console.auth.door import hash_of
from services.console.auth.throttle import Rate
from services.lifecycle import Lifecycle
from services.store import schema
from workflows.audit import AuditRecord

PEOPLE = {
    "lene": "leader",
    "tove": "leader",
    "karen": "caseworker",
    "jette": "lawyer",
    "dpo.p": "dpo",
    "arne": "work_environment",
    "it": "it",
}
AREAS = ("citizens", "frameworks", "mails", "notifications", "posts", "incidents", "assist", "relief", "statistics")
HAPPENED = {"on": "2026-11-20", "channel": "mail", "what": "Skrev 14 mails på én nat."}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        guard = running.guard
        await Lifecycle(guard.settings, guard.store, guard.clock).adopt()
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await program(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


async def audited(running, subject):
    def read(connection):
        rows = select(schema.audit.c.action).where(schema.audit.c.subject == subject).order_by(schema.audit.c.seq)
        return list(connection.execute(rows).scalars())

    return await running.guard.store.readers.run(read)


async def listed(running, actor):
    """The citizens whom each list has shown to somebody."""
    table = schema.audit.c

    def read(connection):
        rows = select(table.data).where(table.actor == actor, table.action == "citizens.read").order_by(table.seq)
        return [json.loads(data)["citizens"] for data in connection.execute(rows).scalars()]

    return await running.guard.store.readers.run(read)


def is_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status and told["type"] == "about:blank" and told["title"] and told["detail"]
    return told


async def test_each_role_reads_what_its_pages_show(people):
    found = {name: {area: (await one.get(f"/api/v1/{area}")).status_code for area in AREAS} for name, one in people.items()}
    everything, statistics = dict.fromkeys(AREAS, 200), {"statistics": 200}
    nothing = dict.fromkeys(AREAS, 404) | dict.fromkeys(("notifications", "incidents", "assist", "relief"), 200)  # one's own
    assert found["lene"] == found["dpo.p"] == everything
    assert found["karen"] == everything | {"statistics": 404}
    assert found["jette"] == everything | {"statistics": 404, "posts": 404, "mails": 409}
    assert found["arne"] == nothing | statistics and found["it"] == nothing


async def test_a_unit_sees_its_own(people, running):
    lene, tove = people["lene"], people["tove"]
    assert (await lene.get("/api/v1/frameworks/f-1")).json()["units"] == ["boern-familie"]
    is_problem(await tove.get("/api/v1/frameworks/f-1"), 404)
    mine = {one["id"] for one in (await lene.get("/api/v1/frameworks")).json()["items"]}
    theirs = {one["id"] for one in (await tove.get("/api/v1/frameworks")).json()["items"]}
    assert "f-1" in mine and "f-1" not in theirs and "f-6-udkast" in theirs and "f-6-udkast" not in mine
    is_problem(await tove.get("/api/v1/citizens/c-1002"), 404)
    assert "access.refused" in await audited(running, "c-1002")
    found = (await lene.get("/api/v1/citizens/c-1001")).json()
    assert found["citizen"]["name"] == "Bo Borger" and found["frameworks"][0]["id"] == "f-1"
    assert "citizen.read" in await audited(running, "c-1001")


async def test_of_a_citizen_of_several_units_each_is_told_their_own_cases(people):
    dpo = {one["unit"]: one["id"] for one in (await people["dpo.p"].get("/api/v1/citizens/c-1001")).json()["cases"]}
    assert {"boern-familie", "teknik-byg"} <= dpo.keys()
    for name, unit in (("tove", "teknik-byg"), ("lene", "boern-familie"), ("karen", "boern-familie")):
        whole = (await people[name].get("/api/v1/citizens/c-1001")).json()
        assert {one["unit"] for one in whole["cases"]} == {unit}
        listed = (await people[name].get("/api/v1/citizens?limit=100")).json()["items"]
        searched = (await people[name].post("/api/v1/citizens/search", json={"text": "bo@example.net"})).json()["items"]
        for [bo] in ([one for one in found if one["id"] == "c-1001"] for found in (listed, searched)):
            assert bo["cases"] == [one["id"] for one in whole["cases"]] and dpo[unit] in bo["cases"]


async def test_whoever_reports_about_somebody_does_not_see_their_file(people):
    tove = people["tove"]
    answer = await tove.post("/api/v1/incidents", json={"citizen": "c-1002"} | HAPPENED)
    assert answer.status_code == 201
    assert (await tove.get(answer.headers["Location"])).status_code == 200  # their own report
    is_problem(await tove.get("/api/v1/citizens/c-1002"), 404)
    assert (await tove.post("/api/v1/citizens/search", json={"text": "Ulla"})).json()["items"] == []


async def test_names_are_looked_for_in_a_body(people):
    found = await people["lene"].post("/api/v1/citizens/search", json={"text": "bo@example.net"})
    assert [one["id"] for one in found.json()["items"]] == ["c-1001"]
    assert (await people["tove"].post("/api/v1/citizens/search", json={"text": "Ulla"})).json()["items"] == []


@pytest.mark.parametrize("name", ["lene", "dpo.p", "jette"])
async def test_law_10_whom_a_list_shows_is_recorded(people, running, name):
    shown = [one["id"] for one in (await people[name].get("/api/v1/citizens?limit=100")).json()["items"]]
    account = (await running.guard.store.users.by_address(f"{name}@eksempel.dk")).id
    assert shown and (await listed(running, account))[-1] == shown


async def test_pages_follow_each_other(people):
    dpo = people["dpo.p"]
    for area in ("citizens", "frameworks", "mails"):
        whole = [one["id"] for one in (await dpo.get(f"/api/v1/{area}?limit=100")).json()["items"]]
        found, cursor = [], None
        while True:
            page = (await dpo.get(f"/api/v1/{area}", params={"limit": 5} | ({"cursor": cursor} if cursor else {}))).json()
            found += [one["id"] for one in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(whole) > 5 and found == whole


async def test_a_mail_is_explained_as_the_command_does(people, running):
    found = (await people["lene"].get("/api/v1/mails?outcome=redirected&citizen=c-1001")).json()["items"]
    [mail, *_] = [one for one in found if {each["unit"] for each in one["recipients"]} == {"boern-familie"}]
    told = (await people["lene"].get(f"/api/v1/mails/{mail['id']}/explain")).json()
    stored = await running.guard.store.mail(mail["id"])
    assert {name: told[name] for name in stored.decision} == json.loads(json.dumps(stored.decision))
    assert told["assessed"] and told["trace"] and len(told["way"]) == len(stored.way)
    whole = (await people["lene"].get(f"/api/v1/mails/{mail['id']}")).json()
    assert whole["content_kept"] and whole["units"] == ["boern-familie"] and "mail.read" in await audited(running, mail["id"])
    is_problem(await people["tove"].get(f"/api/v1/mails/{mail['id']}/explain"), 404)


async def test_what_another_unit_has_with_a_citizen_stands_on_no_mail_to_both(people):
    """Karen's case and framework are her unit's; that she got the mail too is no secret to those who got it beside her."""
    tove, lene = people["tove"], people["lene"]
    found = (await tove.get("/api/v1/mails?citizen=c-1001")).json()["items"]
    mail = next(one for one in found if "karen@eksempel.dk" in {each["address"] for each in one["recipients"]})
    told = (await tove.get(f"/api/v1/mails/{mail['id']}/explain")).json()
    for recipients in (mail["recipients"], told["recipients"]):
        [karen] = [one for one in recipients if one["address"] == "karen@eksempel.dk"]
        assert (karen["case"], karen["framework"]) == (None, None)
    assert karen["explanation"]["en"] == "That is another unit's matter."
    assert "karen@eksempel.dk" not in {one["recipient"] for one in told["trace"]}
    whole = (await lene.get(f"/api/v1/mails/{mail['id']}/explain")).json()
    assert "f-1" in {one["framework"] for one in whole["recipients"]}


async def test_who_was_told(people):
    found = (await people["lene"].get("/api/v1/notifications?citizen=c-1001")).json()["items"]
    assert {"karen@eksempel.dk", "lene@eksempel.dk"} <= {one["to"] for one in found}
    assert {one["role"] for one in found if one["to"] == "karen@eksempel.dk"} == {"caseworker"}
    assert all(one["urgency"] and one["state"] for one in found)


async def test_everybody_reads_what_they_were_told_themselves(people):
    karen = (await people["karen"].get("/api/v1/notifications?limit=100")).json()
    lene = (await people["lene"].get("/api/v1/notifications?limit=100")).json()["items"]
    assert karen["items"] and {one["to"] for one in karen["items"]} == {"karen@eksempel.dk"}
    assert {one["to"] for one in lene} == {"lene@eksempel.dk"}
    whole = [one["id"] for one in lene]
    assert [one["queued_at"] for one in lene] == sorted((one["queued_at"] for one in lene), reverse=True)
    found, cursor = [], None
    while cursor or not found:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        told = (await people["lene"].get("/api/v1/notifications", params=asked)).json()
        found, cursor = [*found, *(one["id"] for one in told["items"])], told["next"]
    assert found == whole and len(found) > 2
    assert (await people["arne"].get("/api/v1/notifications")).json() == {"items": [], "next": None}
    is_problem(await people["arne"].get("/api/v1/notifications?citizen=c-1001"), 404)


async def test_from_a_report_to_a_draft_and_nobody_is_overtaken(people, running):
    karen, lene = people["karen"], people["lene"]
    record = {"move": "reported", "happenings": [HAPPENED], "wants_support": True}
    reported = await karen.post("/api/v1/frameworks", json={"citizen": "c-1001", "record": record})
    assert reported.status_code == 201
    path = reported.headers["Location"]
    moves = await lene.get(f"{path}/transitions")
    told = {one["move"]: one["missing"] for one in moves.json()["transitions"]}
    assert told["drafted"] == [] and any("hvorfor" in one["da"] or one["da"] for one in told["rejected"])
    drafted = {"do": "move", "record": {"move": "drafted"}}
    is_problem(await lene.post(f"{path}/transitions", json=drafted), 428)
    seen = {"If-Match": moves.headers["ETag"]}
    because = is_problem(await karen.post(f"{path}/transitions", json=drafted, headers=seen), 409)["because"]
    assert because[0]["da"].startswith("Det skal en leder") and because[0]["en"]
    written = {name: moved for name, moved in (await karen.get(path)).json()["dossier"].items() if name in ("ground", "framework")}
    is_problem(await karen.put(path, json=written, headers=seen), 409)
    assert {"move.refused", "access.refused"} <= set(await audited(running, path.rpartition("/")[2]))
    done = await lene.post(f"{path}/transitions", json=drafted, headers=seen)
    assert done.status_code == 200 and done.json()["framework"]["state"] == "draft"
    late = is_problem(await lene.post(f"{path}/transitions", json=drafted, headers=seen), 412)
    assert late["by"] == "lene@eksempel.dk" and late["at"]

    whole = (await lene.get(path)).json()
    scope = {"scope": {"cases": ["s-77"]}, "measures": [{"kind": "written_only"}]}
    writing = {"ground": {"burden": "Ingen når deres andre sager."}, "framework": whole["dossier"]["framework"] | scope}
    written = await lene.put(path, json=writing, headers={"If-Match": done.headers["ETag"]})
    assert written.status_code == 200 and written.json()["degree"] == 2
    is_problem(await lene.put(path, json=writing, headers={"If-Match": done.headers["ETag"]}), 412)
    wrong = {"do": "move", "record": {"move": "upheld", "because": "x", "letter": "l-1"}}
    is_problem(await lene.post(f"{path}/transitions", json=wrong, headers={"If-Match": written.headers["ETag"]}), 409)
    missing = {
        one["move"]: {each["en"] for each in one["missing"]}
        for one in (await lene.get(f"{path}/transitions")).json()["transitions"]
    }
    assert "Finish the letter to the citizen first." in missing["warned"] and missing["decided"]
    assert "framework.drafted" in await audited(running, path.rpartition("/")[2])


async def test_nobody_reports_about_nobody(people):
    is_problem(await people["it"].post("/api/v1/incidents", json={"citizen": "c-0"} | HAPPENED), 404)
    is_problem(await people["it"].post("/api/v1/incidents", json={"concerns": "karen@eksempel.dk"} | HAPPENED), 404)
    is_problem(await people["it"].post("/api/v1/incidents", json=HAPPENED | {"on": "2099-01-01"}), 409)
    assert (await people["it"].post("/api/v1/incidents", json={"citizen": "c-1001"} | HAPPENED)).status_code == 201


async def test_an_incident_is_reported_and_followed_up_by_programs(people, running):
    karen, lene = people["karen"], people["lene"]
    path = (await karen.post("/api/v1/incidents", json={"citizen": "c-1001"} | HAPPENED)).headers["Location"]
    listed = (await lene.get("/api/v1/incidents?citizen=c-1001&open=true")).json()["items"]
    told = (await lene.get(path)).json()
    assert told in listed and told["what"] == HAPPENED["what"] and told["concerns"] == "karen@eksempel.dk"
    assert "talk" in [one["point"] for one in told["open"]] and told["done"] == []
    is_problem(await people["tove"].get(path), 404)
    is_problem(await karen.post(f"{path}/points/talk", json={"outcome": "done", "on": HAPPENED["on"]}), 404)
    is_problem(await lene.post(f"{path}/points/police", json={"outcome": "reported", "on": HAPPENED["on"]}), 409)
    after = (await lene.post(f"{path}/points/talk", json={"outcome": "done", "on": HAPPENED["on"], "note": "Vi talte."})).json()
    assert [one["point"] for one in after["done"]] == ["talk"] and "talk" not in [one["point"] for one in after["open"]]
    assert {"incident.reported", "incident.read", "incident.point"} <= set(await audited(running, path.rpartition("/")[2]))


async def test_statistics_tell_no_small_number(people):
    told = (await people["arne"].get("/api/v1/statistics")).json()
    assert told["quarter"] == "2026-Q4"
    for table in (told["mails"], told["moves"], told["frameworks"], *told["incidents"].values()):
        counts = [count for row in table["units"] for count in row["counts"].values()] + list(table["others"].values())
        assert all(one is None or one >= 5 for one in counts)
        assert counts or table in told["incidents"].values()
    empty = (await people["arne"].get("/api/v1/statistics?quarter=2020-Q1")).json()["mails"]
    assert (empty["units"], empty["others"]) == ([], {})
    is_problem(await people["arne"].get("/api/v1/statistics?quarter=2026-11"), 422)


async def test_statistics_of_many_mails_are_counted_again_after_five_minutes(running, people, monkeypatch):
    monkeypatch.setattr(numbers, "MANY", 0)

    async def told():
        found = (await people["arne"].get("/api/v1/statistics")).json()
        return found["at"], found["incidents"]

    async def reported(count):
        for _ in range(count):
            assert (await people["it"].post("/api/v1/incidents", json=HAPPENED)).status_code == 201

    first = await told()
    await reported(6)
    assert await told() == first
    running.clock.forward(timedelta(minutes=5))
    at, incidents = await told()
    assert datetime.fromisoformat(at) - datetime.fromisoformat(first[0]) == timedelta(minutes=5)
    assert incidents != first[1]
    counting = running.guard.http.pages.app.state.counting
    await counting.ahead()
    kept = await counting.of(counting.shown()[0])
    running.clock.forward(timedelta(minutes=2))
    await counting.ahead()
    again = await counting.of(counting.shown()[0])
    assert again.at > kept.at  # before it was too old


async def test_changes_are_told_as_they_happen(people):
    lene = people["lene"]
    is_problem(await people["tove"].get("/api/v1/events?subject=f-1"), 404)
    is_problem(await lene.get("/api/v1/events?subject=nothing"), 404)
    record = {"move": "reported", "happenings": [HAPPENED], "wants_support": False}
    begun = await lene.post("/api/v1/frameworks", json={"citizen": "c-1001", "record": record})
    made = begun.headers["Location"].rpartition("/")[2]
    async with asyncio.timeout(60), lene.stream("GET", f"/api/v1/events?subject={made}") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("id: ")
        tag = (await lene.get(f"/api/v1/frameworks/{made}")).headers["ETag"]
        record = {"move": "rejected", "because": "Det var en misforståelse."}
        moved = await lene.post(
            f"/api/v1/frameworks/{made}/transitions", json={"do": "move", "record": record}, headers={"If-Match": tag}
        )
        assert moved.status_code == 200
        while (line := await anext(lines)) != f"event: {made}":
            assert not line.startswith("event: ")


async def test_problems_have_one_form(people, running):
    lene = people["lene"]
    is_problem(await lene.get("/api/v1/nothing"), 404)
    is_problem(await lene.get("/api/nothing"), 404)
    is_problem(await lene.delete("/api/v1/mails"), 405)
    where = is_problem(await lene.post("/api/v1/citizens/search", json={"text": 7}), 422)["errors"]
    assert where == [{"where": ["body", "text"], "what": "string_type"}]
    is_problem(await lene.post("/api/v1/citizens/search", content=b"\xff", headers={"Content-Type": "application/json"}), 400)
    is_problem(await lene.post("/api/v1/citizens/search", content=b"{", headers={"Content-Type": "application/json"}), 422)
    is_problem(await lene.get("/api/v1/mails?since=now"), 422)
    is_problem(await lene.get("/api/v1/citizens", headers={"Authorization": "Bearer rvt_nonsense"}), 401)
    is_problem(await lene.get("/api/v1/citizens", headers={"Authorization": ""}), 401)
    narrow = await program(running, "lene", "leader", ("mails:read",))
    assert (await narrow.get("/api/v1/mails")).status_code == 200
    is_problem(await narrow.get("/api/v1/citizens"), 403)
    is_problem(await narrow.post("/api/v1/incidents", json={}), 403)
    await narrow.aclose()


async def test_too_many_are_told_to_wait(people, running):
    entrance = running.guard.http.pages.app.state.entrance
    before, entrance.strangers = entrance.strangers, Rate(burst=1, per_second=0)
    try:
        assert (await people["lene"].get("/api/openapi.json")).status_code == 200
        assert is_problem(await people["lene"].get("/api/openapi.json"), 429)["detail"]
    finally:
        entrance.strangers = before


async def test_a_revoked_token_opens_nothing(running):
    users, one = running.guard.store.users, await program(running, "lene", "leader")
    assert (await one.get("/api/v1/mails")).status_code == 200
    token, _ = await users.token(hash_of(one.headers["Authorization"].removeprefix("Bearer ")))
    assert await users.revoke_token(token.id, AuditRecord(running.clock.now(), "test", "token.revoked", token.id))
    is_problem(await one.get("/api/v1/mails"), 401)
    await one.aclose()
