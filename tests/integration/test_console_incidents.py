"""Incidents: reported in a minute, followed up by whoever answers for it, seen by those whom it concerns and by nobody else."""

import asyncio
import hashlib
import html
import io
import json
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest
from fakes.console import console_running
from fakes.guard import mail
from fakes.visitors import browser, program
from sqlalchemy import select

from services.console.auth.door import new_account
from services.console.pages import incident_evidence
from services.incident_work import IncidentWork
from services.incidents import IncidentDesk
from services.settings import ZONE
from services.store import schema
from services.store.incidents import Which
from services.store.unit_of_work import Operation
from workflows.audit import AuditRecord

BO = "bo@example.net"
PEOPLE = {
    "karen": "caseworker",
    "maja": "caseworker",  # her colleague
    "lene": "leader",  # of both
    "birgit": "head",
    "arne": "work_environment",
    "ali": "caseworker",  # of another unit
    "tove": "leader",  # of another unit
    "dpo.p": "dpo",
    "it": "it",
    "jette": "lawyer",
}
WORDS = "Hun sagde, at hun ville vente på mig ved bilen."


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        yield running


@pytest.fixture(scope="module")
async def people(running):
    arne = new_account("arne@eksempel.dk", "Arne Ager", "work_environment", running.clock.now(), password=None)
    arne = replace(arne, units=("boern-familie",))  # whose representative he is, besides his own unit's
    users = running.guard.http.pages.app.state.entrance.users
    assert await users.add(arne, AuditRecord(running.clock.now(), "test", "user.added", arne.id))
    found = {name: await browser(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def local(running):
    return running.clock.now().astimezone(ZONE)


def fields(running, **changes):
    now = local(running)
    return {"what": WORDS, "on": now.date().isoformat(), "at": "09:15", "channel": "phone", "about": "s-77"} | changes


async def ids(running):
    return {one.incident.id for one in (await running.guard.store.incidents.listed(Which(), limit=500)).items}


async def reported(running, client, **changes):
    """Where the incident is; whoever reports may not see it."""
    before = await ids(running)
    answer = await client.post("/report", data=fields(running, **changes))
    assert answer.status_code == 303, words(answer)
    [id] = await ids(running) - before
    return f"/incidents/{id}"


async def kept(running, path):
    return await running.guard.store.incidents.get(path.rpartition("/")[2])


async def audited(running, subject):
    table = schema.audit.c

    def read(connection):
        rows = connection.execute(select(table.actor, table.action, table.data).where(table.subject == subject).order_by(table.seq))
        return [(actor, action, json.loads(data)) for actor, action, data in rows]

    return await running.guard.store.readers.run(read)


async def ticked(running, client, path, point, outcome, **more):
    now = (await kept(running, path)).revision
    values = {"revision": str(now), "outcome": outcome, "on": local(running).date().isoformat()} | more
    return await client.post(f"{path}/points/{point}", data=values)


async def wished(running, client, path, wish):
    return await client.post(f"{path}/wish", data={"wish": wish, "revision": str((await kept(running, path)).revision)})


async def named(running, client, path, about):
    return await client.post(f"{path}/citizen", data={"about": about, "revision": str((await kept(running, path)).revision)})


async def test_it_is_reported_by_words_alone_and_the_employee_is_told_who_takes_over(running, people):
    answer = await people["karen"].post("/report", data=fields(running, about=""), follow_redirects=True)
    assert "Tak. Det er indberettet" in words(answer) and "Du skal ikke gøre mere" in words(answer)
    assert "Lene" in words(answer) and WORDS in words(answer)
    one = (await kept(running, answer.url.path)).incident
    assert (one.report.concerns, one.unit, one.report.citizen, one.report.at) == (
        "karen@eksempel.dk",
        "boern-familie",
        None,
        "09:15",
    )
    assert [action for _, action, _ in await audited(running, one.id)] == ["incident.reported", "incident.read"]
    outbox = await running.guard.store.outbox(1000)
    assert all(WORDS.encode() not in each.body for each in outbox)


async def test_the_form_knows_the_hour_and_who_reports(running, people):
    page = (await people["karen"].get("/report?about=s-77")).text
    assert f'value="{local(running).date().isoformat()}"' in page and f'value="{local(running):%H:%M}"' in page
    assert 'value="karen@eksempel.dk" selected' in page and 'value="s-77"' in page
    assert "112" in page and "Bo Borger" not in page


async def test_a_form_that_is_sent_twice_is_one_report(running, people):
    page = (await people["karen"].get("/report")).text
    form = re.search(r'name="form" value="([0-9a-z]{26})"', page)[1]
    answers = [await people["karen"].post("/report", data=fields(running, form=form)) for _ in range(2)]
    assert answers[0].headers["location"] == answers[1].headers["location"] == f"/incidents/{form}?said=reported"
    taken = await people["maja"].post("/report", data=fields(running, form=form))
    assert taken.status_code == 422 and (await kept(running, f"/incidents/{form}")).incident.reported_by == "karen@eksempel.dk"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"what": "  "}, "Skriv kort, hvad der skete."),
        ({"on": "i går"}, "Vælg en dag, der har været."),
        ({"on": "2099-01-01"}, "Vælg en dag, der har været."),
        ({"on": ""}, "Vælg en dag, der har været."),
        ({"about": "Bo"}, "Vi kan ikke finde sagen."),
        ({"about": "x" * 400}, "Vi kan ikke finde sagen."),
        ({"what": "x" * 20_001}, "Teksten er for lang."),
        ({"at": "25:99"}, "Vælg en dag, der har været."),
    ],
)
async def test_a_report_that_lacks_something_says_what_and_keeps_what_was_written(running, people, changes, says):
    answer = await people["karen"].post("/report", data=fields(running, **changes))
    assert answer.status_code == 422 and says in words(answer)
    assert "what" in changes or WORDS in words(answer)


