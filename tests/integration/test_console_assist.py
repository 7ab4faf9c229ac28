"""Help now and relief in a case: who is called, who hears of it by mail, who sees it, and what becomes of it."""

import html
import json
import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from fakes.console import console_running
from fakes.guard import until
from fakes.visitors import browser
from sqlalchemy import select

from services.assistance import AssistDesk, AssistWork
from services.store import schema
from services.store.desk import SaveMatter
from workflows.assistance import STEP

PEOPLE = {
    "karen": "caseworker",
    "maja": "caseworker",  # her colleague
    "per": "caseworker",  # the deputy
    "lene": "leader",
    "birgit": "head",
    "ali": "caseworker",  # of another unit
    "tove": "leader",  # of another unit
    "dpo.p": "dpo",
    "it": "it",
    "arne": "work_environment",
}
WHERE, WHY = "Samtalerum 2 ved elevatoren", "Jeg har haft den i tre år, og jeg kan ikke mere."


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await browser(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


@pytest.fixture(autouse=True)
async def over(running):
    """What a test leaves open calls nobody in the next one."""
    yield
    for kept in await running.guard.store.desk.open(
        ("boern-familie",), "karen@eksempel.dk", running.clock.now() - timedelta(days=1)
    ):
        if hasattr(kept.matter, "over_at"):
            done = kept.matter.model_copy(update={"over_at": kept.matter.at, "happened": "nothing"})
            await running.guard.store.desk.keep(SaveMatter(done, kept.revision))


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


async def calls(client, kind="leader"):
    answer = await client.post("/assist", data={"kind": kind})
    assert answer.status_code == 303, words(answer)
    return answer.headers["location"]


async def kept(running, path):
    return await running.guard.store.desk.get(path.rpartition("/")[2].partition("?")[0])


async def stepped(running, minutes=1):
    """Time passes, and whoever looks after calls looks."""
    running.clock.forward(minutes * STEP)
    store = running.guard.store
    await AssistWork(AssistDesk(running.guard.settings, store, running.clock), running.clock, 30).turn()


async def audited(running, path):
    table = schema.audit.c

    def read(connection):
        asked = select(table.action, table.data).where(table.subject == path.rpartition("/")[2]).order_by(table.seq)
        return [(row.action, json.loads(row.data)) for row in connection.execute(asked)]

    return await running.guard.store.readers.run(read)


async def hears(running, who, number):
    """The notice to ``who`` that names ``number``, once it has come."""

    def found():
        there = [message_from_bytes(one.content, policy=policy.default) for one in running.sink.mails if who in one.recipients]
        return [one for one in there if not one.is_multipart() and number in one.get_content()]

    async def come():
        return bool(found())

    await until(come)
    [read] = found()
    return f"{read['Subject']} {read.get_content()}"


async def test_the_leader_is_called_first_and_hears_at_once(running, people):
    path = await calls(people["karen"])
    told = words(await people["karen"].get(path))
    assert "Du har tilkaldt hjælp" in told and "Lene Lund Tilkaldt" in told and "Per Poulsen Bliver tilkaldt" in told
    assert "Læg på, eller gå ud" in told
    told = await hears(running, "lene@eksempel.dk", path.rpartition("/")[2])
    assert "Kom nu: en kollega har brug for hjælp" in told and "karen@eksempel.dk har tilkaldt hjælp" in told and "112" in told


async def test_who_presses_twice_comes_to_the_call_that_is_open(people):
    path = await calls(people["karen"])
    assert await calls(people["karen"]) == path and await calls(people["karen"], "time_out") != path


async def test_the_next_are_called_each_minute_until_somebody_says_that_they_come(running, people):
    path = await calls(people["karen"])
    assert "Karen Karlsen har brug for hjælp" in words(await people["lene"].get("/"))
    assert "har brug for hjælp" not in words(await people["per"].get("/"))
    assert (await people["per"].post(f"{path}/coming")).status_code == 404  # not called yet
    await stepped(running)
    assert "Karen Karlsen har brug for hjælp" in words(await people["per"].get("/"))
    assert (await people["per"].post(f"{path}/coming")).status_code == 303
    await stepped(running, 5)
    one = (await kept(running, path)).matter
    assert (one.called, [each.by for each in one.coming], one.unanswered) == (2, ["per@eksempel.dk"], False)
    assert "Per Poulsen kommer" in words(await people["karen"].get(path))
    assert "Jeg kommer" in await hears(running, "per@eksempel.dk", path.rpartition("/")[2])
    assert "Per Poulsen kommer allerede" in words(await people["lene"].get(path))
    assert "assist.coming" in [action for action, _ in await audited(running, path)]


async def test_where_nobody_answers_the_caller_is_told_so(running, people):
    path = await calls(people["karen"], "colleague")
    assert (await kept(running, path)).matter.people == ("maja@eksempel.dk", "per@eksempel.dk")  # those who are logged in
    await stepped(running, 5)
    one = (await kept(running, path)).matter
    assert one.unanswered and one.called == len(one.order) == 3 and one.people[-1] == "birgit@eksempel.dk"
    told = words(await people["karen"].get(path))
    assert "Ingen har svaret endnu" in told and "112" in told
    await stepped(running, 3)
    again = (await kept(running, path)).matter
    assert again.called == 4 and again.unanswered and "Vi bliver ved med at tilkalde" in words(await people["karen"].get(path))
    assert (await people["lene"].post(f"{path}/coming")).status_code == 303
    await stepped(running, 2)
    assert (await kept(running, path)).matter.called == 4


async def test_where_nobody_came_the_caller_has_the_next_called(running, people):
    path = await calls(people["karen"])
    assert "Der er ikke kommet nogen" not in words(await people["karen"].get(path))
    assert (await people["lene"].post(f"{path}/coming")).status_code == 303
    assert "Der er ikke kommet nogen" in words(await people["karen"].get(path))
    await stepped(running)
    assert (await people["lene"].post(f"{path}/nobody")).status_code == 404  # that is for the caller to say
    assert (await people["karen"].post(f"{path}/nobody")).status_code == 303
    one = (await kept(running, path)).matter
    assert (one.called, one.coming) == (2, ()) and "Jeg kommer" in words(await people["lene"].get(path))
    assert "Jeg kommer" in await hears(running, "per@eksempel.dk", path.rpartition("/")[2])
    told = await audited(running, path)
    assert [(action, data) for action, data in told if action in ("assist.nobody_came", "assist.called")] == [
        ("assist.nobody_came", {"said": 1}),
        ("assist.called", {"step": 2}),
    ]
    await people["karen"].post(f"{path}/over")
    late = await people["karen"].post(f"{path}/nobody")
    assert late.status_code == 409 and "Tilkald igen" in words(late)


async def test_only_those_whom_it_concerns_see_it_and_a_refusal_is_recorded(running, people):
    path = await calls(people["karen"])
    seen = {name: (await one.get(path)).status_code for name, one in people.items()}
    assert seen == dict.fromkeys(PEOPLE, 404) | {"karen": 200, "lene": 200, "birgit": 200}
    assert {name: (await one.post(f"{path}/over")).status_code for name, one in people.items() if name != "karen"} == dict.fromkeys(
        PEOPLE.keys() - {"karen"}, 404
    )
    assert (await people["lene"].post(f"{path}/where", data={"where": WHERE})).status_code == 404
    assert [action for action, _ in await audited(running, path)].count("access.refused") >= 7
    assert (await people["karen"].post(f"{path}/coming")).status_code == 404
    assert (await people["karen"].post("/assist", data={"kind": "police"})).status_code == 422


async def test_where_the_caller_is_is_told_to_those_who_are_called_alone(running, people):
    path = await calls(people["karen"])
    assert (await people["karen"].post(f"{path}/where", data={"where": WHERE})).status_code == 303
    assert WHERE in words(await people["lene"].get(path)) and WHERE in words(await people["lene"].get("/"))
    assert (await people["karen"].post(f"{path}/where", data={"where": "x" * 201})).status_code == 409
    assert WHERE not in json.dumps(await audited(running, path))
    assert WHERE not in await hears(running, "lene@eksempel.dk", path.rpartition("/")[2])


async def test_what_happened_is_written_afterwards_as_an_incident(running, people):
    path = await calls(people["karen"], "time_out")
    assert (await people["karen"].post(f"{path}/over")).status_code == 303
    id = path.rpartition("/")[2]
    assert f'href="/report?assist={id}"' in (await people["karen"].get("/")).text
    form = (await people["karen"].get(f"/report?assist={id}")).text
    assert f'name="assist" value="{id}"' in form and re.search(r'name="wants_support" value="yes" checked', form)
    assert f'value="{id}"' not in (await people["maja"].get(f"/report?assist={id}")).text  # not her call
    today = running.clock.now().date().isoformat()
    told = {"what": "Han råbte.", "on": today, "channel": "phone", "about": "", "assist": id}
    assert (await people["karen"].post("/report", data=told)).status_code == 303
    assert (await kept(running, path)).matter.happened == "reported"
    assert f"assist={id}" not in (await people["karen"].get("/")).text
    late = await people["lene"].post(f"{path}/coming")
    assert late.status_code == 409 and "Det er overstået" in words(late)


async def test_it_may_have_been_nothing(running, people):
    path = await calls(people["karen"])
    for move in ("over", "nothing"):
        assert (await people["karen"].post(f"{path}/{move}")).status_code == 303
    assert (await kept(running, path)).matter.happened == "nothing"
    assert "Skriv, hvad der skete" not in words(await people["karen"].get("/"))


async def test_somebody_whom_the_register_does_not_know_is_told_to_telephone(people):
    page = words(await people["dpo.p"].get("/assist"))
    assert "Vagten ved ikke, hvem der er din leder" in page and "112" in page
    path = await calls(people["dpo.p"])
    assert "Ingen har svaret endnu" in words(await people["dpo.p"].get(path))


# -- Mine sager
async def test_a_caseworker_sees_what_others_handle_and_that_nothing_is_asked_of_them(people):
    shown = await people["karen"].get("/")
    page = words(shown)
    for text in ("Mine sager", "Tilkald leder", "Tilkald kollega", "Time-out", "Du skal ikke gøre noget", "Bo Borger"):
        assert text in page
    assert "Mails fra borgeren læses af Børn og Familie. Du skal ikke svare." in page
    assert "Hvad gør jeg?" in page and 'href="/playbooks/threat_on_phone"' in shown.text


# -- relief
async def asks(people, **changes):
    told = {"case": "s-77", "wish": "hand_over", "why": WHY} | changes
    return await people["karen"].post("/relief", data=told)


async def test_a_case_is_asked_off_and_the_leader_answers(running, people):
    path = (await asks(people)).headers["location"].partition("?")[0]
    assert (await asks(people)).headers["location"] == path  # once
    seen = {name: (await one.get(path)).status_code for name, one in people.items()}
    assert seen == dict.fromkeys(PEOPLE, 404) | dict.fromkeys(("karen", "lene", "birgit", "dpo.p"), 200)
    assert (await people["dpo.p"].post(f"{path}/answer", data={"says": "no", "note": "x"})).status_code == 404
    assert WHY in words(await people["lene"].get(path)) and "Vil gerne give sag s-77 videre" in words(await people["lene"].get("/"))
    assert "Venter på svar" in words(await people["karen"].get("/"))
    assert (await people["karen"].post(f"{path}/answer", data={"says": "no", "note": "x"})).status_code == 404
    for wrong in ({}, {"says": "taken"}, {"says": "taken", "to": "ali@eksempel.dk"}, {"says": "no"}):
        assert (await people["lene"].post(f"{path}/answer", data=wrong)).status_code == 422
    said = {"says": "taken", "to": "maja@eksempel.dk", "note": "Vi tre mødes på mandag."}
    assert (await people["lene"].post(f"{path}/answer", data=said)).status_code == 303
    told = words(await people["karen"].get(path))
    assert "Maja Munk tager over" in told and "begynder ikke forfra" in told and "Vi tre mødes" in told
    assert "Maja Munk tager over." in words(await people["karen"].get("/"))
    assert (await people["birgit"].post(f"{path}/answer", data=said)).status_code == 404
    recorded = await audited(running, path)
    assert [action for action, _ in recorded if action.startswith("relief.a")] == ["relief.asked", "relief.answered"]
    assert WHY not in json.dumps(recorded)
    extract = (await people["lene"].get("/citizens/c-1001/extract.json")).json()
    [asked] = extract["reliefs"]
    assert (asked["case"], asked["why"]) == ("s-77", WHY) and "Vi tre mødes" not in json.dumps(extract)
    assert "relief.answered" in {one["action"] for one in extract["looked"]}
    assert WHY in words(await people["lene"].get("/citizens/c-1001/extract"))
    assert WHY not in await hears(running, "lene@eksempel.dk", path.rpartition("/")[2])


@pytest.mark.parametrize("wrong", [{"case": "s-90"}, {"case": ""}, {"case": "none"}, {"wish": ""}, {"why": "x" * 1001}])
async def test_of_others_cases_nothing_is_told(people, wrong):
    answer = await asks(people, **wrong)
    assert answer.status_code == 422 and "Ejnar" not in answer.text


async def test_whoever_has_no_cases_has_nothing_to_hand_over(people):
    assert {name: (await people[name].get("/relief")).status_code for name in ("it", "dpo.p", "arne")} == dict.fromkeys(
        ("it", "dpo.p", "arne"), 404
    )


# -- the menu
async def test_the_menu_counts_those_who_need_the_visitor_now_and_wishes_for_relief(people):
    def counted(answer):
        told = words(answer)
        calls = re.search(r"Tilkald hjælp (\d+) har brug for din hjælp nu", told)
        things = re.search(r"Overblik (\d+) ting venter på dig", told)
        return int(calls[1]) if calls else 0, int(things[1]) if things else 0

    async def of(name):
        return counted(await people[name].get("/citizens"))

    before = await of("lene")
    path = await calls(people["karen"])
    assert await of("lene") == (before[0] + 1, before[1] + 1)
    assert await of("karen") == (0, 0)  # her own call asks nothing of her
    assert (await people["lene"].post(f"{path}/coming")).status_code == 303
    assert await of("lene") == before
    answer = await asks(people, wish="relief")
    assert await of("lene") == (before[0], before[1] + 1)
    said = {"says": "other", "note": "Vi tales ved om det i dag."}
    told = await people["lene"].post(answer.headers["location"].partition("?")[0] + "/answer", data=said)
    assert told.status_code == 303, words(told)
    assert await of("lene") == before


async def test_who_presses_again_when_help_has_been_there_calls_anew(running, people):
    """Last: the clock goes on, and sessions end."""
    path = await calls(people["karen"])
    await people["lene"].post(f"{path}/coming")
    await stepped(running, 14)
    assert await calls(people["karen"]) == path  # she may be on her way
    await stepped(running, 1)
    again = await calls(people["karen"])
    assert again != path and (await kept(running, again)).matter.people == ("lene@eksempel.dk",)
    old = (await kept(running, path)).matter
    assert not old.active and old.happened == "draft"
