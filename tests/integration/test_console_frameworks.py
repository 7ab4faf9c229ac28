"""Frameworks on pages: who may see and do what, what is missing, and what is recorded."""

import html
import json
import re
from datetime import timedelta

import httpx2
import pytest
from fakes.console import COOKIE, console_running, visitor_as
from fakes.guard import mail
from fakes.town import POLICY
from fakes.written import HAPPENED, begun, delivered, move, whole, write
from sqlalchemy import select

from services.store import schema
from services.store.dossiers import Kept, Save
from workflows.framework import FixedContact, State
from workflows.lifecycle_letters import untold

EJNAR, MAJA = "ejnar@example.net", "maja@eksempel.dk"


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        yield running


def as_(running, who="leader"):
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: who}, timeout=60)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


async def test_a_framework_says_what_applies_and_what_comes_next(running):
    async with as_(running) as client:
        told = words(await client.get("/frameworks/f-1"))
    assert "Ramme for Bo Borger" in told and "I kraft" in told
    assert "Det, borgeren skriver, går til bf-kontakt@eksempel.dk." in told
    assert "Du skal ikke gøre noget nu" in told


@pytest.mark.parametrize("who", ["leader", "other_leader", "head", "lawyer", "dpo"])
async def test_a_framework_in_any_state_has_a_page(running, who):
    register = await running.guard.store.export_register()
    answers = {}
    async with as_(running, who) as client:
        for one in register.frameworks:
            answers[one.id] = (await client.get(f"/frameworks/{one.id}")).status_code
    assert set(answers.values()) <= {200, 404} and 200 in answers.values(), answers


async def test_each_move_has_a_page(running):
    async with as_(running) as client:
        for move in ("lifted", "eased", "extended", "reconsideration_asked", "due_for_review", "registered_in_error"):
            answer = await client.get(f"/frameworks/f-1/move/{move}")
            assert answer.status_code == 200, move


STEPS = ("scope", "happenings", "milder", "needs", "measures", "time", "try", "letter")


async def test_each_step_has_a_page(running):
    async with as_(running) as client:
        assert (await client.get("/frameworks/new")).status_code == 200
        assert (await client.get("/frameworks/new?citizen=c-1010")).status_code == 200
        assert (await client.get("/report?about=s-90")).status_code == 200
        id = await begun(client)
        for step in STEPS:
            answer = await client.get(f"/frameworks/{id}/write/{step}")
            assert answer.status_code == 200, step
        for move in ("warned", "heard", "decided", "activated_urgently", "rejected"):
            assert (await client.get(f"/frameworks/{id}/move/{move}")).status_code == 200, move


async def test_what_is_proposed_for_the_letter_is_danish_in_any_language(running):
    async with as_(running) as client:
        id = await begun(client)
        page = await client.get(f"/frameworks/{id}/write/measures", headers={"Cookie": f"{COOKIE}=leader; language=en"})
    assert '<html lang="en"' in page.text
    assert "Kommunens ret til at tilrettelægge sin sagsbehandling (anstaltsforhold)" in page.text


async def test_a_leader_s_whole_way(running):
    async with as_(running) as client:
        id = await whole(client)
        told = words(await client.get(f"/frameworks/{id}/write/scope"))
        assert "Maja Munk har også sagen s-91" in told
        assert (await write(client, id, "scope", case=["s-90", "s-91"])).status_code == 303
        assert "Alt er svaret på" in words(await client.get(f"/frameworks/{id}/write/letter"))
        answer = await move(client, id, "decided")
        assert answer.status_code == 422 and "Send først en advarsel, eller skriv, hvorfor" in words(answer)
        answer = await move(client, id, "decided", no_warning_because="Det haster.")
        assert answer.status_code == 303, words(answer)
        running.clock.forward(timedelta(minutes=1))
        told = words(await client.get(answer.headers["Location"]))
        assert "Besluttet" in told and "Send brevet til borgeren" in told and "Hent som PDF" in told
        now = running.clock.now().astimezone(POLICY.zone)
        answer = await move(
            client,
            id,
            "activated",
            way="digital_post",
            delivered=now.date(),
            delivered_at=now.strftime("%H:%M"),
            staff_informed="yes",
        )
        assert answer.headers["Location"].endswith("said=in_force"), words(answer)
        told = words(await client.get(answer.headers["Location"]))
        assert "Rammen er i kraft" in told and "Nåede frem" in told
        await running.guard.store.refresh()
        assert (await running.send(mail("<in-force@x>", EJNAR, MAJA), MAJA, sender=EJNAR)).startswith("250")
        [outcome] = (await running.explained("<in-force@x>"))["recipients"]
        assert (outcome["action"], outcome["framework"]) == ("redirect", id)
        running.clock.forward(timedelta(minutes=1))
        answer = await move(client, id, "lifted", because="Det går godt nu.", staff_informed="yes")
        assert answer.status_code == 303, words(answer)
        assert "Ophævet" in words(await client.get(f"/frameworks/{id}"))


