"""Signals answered, patterns told, situations noted: who may, what is kept, and what a leader is told of ourselves."""

import html
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.console import console_running
from fakes.visitors import browser, program
from sqlalchemy import select

from services.store import schema
from workflows.audit import AuditRecord

PEOPLE = {"lene": "leader", "birgit": "head", "maja": "caseworker", "karen": "caseworker", "tove": "leader", "jette": "lawyer"}
OTHERS = {"arne": "work_environment", "it": "it", "dpo.p": "dpo"}
CITIZEN = "/citizens/c-1001"
REFUSAL = {"case": "s-77", "code": "refusal", "on": "2026-11-02"}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await browser(running, name, role) for name, role in (PEOPLE | OTHERS).items()}
    yield found
    for one in found.values():
        await one.aclose()


@pytest.fixture(scope="module")
async def programs(running):
    found = {name: await program(running, name, PEOPLE[name]) for name in ("lene", "karen", "tove", "jette")}
    yield found
    for one in found.values():
        await one.aclose()


@pytest.fixture(scope="module")
async def post(running):
    """The threat of Bo Borger, as it waits in the functional mailbox."""
    store = running.guard.store
    for one in (await store.posts.open(["boern-familie"], limit=200)).items:
        if "threat.veiled_home" in {signal.pattern for signal in await store.signals.of_mail(one.mail, "")}:
            return one
    raise AssertionError


async def kept(running, subject, prefix):
    def read(connection):
        entries = select(schema.audit.c.action, schema.audit.c.data).where(schema.audit.c.subject == subject)
        return [(one.action, json.loads(one.data)) for one in connection.execute(entries.order_by(schema.audit.c.seq))]

    return [one for one in await running.guard.store.readers.run(read) if one[0].startswith(prefix)]


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


async def test_a_signal_is_answered_on_the_mails_page_and_the_answer_can_change(running, people, post):
    path = f"/mails/{post.mail}"
    before = words(await people["lene"].get(path))
    assert "Rød Trussel" in before and "Nyttigt" in before and "Du har svaret" not in before
    assert "Skjult trussel: viden om hjem, vaner eller færden." in before  # the pattern's own sentence
    for answer in ("useful", "wrong"):
        made = await people["lene"].post(f"{path}/signals/threat", data={"answer": answer})
        assert made.status_code == 303 and made.headers["location"] == f"{path}#signal-threat"
    assert "Du har svaret: forkert" in words(await people["lene"].get(path))
    assert "Du har svaret" not in words(await people["birgit"].get(path))  # hers is her own
    data = {"kind": "threat", "level": "red", "pattern": "threat.veiled_home"}
    told = await kept(running, post.mail, "signal.answered")
    assert told == [("signal.answered", data | {"answer": answer}) for answer in ("useful", "wrong")]


async def test_whoever_handles_the_post_answers_there_and_sees_no_prompt(running, people, post):
    path = f"/posts/{post.id}"
    shown = words(await people["maja"].get(path))
    assert "Nyttigt" in shown and "Er vi selv for sent på den?" not in shown  # that is the leader's
    made = await people["maja"].post(f"{path}/signals/threat", data={"answer": "useful"})
    assert made.status_code == 303 and "Du har svaret: nyttigt" in words(await people["maja"].get(path))
    assert "Er vi selv for sent på den?" in words(await people["lene"].get(path))
    answers = await running.guard.store.signals.answers([post.mail])
    assert "useful" in {one.answer for one in answers[post.mail]}


async def test_nobody_answers_what_is_not_theirs_or_was_not_found(running, people, post):
    seen = await people["dpo.p"].get(f"/mails/{post.mail}")
    assert seen.status_code == 200 and "Rød Trussel" in words(seen) and "Forkert" not in words(seen)
    for path in (f"/mails/{post.mail}", f"/posts/{post.id}"):
        for who in ("tove", "jette", "dpo.p", "it"):
            assert (await people[who].post(f"{path}/signals/threat", data={"answer": "useful"})).status_code == 404
        assert (await people["lene"].post(f"{path}/signals/volume", data={"answer": "useful"})).status_code == 404
        assert (await people["lene"].post(f"{path}/signals/rude", data={"answer": "useful"})).status_code == 422
        assert (await people["lene"].post(f"{path}/signals/threat", data={"answer": "hm"})).status_code == 422
    assert {one[0] for one in await kept(running, post.mail, "access.")} == {"access.refused"}