async def test_on_behalf_of_a_colleague_the_reporter_sees_no_more_and_the_colleague_all(running, people):
    path = await reported(running, people["maja"], concerns="karen@eksempel.dk", near_miss="yes")
    one = (await kept(running, path)).incident
    assert (one.report.concerns, one.reported_by) == ("karen@eksempel.dk", "maja@eksempel.dk")
    assert one.points == ("talk", "work_environment")
    assert (await people["maja"].get(path)).status_code == 404
    page = words(await people["karen"].get(path))
    assert WORDS in page and "Indberettet af" in page and "Lige ved" in page
    stranger = await people["ali"].post("/report", data=fields(running, concerns="karen@eksempel.dk"))
    assert stranger.headers["location"].startswith("/incidents/")  # nobody reports for whoever they choose
    assert (await kept(running, stranger.headers["location"].partition("?")[0])).incident.report.concerns == "ali@eksempel.dk"


async def test_who_sees_it(running, people):
    path = await reported(running, people["karen"])
    seen = {name: (await client.get(path)).status_code for name, client in people.items()}
    assert {name for name, status in seen.items() if status == 200} == {"karen", "lene", "birgit", "arne", "dpo.p"}
    assert ("access.refused" in {action for _, action, _ in await audited(running, path.rpartition("/")[2])}) is True
    for name, client in people.items():
        assert (path in (await client.get("/incidents")).text) is (seen[name] == 200), name


async def test_the_work_environment_is_told_of_no_citizen(running, people):
    path, note = await reported(running, people["karen"]), "Vi talte om, hvad Bo Borger skrev."
    assert (await ticked(running, people["lene"], path, "talk", "done", note=note)).status_code == 303
    assert (await wished(running, people["karen"], path, "no")).status_code == 303
    for page in (await people["arne"].get(path), await people["arne"].get("/incidents")):
        assert "Karen" in page.text
        for secret in (WORDS, "Bo Borger", "c-1001", "s-77", "Vi talte om", "medarbejderens ønske"):
            assert secret not in page.text
    assert "Tal med medarbejderen" in words(await people["arne"].get(path))  # that it was done is for him
    assert WORDS in words(await people["lene"].get(path)) and "Bo Borger" in words(await people["lene"].get(path))
    for action in ("evidence", "evidence.zip", "framework", "citizen", "points/talk"):
        method = people["arne"].get if action == "evidence" else people["arne"].post
        assert (await method(f"{path}/{action}")).status_code in (404, 422)


