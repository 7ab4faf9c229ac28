"""*Er det den samme?*: a leader sees what speaks for it, answers, and takes it back; nobody else is asked, and no mail is moved."""

import html
import json
import re

import pytest
from fakes.console import console_running
from fakes.guard import mail
from fakes.likely import NEW, likely
from fakes.visitors import browser
from sqlalchemy import select

from services.store import schema
from workflows.audit import AuditRecord
from workflows.people import Citizen, Employee

PEOPLE = {"lene": "leader", "tove": "leader", "karen": "caseworker", "dpo.p": "dpo", "it": "it"}
QUESTION = "Er det den samme?"


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        running.links = await likely(running)
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await browser(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


async def audited(running, action):
    def read(connection):
        audit = schema.audit.c
        rows = select(audit.subject, audit.actor, audit.data).where(audit.action == action).order_by(audit.seq)
        return [(subject, actor, json.loads(data)) for subject, actor, data in connection.execute(rows)]

    return await running.guard.store.readers.run(read)


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2])).split())


def badge(answer):
    return int((re.findall(r'class="badge">(\d+)<span class="unseen"> ting venter', answer.text) or ["0"])[0])


async def answer(client, link, what, revision=0):
    return await client.post(f"/links/{link.id}", data={"answer": what, "revision": revision})


async def grades(running):
    [bo] = [one for one in (await running.guard.store.export_register()).citizens if one.id == "c-1001"]
    return {one.address: one.grade.value for one in bo.addresses}


async def test_it_waits_on_the_overview_of_whoever_leads_the_unit(people, running):
    shown = {name: await one.get("/") for name, one in people.items()}
    assert [name for name, one in shown.items() if QUESTION in one.text] == ["lene"]
    assert all(f'href="/links/{one.id}"' in shown["lene"].text for one in running.links.values())
    assert "Nogen udgiver sig måske for borgeren" in shown["lene"].text and NEW not in shown["lene"].text
    assert badge(shown["lene"]) >= len(running.links) == 5


async def test_the_evidence_stands_side_by_side_in_words_and_what_each_answer_does(people, running):
    told = words(await people["lene"].get(f"/links/{running.links['new'].id}"))
    assert f"Er det Bo Borger, der skriver fra {NEW}?" in told and "Vagten gætter ikke" in told
    assert "Mailen nævner nummeret på en af borgerens sager. s-77 s-77 middel" in told
    assert "Mailen svarer i en tråd, som borgeren selv har skrevet i. – Se den tidligere mail stærkt" in told
    for one in ("Ja, det er den samme", "Nej, det er en anden", "Ikke nu", "Ligger hos Karen Karlsen", "7. december 2026"):
        assert one in told
    assert "%" not in told and "Fortryd" not in told
    assert [subject for subject, _, _ in await audited(running, "identity.read")] == ["c-1001"]


async def test_a_lawyer_and_a_relative_are_told_apart_by_their_own_words(people, running):
    lawyer = words(await people["lene"].get(f"/links/{running.links['lawyer'].id}"))
    assert "Ada Advokat er repræsentant for Bo Borger. Repræsentanters mails går altid frem som adresseret" in lawyer
    assert "advokat.ada@gmail.com bliver registreret hos Ada Advokat" in lawyer and "en ramme gælder" not in lawyer
    relative = words(await people["lene"].get(f"/links/{running.links['relative'].id}"))
    assert "Sofie Borger er pårørende til Bo Borger." in relative and "En i familien kan have det samme efternavn" in relative


