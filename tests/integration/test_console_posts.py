"""*Postkasse*: who sees what waits in a functional mailbox, what they do with it, and that every look and move is recorded."""

import asyncio
import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.console import console_running
from fakes.visitors import browser
from sqlalchemy import select

from services.store import schema
from services.store.interface import StoreUnavailable
from workflows.audit import AuditRecord
from workflows.deadlines import RIGHT_CLOCKS
from workflows.event_data import EVENTS, CloudEvent
from workflows.events import parse_event
from workflows.post import flagged

PEOPLE = {
    "lene": "leader",
    "birgit": "head",
    "maja": "caseworker",  # owns the mailbox of Børn og Familie
    "per": "caseworker",  # its deputy leader
    "karen": "caseworker",  # whose mail was moved there
    "ali": "caseworker",  # of another unit
    "tove": "leader",  # of another unit
    "jette": "lawyer",
    "arne": "work_environment",
    "it": "it",
    "dpo.p": "dpo",
}
WHY = {"why": "Jeg skal svare borgeren i dag."}
CSRF = {"csrf": "c5f7"}


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


async def test_whoever_sees_nothing_is_not_told_that_all_is_answered(running, people):
    assert await waiting(running)
    seen = (await people["karen"].get("/posts")).text
    assert "Der er ikke noget til dig lige nu" in seen and "ligger hos dine kolleger" in seen and "besvaret" not in seen


async def waiting(running, unit="boern-familie"):
    return (await running.guard.store.posts.open([unit], limit=200)).items


@pytest.fixture
async def post(running):
    """One of Bo Borger's that was moved away from Karen, and that nobody has done anything with."""
    bo = [one for one in await waiting(running) if one.citizen == "c-1001" and not one.clocks and one.level != "red"]
    return next(one for one in bo if not one.revision)


@pytest.fixture
async def complaint(running):
    fresh = [one for one in await waiting(running) if not one.revision and "complaint" in one.rights]
    return fresh[0]


async def now_of(running, post):
    return await running.guard.store.posts.get(post.id)


async def audited(running, subject):
    def read(connection):
        rows = select(schema.audit.c.action, schema.audit.c.data).where(schema.audit.c.subject == subject)
        return [tuple(row) for row in connection.execute(rows.order_by(schema.audit.c.seq))]

    return await running.guard.store.readers.run(read)


async def did(running, subject):
    return [action for action, _ in await audited(running, subject)]


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def linked(answer):
    return set(re.findall(r'href="/posts/([^"?]+)"', answer.text))


def form(post, **fields):
    return CSRF | {"revision": str(post.revision)} | fields


async def test_each_sees_the_mailboxes_that_they_read(running, people):
    answers = {name: await one.get("/posts") for name, one in people.items()}
    assert {name for name, one in answers.items() if one.status_code == 404} == {"jette", "arne", "it"}
    seen = {name: linked(one) for name, one in answers.items() if one.status_code == 200}
    home = {one.id for one in await waiting(running)}
    assert seen["lene"] == seen["maja"] == seen["per"] == home
    assert seen["birgit"] >= home and seen["dpo.p"] >= seen["birgit"] and not seen["tove"] & home and not seen["ali"] & home
    assert "posts.read" in await did(running, "posts")


async def test_law_9_whom_a_mail_was_moved_away_from_is_not_led_to_it(running, people, post):
    hers = {one.id for one in await waiting(running) if one.citizen == "c-1001"}
    assert post.id in hers and not linked(await people["karen"].get("/posts")) & hers
    assert (await people["karen"].get(f"/posts/{post.id}")).status_code == 404
    assert (await people["karen"].post(f"/posts/{post.id}/take", data=form(post))).status_code == 404
    assert (await people["karen"].post(f"/posts/{post.id}/original", data=CSRF | WHY)).status_code == 404
    assert "access.refused" in await did(running, post.id)
    shown = await people["lene"].get(f"/posts/{post.id}")
    assert "Per Poulsen" in shown.text and "Karen Karlsen" not in shown.text  # nor is it handed over to her