async def test_whoever_is_to_take_over_sees_what_takes_its_place(running):
    dossiers, karen = running.guard.store.dossiers, visitor_as("caseworker").address
    async with as_(running, "caseworker") as client:
        assert (await client.get("/frameworks/f-5")).status_code == 404
        kept = await dossiers.get("f-5")
        contact = FixedContact(kind="fixed_contact", contact=karen)
        next_one = kept.dossier.framework.model_copy(update={"measures": (contact,), "state": State.DECIDED})
        after = kept.dossier.model_copy(update={"successor": next_one})
        found = await dossiers.keep(
            Save(after, kept, "lene@eksempel.dk", running.clock.now(), "extended", units=("boern-familie",))
        )
        assert isinstance(found, Kept)
        assert (await client.get("/frameworks/f-5")).status_code == 200


async def entries(running):
    return (await running.guard.store.verify_audit()).entries


async def listed_to(running, actor):
    """The citizens whom each list has shown to somebody."""
    table = schema.audit.c

    def read(connection):
        asked = (table.actor == actor, table.action == "citizens.read")
        rows = connection.execute(select(table.data).where(*asked).order_by(table.seq)).scalars()
        return [json.loads(data)["citizens"] for data in rows]

    return await running.guard.store.readers.run(read)


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("other_leader", "/frameworks/f-4"),  # another unit's
        ("work_environment", "/frameworks/f-1"),
        ("it", "/frameworks/f-1"),
        ("lawyer", "/frameworks/f-1"),  # of degree 2, and nobody has asked
        ("caseworker", "/frameworks/f-4"),  # another caseworker's case
        ("caseworker", "/frameworks/new?citizen=c-1010"),
        ("other_leader", "/frameworks/new?citizen=c-1010"),
        ("dpo", "/frameworks/f-1/write/scope"),
    ],
)
async def test_what_somebody_may_not_see_does_not_exist_for_them_and_that_they_asked_is_recorded(running, who, path):
    async with as_(running, who) as client:
        await client.get("/")
        before = await entries(running)
        answer = await client.get(path)
        assert answer.status_code == 404 and "Bo Borger" not in answer.text
        assert await entries(running) == before + 1


@pytest.mark.parametrize("id", ["none", "x" * 65, "%00", "f-1%20"])
@pytest.mark.parametrize("rest", ["", "/move/lifted", "/write/scope", "/letters/x", "/preview", "/advice"])
async def test_what_is_no_framework_is_not_there(running, id, rest):
    async with as_(running) as client:
        assert (await client.get(f"/frameworks/{id}{rest}")).status_code == 404


async def test_law_10_every_reading_of_a_framework_or_a_letter_is_recorded(running):
    async with as_(running, "dpo") as client:
        await client.get("/")
        before = await entries(running)
        assert (await client.get("/frameworks/f-1")).status_code == 200
        assert await entries(running) == before + 1


@pytest.mark.parametrize("rest", ["move/decided", "write/scope"])
async def test_law_10_a_page_that_is_asked_for_as_a_part_is_read_all_the_same(running, rest):
    async with as_(running) as client:
        id = await begun(client)
        before = await entries(running)
        answer = await client.get(f"/frameworks/{id}/{rest}", headers={"HX-Request": "true"})
        assert answer.status_code == 200 and "<main" in answer.text
        assert await entries(running) == before + 1