async def test_a_program_answers_with_the_rights_of_its_account(programs, post):
    for path in (f"/api/v1/mails/{post.mail}/signals", f"/api/v1/posts/{post.id}/signals"):
        [one] = [each for each in (await programs["lene"].get(path)).json()["items"] if each["kind"] == "threat"]
        assert one["pattern"] == "threat.veiled_home" and one["why"].startswith("Skjult trussel") and one["level"] == "red"
        made = await programs["lene"].put(f"{path}/threat", json={"answer": "useful"})
        assert made.status_code == 200 and made.json()["items"][0]["answer"] == "useful"
        assert (await programs["tove"].put(f"{path}/threat", json={"answer": "useful"})).status_code == 404
        assert (await programs["lene"].put(f"{path}/volume", json={"answer": "useful"})).status_code == 404
        assert (await programs["lene"].put(f"{path}/threat", json={"answer": "useful", "who": "x"})).status_code == 422


@pytest.mark.parametrize("who", PEOPLE | OTHERS)
async def test_who_sees_the_patterns(people, who):
    status = 200 if who in ("lene", "birgit", "tove", "it", "dpo.p") else 404
    assert (await people[who].get("/patterns")).status_code == status
    way = "/operations" if who == "it" else "/statistics"
    assert ('href="/patterns"' in (await people[who].get(way)).text) == (status == 200)


async def test_patterns_tell_no_number_below_five_and_nobody(running, people, programs, post):
    few = words(await people["it"].get("/patterns"))
    assert "Ikke nok at vise endnu" in few and "threat.veiled_home" in few
    for n in range(5):
        await running.guard.store.signals.answer(post.mail, "threat", "wrong", person=f"p{n}@eksempel.dk", actor=f"a-{n}")
    answer = await people["it"].get("/patterns")
    row = next(one for one in re.findall(r"<tr.*?</tr>", answer.text, re.S) if "threat.veiled_home" in one)
    assert re.findall(r'class="number">([^<]+)</td>', row) == ["Under fem", "Under fem", "5"]
    assert "c-1001" not in answer.text and post.mail not in answer.text and "p1@" not in answer.text
    [first, *_] = (await programs["lene"].get("/api/v1/statistics/patterns")).json()["items"]
    told = [first[name] for name in ("id", "found", "useful", "wrong", "off")]
    assert told == ["threat.veiled_home", None, None, 5, False]
    assert (await programs["karen"].get("/api/v1/statistics/patterns")).status_code == 404


async def test_a_pattern_that_is_switched_off_says_so(running, people):
    state = running.guard.http.pages.app.state
    before, own = state.console, running.guard.settings.signals.model_copy(update={"off": ("insult.wish",)})
    state.console = replace(before, settings=before.settings.model_copy(update={"signals": own}))
    try:
        rows = re.findall(r"<tr.*?</tr>", (await people["it"].get("/patterns")).text, re.S)
        assert [one for one in rows if "Slået fra" in one] == [one for one in rows if "insult.wish" in one] != []
    finally:
        state.console = before