async def test_the_work_environment_s_program_is_told_neither_notes_nor_the_employee_s_wish(running, people):
    path = await reported(running, people["karen"], wish="no")
    assert (await ticked(running, people["lene"], path, "talk", "done", note="Vi talte.")).status_code == 303
    seen = {}
    for name in ("arne", "lene"):
        one = await program(running, name, PEOPLE[name])
        told = (await one.get(f"/api/v1{path}")).json()
        seen[name] = told["wish"], told["what"], [(each["point"], each["note"]) for each in told["done"]]
        await one.aclose()
    assert seen == {"arne": (None, None, [("talk", "")]), "lene": ("no", WORDS, [("talk", "Vi talte.")])}


async def test_the_leader_works_through_the_checklist(running, people):
    lene, path = people["lene"], await reported(running, people["karen"])
    page = words(await lene.get(path))
    assert page.index("Tal med medarbejderen") < page.index("Følg op efter fire uger") and "Det skal du gøre nu" in page
    assert (await ticked(running, lene, path, "talk", "done", note="Vi talte i en time.")).status_code == 303
    assert (await ticked(running, lene, path, "citizen", "not_needed")).status_code == 422
    refused = await ticked(running, lene, path, "police", "reported")
    assert refused.status_code == 422 and "Spørg først medarbejderen" in words(refused)
    assert (await wished(running, people["karen"], path, "no")).status_code == 303
    refused = await ticked(running, lene, path, "police", "reported", note="")
    assert "Medarbejderen ønsker det ikke" in words(refused)
    assert (await ticked(running, lene, path, "police", "reported", note="Truslen gælder også børnene.")).status_code == 303
    page = words(await people["karen"].get(path))
    assert "Vi talte i en time." in page and "Anmeldt til politiet" in page and "Truslen gælder også børnene." in page
    assert (await people["karen"].post(f"{path}/points/talk", data={"outcome": "done"})).status_code == 404
    records = await audited(running, path.rpartition("/")[2])
    assert [data for _, action, data in records if action == "incident.point"] == [
        {"point": "talk", "outcome": "done"},
        {"point": "police", "outcome": "reported"},
    ]


async def test_r23_a_leader_s_old_page_does_not_undo_what_the_employee_wrote(running, people):
    lene, karen, path = people["lene"], people["karen"], await reported(running, people["maja"], concerns="karen@eksempel.dk")
    assert (await wished(running, lene, path, "unsure")).status_code == 303
    old = re.search(r'/wish">.*?name="revision" value="(\d+)"', (await lene.get(path)).text, re.DOTALL)[1]
    assert (await wished(running, karen, path, "no")).status_code == 303
    late = await lene.post(f"{path}/wish", data={"wish": "yes", "revision": old})
    assert late.status_code == 409 and "En anden skrev" in words(late)
    refused = await wished(running, lene, path, "yes")
    assert refused.status_code == 409 and "Kun medarbejderen kan ændre det" in words(refused)
    page = (await lene.get(path)).text
    assert f"{path}/wish" not in page and "Medarbejderen har selv skrevet sit ønske" in page
    assert (await kept(running, path)).incident.wish.says == "no"
    assert (await wished(running, karen, path, "yes")).status_code == 303


async def test_of_two_leaders_the_second_is_told_and_loses_nothing(running, people):
    path = await reported(running, people["karen"])
    old = {"revision": "1", "outcome": "done", "on": local(running).date().isoformat(), "note": "Det, jeg skrev."}
    assert (await people["lene"].post(f"{path}/points/talk", data=old)).status_code == 303
    late = await people["birgit"].post(f"{path}/points/work_environment", data=old)
    assert late.status_code == 409 and "En anden skrev" in words(late) and "Det, jeg skrev." in words(late)