async def test_law_10_only_what_an_open_page_saves_by_itself_is_no_further_look(running):
    table = schema.audit.c

    def read(connection):
        rows = select(table.actor).where(table.subject == id, table.action == "framework.read").order_by(table.seq)
        return list(connection.execute(rows).scalars())

    async with as_(running) as lene, as_(running, "head") as birgit:
        id = await begun(lene)
        path, part = f"/frameworks/{id}/move/decided", {"HX-Request": "true"}
        await lene.get(path)
        for one in (lene, lene, birgit, birgit):
            assert (await one.post(path, data={"do": "keep"}, headers=part)).status_code == 200
    assert await running.guard.store.readers.run(read) == ["a-leader", "a-head"]


async def test_law_10_whom_a_search_for_a_new_framework_shows_is_recorded(running):
    async with as_(running) as client:
        answer = await client.post("/frameworks/new", data={"q": "bo@example.net"})
    assert "Bo Borger" in words(answer) and "s-77" in words(answer)
    assert (await listed_to(running, "a-leader"))[-1] == ["c-1001"]


async def test_where_a_framework_begins_only_the_visitor_s_own_are_told(running):
    found = {}
    for who in ("leader", "other_leader"):
        async with as_(running, who) as client:
            found[who] = (await client.get("/frameworks/new?citizen=c-1001")).text
    assert "/frameworks/f-1" in found["leader"] and "Bo Borger" in found["other_leader"]
    assert "/frameworks/f-1" not in found["other_leader"]


async def test_somebody_who_may_read_but_not_decide_is_told_whose_task_it_is_and_nothing_changes(running):
    before = await running.guard.store.dossiers.get("f-1")
    async with as_(running, "caseworker") as client:
        answer = await client.post("/frameworks/f-1/move/lifted", data={"do": "make", "because": "x", "since": "0.1"})
        assert answer.status_code == 403 and "Det skal en leder" in words(answer)
        assert (await client.post("/frameworks/f-1/take_up")).status_code == 404
        assert (await client.post("/frameworks/f-1/write/scope", data={"reach": "municipality"})).status_code == 404
    assert await running.guard.store.dossiers.get("f-1") == before


async def test_law_4_what_is_missing_is_told_with_the_place_where_it_is_mended(running):
    async with as_(running) as client:
        id = await begun(client)
        answer = await client.get(f"/frameworks/{id}/move/decided")
        links = set(re.findall(rf'href="/frameworks/{id}/write/(\w+)"', answer.text))
        assert {"scope", "happenings", "milder", "needs", "measures", "time"} <= links
        answer = await move(client, id, "decided")
        missing = re.search(r'id="errors">(.*?)</div>', answer.text, re.DOTALL)[1]
        assert missing.count("<li>") == missing.count("<li><a href=")


async def test_of_two_who_write_the_same_the_second_sees_both_and_who_write_different_steps_never_meet(running):
    async with as_(running) as lene, as_(running, "head") as birgit:
        id = await begun(lene)
        path = f"/frameworks/{id}/write/happenings"
        seen = (await birgit.get(path)).text.split('name="seen" value="', 1)[1].split('"', 1)[0]
        await write(lene, id, "happenings")
        await write(lene, id, "scope")
        both = await birgit.post(path, data=HAPPENED | {"seen": seen, "burden": "Birgits ord."})
        assert both.status_code == 409
        assert "Lene Lund har gemt det samme trin imens" in words(both)
        assert "Birgits ord." in both.text and HAPPENED["burden"] in both.text
        kept = await running.guard.store.dossiers.get(id)
        assert kept.dossier.ground.burden == HAPPENED["burden"]
        again = both.text.split('name="seen" value="', 1)[1].split('"', 1)[0]
        assert (await birgit.post(path, data=HAPPENED | {"seen": again, "burden": "Begges ord."})).status_code == 303
        assert (await write(birgit, id, "needs")).status_code == 303
        after = (await running.guard.store.dossiers.get(id)).dossier
        assert (after.ground.burden, after.framework.scope.cases) == ("Begges ord.", ("s-90",))


async def test_what_a_page_saved_by_itself_before_its_form_was_sent_never_comes_in_its_place(running):
    async with as_(running) as client:
        id = await begun(client)
        path = f"/frameworks/{id}/write/happenings"
        text = (await client.get(path)).text
        fields = {one: text.split(f'name="{one}" value="', 1)[1].split('"', 1)[0] for one in ("seen", "sheet")}
        by_itself = {"HX-Request": "true"}
        assert (await client.post(path, data=HAPPENED | fields | {"burden": "E"}, headers=by_itself)).status_code == 200
        assert (await client.post(path, data=HAPPENED | fields | {"burden": "Et ord."})).status_code == 303
        late = await client.post(path, data=HAPPENED | fields | {"burden": "Et o"}, headers=by_itself)
        assert late.status_code == 409
        assert (await running.guard.store.dossiers.get(id)).dossier.ground.burden == "Et ord."


