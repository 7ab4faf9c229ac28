"""*Beskeder*: whose they are, what they lead to, what opening something tells, the link without login, and one's own wishes."""

import html
import re
from dataclasses import replace
from datetime import time, timedelta

import httpx2
import pytest
from bench.whole_pages import Statements
from fakes.console import console_running
from fakes.visitors import browser, program
from sqlalchemy import select

from services.clock import new_id
from services.settings import NoticeChannel
from services.store import schema
from services.store.notice_values import KeptNotice
from services.store.notices import Change
from workflows.notice_rules import Preferences, batch_of
from workflows.notice_seen import token
from workflows.notices import About, Notice

LENE, KAREN = "lene@eksempel.dk", "karen@eksempel.dk"
PEOPLE = {"lene": "leader", "karen": "caseworker", "tove": "leader", "it": "it"}
TEAMS = NoticeChannel(name="teams", title="Teams", url_file="none", handle=r"[a-z0-9]{3,20}")
CALM = {"way-1": "mail", "language": "da"}
TOO_MANY = 40  # statements of a page


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        state = running.guard.http.pages.app.state
        settings = state.console.settings
        notifications = settings.notifications.model_copy(update={"channels": (TEAMS,)})
        state.console = replace(state.console, settings=settings.model_copy(update={"notifications": notifications}))
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await browser(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


@pytest.fixture
async def stranger(running):
    async with httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", timeout=60) as one:
        yield one


@pytest.fixture(scope="module")
async def mail(people):
    """One that Karen and her leader may see, and Tove may not."""
    seen = {name: set(re.findall(r'href="/mails/([^"?]+)"', (await people[name].get("/mails")).text)) for name in PEOPLE}
    return min(seen["lene"] & seen["karen"] - seen["tove"])


async def told(running, to, about, *, kind="redirected_leader", urgency="now", case="s-77", role="leader", **more):
    """A notice that they were told of, newer than any before."""
    running.clock.forward(timedelta(seconds=1))
    now = running.clock.now()
    id = new_id(now)
    one = Notice(to, role, urgency, kind, now, f"test:{id}", About(about, now, cases=(case,), people=(KAREN,)))
    values = {"state": "told", "channel": "console", "told_at": now} | more
    kept = KeptNotice(id, one, batch_of(one), now, **values)
    assert await running.guard.store.notices.make(Change(new=[kept]))
    return id


async def kept(running, id):
    return await running.guard.store.notices.get(id)


def bell(answer):
    found = re.search(r'<li id="bell">.*?</li>', answer.text, re.DOTALL)[0]
    number = re.search(r'class="badge">([0-9+]+)', found)
    return number[1] if number else None


def row(answer, title):
    rows = re.findall(r'<tr role="row">(.*?)</tr>', answer.text, re.DOTALL)
    return next(html.unescape(one) for one in rows if title in html.unescape(one))


async def clear(one, people):
    await one.guard.store.notices.seen(people)


async def test_a_notice_is_shown_to_its_person_with_a_link_and_a_number_until_they_say_so(running, people, mail):
    await clear(running, [LENE, "tove@eksempel.dk"])
    id = await told(running, LENE, mail, case="s-new")
    other = await told(running, "tove@eksempel.dk", mail, case="s-new")
    shown = await people["lene"].get("/notices")
    there = row(shown, "Se på det nu: en mail i sag s-new")
    assert f'href="/mails/{mail}"' in there and "Haster" in there and "Ikke set" in there
    assert bell(shown) == bell(await people["lene"].get("/")) == "1"
    assert (await kept(running, id)).seen_at is None, "looking changes nothing"
    foreign = row(await people["tove"].get("/notices"), "Se på det nu: en mail i sag s-new")
    assert "/mails/" not in foreign, "she may not see that mail"
    span = dict(re.findall(r'name="(since|before)" value="([^"]+)"', shown.text))
    done = await people["lene"].post("/notices/seen", data=span)
    assert done.headers["location"] == "/notices"
    assert (await kept(running, id)).seen_at and (await kept(running, other)).seen_at is None
    shown = await people["lene"].get("/notices")
    assert bell(shown) is None and "Ikke set" not in shown.text and "Jeg har set dem" not in shown.text


@pytest.mark.parametrize("span", [{}, {"since": "x", "before": "y"}, {"since": "2026-11-23T10:00", "before": "2026-11-23T10:00"}])
async def test_a_wrong_span_marks_nothing(running, people, mail, span):
    id = await told(running, LENE, mail)
    assert (await people["lene"].post("/notices/seen", data=span)).status_code == 422
    years = {"since": "0001-01-01T00:00:00Z", "before": "9999-12-31T23:59:59Z"}
    assert (await people["lene"].post("/notices/seen", data=years)).status_code == 422
    assert (await kept(running, id)).seen_at is None


async def test_pages_follow_each_other_and_only_what_was_shown_is_seen(running, people, mail):
    await clear(running, [LENE])
    ids = [await told(running, LENE, mail) for _ in range(22)]
    first = await people["lene"].get("/notices")
    assert first.text.count("Ikke set") == 20
    await people["lene"].post("/notices/seen", data=dict(re.findall(r'name="(since|before)" value="([^"]+)"', first.text)))
    assert [(await kept(running, one)).seen_at is None for one in ids] == [True] * 2 + [False] * 20
    [older] = re.findall(r'rel="next" href="([^"]+)"', first.text)
    assert (await people["lene"].get(html.unescape(older))).text.count("Ikke set") == 2


async def test_the_page_is_in_the_visitors_language(running, people, mail):
    await told(running, LENE, mail, case="s-tongue")
    people["lene"].cookies.set("language", "en")
    english = (await people["lene"].get("/notices")).text
    people["lene"].cookies.delete("language")
    assert "I have seen them" in english and "case s-tongue" in english and "i sag s-tongue" not in english


async def test_links_are_for_whom_the_place_opens_to(running, people):
    await clear(running, [LENE, KAREN, "it@eksempel.dk"])
    await told(running, LENE, "f-1", kind="framework_review", urgency="same_day")
    await told(running, "tove@eksempel.dk", "f-1", kind="framework_review", urgency="same_day")
    await told(running, "it@eksempel.dk", "bf-kontakt@eksempel.dk", kind="canary_missing", urgency="same_day")
    await told(running, LENE, "bf-kontakt@eksempel.dk", kind="posts_unread", urgency="same_day")
    lene, tove, it = [(await people[one].get("/notices")).text for one in ("lene", "tove", "it")]
    assert '<a href="/frameworks/f-1">' in lene and '<a href="/posts">' in lene
    assert '<a href="/frameworks/f-1">' not in tove
    main = it[it.index("<main") :]
    assert '<a href="/operations">' in main and "/posts" not in main


async def test_whoever_opens_a_mail_has_opened_their_notice_of_it_and_nobody_else_has(running, people, mail):
    await clear(running, [LENE, KAREN])
    hers, karens = await told(running, LENE, mail), await told(running, KAREN, mail, kind="redirected")
    part = await people["lene"].get(f"/mails/{mail}", headers={"HX-Request": "true"})
    assert part.status_code == 200 and (await kept(running, hers)).opened_at is None, "a page that renews itself is no look"
    async with await program(running, "lene", "leader") as asking:
        assert (await asking.get(f"/api/v1/mails/{mail}")).status_code == 200
    assert (await kept(running, hers)).opened_at is None, "no program opens for somebody"
    await people["tove"].get(f"/mails/{mail}")
    assert (await kept(running, hers)).opened_at is None
    page = await people["lene"].get(f"/mails/{mail}")
    found = await kept(running, hers)
    assert found.opened_at and found.seen_at and bell(page) is None
    assert (await kept(running, karens)).opened_at is None
    revision = found.revision
    await people["lene"].get(f"/mails/{mail}")
    assert (await kept(running, hers)).revision == revision, "a second look writes nothing"


async def test_whoever_opens_its_post_has_opened_the_mail(running, people):
    [post, *_] = [
        one for one in (await running.guard.store.posts.open(["boern-familie"], limit=200)).items if one.citizen == "c-1001"
    ]
    id = await told(running, LENE, post.mail)
    assert (await people["lene"].get(f"/posts/{post.id}")).status_code == 200
    assert (await kept(running, id)).opened_at


async def test_a_frameworks_page_is_seen_and_not_opened(running, people):
    id = await told(running, LENE, "f-1", kind="framework_review")
    assert (await people["lene"].get("/frameworks/f-1")).status_code == 200
    found = await kept(running, id)
    assert found.seen_at and found.opened_at is None


async def test_an_incidents_page_is_seen(running, people):
    form = {"about": "s-77", "on": "2026-11-22", "at": "22:10", "channel": "phone", "kinds": "threats", "wish": "unsure"}
    answer = await people["karen"].post("/report", data=form | {"what": "Han råbte ad mig.", "wants_support": "no"})
    path = answer.headers["location"].partition("?")[0]
    id = await told(running, LENE, path.rpartition("/")[2], kind="incident_reported")
    assert f'<a href="{path}">' in (await people["lene"].get("/notices")).text
    assert f'<a href="{path}">' not in (await people["tove"].get("/notices")).text
    assert (await people["lene"].get(path)).status_code == 200
    assert (await kept(running, id)).seen_at


@pytest.mark.parametrize(
    ("way", "form", "kind"),
    [("/assist", {"kind": "leader"}, "assist_called"), ("/relief", {"case": "s-77", "wish": "relief", "why": ""}, "relief_asked")],
)
async def test_a_call_and_a_wish_are_one_press_away_and_seen_then(running, people, way, form, kind):
    answer = await people["karen"].post(way, data=form)
    path = answer.headers["location"].partition("?")[0]
    id = await told(running, LENE, path.rpartition("/")[2], kind=kind)
    await told(running, "tove@eksempel.dk", path.rpartition("/")[2], kind=kind)
    assert f'<a href="{path}">' in (await people["lene"].get("/notices")).text
    assert f'<a href="{path}">' not in (await people["tove"].get("/notices")).text
    assert (await people["lene"].get(path)).status_code == 200
    assert (await kept(running, id)).seen_at


async def test_the_link_asks_first_and_tells_nothing_of_the_notice(running, stranger, mail):
    id = await told(running, LENE, mail)
    path = f"/n/{token(running.guard.store.key, id)}"
    asked = await stranger.get(path)
    assert asked.status_code == 200 and asked.headers["cache-control"] == "no-store"
    assert not {one for one in (LENE, "s-77", mail, "Lene", KAREN) if one in asked.text}
    assert "Det skal du gøre" in asked.text and 'href="/notices"' in asked.text
    assert (await kept(running, id)).seen_at is None, "programs follow links"
    own = {"Sec-Fetch-Site": "same-origin"}
    assert (await stranger.post(path, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await kept(running, id)).seen_at is None
    assert "Tak, det er noteret" in (await stranger.post(path, headers=own)).text
    found = await kept(running, id)
    assert found.seen_at and found.opened_at is None, "it opens nothing: an alarm still goes on to the next"
    assert "Det er noteret allerede" in (await stranger.post(path, headers=own)).text


async def test_from_the_link_it_is_one_step_to_a_report_of_the_mail_and_to_relief(running, people, stranger, mail):
    id = await told(running, KAREN, mail, kind="redirected", urgency="working_hours", role="caseworker")
    link = token(running.guard.store.key, id)
    page = (await stranger.get(f"/n/{link}")).text
    assert f'href="/report?notice={link}"' in page and 'href="/relief"' in page and mail not in page and "s-77" not in page
    login = await stranger.get(f"/report?notice={link}")
    assert login.status_code == 303 and link in login.headers["location"]  # and back again
    filled = 'name="mail" value="{}"'
    assert filled.format(mail) in (await people["karen"].get(f"/report?notice={link}")).text
    assert filled.format(mail) not in (await people["tove"].get(f"/report?notice={link}")).text  # a link gives no right
    assert 'name="mail"' not in (await people["karen"].get(f"/report?notice={link}0")).text
    own = {"Sec-Fetch-Site": "same-origin"}
    assert f'href="/report?notice={link}"' in (await stranger.post(f"/n/{link}", headers=own)).text
    now = running.clock.now()
    [one, _] = [await told(running, LENE, mail, delivery="d-7", channel="mail", told_at=now) for _ in range(2)]
    link = token(running.guard.store.key, one)
    page = (await stranger.get(f"/n/{link}")).text
    assert "/relief" not in page  # a leader has no case to ask off
    assert 'name="mail"' not in (await people["lene"].get(f"/report?notice={link}")).text  # which of them is not known


async def test_from_the_list_it_is_one_step_to_a_report_of_the_mail_and_to_relief(running, people, mail):
    await told(running, KAREN, mail, kind="redirected", urgency="working_hours", role="caseworker", case="s-step")
    there = row(await people["karen"].get("/notices"), "en mail i sag s-step")
    assert f'href="/report?mail={mail}"' in there and 'href="/relief?case=s-step"' in there
    assert 'value="s-step"' in (await people["karen"].get("/relief?case=s-step")).text
    await told(running, LENE, mail, case="s-lead")
    there = row(await people["lene"].get("/notices"), "en mail i sag s-lead")
    assert f'href="/report?mail={mail}"' in there and "/relief" not in there
    await told(running, "it@eksempel.dk", "m-1", kind="mail_stuck", role="it")
    assert "/report?mail" not in (await people["it"].get("/notices")).text


async def test_the_link_works_for_whoever_is_logged_in_too(running, people, mail):
    id = await told(running, LENE, mail)
    path = f"/n/{token(running.guard.store.key, id)}"
    answer = await people["karen"].post(path, headers={"X-CSRF-Token": ""})
    assert answer.status_code == 200 and (await kept(running, id)).seen_at


async def test_the_link_works_where_a_session_has_ended(running, stranger, mail):
    id = await told(running, LENE, mail)
    path = f"/n/{token(running.guard.store.key, id)}"
    answer = await stranger.post(path, headers={"Sec-Fetch-Site": "same-origin", "Cookie": "sid=over"})
    assert answer.status_code == 200 and (await kept(running, id)).seen_at


async def test_a_wrong_link_tells_only_that(running, stranger, mail):
    id = await told(running, LENE, mail)
    right = token(running.guard.store.key, id)
    unknown = token(running.guard.store.key, new_id(running.clock.now()))
    for wrong in (f"{id}.{'0' * 24}", id, f"{right}0", "æ.ø"):
        assert [(await stranger.get(f"/n/{wrong}")).status_code, await said(stranger, wrong)] == [404, 404]
    assert await said(stranger, unknown) == 404
    assert (await kept(running, id)).seen_at is None


async def said(stranger, token):
    return (await stranger.post(f"/n/{token}", headers={"Sec-Fetch-Site": "same-origin"})).status_code


async def test_what_one_mail_told_is_seen_together(running, stranger, mail):
    now = running.clock.now()
    by_mail = {"channel": "mail", "told_at": now}
    ids = [await told(running, LENE, mail, delivery=one, **by_mail) for one in ("d-1", "d-1", "d-2")]
    await said(stranger, token(running.guard.store.key, ids[1]))
    assert [(await kept(running, one)).seen_at is not None for one in ids] == [True, True, False]


async def test_ones_wishes_are_kept_and_shown_and_no_handle_is_recorded(running, people):
    wanted = CALM | {"way-1": "teams", "way-2": "mail", "handle-teams": "lene77", "quiet-from": "22:00", "quiet-until": "07.30"}
    answer = await people["lene"].post("/account/notices", data=wanted | {"digest-1": "15:00", "digest-2": "09:00"})
    assert answer.headers["location"] == "/account/notices?done=saved"
    found = await running.guard.store.notices.preferences(LENE)
    times = (time(22), time(7, 30)), (time(9), time(15))
    assert found == Preferences(("teams", "mail"), *times, "da", {"teams": "lene77"})
    shown = (await people["lene"].get(answer.headers["location"])).text
    assert "Det er gemt" in shown and 'value="lene77"' in shown and 'value="07:30"' in shown

    def read(connection):
        rows = select(schema.audit.c.data).where(schema.audit.c.action == "user.notices_chosen")
        return [str(one) for one in connection.execute(rows).scalars()]

    [record] = await running.guard.store.readers.run(read)
    assert "teams" in record and "lene77" not in record


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"way-1": ""}, "way-1"),
        ({"way-1": "pigeon"}, "way-1"),
        ({"way-1": "teams"}, "handle-teams"),
        ({"way-1": "teams", "handle-teams": "Lene Lund!"}, "handle-teams"),
        ({"quiet-from": "22:00"}, "quiet-until"),
        ({"quiet-until": "22:00"}, "quiet-from"),
        ({"quiet-from": "25:00", "quiet-until": "07:00"}, "quiet-from"),
        ({"quiet-from": "07:00", "quiet-until": "07:00"}, "quiet-until"),
        ({"digest-3": "kl. tre"}, "digest-3"),
        ({"language": "fr"}, "language"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_kept(running, people, changes, field):
    before = await running.guard.store.notices.preferences(KAREN)
    answer = await people["karen"].post("/account/notices", data=CALM | changes)
    assert answer.status_code == 422 and f'href="#{field}"' in answer.text and f'id="{field}-error"' in answer.text
    assert all(f'value="{html.escape(one)}"' in answer.text for one in changes.values() if one not in ("", "pigeon", "fr"))
    assert await running.guard.store.notices.preferences(KAREN) == before


async def test_what_comes_after_the_console_alone_is_left_out(running, people):
    assert (await people["karen"].post("/account/notices", data=CALM | {"way-1": "console", "way-2": "mail"})).status_code == 303
    assert (await running.guard.store.notices.preferences(KAREN)).channels == ("console",)


async def test_the_number_costs_one_statement_and_the_page_few(running, people, mail):
    store = running.guard.store
    with Statements(store) as statements:
        await people["lene"].get("/notices")
        listed = statements.count
        await people["lene"].get(f"/mails/{mail}")
        await people["lene"].get(f"/mails/{mail}")
    assert 0 < listed <= TOO_MANY
    assert statements.count - listed <= 2 * TOO_MANY
