"""*Mails* and *Prøvekør*: who sees which mail, what is told of it, what a hostile one can do, and that every look is recorded."""

import asyncio
import html
import json
import os
import re
import signal
from dataclasses import replace

import pytest
from fakes.children import is_gone, noting
from fakes.console import console_running
from fakes.guard import mail
from fakes.visitors import browser
from fakes.written import whole
from sqlalchemy import select

import services.trying
from services.console import trying
from services.console.pages import trying as trying_page
from services.demo.feed import feed
from services.demo.samples import sample_mails
from services.store import schema
from services.trying import overview_of
from workflows.audit import AuditRecord

EVIL = "<script>alert(1)</script>"
PEOPLE = {
    "lene": "leader",
    "tove": "leader",
    "karen": "caseworker",
    "ali": "caseworker",
    "jette": "lawyer",
    "dpo.p": "dpo",
    "arne": "work_environment",
    "it": "it",
}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        first = sample_mails(running.clock.now())[0]
        content = (
            f"From: Bo Borger <bo@example.net>\r\nTo: karen@eksempel.dk\r\nSubject: {EVIL}<img src=x onerror=alert(2)>\r\n"
            "Authentication-Results: mx.eksempel.dk; dmarc=pass header.from=example.net\r\nMessage-ID: <evil@example.net>\r\n"
            'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
            f"<p>Hej</p>{EVIL}<img src='https://spion.example/p.gif'>&lt;script&gt;alert(3)&lt;/script&gt;\r\n--b\r\n"
            'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="<b onclick=x>.txt"\r\n\r\nx\r\n--b\r\n'
            "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n--b\r\n"
            "Content-Type: audio/amr\r\n\r\nx\r\n--b--\r\n"
        )
        evil = replace(
            first, name="evil", envelope_from="bo@example.net", recipients=("karen@eksempel.dk",), content=content.encode()
        )
        await feed(running.guard.gateway.addresses[0], [evil])
        await running.settled()
        await running.assessed()
        register = await running.guard.store.export_register()
        named = [one.model_copy(update={"name": f"Mogens {EVIL}"}) if one.id == "c-1003" else one for one in register.citizens]
        record = AuditRecord(running.clock.now(), "test", "register.loaded", "register")
        await running.guard.store.load_register(register.model_copy(update={"citizens": tuple(named)}), record)
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await browser(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


@pytest.fixture(scope="module")
async def evil(running):
    [id] = await running.guard.store.ids_by_message_id("<evil@example.net>")
    return id


async def audited(running, subject):
    def read(connection):
        rows = select(schema.audit.c.action, schema.audit.c.data).where(schema.audit.c.subject == subject)
        return [tuple(row) for row in connection.execute(rows.order_by(schema.audit.c.seq))]

    return await running.guard.store.readers.run(read)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def linked(answer):
    return re.findall(r'href="/mails/([^"?]+)"', answer.text)


async def test_each_sees_the_mails_that_concern_them(people, running):
    everybody = {name: await one.get("/mails") for name, one in people.items()}
    assert {everybody[name].status_code for name in ("arne", "it")} == {404}
    seen = {name: set(linked(one)) for name, one in everybody.items()}
    assert seen["lene"] and seen["karen"] and seen["dpo.p"] >= seen["lene"] | seen["karen"]
    assert seen["jette"] == set() and "Vælg en borger først" in words(everybody["jette"])
    for id in seen["dpo.p"]:
        about = await running.guard.store.views.about(id)
        assert ("boern-familie" in about.units) >= (id in seen["karen"])
        assert not (id in seen["lene"] and "boern-familie" not in about.units)
        assert not (id in seen["ali"] and "c-1001" in about.citizens)
    assert "mails.read" in {action for action, _ in await audited(running, "mails")}


async def test_a_search_becomes_an_address_without_names(people):
    lene = people["lene"]
    form = {"text": "Bo Bor", "since": "1.1.2020", "until": "", "outcome": "redirected", "unit": ""}
    answer = await lene.post("/mails", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/mails?citizen=c-1001&since=2020-01-01&outcome=redirected"
    shown = await lene.get(answer.headers["location"])
    assert (
        "Bo Borger" in shown.text and linked(shown) and "Gik som adresseret" not in re.sub(r"<option.*?</option>", "", shown.text)
    )
    several = await lene.post("/mails", data={"text": "c-10"})
    assert several.status_code == 200 and "Hvilken borger mener du?" in several.text and "/mails?citizen=c-1001" in several.text
    assert "Ulla Udsen" not in several.text


async def test_law_10_those_to_choose_between_are_recorded_and_show_no_other_unit_s_cases(people, running):
    tove, account = people["tove"], (await running.guard.store.users.by_address("tove@eksempel.dk")).id
    for text in ("Bo Borger", "c-10"):
        answer = await tove.post("/mails", data={"text": text})
        _, data = [one for one in await audited(running, account) if one[0] == "citizens.read"][-1]
        assert "c-1001" in json.loads(data)["citizens"]
    assert "s-77" not in answer.text and "Bo Borger" in answer.text
    assert (await people["it"].post("/mails", data={"text": "Bo Borger"})).status_code == 404


async def test_no_words_are_recorded_as_what_was_looked_for(people, running):
    said = "Bo Borger 0101701234"
    for field in ("citizen", "unit"):
        assert (await people["lene"].get("/mails", params={field: said})).status_code == 422
        assert (await people["lene"].post("/mails", data={field: said})).status_code == 422
    assert await audited(running, said) == []


async def test_what_was_typed_wrong_is_told_beside_the_field(people):
    wrong = {"text": "Findes Ikke", "since": "i går", "until": "31.2.2026"}
    answer = await people["lene"].post("/mails", data=wrong)
    assert answer.status_code == 422 and answer.text.count('aria-invalid="true"') == 3
    assert 'value="i går"' in answer.text and 'value="Findes Ikke"' in answer.text
    turned = await people["lene"].post("/mails", data={"since": "2.2.2026", "until": "1.2.2026"})
    assert "Den sidste dag ligger før den første" in turned.text
    assert (await people["lene"].post("/mails", data={"text": "x" * 400})).status_code == 422
    assert (await people["lene"].get("/mails?outcome=alt")).status_code == 422
    assert (await people["lene"].get("/mails?after=%5B%22x&until=9999-12-31")).status_code == 200


async def test_a_mail_tells_what_happened_rule_by_rule(people, running, evil):
    answer = await people["lene"].get(f"/mails/{evil}")
    told = words(answer)
    assert "Mailen henter billeder fra nettet" in told and "Ingenting særligt" not in told
    assert "Bo Borger" in told and "karen@eksempel.dk" in told and "bf-kontakt@eksempel.dk" in told
    assert "Regel for regel" in told and "Rammen gælder" in told and "Modtaget" in told and "SHA-256" in told
    assert EVIL not in answer.text and "Hej" not in told
    assert [action for action, _ in await audited(running, evil) if action == "mail.read"]


async def test_what_else_is_to_be_known_of_a_mail_is_told_in_plain_words(people, running, evil):
    """On the mail's page, and to those who read the functional mailbox where it waits."""
    [post] = [one for one in (await running.guard.store.posts.open(["boern-familie"], limit=200)).items if one.mail == evil]
    for page in (f"/mails/{evil}", f"/posts/{post.id}"):
        told = words(await people["lene"].get(page))
        assert "Mailen henter billeder fra nettet. Åbner du dem, kan afsenderen se, at mailen er læst." in told
        assert "Mailen indkalder til et møde. Svar ikke i kalenderen, før I har besluttet, om I vil mødes." in told
        assert "Der er en lydfil i mailen. Vagten kan ikke høre den, så lyt til den." in told
        assert "krypteret" not in told and "skjult" not in told
    others = [one for one in linked(await people["lene"].get("/mails")) if one != evil]
    assert "indkalder" not in words(await people["lene"].get(f"/mails/{others[0]}"))


async def test_of_those_who_share_an_address_only_the_visitor_s_own_are_named(people, running):
    found = linked(await people["dpo.p"].get("/mails?citizen=c-1011"))
    [shared] = [one for one in found if len((await running.guard.store.mail(one)).decision["sender"]["candidates"]) == 2]
    told = {name: words(await people[name].get(f"/mails/{shared}")) for name in ("lene", "dpo.p")}
    assert "Anne Holm" in told["lene"] and "c-1012" in told["lene"] and "Peter Holm" not in told["lene"]
    assert "Anne Holm" in told["dpo.p"] and "Peter Holm" in told["dpo.p"]


async def test_a_hostile_name_is_text_wherever_it_stands(people):
    dpo = people["dpo.p"]
    listed = await dpo.get("/mails?citizen=c-1003")
    [one, *_] = linked(listed)
    chosen = await dpo.post("/mails", data={"text": "c-100"})
    for answer in (listed, chosen, await dpo.get(f"/mails/{one}")):
        assert EVIL not in answer.text and html.escape(EVIL) in answer.text


async def test_another_units_mail_does_not_exist_and_that_somebody_asked_is_recorded(people, running, evil):
    for name in ("tove", "ali", "arne", "it"):
        before = len(await audited(running, evil))
        assert (await people[name].get(f"/mails/{evil}")).status_code == 404
        refused = await people[name].post(f"/mails/{evil}/original", data={"why": "Jeg vil gerne se den."})
        assert refused.status_code == 404 and EVIL not in html.unescape(refused.text)
        assert [action for action, _ in (await audited(running, evil))[before:]] == ["access.refused"] * 2
    assert (await people["lene"].get("/mails/nothing")).status_code == 404


async def test_red_of_somebody_whom_the_register_does_not_know_is_opened_by_the_leader_who_was_alarmed(people, running):
    for number, body in enumerate(("Jeg slår dig ihjel.", "Hej, hvornår har I åbent?")):
        sender, id = "ukendt@example.com", f"<stranger-{number}@example.com>"
        await running.send(mail(id, sender, "karen@eksempel.dk", auth=None, body=f"{body}\r\n"), "karen@eksempel.dk", sender=sender)
    await running.assessed()
    red, calm = [(await running.explained(f"<stranger-{number}@example.com>"))["mail"]["id"] for number in (0, 1)]
    [alarm] = await running.guard.store.notices.about(red)
    assert alarm.notice.to == "lene@eksempel.dk" and alarm.opened_at is None
    assert f'href="/mails/{red}"' in (await people["lene"].get("/")).text
    assert (await people["lene"].get(f"/mails/{red}")).status_code == 200
    assert (await running.guard.store.notices.get(alarm.id)).opened_at is not None
    for name, id in (("tove", red), ("karen", red), ("ali", red), ("lene", calm)):
        assert (await people[name].get(f"/mails/{id}")).status_code == 404


async def test_the_original_needs_a_reason_and_is_only_text(people, running, evil):
    lene = people["lene"]
    asked = await lene.post(f"/mails/{evil}/original", data={"why": " ja "})
    assert asked.status_code == 422 and "Skriv kort, hvorfor" in asked.text and "Hej" not in words(asked)
    shown = await lene.post(f"/mails/{evil}/original", data={"why": "Jeg skal svare på klagen."})
    assert shown.status_code == 200 and "Hej" in words(shown)
    assert "<script>alert" not in shown.text and "<img" not in shown.text and "<b onclick" not in shown.text
    assert "spion.example" not in shown.text and "&lt;script&gt;alert(3)" in shown.text
    assert "&lt;b onclick=x&gt;.txt" in shown.text and "text/plain" in shown.text
    kept = [data for action, data in await audited(running, evil) if action == "mail.original_read"]
    assert len(kept) == 1 and "Jeg skal svare på klagen." in kept[0].encode().decode("unicode_escape")


async def test_the_file_is_the_mail_as_it_came(people, running, evil):
    answer = await people["karen"].post(f"/mails/{evil}/original.eml", data={"why": "Skal journaliseres i sagen."})
    assert answer.headers["content-disposition"] == f'attachment; filename="{evil}.eml"'
    assert answer.headers["content-type"].startswith("message/rfc822") and b"Message-ID: <evil@example.net>" in answer.content
    assert "mail.file_read" in [action for action, _ in await audited(running, evil)]
    assert (await people["karen"].post(f"/mails/{evil}/original.eml", data={"why": ""})).status_code == 422


async def test_words_that_retention_removed_are_told_as_removed(people, running):
    some = linked(await people["lene"].get("/mails"))[-1]

    def remove(work):
        work.connection.execute(schema.content.delete().where(schema.content.c.id == some))

    await gone(running, remove)
    assert "slettet efter kommunens frist" in words(await people["lene"].get(f"/mails/{some}"))
    shown = await people["lene"].post(f"/mails/{some}/original", data={"why": "Jeg skal svare på klagen."})
    assert shown.status_code == 200 and "Mailens ord er slettet" in words(shown)
    assert (await people["lene"].post(f"/mails/{some}/original.eml", data={"why": "Skal journaliseres."})).status_code == 404


async def gone(running, change):
    from dataclasses import dataclass

    from services.store.unit_of_work import Operation

    @dataclass(frozen=True, slots=True)
    class Remove(Operation[None]):
        queries = True
        alone = True

        def apply(self, work):
            change(work)
            work.wrote = True

    await running.guard.store.writer.run(Remove())


async def test_a_framework_is_tried_on_the_citizens_mail(people, running):
    in_force = await people["lene"].get("/frameworks/f-1/try?days=30")
    assert in_force.status_code == 200 and "Ingen mails ville være gået et andet sted hen" in words(in_force)
    assert "Gå videre til brevet" not in words(in_force)
    for name in ("tove", "dpo.p"):
        told = words(await people[name].get("/frameworks/f-6-udkast/try"))
        assert (
            "Én mail ville være gået et andet sted hen" in told
            and "freja@eksempel.dk freja@eksempel.dk tb-kontakt@eksempel.dk" in told
        )
        assert "Vis det som tabel" in told and ("Gå videre til brevet" in told) == (name == "tove")
    assert "framework.tried_read" in [action for action, _ in await audited(running, "f-6-udkast")]


async def test_a_trial_that_moves_nothing_tells_why_and_leads_on(people):
    id = await whole(people["lene"])
    tried = words(await people["lene"].get(f"/frameworks/{id}/try"))
    assert "Modtageren har også sag s-91 med borgeren uden for rammen. Derfor flyttes mailen ikke." in tried
    assert "Gå videre til brevet" in tried and "Ret rammen" in tried


async def test_a_trial_that_takes_long_is_told_to_be_under_way(people, monkeypatch):
    may_end = asyncio.Event()

    async def slow(*given, **asked):
        await may_end.wait()
        return await overview_of(*given, **asked)

    monkeypatch.setattr(trying, "PATIENCE", 0.01)
    monkeypatch.setattr(trying_page, "overview_of", slow)
    waits = await people["tove"].get("/frameworks/f-6-udkast/try?days=60")
    assert "Mailene gås igennem" in waits.text and 'hx-trigger="every 1s"' in waits.text
    may_end.set()
    async with asyncio.timeout(60):
        while "Mailene gås igennem" in (shown := await people["tove"].get("/frameworks/f-6-udkast/try?days=60")).text:
            pass
    assert "Én mail ville være gået et andet sted hen" in words(shown)


@pytest.fixture
def many(monkeypatch):
    """Every citizen has so much mail that a trial is made by another process; gives these, stopped as they are started."""
    started = asyncio.Queue()

    def stopped(child):
        os.kill(child.pid, signal.SIGSTOP)
        started.put_nowait(child)

    monkeypatch.setattr(services.trying, "FEW", 0)
    monkeypatch.setattr(trying, "PATIENCE", 0.01)
    with noting(stopped):
        yield started


async def the_end_of(client, path):
    async with asyncio.timeout(60):
        while "Mailene gås igennem" in (shown := await client.get(path)).text:
            await asyncio.sleep(0.01)
    return shown


async def test_mail_is_answered_while_a_trial_of_much_mail_stands_still(people, running, many):
    path = "/frameworks/f-6-udkast/try?days=30"
    assert "Mailene gås igennem" in (await people["dpo.p"].get(path)).text
    child = await many.get()
    assert child.pid != os.getpid() and child.returncode is None
    assert (await running.send(mail("<beside@example.net>", to="per@eksempel.dk"), "per@eksempel.dk")).startswith("250")
    assert "Mailene gås igennem" in (await people["dpo.p"].get(path)).text
    os.kill(child.pid, signal.SIGCONT)
    assert "Én mail ville være gået et andet sted hen" in words(await the_end_of(people["dpo.p"], path))
    assert is_gone(child.pid)


async def test_a_trial_whose_process_is_killed_says_so_and_is_made_again(people, many):
    path = "/frameworks/f-6-udkast/try?days=30"
    await people["tove"].get(path)
    killed = await many.get()
    os.kill(killed.pid, signal.SIGKILL)
    told = await the_end_of(people["tove"], path)
    assert told.status_code == 200 and "Rammen kunne ikke prøves lige nu Prøv igen om lidt." in words(told)
    assert is_gone(killed.pid)
    await people["tove"].get(path)
    os.kill((await many.get()).pid, signal.SIGCONT)
    assert "Én mail ville være gået et andet sted hen" in words(await the_end_of(people["tove"], path))


async def test_who_only_has_a_case_does_not_try_frameworks(people, running):
    for name in ("karen", "tove", "it", "arne"):
        assert (await people[name].get("/frameworks/f-1/try")).status_code == 404, name
    assert "access.refused" in [action for action, _ in await audited(running, "f-1")]
    assert (await people["lene"].get("/frameworks/nothing/try")).status_code == 404
    assert (await people["lene"].get("/frameworks/f-1/try?days=1000")).status_code == 422
