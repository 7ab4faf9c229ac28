"""*Åbn med støtte*: who is present is one of the unit's people and recorded; what the citizen wrote is shown piece by piece."""

import html
import json
import re
from dataclasses import replace

import pytest
from fakes.console import console_running
from fakes.visitors import browser
from sqlalchemy import select

from services.demo.feed import feed
from services.demo.samples import sample_mails
from services.incidents import By, IncidentDesk
from services.settings import ZONE
from services.store import schema
from workflows.incident import Refused, Report

PEOPLE = {"lene": "leader", "karen": "caseworker", "maja": "caseworker", "ali": "caseworker", "tove": "leader", "dpo.p": "dpo"}
WHY = "Jeg skal svare på klagen."
SUBJECT, FIRST, SECOND = (
    "Nu er det nok med dig",
    "Jeg klager over afslaget på 4.500 kr.",
    "Jeg ved, hvor du bor, og jeg slår dig ihjel.",
)
BODY = f"{FIRST}\r\nHvornår får jeg svar?\r\n\r\n{SECOND}\r\nSe https://spion.example/mig\r\n"
AUTH = "Authentication-Results: mx.eksempel.dk; dmarc=pass header.from=example.net\r\n"


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        content = (
            f"From: Bo Borger <bo@example.net>\r\nTo: karen@eksempel.dk\r\nSubject: {SUBJECT}\r\n{AUTH}"
            "Message-ID: <hard@example.net>\r\n"
            'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{BODY}\r\n--b\r\n"
            'Content-Type: image/png\r\nContent-Disposition: attachment; filename="hadet.png"\r\n\r\nx\r\n--b--\r\n'
        )
        first = sample_mails(running.clock.now())[0]
        hard = replace(
            first, name="hard", envelope_from="bo@example.net", recipients=("karen@eksempel.dk",), content=content.encode()
        )
        await feed(running.guard.gateway.addresses[0], [hard])
        await running.settled()
        await running.assessed()
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await browser(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


@pytest.fixture(scope="module")
async def mail(running):
    [id] = await running.guard.store.ids_by_message_id("<hard@example.net>")
    return id


@pytest.fixture(scope="module")
async def post(running, mail):
    [one] = await running.guard.store.posts.of_mail(mail)
    return one


async def audited(running, subject):
    def read(connection):
        rows = select(schema.audit.c.action, schema.audit.c.data).where(schema.audit.c.subject == subject)
        return [(row[0], json.loads(row[1])) for row in connection.execute(rows.order_by(schema.audit.c.seq))]

    return await running.guard.store.readers.run(read)


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def offered(answer):
    chosen = re.search(r'<select id="present".*?</select>', answer.text, re.DOTALL)
    return re.findall(r'<option value="([^"]+)"', chosen[0]) if chosen else []


async def test_a_hard_mail_is_opened_with_support_first(people, mail, post):
    for path, name in ((f"/mails/{mail}", "karen"), (f"/posts/{post.id}", "maja")):
        shown = await people[name].get(path)
        buttons = re.findall(r'<button class="([^"]*)" formaction="([^"]*)"', shown.text)
        assert buttons == [("button first", f"{path}/support"), ("button", f"{path}/original")], name
        assert "Åbn den sammen med en, du er tryg ved" in words(shown) and SECOND not in words(shown)
        assert '<a class="button" href="#original">Åbn med støtte</a>' in shown.text
        assert '<a class="button first" href="/playbooks/threat_by_mail">Det gør du nu: Trussel i en mail</a>' in shown.text


async def test_an_ordinary_mail_is_read_as_before(running, people):
    found = (await running.guard.store.views.mails(citizens=["c-1001"], limit=50)).items
    asked = [await people["lene"].get(f"/mails/{one.id}") for one in found if not one.signals]
    read = [one for one in asked if one.status_code == 200]  # the others went to other units
    assert read
    assert all("Åbn den sammen med en" not in one.text and "/playbooks/" not in words(one) for one in read)
    buttons = re.findall(r'<button class="([^"]*)" formaction="[^"]*/(\w+)"', read[0].text)
    assert buttons == [("button", "original"), ("button", "support")]


async def test_the_unit_s_people_can_be_present_its_leaders_first_and_not_whom_the_mail_was_moved_away_from(people, mail, post):
    at_maja = offered(await people["maja"].get(f"/posts/{post.id}"))
    assert at_maja[0] == "birgit@eksempel.dk" and "lene@eksempel.dk" in at_maja[:3]
    assert not {"maja@eksempel.dk", "karen@eksempel.dk", "ali@eksempel.dk", "tove@eksempel.dk"} & set(at_maja)
    at_karen = offered(await people["karen"].get(f"/mails/{mail}"))
    assert {"lene@eksempel.dk", "maja@eksempel.dk"} < set(at_karen) and "karen@eksempel.dk" not in at_karen
    assert "lene@eksempel.dk" in offered(await people["dpo.p"].get(f"/mails/{mail}"))


@pytest.mark.parametrize(
    "present", ["", "karen@eksempel.dk", "ali@eksempel.dk", "maja@eksempel.dk", "nobody@eksempel.dk", "x" * 300]
)
async def test_it_is_not_opened_without_somebody_who_can_be_there(running, people, post, present):
    before = await audited(running, post.mail)
    refused = await people["maja"].post(f"/posts/{post.id}/support", data={"why": WHY, "present": present})
    assert refused.status_code == 422 and "Vælg, hvem der er hos dig." in words(refused)
    assert SECOND not in words(refused) and FIRST not in words(refused) and WHY in refused.text
    assert await audited(running, post.mail) == before


async def test_it_is_not_opened_without_a_reason(running, people, mail):
    refused = await people["karen"].post(f"/mails/{mail}/support", data={"why": "ja", "present": "lene@eksempel.dk"})
    assert refused.status_code == 422 and "Mindst 10 tegn" in words(refused) and SECOND not in words(refused)
    assert '<option value="lene@eksempel.dk" selected>' in refused.text
    assert "mail.original_read" not in [action for action, _ in await audited(running, mail)]


@pytest.mark.parametrize(
    ("name", "page", "present"), [("karen", "mails", "lene"), ("lene", "mails", "maja"), ("maja", "posts", "lene")]
)
async def test_law_10_who_opened_it_with_whom_and_why_is_recorded(running, people, mail, post, name, page, present):
    path = f"/mails/{mail}" if page == "mails" else f"/posts/{post.id}"
    before = len(await audited(running, mail))
    shown = await people[name].post(f"{path}/support", data={"why": f" {WHY} ", "present": f"{present.upper()}@eksempel.dk"})
    assert shown.status_code == 200
    noted = (await audited(running, mail))[before:]
    assert noted == [("mail.original_read", {"why": WHY, "present": f"{present}@eksempel.dk"})]


async def test_each_part_is_closed_and_what_must_be_answered_stands_above(people, mail):
    shown = await people["karen"].post(f"/mails/{mail}/support", data={"why": WHY, "present": "lene@eksempel.dk"})
    above, _, below = shown.text.partition('<h2 id="words">')
    told = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", above)).split())
    assert "Du læser sammen med Lene Lund" in told and "Klage" in told
    assert "Den stiller ét spørgsmål. Den nævner 4.500 kroner. Én fil er vedhæftet." in told
    assert "Det er ikke din skyld" in told and "Det gør du nu: Trussel i en mail" in told
    parts = re.findall(r'<details class="veil"( open)?><summary>([^<]*)</summary><div>(.*?)</div></details>', below, re.DOTALL)
    assert [(opened, title) for opened, title, _ in parts] == [
        ("", "Emnet"), ("", "Afsnit 1 af 2"), ("", "Afsnit 2 af 2"), ("", "Navne på det, der er vedhæftet"),
    ]  # fmt: skip
    inside = [html.unescape(text) for *_, text in parts]
    assert SUBJECT in inside[0] and FIRST in inside[1] and SECOND in inside[2] and "hadet.png" in inside[3]
    outside = html.unescape(re.sub(r'<details class="veil">.*?</details>', "", shown.text, flags=re.DOTALL))
    assert not [one for one in (SUBJECT, FIRST, SECOND, "hadet", "spion.example") if one in outside]


async def test_nothing_is_fetched_and_no_link_can_be_pressed(people, mail):
    shown = (await people["karen"].post(f"/mails/{mail}/support", data={"why": WHY, "present": "lene@eksempel.dk"})).text
    assert "https://spion.example/mig" in shown and not re.search(r'(?:href|src)="[^"]*spion', shown) and "<img" not in shown
    assert "original.eml" not in shown


async def test_it_opens_no_door_that_was_closed(running, people, mail, post):
    """Karen, whom the mail was moved away from, meets it on her case's page as before, and never in the mailbox."""
    asked = {"why": WHY, "present": "lene@eksempel.dk"}
    before = len(await audited(running, mail))
    assert (await people["karen"].post(f"/posts/{post.id}/support", data=asked)).status_code == 404
    for name in ("ali", "tove"):
        assert (await people[name].post(f"/mails/{mail}/support", data=asked)).status_code == 404
        assert (await people[name].post(f"/posts/{post.id}/support", data=asked)).status_code == 404
    assert [action for action, _ in (await audited(running, mail))[before:]] == ["access.refused"] * 2
    assert [action for action, _ in await audited(running, post.id)].count("access.refused") >= 3


async def test_an_incident_leads_to_its_playbook_and_to_its_mail_but_not_whom_it_was_moved_away_from(running, people, mail):
    guard, today = running.guard, running.clock.now().astimezone(ZONE).date()
    told = {
        "concerns": "karen@eksempel.dk",
        "on": today,
        "channel": "mail",
        "kinds": ["threats"],
        "mail": mail,
        "what": "Se mailen.",
    }
    desk = IncidentDesk(guard.settings, guard.store, running.clock)
    kept = await desk.report(Report.model_validate(told), "boern-familie", By("karen@eksempel.dk", "a-karen"), id="1" * 26)
    assert not isinstance(kept, Refused)
    shown = {name: await people[name].get(f"/incidents/{'1' * 26}") for name in ("lene", "karen", "dpo.p")}
    leads = {name: f'href="/mails/{mail}#original">Åbn med støtte</a>' in one.text for name, one in shown.items()}
    assert leads == {"lene": True, "karen": False, "dpo.p": True}
    assert all('href="/playbooks/threat_by_mail">Hjælp: Trussel i en mail</a>' in one.text for one in shown.values())


async def test_a_mail_whose_words_are_gone_is_told_so(running, people, monkeypatch, post):
    """Between the page and the press retention may have come by."""
    stored = await running.guard.store.mail(post.mail)

    async def gone(id):
        return replace(stored, content=None)

    monkeypatch.setattr(running.guard.store, "mail", gone)
    shown = await people["maja"].post(f"/posts/{post.id}/support", data={"why": WHY, "present": "lene@eksempel.dk"})
    assert shown.status_code == 200 and "Mailens ord er slettet" in words(shown) and "veil" not in shown.text


async def test_a_mail_that_is_not_assessed_yet_has_its_page_and_is_opened_too(running, people, mail, monkeypatch):
    views = type(running.guard.store.views)
    whole = views.mail

    async def unassessed(self, id):
        found = await whole(self, id)
        decision = {name: value for name, value in found.decision.items() if name != "noted"}
        return replace(found, decision=decision | {"signals": None, "rights": None, "notify": None, "assessed": False})

    monkeypatch.setattr(views, "mail", unassessed)
    shown = await people["lene"].get(f"/mails/{mail}")
    assert shown.status_code == 200 and "Indholdet er ikke vurderet endnu." in words(shown) and "/playbooks/t" not in shown.text
    read = await people["lene"].post(f"/mails/{mail}/support", data={"why": WHY, "present": "maja@eksempel.dk"})
    assert read.status_code == 200 and "Du læser sammen med Maja Munk" in words(read)
