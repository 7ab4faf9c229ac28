"""What is written on the page of a move survives its page, for its writer alone, until the move is made."""

import html
import re
from datetime import timedelta

import httpx2
import pytest
from fakes.console import COOKIE, console_running
from fakes.written import move, whole

from services.console.auth.kept import LARGEST

PATH = "/frameworks/f-1/move"
BY_ITSELF = {"HX-Request": "true"}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        yield running


def as_(running, who="leader"):
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: who}, timeout=60)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


async def place(client, path):
    return re.search(r'name="since" value="([^"]*)"', (await client.get(path)).text)[1]


async def written(client, path, headers=BY_ITSELF, **fields):
    """As the page saves itself."""
    answer = await client.post(path, data={"since": await place(client, path)} | fields, headers=headers)
    assert answer.status_code == 200
    return answer


async def begun(running, framework="f-1", account="a-leader"):
    return await running.guard.store.begun_moves.of(account, framework, running.clock.now())


async def test_what_is_written_waits_on_its_page_for_its_writer_alone(running):
    async with as_(running) as lene, as_(running, "head") as birgit:
        assert "Gemt kl." in words(await written(lene, f"{PATH}/lifted", because="Lenes halve sætn"))
        there = await lene.get(f"{PATH}/lifted")
        assert "Lenes halve sætn" in there.text and "Fortsæt, hvor du slap" in words(there)
        told = words(await lene.get("/frameworks/f-1"))
        assert "Det, du er begyndt at skrive, er gemt. Kun du kan se det. Ophæv rammen 23. nov. 2026" in told
        for path in (f"{PATH}/lifted", "/frameworks/f-1"):
            other = await birgit.get(path)
            assert "Lenes halve" not in other.text and "Fortsæt, hvor du slap" not in words(other)
        assert "Lenes halve" not in (await lene.get(f"{PATH}/eased")).text
        [row] = await begun(running)
        assert "Lenes" not in row.sealed and row.move == "lifted"
        gone = await lene.post(f"{PATH}/lifted", data={"do": "drop"})
        assert gone.headers["Location"] == f"{PATH}/lifted" and await begun(running) == []
        assert "Lenes halve" not in (await lene.get(f"{PATH}/lifted")).text


async def test_a_row_that_was_moved_to_somebody_else_opens_for_nobody(running):
    async with as_(running) as lene, as_(running, "head") as birgit:
        await written(lene, f"{PATH}/lifted", because="Lenes ord")
        [row] = await begun(running)
        for other in (("a-head", "f-1", "lifted"), ("a-leader", "f-1", "upheld"), ("a-leader", "f-1", "eased")):
            await running.guard.store.begun_moves.keep(type(row)(*other, row.at, row.sealed))
        assert "Lenes ord" not in (await birgit.get(f"{PATH}/lifted")).text
        assert "Lenes ord" not in (await lene.get(f"{PATH}/eased")).text
        for account, _, name in (("a-head", 0, "lifted"), ("a-leader", 0, "upheld"), ("a-leader", 0, "eased")):
            await running.guard.store.begun_moves.drop(account, "f-1", name)
        await running.guard.store.begun_moves.drop("a-leader", "f-1", "lifted")


async def test_each_kind_of_field_comes_back_as_it_was_left(running):
    async with as_(running) as lene:
        first = (await lene.get(f"{PATH}/eased")).text
        assert 'name="keep" value="0" checked' in first
        path = f"{PATH}/eased"
        await written(lene, path, ends="2027-01-02", review="", staff_informed="yes", recipient="Bo\nVej 1", letter_language="en")
        there = (await lene.get(path)).text
        assert 'name="keep" value="0" checked' not in there, "what was unticked stays so"
        assert 'value="2027-01-02"' in there and 'name="staff_informed" value="yes" checked' in there
        assert "Bo\nVej 1" in there and '<option value="en" selected' in there
        path = f"{PATH}/extended"
        await written(lene, path, **{"on.0": "2026-11-20", "what.0": "", "channel.0": "phone", "at.0": ""})
        assert 'name="on.0" id="on.0" value="2026-11-20"' in (await lene.get(path)).text, "a day alone is a beginning"
        for name in ("eased", "extended"):
            await lene.post(f"{PATH}/{name}", data={"do": "drop"})