async def test_a_situation_is_noted_shown_beside_the_signal_and_taken_away(running, people, post):
    made = await people["lene"].post(f"{CITIZEN}/situations", data=REFUSAL)
    assert made.status_code == 303 and made.headers["location"] == f"{CITIZEN}#situations"
    again = await people["lene"].post(f"{CITIZEN}/situations", data=REFUSAL)
    assert again.status_code == 303
    shown = words(await people["lene"].get(CITIZEN))
    assert shown.count("Et afslag 2. november 2026 · Sag s-77") == 1 and "Noteret af Lene Lund" in shown
    assert "Et afslag den 2. november 2026 · Sag s-77" in words(await people["lene"].get(f"/mails/{post.mail}"))
    assert "Et afslag den 2. november 2026" in words(await people["lene"].get(f"/posts/{post.id}"))
    assert "Et afslag" in words(await people["karen"].get(CITIZEN)) and "Notér" not in words(await people["karen"].get(CITIZEN))
    made_of = json.loads((await people["lene"].get(f"{CITIZEN}/extract.json")).text)["situations"]
    [one] = await running.guard.store.situations.of_citizen("c-1001")
    assert [(it["case"], it["code"], it["on"], it["noted_by"], it["removed_at"]) for it in made_of] == [
        ("s-77", "refusal", "2026-11-02", "lene@eksempel.dk", None)
    ]
    assert (await people["lene"].post(f"{CITIZEN}/situations/{one.id}/remove")).status_code == 303
    assert "Ingen har noteret noget" in words(await people["lene"].get(CITIZEN))
    made_of = json.loads((await people["lene"].get(f"{CITIZEN}/extract.json")).text)["situations"]
    assert [it["removed_by"] for it in made_of] == ["lene@eksempel.dk"]
    page = words(await people["lene"].get(f"{CITIZEN}/extract"))
    assert "Det er sket i sagerne" in page and "Fjernede en situation" in page
    data = {"situation": one.id, "case": "s-77", "code": "refusal", "on": "2026-11-02"}
    assert await kept(running, "c-1001", "situation.") == [("situation.noted", data), ("situation.removed", data)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"on": "2026-12-24"}, "Dagen er ikke kommet endnu"),
        ({"on": "i går"}, "Skriv, hvilken dag det skete"),
        ({"on": "1999-01-01"}, "over ti år siden"),
        ({"case": ""}, "Vælg en sag"),
        ({"case": "s-404"}, "Vælg en sag"),
        ({"code": "rude"}, "Vælg, hvad der er sket"),
    ],
)
async def test_what_is_wrong_with_a_situation_is_told_beside_its_field(running, people, changes, told):
    answer = await people["lene"].post(f"{CITIZEN}/situations", data=REFUSAL | changes)
    assert answer.status_code == 422 and told in words(answer) and answer.text.count('aria-invalid="true"') == 1
    assert not [one for one in await running.guard.store.situations.of_citizen("c-1001") if one.removed_at is None]


async def test_only_who_leads_the_unit_notes_what_happened_in_a_case(people):
    for who in ("karen", "tove", "jette", "dpo.p", "it"):  # Tove leads another of the citizen's cases
        assert (await people[who].post(f"{CITIZEN}/situations", data=REFUSAL)).status_code == (422 if who == "tove" else 404)
        assert (await people[who].post(f"{CITIZEN}/situations/01x/remove")).status_code == 404
    assert (await people["lene"].post(f"{CITIZEN}/situations/01x/remove")).status_code == 404


async def test_a_program_notes_situations_and_takes_them_away(programs):
    path = "/api/v1/citizens/c-1001/situations"
    made = await programs["lene"].post(path, json=REFUSAL)
    [one] = made.json()["items"]
    assert made.status_code == 201 and (one["case"], one["code"], one["on"]) == ("s-77", "refusal", "2026-11-02")
    assert (await programs["karen"].get(path)).json()["items"] == [one]
    assert (await programs["lene"].post(path, json=REFUSAL | {"on": "2027-01-01"})).status_code == 409
    assert (await programs["karen"].delete(f"{path}/{one['id']}")).status_code == 404
    assert (await programs["lene"].delete(f"{path}/{one['id']}")).status_code == 204
    assert (await programs["lene"].delete(f"{path}/{one['id']}")).status_code == 404
    assert (await programs["lene"].get(path)).json() == {"items": []}


async def test_the_leader_is_told_what_we_are_late_with(running, people, post):
    """The last test of this file: the clock moves."""
    assert "Det skylder vi borgeren" not in words(await people["lene"].get(f"/mails/{post.mail}"))
    store, now = running.guard.store, running.clock.now()
    first = replace(post, due_read=now - timedelta(days=1))  # the longest overdue of all
    await store.posts.save(first, post.revision, AuditRecord(now, "test", "post.changed", post.id))
    post = await store.posts.get(post.id)
    running.clock.forward(timedelta(days=10))
    async with await browser(running, "lene", "leader") as lene, await browser(running, "birgit", "head") as birgit:
        shown = await lene.get(f"/mails/{post.mail}")
        assert "Det skylder vi borgeren" in words(shown) and "Skulle være læst" in words(shown)
        late = re.findall(r'href="/posts/([^"]+)"', shown.text)
        assert post.id in late and len(late) > 1
        beside = re.findall(r'href="/posts/([^"]+)"', (await birgit.get(f"/posts/{post.id}")).text)
        assert post.id not in beside and set(late) - {post.id} <= set(beside)  # what the page is about stands on top of it
        one = replace(post, done_at=running.clock.now(), done_how="hand", next_at=None, summary=None)
        record = AuditRecord(running.clock.now(), "test", "post.done", post.id)
        await store.posts.save(one, post.revision, record)
        assert post.id not in re.findall(r'href="/posts/([^"]+)"', (await lene.get(f"/mails/{post.mail}")).text)