async def test_a_confirmed_address_counts_from_now_on_and_is_taken_back_on_the_citizens_page(people, running):
    lene, link = people["lene"], running.links["new"]
    before, where = badge(await lene.get("/")), (await running.guard.store.mail(link.mail)).decision["recipients"]
    made = await answer(lene, link, "confirm")
    assert (made.status_code, made.headers["location"]) == (303, f"/links/{link.id}")
    told = words(await lene.get(f"/links/{link.id}"))
    assert "Det er den samme Lene svarede" in told.replace("Lene Lund", "Lene")
    assert f"Det gælder for mails, der er kommet fra {NEW} siden da." in told and "Bo Borger stærkt" not in told
    assert (await grades(running))[NEW] == "verified" and badge(await lene.get("/")) == before - 1
    assert (await running.guard.store.mail(link.mail)).decision["recipients"] == where
    page = await lene.get("/citizens/c-1001")
    assert f"· {NEW} Besvaret" in words(page) and "af Lene Lund" in words(page)
    assert f'<form method="post" action="/links/{link.id}">' in page.text
    back = await answer(lene, link, "undo", 1)
    assert back.headers["location"] == f"/links/{link.id}" and NEW not in await grades(running)
    assert "fortrød svaret" in words(await lene.get(f"/links/{link.id}"))
    [(subject, actor, data)] = await audited(running, "identity.confirmed")
    assert (subject, actor, data["citizen"]) == (link.id, "lene@eksempel.dk", "c-1001")
    assert [one[0] for one in await audited(running, "identity.undone")] == [link.id]


async def test_not_now_is_asked_once_more_and_no_is_never_asked_again(people, running):
    lene, link = people["lene"], running.links["probable"]
    assert (await answer(lene, link, "later")).status_code == 303
    shown = await lene.get(f"/links/{link.id}")
    assert "Du bliver spurgt igen mandag den 7. december 2026." in words(shown) and ">Ikke nu</button>" not in shown.text
    assert f"/links/{link.id}" not in (await lene.get("/")).text
    again = await answer(lene, link, "later", 1)
    assert again.status_code == 422 and "kan ikke udsættes igen" in words(again)
    assert (await answer(lene, link, "reject", 1)).status_code == 303
    assert "Mails fra adressen går frem som adresseret." in words(await lene.get(f"/links/{link.id}"))
    assert (await grades(running))["bo.b@example.org"] == "probable"


async def test_whoever_answers_second_sees_what_the_first_answered(people, running):
    lene, link = people["lene"], running.links["lawyer"]
    assert (await answer(lene, link, "reject")).status_code == 303
    late = await answer(lene, link, "confirm")
    assert late.status_code == 409 and "En anden har svaret imens" in words(late) and "Det er en anden" in words(late)
    assert (await answer(lene, link, "undo", 1)).status_code == 303


async def test_who_is_perhaps_pretended_to_be_is_not_taken_for_the_writer(people, running):
    lene, link = people["lene"], running.links["spoofing"]
    shown = await lene.get(f"/links/{link.id}")
    told = words(shown)
    assert "Nogen udgiver sig måske for Bo Borger" in told and "Regn ikke med, at Bo Borger har skrevet den." in told
    assert 'value="confirm"' not in shown.text and "Jeg har set det" in told and "stærkt" not in told
    forced = await answer(lene, link, "confirm")
    assert forced.status_code == 422 and "kan ikke bekræftes" in words(forced)
    told = words(await lene.get(f"/mails/{link.mail}"))
    assert "Afsender Måske Bo Borger" in told and "Nogen udgiver sig måske for Bo Borger. Jeres egen mailserver" in told
    assert "Mail, måske fra borgeren, til Karen Karlsen" in words(await lene.get("/citizens/c-1001"))
    assert (await answer(lene, link, "reject")).status_code == 303
    told = words(await lene.get(f"/links/{link.id}"))
    assert "Hvad der er sket Set Lene Lund svarede" in told and "Det er en anden" not in told


async def test_nobody_else_sees_or_answers_it(people, running):
    link = running.links["relative"]
    for name in ("tove", "karen", "dpo.p", "it"):
        assert (await people[name].get(f"/links/{link.id}")).status_code == 404
        assert (await answer(people[name], link, "confirm")).status_code == 404
    refused = [one for one, _, _ in await audited(running, "access.refused")]
    assert refused.count(link.id) == 2 and await audited(running, "page.refused")  # other roles answer nothing at all
    for unknown in ("0" * 24, "x"):
        assert (await people["lene"].get(f"/links/{unknown}")).status_code == 404
    assert (await running.guard.store.identity.get(link.id)).state == "open"
    listed = await people["karen"].get("/citizens/c-1001")
    assert QUESTION in listed.text and f"/links/{link.id}" not in listed.text