async def test_a_move_on_what_somebody_changed_meanwhile_is_not_made_and_keeps_what_was_written(running):
    async with as_(running) as lene:
        id = await whole(lene)
        answer = await lene.post(
            f"/frameworks/{id}/move/decided", data={"since": "1.1", "do": "make", "no_warning_because": "Mine ord."}
        )
        assert answer.status_code == 409 and "har ændret rammen imens" in words(answer) and "Mine ord." in answer.text
        assert (await running.guard.store.dossiers.get(id)).dossier.last("decided") is None


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


async def test_what_people_write_is_never_markup(running):
    async with as_(running) as client:
        id = await whole(client)
        for step, fields in {
            "happenings": {"what.0": EVIL, "burden": EVIL},
            "milder": {"why.0": EVIL, "own.0": EVIL},
            "measures": {"measure": "closed_topic", "closed_topic.topic": EVIL, "reason": EVIL, "legal_basis": EVIL},
            "time": {"way_back": EVIL},
        }.items():
            assert (await write(client, id, step, **fields)).status_code == 303
        for path in ("", "/write/happenings", "/write/milder", "/write/measures", "/write/time", "/move/heard", "/move/rejected"):
            text = (await client.get(f"/frameworks/{id}{path}")).text
            assert "<script>alert" not in text and "<img src=x" not in text, path
        assert html.escape(EVIL, quote=False) in (await client.get(f"/frameworks/{id}")).text


@pytest.mark.parametrize(
    ("step", "fields"),
    [
        ("scope", {"reach": "cases", "case": "s-77"}),  # another citizen's
        ("scope", {"reach": "everything", "case": "none", "unit": "none"}),
        ("happenings", {"on.0": "2026-99-99"}),
        ("happenings", {"on.0": "", "channel.0": "telepathy"}),
        ("happenings", {"burden": "x" * 20_001}),
        ("measures", {"measure": ["fixed_contact", "contact_window", "nonsense"]}),
        ("time", {"starts": "9999-12-31", "ends": "0001-01-01", "review": "x"}),
        ("needs", {"needs": "diagnosis"}),
    ],
)
async def test_what_can_not_be_is_not_taken_and_breaks_nothing(running, step, fields):
    async with as_(running) as client:
        id = await begun(client)
        answer = await write(client, id, step, **fields)
        assert answer.status_code in (303, 422)
        for one in ("scope", "happenings", "measures", "time", "letter"):
            assert (await client.get(f"/frameworks/{id}/write/{one}")).status_code == 200
        assert (await running.guard.store.dossiers.get(id)).dossier.framework.scope in (None,)


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("warned", {"expects": "x" * 20_001, "consequence": "x", "talk": "x"}, "Teksten er for lang."),
        ("heard", {"answer_by": "i morgen"}, "Vælg en dag, der findes."),
        ("heard", {"answer_by": "2026-11-01"}, "Giv borgeren en frist, der ligger efter i dag."),
        ("heard", {"answer_by": "2027-01-04", "lawyer": "jura"}, "Skriv hele mailadressen."),
        ("decided", {"no_warning_because": "  "}, "Send først en advarsel"),
        ("rejected", {"because": " \n"}, "Skriv hvorfor."),
    ],
)
async def test_what_is_written_wrong_in_a_move_is_told_beside_what_was_written(running, name, fields, says):
    async with as_(running) as client:
        id = await whole(client)
        answer = await move(client, id, name, **fields)
        assert answer.status_code == 422 and says in words(answer)
        assert (await running.guard.store.dossiers.get(id)).dossier.steps[-1].record.move == "drafted"


