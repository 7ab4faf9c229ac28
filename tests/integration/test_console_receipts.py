"""A citizen whom a receipt did not reach: the leader is asked, says how they were told, and it stands on the time line."""

import json
import re
from datetime import timedelta

import pytest
from fakes.console import console_running
from fakes.guard import mail
from fakes.visitors import browser
from sqlalchemy import select

from services.console.mail_words import TOLD as WORDS
from services.console.mail_words import UNDELIVERED
from services.store import schema
from workflows.receipt import TOLD

REPORT = (
    b"From: <mailer-daemon@example.net>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
)
PEOPLE = {"lene": "leader", "tove": "leader", "karen": "caseworker", "dpo.p": "dpo", "it": "it"}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        for number in range(3):
            running.clock.forward(timedelta(days=8))
            await running.send(mail(f"<{number}@example.net>"), "karen@eksempel.dk")
            await running.settled()
        await running.send(mail("<4@example.net>"), "karen@eksempel.dk")
        for one in [one for one in running.sink.mails if "bo@example.net" in one.recipients]:
            assert (await running.send(REPORT, one.sender, sender="")).startswith("250")
        await running.settled()
        running.untold = [one.mail for one in await running.guard.store.receipts.untold(["boern-familie"])]
        assert len(running.untold) == 3
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await browser(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


async def audited(running, action):
    def read(connection):
        rows = select(schema.audit.c.subject, schema.audit.c.data).where(schema.audit.c.action == action)
        return [(subject, json.loads(data)) for subject, data in connection.execute(rows.order_by(schema.audit.c.seq))]

    return await running.guard.store.readers.run(read)


def badge(answer):
    return int((re.findall(r'class="badge">(\d+)<span class="unseen"> ting venter', answer.text) or ["0"])[0])


async def test_it_waits_on_the_overview_of_whoever_leads_the_unit(people, running):
    shown = {name: await one.get("/") for name, one in people.items()}
    assert [name for name, one in shown.items() if "Borgeren har ikke fået kvittering" in one.text] == ["lene"]
    for one in running.untold:
        assert f'href="/mails/{one}#receipt"' in shown["lene"].text
    assert badge(shown["lene"]) >= len(running.untold)
    assert {"mails": running.untold} in [{"mails": data.get("mails")} for _, data in await audited(running, "overview.read")]


async def test_the_leader_says_how_the_citizen_was_told_and_it_waits_no_more(people, running):
    lene, untold = people["lene"], running.untold[0]
    before = badge(await lene.get("/"))
    form = await lene.get(f"/mails/{untold}")
    assert "Borgeren fik ikke kvittering" in form.text and form.text.count('type="radio" name="how"') == len(TOLD)
    assert "Kvitteringen kom tilbage fra borgerens mailserver." in form.text and "kom tilbage" in form.text
    wrong = await lene.post(f"/mails/{untold}/told", data={"how": "Bo Borger ringede"})
    assert wrong.status_code == 422 and "Vælg, hvordan borgeren har fået besked." in wrong.text
    assert await audited(running, "receipt.citizen_told") == []
    answer = await lene.post(f"/mails/{untold}/told", data={"how": "phone"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/mails/{untold}#receipt")
    again = await lene.post(f"/mails/{untold}/told", data={"how": "letter"})
    assert again.status_code == 303
    shown = await lene.get(f"/mails/{untold}")
    assert "I telefonen" in shown.text and "Digital Post" not in shown.text and 'name="how"' not in shown.text
    assert await audited(running, "receipt.citizen_told") == [(untold, {"how": "phone"})]
    overview = await lene.get("/")
    assert f"/mails/{untold}#receipt" not in overview.text and badge(overview) == before - 1


async def test_nobody_else_deals_with_it(people, running):
    untold = running.untold[1]
    for name in ("tove", "karen", "dpo.p", "it"):
        assert (await people[name].post(f"/mails/{untold}/told", data={"how": "phone"})).status_code == 404
    shown = await people["dpo.p"].get(f"/mails/{untold}")
    assert "Borgeren fik ikke kvittering" in shown.text and 'name="how"' not in shown.text
    assert "Lederen sørger for, at borgeren får besked." in shown.text
    assert (await running.guard.store.receipts.of_mail(untold)).told_at is None


async def test_it_stands_on_the_time_line_and_in_the_extract(people, running):
    untold = running.untold[2]
    await people["lene"].post(f"/mails/{untold}/told", data={"how": "not_reached"})
    found = await running.guard.store.receipts.of_mail(untold)
    line = await people["lene"].get(f"/citizens/{found.citizen}")
    assert "Borgeren fik ikke kvittering" in line.text and "Vi har prøvet, men kan ikke nå borgeren" in line.text
    extract = await people["lene"].get(f"/citizens/{found.citizen}/extract.json")
    [entry] = [one for one in extract.json()["receipts_undelivered"] if one["mail"] == untold]
    assert (entry["why"], entry["how"], entry["told_by"]) == ("reported", "not_reached", "lene@eksempel.dk")


async def test_an_ordinary_mail_has_no_such_part(people, running):
    ordinary = [one.id for one in (await running.guard.store.views.mails(units=["boern-familie"], limit=50)).items]
    [other] = [one for one in ordinary if one not in running.untold]
    assert "Borgeren fik ikke kvittering" not in (await people["lene"].get(f"/mails/{other}")).text
    assert (await people["lene"].post(f"/mails/{other}/told", data={"how": "phone"})).status_code == 303
    assert await running.guard.store.receipts.of_mail(other) is None


def test_every_code_has_its_words():
    assert list(WORDS) == list(TOLD) and set(UNDELIVERED) == {"refused", "expired", "reported"}