@pytest.mark.parametrize("filled", [{}, {"outcome": "done"}, {"outcome": "x", "on": "2026-11-01"}, {"outcome": "done", "on": "x"}])
async def test_a_point_that_lacks_something_is_no_failure(running, people, filled):
    path = await reported(running, people["karen"])
    answer = await people["lene"].post(f"{path}/points/talk", data={"revision": "1"} | filled)
    assert answer.status_code == 422 and "Noget skal rettes" in words(answer)
    assert (await people["lene"].post(f"{path}/points/nothing", data={"outcome": "done"})).status_code in (404, 422)
    assert (await people["lene"].post(f"{path}/wish", data={})).status_code == 422


async def test_a_leader_who_was_exposed_does_not_follow_it_up_themselves(running, people):
    path = await reported(running, people["lene"])
    page = words(await people["lene"].get(path))
    assert "Det bliver der gjort" in page and "Lav en kladde" not in page
    assert (await ticked(running, people["lene"], path, "talk", "done")).status_code == 404
    assert (await ticked(running, people["birgit"], path, "talk", "done")).status_code == 303


async def test_from_an_incident_to_a_draft_in_one_step(running, people):
    lene, path = people["lene"], await reported(running, people["karen"], kinds="threats")
    answer = await lene.post(f"{path}/framework")
    assert answer.status_code == 303 and answer.headers["location"].endswith("/write/scope")
    id = answer.headers["location"].split("/")[2]
    dossier = (await running.guard.store.dossiers.get(id)).dossier
    [happened] = dossier.ground.happenings
    assert (happened.what, happened.incident) == (WORDS, path.rpartition("/")[2]) and dossier.ground.categories == ("threats",)
    assert [step.record.move for step in dossier.steps] == ["drafted"]
    assert f"/frameworks/{id}" in (await lene.get(path)).text
    again = await lene.post(f"{path}/framework")
    assert again.headers["location"] == f"/frameworks/{id}"
    step = (await lene.get(f"/frameworks/{id}/write/happenings")).text
    assert f'name="incident.0" value="{happened.incident}"' in step  # and so it stays when the step is saved


async def test_a_draft_about_another_unit_s_citizen_opens_none_of_their_matters(running, people):
    lene, path = people["lene"], await reported(running, people["karen"], about="c-1002")
    read = [one for one in await audited(running, "c-1002") if one[1] == "citizen.read"]
    answer = await lene.post(f"{path}/framework")
    assert len([one for one in await audited(running, "c-1002") if one[1] == "citizen.read"]) == len(read) + 1
    id = answer.headers["location"].split("/")[2]
    page = (await lene.get(f"/frameworks/{id}/write/scope")).text
    seen = re.search(r'name="seen" value="([^"]*)"', page)[1]
    everything = [page] + [(await lene.get(f"/frameworks/{id}{rest}")).text for rest in ("", "/write/needs", "/write/measures")]
    for secret in ("s-80", "Ali", "Viggo"):
        assert all(secret not in one for one in everything), secret
    await lene.post(f"/frameworks/{id}/write/scope", data={"seen": seen, "reach": "cases", "case": "s-80"})
    assert (await running.guard.store.dossiers.get(id)).dossier.framework.scope is None
    assert "Viggo" in (await people["dpo.p"].get(f"/frameworks/{id}")).text


async def test_the_citizen_s_time_line_tells_of_it_to_those_who_may_see_it(running, people):
    """Of its kind and day, and not of what happened; where a framework tells of it, once."""
    path = await reported(running, people["karen"], what="Hun talte om bilen.", kinds="threats", near_miss="yes")
    found = {}
    for name in ("karen", "lene", "maja", "tove"):
        answer = await people[name].get("/citizens/c-1001?show=happenings")
        found[name] = re.findall(rf'<li class="">(?:(?!<li).)*href="{path}".*?</li>', answer.text, re.DOTALL)
        assert "Hun talte om bilen." not in answer.text
    assert {name: len(lines) for name, lines in found.items() if lines} == {"karen": 1, "lene": 1}
    assert all(said in found["lene"][0] for said in ("Indberettet hændelse", "Trusler", "Lige ved", "09.15"))
    assert (await people["lene"].post(f"{path}/framework")).status_code == 303
    page = (await people["lene"].get("/citizens/c-1001?show=happenings")).text
    assert path not in page and "Hun talte om bilen." in page