async def test_the_letter_is_shown_as_it_will_be_sent_and_its_author_s_words_win(running):
    async with as_(running) as client:
        id = await whole(client)
        fields = {"expects": "Én mail om ugen.", "consequence": "Ellers en ramme.", "talk": "Ring til os på 87 65 43 21."}
        opened = await client.get(f"/frameworks/{id}/move/warned")
        marks = dict(re.findall(r'name="(was\.\w+)" value="(\w+)"', opened.text))
        own = {"part.opening": "Kære Ejnar Eg\n\nVi skriver til dig i dag."}
        shown = await client.post(f"/frameworks/{id}/move/warned", data=fields | marks | own | {"do": "show"})
        assert "Vi skriver til dig i dag." in words(shown) and "Én mail om ugen." in words(shown)
        pdf = await client.post(f"/frameworks/{id}/move/warned/preview", data=fields | marks | own)
        assert pdf.headers["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF-")
        assert (await client.get(f"/frameworks/{id}/preview")).content.startswith(b"%PDF-")
        answer = await move(client, id, "warned", **fields, **marks, **own)
        assert answer.status_code == 303, words(answer)
        [letter] = await running.guard.store.dossiers.letters(id)
        text = (await client.get(f"/frameworks/{id}/letters/{letter}/text")).text
        assert "Vi skriver til dig i dag." in text and "Én mail om ugen." in text
        assert (await client.get(f"/frameworks/{id}/letters/{letter}")).content.startswith(b"%PDF-")
        assert (await client.get(f"/frameworks/f-1/letters/{letter}")).status_code == 404


async def test_a_part_that_the_citizen_is_owed_can_not_be_left_out(running):
    async with as_(running) as client:
        id = await whole(client)
        opened = await client.get(f"/frameworks/{id}/move/decided")
        marks = dict(re.findall(r'name="(was\.\w+)" value="(\w+)"', opened.text))
        fields = {"no_warning_because": "Det haster.", "part.open": "Farvel."} | marks
        answer = await move(client, id, "decided", **fields)
        assert answer.status_code == 422 and "Delen om hvad der altid er åbent skal have hele standardteksten" in words(answer)
        assert "Farvel." in answer.text and not await running.guard.store.dossiers.letters(id)


async def test_any_past_state_is_shown_as_it_was(running):
    async with as_(running) as client:
        id = await whole(client)
        drafted = running.clock.now()
        running.clock.forward(timedelta(minutes=1))
        assert (await move(client, id, "rejected", because="Vi talte sammen.")).status_code == 303
        now, then = (
            (await client.get(f"/frameworks/{id}")).text,
            await client.get(f"/frameworks/{id}", params={"as_of": drafted.isoformat()}),
        )
        assert "Afvist" in now and "Sådan så den ud" in words(then) and "Kladde" in words(then)
        assert "Andet, du kan gøre" not in then.text
        for wrong in ("x", "2026-11-23", "0001-01-01T00:00:00+00:00", "1999-01-01T00:00:00+00:00"):
            assert (await client.get(f"/frameworks/{id}", params={"as_of": wrong})).status_code == 404


async def test_a_page_tells_what_there_is_and_draws_no_picture_of_one_day(running):
    async with as_(running) as client:
        id = await begun(client)
        there = (await client.get(f"/frameworks/{id}")).text
        loaded = (await client.get("/frameworks/f-1")).text
    assert "Ikke valgt endnu" in there and "<dd>–</dd>" not in there
    assert ["Forløbet" in one for one in (there, loaded)] == [False, True]
    assert ["Besluttet af" in one for one in (there, loaded)] == [False, True]
    assert loaded.count("Indlæst fra en registerfil") == 1 and "Registerfil" not in loaded


async def test_what_a_head_must_approve_is_put_to_the_head_and_each_gap_is_told_once(running):
    async with as_(running) as lene:
        small, wide = await whole(lene), await whole(lene, reach="municipality", case=[], wider_because="Alle enheder får mails.")
        assert "Indstil til chefen" not in (await lene.get(f"/frameworks/{small}/move/decided")).text
        asked = await lene.get(f"/frameworks/{wide}/move/decided")
        assert "<h1>Indstil til chefen</h1>" in asked.text and "Beslut rammen" not in asked.text
        lacks = (await move(lene, wide, "decided", **DECIDED)).text
    assert lacks.count('href="#no_hearing_because"') == 1