async def test_the_page_of_a_mail_shows_who_may_have_written(people, running):
    new, spoofing = running.links["relative"].mail, running.links["spoofing"].mail
    shown = words(await people["dpo.p"].get(f"/mails/{new}"))
    assert "Hvem kan have skrevet? Måske Sofie Borger Venter på svar" in shown
    told = words(await people["dpo.p"].get(f"/mails/{new}/who"))
    assert "Sofie Borger Sandsynligt Pårørende til Bo Borger" in told and "s-77 s-77 middel" in told
    assert (await people["lene"].get(f"/mails/{new}/who")).status_code == 404  # of nobody in the register: nobody's
    told = words(await people["lene"].get(f"/mails/{spoofing}/who"))
    assert "Nogen udgiver sig måske for Bo Borger" in told and "Det taler imod Vores egen mailserver kan ikke bekræfte" in told
    assert [one for one in await audited(running, "identity.read") if one[0] == "c-1001"]


async def test_of_a_shared_address_each_sees_their_own_people_alone(people, running):
    made = mail(
        "<family@example.org>", "familien.holm@example.org", "per@eksempel.dk", body="Hej\r\n\r\nVenlig hilsen\r\nAnne Holm\r\n"
    )
    await running.send(made, "per@eksempel.dk", sender="familien.holm@example.org")
    await running.assessed()
    [id] = await running.guard.store.ids_by_message_id("<family@example.org>")
    told = words(await people["dpo.p"].get(f"/mails/{id}/who"))
    assert told.count("Adressen står i registret.") == 2 and "Der er lige så meget, der taler for en anden." in told
    told = words(await people["lene"].get(f"/mails/{id}/who"))
    assert "Anne Holm Sandsynligt" in told and "Peter Holm" not in told


async def test_a_citizen_with_an_employees_name_may_be_the_employee(people, running):
    store, link = running.guard.store, running.links["new"]
    assert "En medarbejder hedder det samme" not in words(await people["lene"].get(f"/links/{link.id}"))
    register = await store.export_register()
    namesake = Employee.model_validate({"address": "bobo@eksempel.dk", "name": "Bo Borger", "unit": "job-ydelse"})
    changed = register.model_copy(update={"employees": (*register.employees, namesake)})
    await store.load_register(changed, AuditRecord(running.clock.now(), "test", "register.loaded", "x"))
    told = words(await people["lene"].get(f"/links/{link.id}"))
    assert "gælder rammen kun for det, medarbejderen skriver som borger, aldrig for mails fra arbejdet." in told


async def test_the_extract_lists_phones_and_what_was_asked_and_no_code_of_a_cpr_number(people, running):
    store = running.guard.store
    register = await store.export_register()
    numbers = {"phones": ["12 34 56 78"], "cpr": "010190-1234"}
    others = tuple(one for one in register.citizens if one.id != "c-1001")
    [bo] = [one for one in register.citizens if one.id == "c-1001"]
    with_numbers = Citizen.model_validate(bo.model_dump(mode="json") | numbers)
    record = AuditRecord(running.clock.now(), "test", "register.loaded", "x")
    await store.load_register(register.model_copy(update={"citizens": (*others, with_numbers)}), record)
    made = (await people["lene"].get("/citizens/c-1001/extract.json")).json()
    assert made["citizen"]["phones"] == ["12 34 56 78"] and made["cpr_kept_as_code"] is True
    assert "cpr_hash" not in made["citizen"] and "0101901234" not in json.dumps(made)
    assert {one["mail"] for one in made["links"]} == {one.mail for one in running.links.values()}
    [spoofing] = [one for one in made["links"] if one["about"] == "spoofing"]
    assert (spoofing["state"], spoofing["answered_by"]) == ("rejected", "lene@eksempel.dk")
    shown = words(await people["lene"].get("/citizens/c-1001/extract"))
    assert "Telefon 12 34 56 78" in shown and "Nogen udgiver sig måske for borgeren" in shown and "Lene Lund" in shown