async def test_whom_it_was_about_is_written_afterwards(running, people):
    lene, path = people["lene"], await reported(running, people["karen"], about="")
    assert (await lene.post(f"{path}/framework")).status_code == 422
    assert (await lene.post(f"{path}/citizen", data={"about": "nobody"})).status_code == 422
    assert (await lene.post(f"{path}/citizen", data={"about": ""})).status_code == 422
    assert (await named(running, lene, path, "s-77")).status_code == 303
    one = (await kept(running, path)).incident
    assert (one.report.citizen, one.report.case) == ("c-1001", "s-77") and "Bo Borger" in words(await lene.get(path))


async def test_an_incident_that_was_put_on_the_wrong_citizen_is_put_right(running, people):
    lene, path = people["lene"], await reported(running, people["karen"])
    page = (await lene.get(path)).text
    old = re.search(r'/citizen">.*?name="revision" value="(\d+)"', page, re.DOTALL)[1]
    assert "Det var en anden borger" in page
    assert (await named(running, lene, path, "c-1002")).status_code == 303
    late = await lene.post(f"{path}/citizen", data={"about": "c-1001", "revision": old})
    assert late.status_code == 409 and "En anden skrev" in words(late)
    one = (await kept(running, path)).incident
    assert (one.report.citizen, one.report.case) == ("c-1002", None)  # the case was the other's
    assert (await named(running, lene, path, "")).status_code == 303
    assert (await kept(running, path)).incident.report.citizen is None
    records = await audited(running, one.id)
    assert [data for _, action, data in records if action == "incident.citizen_named"] == [
        {"citizen": "c-1002", "before": "c-1001"},
        {"citizen": None, "before": "c-1002"},
    ]
    assert (await named(running, people["karen"], path, "c-1001")).status_code == 404


# -- evidence
async def a_mail(running):
    """A mail of Bo Borger's that Karen may see."""
    found = await running.guard.store.views.mails(citizens=["c-1001"], limit=20)
    hers = (one for one in found.items if "karen@eksempel.dk" in {to.address for to in one.recipients})
    return next(one for one in hers if one.citizen == "c-1001" and one.grade == "verified")


async def test_from_a_mail_it_is_filled_in_and_the_original_is_secured(running, people):
    mail = await a_mail(running)
    page = (await people["karen"].get(f"/report?mail={mail.id}")).text
    assert f'name="mail" value="{mail.id}"' in page and 'name="secure" value="yes" checked' in page and "Der kom en mail" in page
    given = {one: html.unescape(text) for one, text in re.findall(r'name="(form|on|at|about)"[^>]* value="([^"]*)"', page)}
    told = re.search(r'name="what"[^>]*>\n([^<]*)', page)[1]
    answer = await people["karen"].post("/report", data=given | {"what": told, "channel": "mail", "mail": mail.id, "secure": "yes"})
    assert answer.status_code == 303, words(answer)
    path = answer.headers["location"].partition("?")[0]
    one = (await kept(running, path)).incident
    [line] = await running.guard.store.incidents.evidence(one.id)
    stored = await running.guard.store.mail(mail.id)
    content = stored.content if isinstance(stored.content, bytes) else stored.content.read_bytes()
    assert line.sha256 == hashlib.sha256(content).hexdigest() == stored.decision["mail"]["sha256"]
    assert one.report.mail == mail.id and one.report.citizen == "c-1001"
    assert "evidence.secured" in {action for _, action, _ in await audited(running, one.id)}
    assert (await running.guard.store.incidents.evidence_file(line.id)).content == content