async def test_a_lawyer_who_is_asked_reads_and_writes_advice_and_nobody_else_does(running):
    async with as_(running) as lene, as_(running, "lawyer") as jette, as_(running, "head") as birgit:
        id = await whole(lene)
        assert (await jette.get(f"/frameworks/{id}")).status_code == 404
        refused = await lene.post(f"/frameworks/{id}/lawyer", data={"lawyer": "karen@eksempel.dk"})
        assert refused.status_code == 422 and "Skriv mailadressen på en jurist" in words(refused)
        assert (await lene.post(f"/frameworks/{id}/lawyer", data={"lawyer": "jette@eksempel.dk"})).status_code == 303
        assert "Skriv din vurdering" in words(await jette.get(f"/frameworks/{id}"))
        path = f"/frameworks/{id}/write/letter"
        assert "Jette Jepsen er spurgt og har ikke svaret endnu." in (await lene.get(path)).text
        assert (await birgit.post(f"/frameworks/{id}/advice", data={"lawyer_says": "x"})).status_code == 403
        assert (await jette.post(f"/frameworks/{id}/advice", data={"lawyer_says": "Der er hjemmel."})).status_code == 303
        assert (await jette.post(f"/frameworks/{id}/write/scope", data={"reach": "municipality"})).status_code == 404
        assert (await running.guard.store.dossiers.get(id)).dossier.ground.lawyer_says == "Der er hjemmel."
        assert "er spurgt og har ikke svaret" not in (await lene.get(path)).text


async def test_the_decider_never_approves(running):
    async with as_(running, "head") as birgit:
        id = await whole(birgit, "c-1001", reach="units", unit=["boern-familie", "teknik-byg"], wider_because="Begge er ramt.")
        fields = {"no_warning_because": "Det haster.", "lawyer": "jette@eksempel.dk", "lawyer_says": "I orden."}
        assert (await move(birgit, id, "decided", **fields)).headers["Location"].endswith("submitted")
        page = words(await birgit.get(f"/frameworks/{id}/move/approve"))
        assert "Du har selv indstillet det. En anden chef skal godkende." in page
        answer = await birgit.post(f"/frameworks/{id}/move/approve", data={"do": "approve"})
        assert answer.status_code == 403
        assert (await running.guard.store.dossiers.get(id)).dossier.last("decided") is None


@pytest.mark.parametrize("about", ["s-90", "c-1010", "ejnar@example.net"])
async def test_any_employee_reports_by_a_number_or_an_address_and_sees_nothing(running, about):
    async with as_(running, "it") as client:
        fields = {"about": about, "on": HAPPENED["on.0"], "at": "", "channel": "phone", "what": f"Skete ved {about}."}
        answer = await client.post("/report", data=fields | {"wants_support": "yes"}, follow_redirects=True)
        assert "Tak. Det er indberettet" in words(answer) and "Ejnar" not in answer.text
    there = [one.incident.report for one in await running.guard.store.incidents.of_citizen("c-1010")]
    assert f"Skete ved {about}." in [one.what for one in there]


def day(running, days=0):
    return (running.clock.now().astimezone(POLICY.zone) + timedelta(days=days)).date().isoformat()


def told(running):
    now = running.clock.now().astimezone(POLICY.zone)
    return {"way": "paper", "delivered": day(running), "delivered_at": now.strftime("%H:%M"), "staff_informed": "yes"}


async def through(running, client, id, *moves):
    """Each move, with its fields, and that its letter arrived; a while between them."""
    for name, fields in moves:
        answer = await move(client, id, name, **fields)
        assert answer.status_code == 303 and "moved_on" not in answer.headers["Location"], (name, words(answer)[200:900])
        for letter in untold((await running.guard.store.dossiers.get(id)).dossier):
            assert (await delivered(client, id, letter, running.clock.now())).status_code == 303
        running.clock.forward(timedelta(seconds=20))
        assert (await client.get(f"/frameworks/{id}")).status_code == 200
    return (await running.guard.store.dossiers.get(id)).dossier


DECIDED = {"no_warning_because": "Det haster."}