async def test_an_author_s_own_words_in_the_letter_come_back_and_go_when_it_is_made(running):
    async with as_(running) as lene:
        id = await whole(lene)
        path = f"/frameworks/{id}/move/warned"
        marks = dict(re.findall(r'name="(was\.\w+)" value="(\w+)"', (await lene.get(path)).text))
        own = {"part.opening": "Kære Ejnar Eg\n\nMine egne ord."}
        await written(lene, path, **marks, **own, expects="Én mail om ugen.")
        there = words(await lene.get(path))
        assert "Mine egne ord." in there and "Én mail om ugen." in there
        refused = await move(lene, id, "warned", **marks, **own, expects="To mails om ugen.")
        assert refused.status_code == 422
        assert "To mails om ugen." in words(await lene.get(path)), "what was not made is kept too"
        fields = {"expects": "To mails om ugen.", "consequence": "Ellers en ramme.", "talk": "Ring til os på 87 65 43 21."}
        since = await place(lene, path)
        assert (await move(lene, id, "warned", **fields, **marks, **own)).status_code == 303
        assert await begun(running, id) == []
        late = await lene.post(path, data={"since": since, "expects": "For sent"}, headers=BY_ITSELF)
        assert late.status_code in (200, 303) and await begun(running, id) == [], "a slow page brings nothing back"


async def test_where_somebody_has_changed_the_framework_the_writer_is_told(running):
    async with as_(running) as lene, as_(running, "head") as birgit:
        id = await whole(lene)
        path = f"/frameworks/{id}/move/rejected"
        await written(lene, path, because="Lenes grund")
        assert (await birgit.post(f"/frameworks/{id}/lawyer", data={"lawyer": "jette@eksempel.dk"})).status_code == 303
        there = words(await lene.get(path))
        assert "Lenes grund" in there and "Rammen er ændret siden." in there
        assert (await move(birgit, id, "rejected", because="Birgits grund")).status_code == 303
        told = words(await lene.get(f"/frameworks/{id}"))
        assert "Fortsæt, hvor du slap" not in told, "nothing is left to go on with"


async def test_too_much_is_not_kept_and_said_and_after_a_month_nothing_is(running):
    async with as_(running) as lene:
        await written(lene, f"{PATH}/lifted", because="Lidt")
        much = await lene.post(f"{PATH}/lifted", data={"because": "x" * LARGEST}, headers=BY_ITSELF)
        assert "Det er for meget at gemme." in words(much) and "Gemt kl." not in words(much)
        assert "Lidt" in (await lene.get(f"{PATH}/lifted")).text
        running.clock.forward(timedelta(days=30))
        assert await begun(running) == []


async def test_what_holds_nothing_is_nothing_to_go_on_with(running):
    async with as_(running) as lene:
        for name in ("lifted", "eased", "extended", "reconsideration_asked"):
            path = f"{PATH}/{name}"
            page = (await lene.get(path)).text
            as_it_was = {"since": await place(lene, path), "recipient": "Bo Borger", "letter_language": "da", "because": " "}
            kept = re.findall(r'name="keep" value="(\d)"', page)
            days = dict(re.findall(r'name="(review|ends|starts)" type="date" value="([^"]+)"', page))
            answer = await lene.post(path, data=as_it_was | days | ({"keep": kept} if kept else {}), headers=BY_ITSELF)
            assert answer.status_code == 200 and await begun(running) == [], name
        await written(lene, f"{PATH}/lifted", because="Fortrudt")
        await written(lene, f"{PATH}/lifted", because="")
        assert await begun(running) == [], "whoever takes their words back has nothing to go on with"


async def test_law_10_a_page_that_saves_itself_is_one_reading(running):
    async with as_(running, "head") as birgit:
        path = f"{PATH}/reconsideration_asked"
        since = await place(birgit, path)
        before = (await running.guard.store.verify_audit()).entries
        for text in ("Bo", "Bo be", "Bo beder"):
            await birgit.post(path, data={"since": since, "text": text}, headers=BY_ITSELF)
        assert (await running.guard.store.verify_audit()).entries == before
        await birgit.post(path, data={"do": "drop"})


async def test_whoever_may_not_make_the_move_keeps_nothing_of_it(running):
    async with as_(running, "caseworker") as karen:
        assert (await karen.post(f"{PATH}/lifted", data={"because": "Karens"}, headers=BY_ITSELF)).status_code == 403
        assert await begun(running, account="a-caseworker") == []