async def test_a_mail_puts_nothing_on_a_citizen_who_only_may_have_written_it_or_whom_the_reporter_takes_out(running, people):
    views, grades = running.guard.store.views, {}
    for line in (await views.mails(units=["boern-familie"], limit=200)).items:
        mail = await views.mail(line.id)
        if mail.decision["sender"]["citizen"]:
            grades.setdefault(mail.decision["sender"]["grade"], mail)
    for grade, mail in grades.items():
        page = (await people["lene"].get(f"/report?mail={mail.id}")).text
        assert f'name="mail" value="{mail.id}"' in page, grade
        about = re.search(r'name="about"[^>]* value="([^"]*)"', page)[1]
        assert bool(about) is (grade == "verified"), grade
        path = await reported(running, people["lene"], mail=mail.id, about="", channel="mail")
        assert (await kept(running, path)).incident.report.citizen is None
    assert {"verified", "probable"} <= set(grades)


async def test_a_mail_that_somebody_may_not_see_fills_nothing_in_and_is_not_secured(running, people):
    mail = await a_mail(running)
    for name in ("it", "ali"):
        page = (await people[name].get(f"/report?mail={mail.id}")).text
        assert 'name="mail"' not in page and 'name="secure"' not in page and "Der kom en mail" not in page
        path = await reported(running, people[name], mail=mail.id, secure="yes", about="")
        one = (await kept(running, path)).incident
        assert one.report.mail is None and not await running.guard.store.incidents.evidence(one.id)


async def removed(running, mail):
    """Retention has removed the mail's words."""

    def change(connection):
        connection.execute(schema.content.delete().where(schema.content.c.id == mail))

    await written(running, change)


async def written(running, change):
    @dataclass(frozen=True, slots=True)
    class Change(Operation):
        queries = True
        alone = True

        def apply(self, work):
            change(work.connection)
            work.wrote = True

    await running.guard.store.writer.run(Change())


async def threatened(running, number, sender, to):
    """The id of a mail with a threat."""
    body, auth = "Jeg slår dig ihjel. Jeg venter på dig ved din bil.\r\n", "pass" if sender == BO else None
    await running.send(mail(f"<threat-{number}@example.com>", sender, to, auth=auth, body=body), to, sender=sender)
    decision = await running.explained(f"<threat-{number}@example.com>")
    await running.assessed()
    return decision["mail"]["id"]


async def test_the_mail_that_it_was_reported_from_is_offered_first_whoever_wrote_it_and_however_old(running, people, monkeypatch):
    lene = people["lene"]
    anonymous = await threatened(running, 1, "ukendt@example.com", "bf-kontakt@eksempel.dk")
    path = await reported(running, people["maja"], mail=anonymous, about="", channel="mail")
    assert (await kept(running, path)).incident.report.citizen is None
    page = (await lene.get(f"{path}/evidence")).text
    assert f'value="{anonymous}" checked' in page and "Den, der blev indberettet fra." in page
    assert (await lene.post(f"{path}/evidence", data={"mail": anonymous})).status_code == 303
    [line] = await running.guard.store.incidents.evidence(path.rpartition("/")[2])
    assert line.mail == anonymous
    old = await a_mail(running)
    path = await reported(running, people["karen"], mail=old.id, channel="mail")
    monkeypatch.setattr(incident_evidence, "BACK", -timedelta(days=1))  # as if they were older
    page = (await lene.get(f"{path}/evidence")).text
    assert re.findall(r'name="mail" value="([^"]+)"', page) == [old.id]
    monkeypatch.undo()
    page = (await lene.get(f"{path}/evidence")).text
    offered = re.findall(r'name="mail" value="([^"]+)"', page)
    assert offered[0] == old.id and len(offered) == len(set(offered)) > 1


async def test_a_mail_that_is_not_assessed_yet_is_reported_and_secured_too(running, people, monkeypatch):
    mail, views = await a_mail(running), type(running.guard.store.views)
    whole = views.mail

    async def unassessed(self, id):
        found = await whole(self, id)
        return replace(found, decision=dict(found.decision) | {"signals": None})

    monkeypatch.setattr(views, "mail", unassessed)
    assert f'value="{mail.id}"' in (await people["karen"].get(f"/report?mail={mail.id}")).text
    path = await reported(running, people["karen"], mail=mail.id, channel="mail")
    assert f'value="{mail.id}" checked' in (await people["lene"].get(f"{path}/evidence")).text