@pytest.mark.parametrize("name", ["ali", "tove"])
async def test_a_post_of_another_unit_does_not_exist_and_that_is_recorded(running, people, post, name):
    before = (await did(running, post.id)).count("access.refused")
    one = people[name]
    answers = [
        await one.get(f"/posts/{post.id}"),
        await one.post(f"/posts/{post.id}/take", data=form(post)),
        await one.post(f"/posts/{post.id}/original", data=CSRF | WHY),
        await one.post(f"/posts/{post.id}/original.eml", data=CSRF | WHY),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert (await did(running, post.id)).count("access.refused") == before + 4
    assert (await one.get("/posts?unit=boern-familie")).status_code == 404
    assert "access.refused" in await did(running, "boern-familie")
    assert (await now_of(running, post)).taken_by is None


async def test_what_is_not_there_is_not_there_for_anybody(people, post):
    assert (await people["lene"].get("/posts/nothing")).status_code == 404
    assert (await people["lene"].post(f"/posts/{post.id}/burn", data=form(post))).status_code == 422
    assert (await people["lene"].get("/posts?unit=nowhere")).status_code == 404
    assert (await people["lene"].get("/posts?after=x&show=done")).status_code == 200


async def test_the_dpo_sees_and_does_nothing(running, people, post):
    shown = await people["dpo.p"].get(f"/posts/{post.id}")
    assert shown.status_code == 200 and "Tag den" not in shown.text and "Den er læst" not in shown.text
    assert (await people["dpo.p"].post(f"/posts/{post.id}/take", data=form(post))).status_code == 404
    assert (await now_of(running, post)).taken_by is None


async def test_the_page_tells_what_is_due_and_no_word_of_the_citizen(running, people, complaint):
    told = words(await people["maja"].get(f"/posts/{complaint.id}"))
    assert "Skal læses inden kl. 14.00 i dag" in told
    assert "Klage: skal være behandlet senest mandag den 21. december 2026" in told
    assert "Læses også, når der ikke skal svares" in told and "Ingen har taget den endnu" in told
    stored = await running.guard.store.mail(complaint.mail)
    said = stored.content if isinstance(stored.content, bytes) else stored.content.read_bytes()
    body = said.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")
    sentences = [one.strip() for one in re.split(r"[.\r\n]+", body) if len(one.strip()) > 15]
    assert sentences and not [one for one in sentences if one in told]
    assert "post.seen" in await did(running, complaint.id)


async def test_law_9_what_a_mail_holds_is_kept_with_its_post_alone(running, complaint):
    def read(connection):
        texts = [schema.audit.c.data, schema.assessment.c.document, schema.outbox.c.body]
        return [str(value) for column in texts for value in connection.execute(select(column)).scalars()]

    assert complaint.summary["words"] > 10
    kept = await running.guard.store.readers.run(read)
    assert kept and not [one for one in kept if "figures" in one or "amounts" in one or "words" in one]


async def test_one_is_taken_and_the_second_is_told(running, people, post):
    first, second = await asyncio.gather(
        people["maja"].post(f"/posts/{post.id}/take", data=form(post)),
        people["per"].post(f"/posts/{post.id}/take", data=form(post)),
    )
    assert sorted([first.status_code, second.status_code]) == [303, 409]
    late = first if first.status_code == 409 else second
    assert "En anden har ændret den imens" in late.text and "har taget den" in late.text
    assert (await did(running, post.id)).count("post.taken") == 1
    taken = await now_of(running, post)
    assert taken.taken_by in {"maja@eksempel.dk", "per@eksempel.dk"}
    assert "har taget den" in words(await people["lene"].get("/posts"))
    third = await people["lene"].post(f"/posts/{post.id}/take", data=form(taken))
    assert third.status_code == 422 and "En anden har taget den" in third.text


async def test_it_is_handed_over_to_a_person_of_the_unit_and_nobody_else(running, people, post):
    for to in ("karen@eksempel.dk", "ali@eksempel.dk", "someone@example.org", ""):
        refused = await people["lene"].post(f"/posts/{post.id}/give", data=form(post, to=to, note="Ring gerne"))
        assert refused.status_code == 422 and "Vælg, hvem der skal have den." in refused.text and "Ring gerne" in refused.text
    assert (await people["lene"].post(f"/posts/{post.id}/give", data=form(post, to="per@eksempel.dk", note=""))).status_code == 303
    given = await now_of(running, post)
    assert given.taken_by == "per@eksempel.dk" and given.note is None
    assert "Mail fra" in (overview := words(await people["per"].get("/"))) and "Lene har givet den videre til dig." in overview
    shown = words(await people["per"].get(f"/posts/{post.id}"))
    assert "Lene har givet den videre til dig." in shown and "Du har taget den." not in shown
    assert "Per Poulsen har taget den." in words(await people["lene"].get(f"/posts/{post.id}"))
    assert "post.handed_over" in await did(running, post.id)


async def test_who_gets_it_is_told_and_who_takes_or_keeps_it_is_not(running, people, post):
    def raised(connection):
        return connection.execute(select(schema.outbox.c.body).where(schema.outbox.c.body.contains(post.id))).scalars().all()

    async def given():
        found = [parse_event(one) for one in await running.guard.store.readers.run(raised)]
        return [one for one in found if one.what == "mailbox.handed_over"]

    await people["maja"].post(f"/posts/{post.id}/take", data=form(post))
    assert await given() == [] and "Du har taget den." in words(await people["maja"].get(f"/posts/{post.id}"))
    late = await people["maja"].post(f"/posts/{post.id}/give", data=form(post, to="per@eksempel.dk"))
    assert late.status_code == 409 and await given() == []
    note = "Ring til Bo Borger"
    await people["maja"].post(f"/posts/{post.id}/give", data=form(await now_of(running, post), to="per@eksempel.dk", note=note))
    [event] = await given()
    CloudEvent[EVENTS[event.what]].model_validate(event.cloudevent())
    assert event.data == {"post": post.id, "mail": post.mail, "unit": "boern-familie", "mailbox": post.code}
    await people["lene"].post(f"/posts/{post.id}/give", data=form(await now_of(running, post), to="lene@eksempel.dk"))
    assert len(await given()) == 1 and "Du har taget den." in words(await people["lene"].get(f"/posts/{post.id}"))


async def test_it_is_read_for_new_facts_and_what_was_found_runs(running, people, post):
    for found, said in (([], "Sæt kryds"), (["nothing_new", "complaint"], "passer ikke sammen")):
        refused = await people["maja"].post(f"/posts/{post.id}/read", data=form(post, found=found))
        assert refused.status_code == 422 and said in refused.text
    made = await people["maja"].post(f"/posts/{post.id}/read", data=form(post, found=["new_facts", "complaint"], note="Ny adresse"))
    assert made.status_code == 303 and made.headers["location"] == f"/posts/{post.id}?said=read"
    read = await now_of(running, post)
    assert read.read_at and read.read_how == "hand" and read.rights[-1] == "complaint" and not read.done_at
    assert read.note == "Læst. Fundet: nye oplysninger, som er noteret på sagen, en klage.\nNote: Ny adresse"
    told = words(await people["maja"].get(made.headers["location"]))
    assert "Det er noteret, at den er læst" in told and "Klage: skal være behandlet" in told and "Ny adresse" in told
    [data] = [data for action, data in await audited(running, post.id) if action == "post.read"]
    assert "complaint" in str(data) and "adresse" not in str(data)


RIGHTS = ["application", "complaint", "child_concern", "urgent_help", "file_access", "data_access", "deletion_request"]


async def test_r10_whatever_right_a_reader_finds_is_ticked_and_owed_an_answer(running, people):
    one = next(one for one in (await waiting(running))[::-1] if not one.rights and not one.revision)
    nobody = replace(one, no_reply_owed=True, due_answer=None)
    await running.guard.store.posts.save(nobody, 0, AuditRecord(running.clock.now(), "test", "post.no_reply", one.id))
    shown = (await people["maja"].get(f"/posts/{one.id}")).text
    for right in RIGHTS:
        assert f'value="{right}"' in shown
        made = await people["maja"].post(f"/posts/{one.id}/read", data=form(await now_of(running, one), found=[right]))
        now = await now_of(running, one)
        assert made.status_code == 303 and now.rights[-1] == right and now.done_at is None
        assert (now.no_reply_owed, now.due_answer) == (False, one.due_answer)
    assert [clock.right for clock in now.clocks] == [right for right in RIGHTS if right in RIGHT_CLOCKS]
    assert "Fundet: ønske om aktindsigt." in words(await people["lene"].get(f"/posts/{one.id}"))


async def test_it_is_answered_with_a_word_on_how(running, people, post):
    assert "Skriv, hvordan" in (await people["maja"].post(f"/posts/{post.id}/answered", data=form(post))).text
    made = await people["maja"].post(f"/posts/{post.id}/answered", data=form(post, note="I Digital Post i dag"))
    assert made.status_code == 303
    answered = await now_of(running, post)
    assert answered.done_at and answered.done_how == "answered" and answered.note == "Besvaret: I Digital Post i dag"
    assert post.id not in linked(await people["maja"].get("/posts"))
    done = await people["maja"].get("/posts?show=done")
    assert post.id in linked(done) and "Tag den" not in done.text
    shown = words(await people["maja"].get(f"/posts/{post.id}"))
    assert "Færdig 23. nov. 2026" in shown and "Gør den færdig" not in shown
    again = await people["maja"].post(f"/posts/{post.id}/done", data=form(answered))
    assert again.status_code == 422 and "Den er allerede færdig" in again.text


async def test_what_needs_no_answer_is_read_all_the_same(running, people, post):
    refused = await people["maja"].post(f"/posts/{post.id}/no_reply", data=form(post, note="Svaret er givet før"))
    assert refused.status_code == 422 and "Læs mailen først" in refused.text and "Svaret er givet før" in refused.text
    await people["maja"].post(f"/posts/{post.id}/read", data=form(post, found=["nothing_new"]))
    read = await now_of(running, post)
    assert (await people["maja"].post(f"/posts/{post.id}/no_reply", data=form(read, note="Svaret er givet før"))).status_code == 303
    assert (await now_of(running, post)).done_at


async def test_what_outlook_told_is_shown(running, people, post):
    store = running.guard.store
    at = running.clock.now()
    record = AuditRecord(at, "guard", "post.read", post.id, {"how": "flag"})
    await store.posts.save(flagged(post, at, seen=True, answered=False), post.revision, record)
    assert "Læst i Outlook." in words(await people["maja"].get(f"/posts/{post.id}"))
    late = await people["maja"].post(f"/posts/{post.id}/answered", data=form(post, note="Ringet op kl. 9"))
    assert late.status_code == 409 and "Ringet op kl. 9" in late.text and "Læst i Outlook." in words(late)
    assert 'name="revision" value="1"' in late.text
    read = await now_of(running, post)
    answered = flagged(read, at, seen=True, answered=True)
    await store.posts.save(answered, read.revision, replace(record, action="post.answered"))
    assert "Besvaret i Outlook." in words(await people["maja"].get(f"/posts/{post.id}"))


async def test_r10_what_outlook_has_ended_can_still_be_read_and_is_opened_again(running, people, post):
    store, at = running.guard.store, running.clock.now()
    ended = flagged(post, at, seen=True, answered=True)
    await store.posts.save(ended, post.revision, AuditRecord(at, "guard", "post.answered", post.id, {"how": "flag"}))
    shown = await people["maja"].get(f"/posts/{post.id}")
    assert "Læst – hvad fandt du?" in shown.text and "bliver den åbnet igen" in shown.text
    assert "Læst – hvad fandt du?" not in (await people["dpo.p"].get(f"/posts/{post.id}")).text
    for found, opened in (("nothing_new", False), ("child_concern", True)):
        now = await now_of(running, post)
        made = await people["maja"].post(f"/posts/{post.id}/read", data=form(now, found=[found]))
        assert made.status_code == 303 and ((await now_of(running, post)).done_at is None) is opened
    assert post.id in linked(await people["maja"].get("/posts"))
    assert "reopened" in str([data for action, data in await audited(running, post.id) if action == "post.read"][-1])


async def test_what_is_late_is_told_first_and_on_the_overview(running, people, post):
    late = replace(post, due_read=running.clock.now() - timedelta(minutes=5))
    await running.guard.store.posts.save(late, post.revision, AuditRecord(running.clock.now(), "test", "post.late", post.id))
    answer = await people["lene"].get("/posts")
    assert "Skulle være læst kl. 09.55 i dag" in words(answer)
    red = {one.id for one in await waiting(running) if one.level == "red" and one.read_at is None}
    order = re.findall(r'href="/posts/([^"?]+)"', answer.text)
    assert next(one for one in order if one not in red) == post.id and set(order[: len(red)]) == red
    overview = words(await people["lene"].get("/"))
    assert "Børn og Familie" in overview and "er ikke læst" in overview and "Én er over fristen" in overview
    assert "over fristen" not in words(await people["karen"].get("/"))


async def test_the_original_is_read_after_a_reason_that_is_kept(running, people, post):
    short = await people["maja"].post(f"/posts/{post.id}/original", data=CSRF | {"why": "fordi"})
    assert short.status_code == 422 and "Skriv kort, hvorfor" in short.text and "fordi" in short.text
    assert "mail.original_read" not in await did(running, post.mail)
    shown = await people["maja"].post(f"/posts/{post.id}/original", data=CSRF | WHY)
    assert shown.status_code == 200 and "Det, borgeren skrev" in shown.text and f"/posts/{post.id}/original.eml" in shown.text
    file = await people["maja"].post(f"/posts/{post.id}/original.eml", data=CSRF | WHY)
    assert file.headers["content-type"].startswith("message/rfc822") and b"Message-ID" in file.content
    assert (await people["maja"].post(f"/posts/{post.id}/original.eml", data=CSRF)).status_code == 422
    noted = await audited(running, post.mail)
    assert {"mail.original_read", "mail.file_read"} <= {action for action, _ in noted}
    assert WHY["why"] in str([data for action, data in noted if action == "mail.original_read"])
    assert (await people["maja"].get(f"/mails/{post.mail}")).status_code == 404  # the case is not hers: the post is her way to it
    assert f"/mails/{post.mail}" not in (await people["maja"].get(f"/posts/{post.id}")).text
    assert f"/mails/{post.mail}" in (await people["lene"].get(f"/posts/{post.id}")).text


async def test_what_can_not_be_recorded_is_not_shown(running, people, post, monkeypatch):
    async def refuse(_record):
        raise StoreUnavailable

    monkeypatch.setattr(running.guard.store, "append_audit", refuse)
    for path in ("/posts", f"/posts/{post.id}"):
        answer = await people["maja"].get(path)
        assert answer.status_code == 503 and "Bo Borger" not in answer.text


async def test_forms_are_bounded(people, post):
    for fields in ({"note": "x" * 5000}, {"revision": "-1"}, {"found": ["murder"]}, {"to": "x" * 400}):
        answer = await people["maja"].post(f"/posts/{post.id}/read", data=form(post) | fields)
        assert answer.status_code == 422
    long = await people["maja"].post(f"/posts/{post.id}/read", data=form(post, found=["new_facts"], note="x" * 2500))
    assert long.status_code == 422 and "Noten må højst" in long.text