async def test_every_later_move_is_made_over_its_page(running):
    async with as_(running) as lene, as_(running, "head") as birgit:
        id = await whole(lene, "c-1011", case="s-93")
        dossier = await through(
            running,
            lene,
            id,
            ("warned", {"expects": "Én mail.", "consequence": "En ramme.", "talk": "Ring 87 65 43 21."}),
            ("heard", {"answer_by": day(running, 14), "lawyer": "jette@eksempel.dk"}),
            ("decided", {"answered": "yes", "objections": "Du er uenig. Det ændrer ikke noget."}),
            ("activated", told(running)),
            ("due_for_review", {"trigger": "new_incident"}),
            (
                "extended",
                {
                    "on.0": day(running),
                    "at.0": "",
                    "channel.0": "mail",
                    "what.0": "Du skrev igen.",
                    "milder_not_enough": "Vi har prøvet.",
                    "starts": day(running, 91),
                    "review": day(running, 140),
                    "ends": day(running, 160),
                },
            ),
            ("activated", told(running)),
            (
                "eased",
                {
                    "because": "Det går bedre.",
                    "keep": "0",
                    "review": day(running, 130),
                    "ends": day(running, 150),
                    "staff_informed": "y",
                },
            ),
            ("reconsideration_asked", {"asked_by": "citizen", "text": "Se på den igen."}),
        )
        assert [one.kind for one in dossier.framework.measures] == ["functional_mailbox"]
        assert "En anden leder skal se på den igen" in words(await lene.get(f"/frameworks/{id}/move/upheld"))
        dossier = await through(running, birgit, id, ("upheld", {"because": "Intet er nyt."}))
        dossier = await through(
            running, lene, id, ("registered_in_error", {"cause": "En fejl.", "breach": "Nej, ingen har set noget."})
        )
        assert dossier.framework.state == "registered_in_error"
        kinds = [one.kind for one in await running.guard.store.dossiers.letter_lines(id)]
        assert kinds == ["warning", "hearing", "decision", "extension", "easing", "upheld", "apology"]


async def test_what_is_urgent_is_in_force_at_once_and_what_follows_is_written_beside_it(running):
    async with as_(running) as client:
        id = await whole(client, "c-1004", case="s-82")
        dossier = await through(running, client, id, ("activated_urgently", {"threat": "Du skrev, at du ville komme forbi."}))
        assert dossier.framework.state == "urgent"
        assert "til og med fredag den 27. november 2026" in words(await client.get(f"/frameworks/{id}")), "five working days"
        assert (await write(client, id, "measures", reason="Nye ord.")).status_code == 303
        page = words(await client.get(f"/frameworks/{id}"))
        assert "er ikke besluttet endnu:" in page and "Besluttet, men ikke i kraft endnu:" not in page
        await through(running, client, id, ("decided", {}))
        assert "Besluttet, men ikke i kraft endnu:" in words(await client.get(f"/frameworks/{id}"))
        dossier = await through(running, client, id, ("activated", told(running)))
        assert (dossier.framework.state, dossier.framework.reason) == ("active", "Nye ord.")


async def test_a_head_who_approves_an_extension_sees_what_is_new(running):
    async with as_(running) as lene, as_(running, "head") as birgit:
        lawyer = {"lawyer": "jette@eksempel.dk", "lawyer_says": "I orden."}
        id = await whole(lene, "c-1001", reach="units", unit=["boern-familie", "teknik-byg"], wider_because="Begge er ramt.")
        assert (await move(lene, id, "decided", **DECIDED, **lawyer)).headers["Location"].endswith("submitted")
        place = (await birgit.get(f"/frameworks/{id}/move/approve")).text.split('name="since" value="', 1)[1].split('"', 1)[0]
        answer = await birgit.post(f"/frameworks/{id}/move/approve", data={"do": "approve", "since": place})
        assert answer.headers["Location"].endswith("said=approved")
        await through(running, lene, id, ("activated", told(running)))
        dates = {"starts": day(running, 80), "review": day(running, 140), "ends": day(running, 160)}
        row = {
            "on.0": day(running),
            "at.0": "",
            "channel.0": "mail",
            "what.0": "Du skrev igen.",
            "milder_not_enough": "Vi har prøvet.",
        }
        assert (await move(lene, id, "extended", **row, **dates, **lawyer)).headers["Location"].endswith("submitted")
        told_head = words(await birgit.get(f"/frameworks/{id}/move/approve"))
        ground = (await running.guard.store.dossiers.get(id)).dossier.ground
        assert ground.burden in told_head and "Det har I prøvet eller overvejet" in told_head and ground.way_back in told_head
        assert "I dag gælder den til og med" in told_head and "Du skrev igen." in told_head