async def test_who_reports_is_told_that_the_mail_could_not_be_secured(running, people, monkeypatch):
    lene, karen = people["lene"], people["karen"]
    gone, changed = [await threatened(running, number, BO, "karen@eksempel.dk") for number in (2, 3)]
    await removed(running, gone)
    answer = await karen.post("/report", data=fields(running, mail=gone, channel="mail", secure="yes"), follow_redirects=True)
    assert "Tak. Det er indberettet" in words(answer) and "Mailen er ikke gemt som bevis" in words(answer)
    assert "Mailens ord er slettet" in words(answer)
    page = (await lene.get(f"{answer.url.path}/evidence")).text
    assert f'value="{gone}" disabled' in page and "Dens ord er slettet." in page
    both = await lene.post(f"{answer.url.path}/evidence", data={"mail": [gone, changed]})
    assert both.status_code == 422 and "Mailens ord er slettet" in words(both)
    [line] = await running.guard.store.incidents.evidence(answer.url.path.rpartition("/")[2])
    assert line.mail == changed  # one that can't be secured keeps no other from it
    stored = await running.guard.store.mail(changed)

    async def differs(id):
        return replace(stored, content=b"Hej\r\n")

    monkeypatch.setattr(running.guard.store, "mail", differs)
    told = fields(running, mail=changed, channel="mail", secure="yes", form="0" * 26)
    for _ in range(2):  # a form that is sent twice says it twice
        answer = await karen.post("/report", data=told, follow_redirects=True)
        assert "Mailen er ikke, som den kom." in words(answer)
    told = fields(running, mail=changed, channel="mail", secure="yes", concerns="karen@eksempel.dk")
    answer = await people["maja"].post("/report", data=told | {"about": ""}, follow_redirects=True)
    assert "Tak. Det er indberettet" in words(answer)  # Maja may not see the mail, and secured nothing


async def test_the_leader_secures_and_hands_out_a_sealed_file_that_anybody_can_check(running, people, tmp_path):
    lene, path = people["lene"], await reported(running, people["karen"])
    id = path.rpartition("/")[2]
    mail = await a_mail(running)
    assert mail.id in (await lene.get(f"{path}/evidence")).text
    assert (await lene.post(f"{path}/evidence", data={})).status_code == 422
    assert (await lene.post(f"{path}/evidence", data={"mail": "someone-elses"})).status_code == 422
    assert (await lene.post(f"{path}/evidence", data={"mail": mail.id})).status_code == 303
    assert (await lene.post(f"{path}/evidence.zip", data={"why": "kort"})).status_code == 422
    answer = await lene.post(f"{path}/evidence.zip", data={"why": "Til politiet i sagen om truslen."})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    sealed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert sealed.testzip() is None
    manifest = json.loads(sealed.read("manifest.json"))
    assert manifest["incident"] == id and manifest["made_by"] == "lene@eksempel.dk"
    named = {one["name"]: one["sha256"] for one in manifest["files"]}
    assert set(sealed.namelist()) == {*named, "manifest.json", "SHA256SUMS", "SHA256SUMS.sig", "segl.pem"}
    assert all(hashlib.sha256(sealed.read(name)).hexdigest() == digest for name, digest in named.items())
    stored = await running.guard.store.mail(mail.id)
    content = stored.content if isinstance(stored.content, bytes) else stored.content.read_bytes()
    assert sealed.read(f"bevis/01-{mail.id}.eml") == content
    assert "Bevis fra" in sealed.read("LAES-MIG.html").decode() and WORDS in sealed.read("LAES-MIG.html").decode()
    [data] = [data for _, action, data in await audited(running, id) if action == "evidence.exported"]
    assert data["manifest"] == hashlib.sha256(sealed.read("manifest.json")).hexdigest() and "politiet" in data["why"]
    sealed.extractall(tmp_path)
    paper = html.unescape(sealed.read("LAES-MIG.html").decode())
    key, *checks = [line.split() for line in paper.partition("<pre>")[2].partition("</pre>")[0].splitlines()]
    shown = subprocess.run(key, cwd=tmp_path, capture_output=True, text=True).stdout
    assert re.search(r"skal være ([0-9a-f ]{39}):", paper)[1].replace(" ", "") == shown[:32]
    assert shutil.which("openssl") and answers(checks, tmp_path) == [0, 0]
    assert all("OK" in line for line in done(checks[1], tmp_path).stdout.splitlines()) and b"manifest.json" in sealed.read(
        "SHA256SUMS"
    )
    forged = content.replace(b"\r\n\r\n", b"\r\n\r\nIkke hans ord. ", 1)
    (tmp_path / f"bevis/01-{mail.id}.eml").write_bytes(forged)
    assert answers(checks, tmp_path) == [0, 1]
    digests = [hashlib.sha256(one).hexdigest().encode() for one in (content, forged)]
    (tmp_path / "SHA256SUMS").write_bytes(sealed.read("SHA256SUMS").replace(*digests))
    assert answers(checks, tmp_path) == [1, 0]  # the list fits the forged words, and is not what was sealed
    sealed.extractall(tmp_path)
    (tmp_path / "manifest.json").write_bytes(sealed.read("manifest.json").replace(b"lene@", b"lena@"))
    assert answers(checks, tmp_path) == [0, 1]


def done(command, where):
    return subprocess.run(command, cwd=where, capture_output=True, text=True)


def answers(commands, where):
    """How each ended."""
    return [done(one, where).returncode for one in commands]


# -- people are told
async def notices(running, id):
    return [one.notice.to for one in await running.guard.store.notices.about(id)]


async def told(running, id, count):
    """Who got a notice about it, once there are so many."""
    async with asyncio.timeout(60):
        while len(found := await notices(running, id)) < count:
            await asyncio.sleep(0.01)
    return found


async def test_a_grave_one_goes_on_to_the_next_in_line_until_whoever_follows_it_up_opens_it(running, people):
    path = await reported(running, people["karen"], kinds="threats")
    opened = await reported(running, people["karen"], kinds="threats")
    ids = [one.rpartition("/")[2] for one in (path, opened)]
    for id in ids:
        assert await told(running, id, 1) == ["lene@eksempel.dk"]
    assert (await people["karen"].get(path)).status_code == 200  # whom it was done to does not follow it up
    assert (await people["lene"].get(opened)).status_code == 200
    running.clock.forward(timedelta(minutes=31))
    assert sorted(await told(running, ids[0], 3)) == ["lene@eksempel.dk", "lene@eksempel.dk", "per@eksempel.dk"]
    assert await told(running, ids[1], 1) == ["lene@eksempel.dk"]
    assert (await people["lene"].get(path)).status_code == 200
    table = running.guard.store.notices
    assert all(one.opened_at for one in await table.about(ids[0]) if one.notice.to == "lene@eksempel.dk")


async def test_people_hear_of_it_by_mail_once_and_are_reminded_of_each_point_once(running, people):
    """Last: the clock goes on, and sessions end."""
    path = await reported(running, people["karen"])
    id, guard = path.rpartition("/")[2], running.guard
    assert await told(running, id, 1) == ["lene@eksempel.dk"]
    work = IncidentWork(
        IncidentDesk(guard.settings, guard.store, running.clock, partial(guard._committed, ())), running.clock, guard.watch, 1096
    )
    await work.turn()
    running.clock.forward((await guard.store.incidents.get(id)).next_at - running.clock.now())
    for _ in range(2):
        await work.turn()
    assert await told(running, id, 2) == ["lene@eksempel.dk"] * 2
    assert (await guard.store.incidents.get(id)).incident.reminded == ("talk",)
    sent = [one.content for one in running.sink.mails if b"From: Rammevagt" in one.content]
    assert sent and not any("bilen" in one.decode("utf-8") for one in sent)
    assert await guard.store.incidents.waiting(running.clock.now()) == ()
    await work.purge()
    assert await guard.store.incidents.get(id) is not None
