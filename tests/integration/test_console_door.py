"""Getting into the console, and not getting in: sessions, forms of others, tries without end, over a real socket."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

import httpx2
import pyotp
import pytest
from fakes.console_door import PASSWORD, csrf_of, enter, housed
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.console.auth.door import hash_of
from services.console.auth.throttle import Clients
from services.console.auth.visitor import Visitor, visitor
from services.console.recorded import allowed, recorded
from services.store.accounts import Accounts
from services.store.interface import StoreUnavailable
from services.store.sql_store import SqlStore
from workflows.rights import Action


@pytest.fixture
async def house(tmp_path):
    async with written_in(tmp_path / "data") as house:
        yield house


@pytest.fixture(scope="module")
async def shared(tmp_path_factory):
    """For tests that leave nothing behind but sessions."""
    async with written_in(tmp_path_factory.mktemp("shared")) as house:
        await house.account()
        yield house


@asynccontextmanager
async def written_in(data, **console):
    """A house with a page that gives back what is sent to it."""
    async with housed(data, **console) as house:

        @house.app.api_route("/write", methods=["GET", "POST"])
        async def write(request: Request):
            async with request.form() as form:
                return JSONResponse([(name, getattr(value, "filename", value)) for name, value in form.multi_items()])

        yield house


async def session_of(house, client):
    return (await house.store.users.session(hash_of(client.cookies["sid"])))[0]


# -- coming in
async def test_a_login_leads_to_where_one_wanted_to_go(house):
    await house.account()
    client = house.browser()
    answer = await client.get("/account/password?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/account/password%3Fx%3D1")
    assert "/account/password?x=1" in (await client.get(answer.headers["location"])).text
    answer = await enter(client, next="/account/password?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/password?x=1")
    cookie = answer.headers["set-cookie"]
    assert "Max-Age" not in cookie  # gone with the browser
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    page = await client.get("/account")
    assert "Lene Lund" in page.text and "Børn og Familie" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert (await client.get("/login?next=/account")).headers["location"] == "/account"


async def test_everything_needs_a_session_but_the_way_in(house):
    client = house.browser()
    for path in ("/", "/account", "/write", "/live", "/login/kept", "/nothing", "//x", "/login/../account"):
        answer = await client.get(path)
        assert answer.status_code in (303, 401), path
    for path in ("/login", "/static/console.css", "/health/live"):
        assert (await client.get(path)).status_code == 200
    assert (await client.post("/write", data={"a": "b"})).headers["location"] == "/login"
    assert (await client.request("TRACE", "/")).status_code == 405
    part = await client.get("/account", headers={"HX-Request": "true", "HX-Current-URL": f"{house.base}/account"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/login?next=/account")


@pytest.mark.parametrize(
    "following",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\r\nSet-Cookie: sid=x",
        "/%0d%0aX: y\n",
        "javascript:alert(1)",
        "/" + "x" * 5000,
        "/æ",
        "/login?next=/",
        "/logout",
        " /account",
        "/\t/evil.example",
        "",
    ],
)
async def test_a_login_leads_nowhere_else(shared, following):
    answer = await enter(shared.browser(), next=following)
    if len(following) > 1000:
        assert answer.status_code == 422
        return
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert [name for name, _ in answer.headers.multi_items() if name == "set-cookie"] == ["set-cookie"]
    page = await shared.browser().get("/login", params={"next": following})
    assert 'name="next" value="/"' in page.text


async def test_wrong_password_unknown_address_and_disabled_account_look_the_same(house):
    await house.account()
    await house.account("per", disabled_at=house.clock.now())
    await house.account("ida", password=None)
    answers = [
        await enter(house.browser(), who, word) for who, word in (("lene", "x"), ("nobody", "x"), ("per", PASSWORD), ("ida", ""))
    ]
    assert {one.status_code for one in answers} == {422}
    assert len({one.text.replace(who, "") for one, who in zip(answers, ("lene", "nobody", "per", "ida"), strict=True)}) == 1
    assert {tuple(sorted(one.headers)) for one in answers} == {tuple(sorted(answers[0].headers))}
    entries = await house.audited()
    assert entries.count(("guard", "login.refused")) == 4


async def test_a_password_is_checked_as_long_for_an_address_that_nobody_has(house, monkeypatch):
    """Not measured but counted: each try hashes once, reads as often and writes as often."""
    await house.account()
    done = []
    passwords, hasher = house.entrance.door.passwords, house.entrance.door.passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Counting(hasher, done))
    run = house.store.writer.run

    async def counted(operation, then=None):
        done.append(type(operation).__name__)
        return await run(operation, then)

    monkeypatch.setattr(house.store.writer, "run", counted)
    for who in ("lene", "nobody"):
        await enter(house.browser(), who, "x")
    assert done[: len(done) // 2] == done[len(done) // 2 :] == ["TryToEnter", "verify", "Enqueue"]


class Counting:
    def __init__(self, hasher, done):
        self._hasher, self._done = hasher, done
        self.hash = hasher.hash

    def verify(self, hash, password):
        self._done.append("verify")
        return self._hasher.verify(hash, password)


# -- tries without end
async def test_tries_wait_longer_and_longer_and_the_right_password_waits_too(house):
    await house.account()
    waits = []
    for _ in range(12):
        answer = await enter(house.browser(), password="guess")
        while answer.status_code == 429:
            waits.append(int(answer.headers["retry-after"]))
            right = await enter(house.browser())
            assert right.status_code == 429
            house.clock.move(seconds=waits[-1])
            answer = await enter(house.browser(), password="guess")
        assert answer.status_code == 422
    assert waits == [1, 2, 4, 8, 16, 32, 64]
    house.clock.move(minutes=15)
    assert (await enter(house.browser())).status_code == 303
    assert (await enter(house.browser(), password="guess")).status_code == 422


async def test_an_address_that_nobody_has_waits_as_long(house):
    await house.account()
    for _ in range(6):
        answers = [await enter(house.browser(), who, "guess") for who in ("lene", "nobody")]
        assert answers[0].status_code == answers[1].status_code
    assert [one.status_code for one in answers] == [429, 429]


async def test_many_at_once_get_no_more_tries_than_one_after_the_other(house):
    await house.account()
    answers = await asyncio.gather(*(enter(house.browser(), password=f"guess {n}") for n in range(25)))
    assert sorted(one.status_code for one in answers) == [422] * 5 + [429] * 20


async def test_a_client_that_tries_many_accounts_waits(house):
    house.entrance.door._clients = Clients(free=10)
    client = house.browser()
    codes = [(await enter(client, f"n{number}", "Sommer2026!!")).status_code for number in range(12)]
    assert codes == [422] * 10 + [429] * 2
    house.clock.move(minutes=31)
    assert (await enter(client, "n99", "Sommer2026!!")).status_code == 422


async def test_those_who_know_their_passwords_lock_nobody_out(house):
    await house.account()
    house.entrance.door._clients = Clients(free=3)
    for _ in range(8):
        assert (await enter(house.browser())).status_code == 303


async def test_parallel_logins_each_have_a_session_of_their_own(house):
    account = await house.account()
    answers = await asyncio.gather(*(enter(house.browser()) for _ in range(4)))
    assert [one.status_code for one in answers] == [303] * 4
    assert len(await house.store.users.sessions_of(account.id, house.clock.now())) == 4
    assert len({one.cookies["sid"] for one in answers}) == 4


# -- sessions
async def test_a_session_that_was_put_into_a_browser_is_not_taken_over(house):
    await house.account()
    client = house.browser()
    client.cookies.set("sid", "chosen-by-somebody-else")
    assert (await client.get("/account")).status_code == 303
    answer = await enter(client)
    assert answer.cookies["sid"] != "chosen-by-somebody-else"
    assert await house.store.users.session(hash_of("chosen-by-somebody-else")) is None


async def test_logging_in_again_ends_the_session_before(house):
    await house.account()
    client = await house.logged_in()
    before = client.cookies["sid"]
    await enter(client)
    stolen = house.browser()
    stolen.cookies.set("sid", before)
    assert (await stolen.get("/account")).status_code == 303
    assert (await client.get("/account")).status_code == 200


async def test_an_hour_without_a_visit_ends_it_and_so_do_twelve_hours(house):
    await house.account()
    client = await house.logged_in()
    for _ in range(13):
        house.clock.move(minutes=55)
        assert (await client.get("/account")).status_code == 200
    assert house.clock.now() - (await session_of(house, client)).created_at < timedelta(hours=12)
    house.clock.move(minutes=6)
    assert (await client.get("/account")).status_code == 303
    idle = await house.logged_in()
    house.clock.move(minutes=61)
    assert (await idle.get("/account")).status_code == 303
    assert [action for _, action in await house.audited()].count("request.refused") == 2


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Accept": "text/event-stream"}, {"Sec-Fetch-Mode": "cors"}])
async def test_what_a_page_fetches_by_itself_keeps_no_session_alive(shared, headers):
    client = await shared.logged_in()
    for _ in range(6):
        shared.clock.move(minutes=10)
        answer = await client.get("/account", headers=headers)
    assert answer.status_code in (303, 401)
    client = await shared.logged_in()
    for _ in range(2):
        shared.clock.move(minutes=50)
        assert (await client.get("/account", headers={"Sec-Fetch-Mode": "navigate"})).status_code == 200


async def test_a_disabled_account_is_out_at_once(house):
    account = await house.account()
    client = await house.logged_in()
    from fakes.arrivals import entry

    await house.store.users.change(account, entry("user.disabled", account.id), disabled_at=house.clock.now())
    assert (await client.get("/account")).status_code == 303


async def test_logging_out_ends_it_everywhere_the_cookie_is(house):
    await house.account()
    client = await house.logged_in()
    stolen = house.browser()
    stolen.cookies.set("sid", client.cookies["sid"])
    assert (await stolen.get("/account")).status_code == 200
    answer = await client.post("/logout", data={"csrf": csrf_of(await client.get("/account"))})
    assert (answer.headers["location"], client.cookies.get("sid")) == ("/login", None)
    assert (await stolen.get("/account")).status_code == 303


async def test_one_session_or_all_others_are_ended_on_the_account_page(house):
    await house.account()
    here, phone, library = [await house.logged_in() for _ in range(3)]
    csrf = csrf_of(await here.get("/account"))
    ended = await here.post("/account/sessions/end", data={"csrf": csrf, "session": (await session_of(house, phone)).id})
    assert ended.status_code == 303
    assert [(await one.get("/account")).status_code for one in (here, phone, library)] == [200, 303, 200]
    await here.post("/account/sessions/end", data={"csrf": csrf})
    assert [(await one.get("/account")).status_code for one in (here, phone, library)] == [200, 303, 303]
    await house.account("mia")
    theirs = await session_of(house, await house.logged_in("mia"))
    assert (await here.post("/account/sessions/end", data={"csrf": csrf, "session": theirs.id})).status_code == 404


# -- forms of others
async def test_a_form_needs_the_token_of_its_session(house):
    await house.account()
    client, other = await house.logged_in(), await house.logged_in()
    csrf, theirs = csrf_of(await client.get("/account")), csrf_of(await other.get("/account"))
    for token in ("", "x", csrf[:-1], csrf + "x", theirs, "æ" * 43, "\x00"):
        assert (await client.post("/write", data={"csrf": token})).status_code == 403, token
    assert (await client.post("/write", json={"csrf": csrf})).status_code == 403
    assert (await client.post("/write", data={"a": "ø", "csrf": csrf})).json() == [["a", "ø"], ["csrf", csrf]]
    assert (await client.post("/write", data={"a": "b"}, headers={"X-CSRF-Token": csrf})).json() == [["a", "b"]]
    sent = await client.post("/write", data={"csrf": csrf}, files={"file": ("r.yaml", b"units: []")})
    assert [name for name, _ in sent.json()] == ["csrf", "file"]
    assert [action for _, action in await house.audited()].count("request.refused") == 8


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1"},
    ],
)
async def test_a_form_from_elsewhere_is_refused_even_with_the_token(shared, headers):
    client = await shared.logged_in()
    csrf = csrf_of(await client.get("/account"))
    assert (await client.post("/write", data={"csrf": csrf}, headers=headers)).status_code == 403
    assert (await enter(shared.browser(**headers))).status_code == 403
    good = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert (await client.post("/write", data={"csrf": csrf}, headers=good)).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil", "10.0.0.1:80", "[::1", "x:y"])
async def test_another_name_leads_nowhere(shared, host):
    answer = await shared.browser().get("/login", headers={"Host": host})
    assert answer.status_code in (400, 421)


async def test_over_https_the_cookie_belongs_to_this_host_alone(tmp_path):
    public = "https://rammevagt.eksempel.dk"
    async with written_in(tmp_path / "data", public_url=public) as house:
        await house.account()
        client = house.browser(Host="rammevagt.eksempel.dk", Origin=public)
        answer = await enter(client)
        assert answer.headers["set-cookie"].startswith("__Host-sid=") and "; Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        assert (await enter(house.browser(Host="rammevagt.eksempel.dk"))).status_code == 403
        assert (await house.browser().get("/login")).status_code == 421
        plain = house.browser(Host="rammevagt.eksempel.dk", Cookie="sid=" + answer.headers["set-cookie"][11:54])
        assert (await plain.get("/account")).status_code == 303


async def test_who_asks_is_believed_of_a_trusted_proxy_alone(tmp_path):
    for trusted, codes in (["127.0.0.1/32"], {422}), ([], {422, 429}):
        async with housed(tmp_path / str(len(trusted)), trusted_proxies=trusted) as house:
            house.entrance.door._clients = Clients(free=3)
            found = set()
            for number in range(5):
                forged = {"X-Forwarded-For": f"6.6.6.6, 10.0.{number}.1"}
                found.add((await enter(house.browser(**forged), f"n{number}", "x")).status_code)
            assert found == codes


# -- too much
async def test_huge_and_strange_fields_are_refused_plainly(house):
    await house.account()
    client = house.browser()
    assert (await enter(client, password="x" * 1001)).status_code == 422
    assert (await enter(client, password="x" * 70_000)).status_code == 413
    assert (await client.post("/login", data={"address": "a" * 900 + "@b.dk", "password": "x"})).status_code == 422
    for strange in ("\x00", "\ud800", "' OR ''='", "<script>alert(1)</script>", "æøå@" * 20):
        raw = strange.encode("utf-8", "surrogatepass")
        answer = await client.post("/login", data={"address": raw, "password": raw})
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
    many = "&".join(f"f{n}=1" for n in range(3000))
    csrf_free = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post("/login", content=many, headers=csrf_free)).status_code in (400, 422)
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await client.post("/login", content=b"--y\r\n\x00", headers=broken)).status_code in (400, 422)

    async def endless():
        for _ in range(200):
            yield b"x" * 1024

    try:
        answer = await client.post("/login", content=endless(), headers=csrf_free)
        assert answer.status_code == 413
    except httpx2.WriteError:
        pass  # it was told while it still sent
    inside = await house.logged_in()
    assert (await inside.post("/write", content=b"x" * 17_000_000, headers=csrf_free)).status_code == 413


async def test_too_many_requests_are_told_to_wait(house):
    await house.account()
    client, other = await house.logged_in(), await house.logged_in()
    codes = [(await client.get("/language/da")).status_code for _ in range(302)]
    assert codes == [303] * 300 + [429] * 2
    assert (await other.get("/account")).status_code == 429  # it is the account that asks too much
    house.clock.move(seconds=1)
    assert (await client.get("/account")).status_code == 200


# -- what was being written
async def test_what_was_written_when_the_session_ended_waits_until_its_writer_is_back(house):
    await house.account()
    client = await house.logged_in()
    csrf = csrf_of(await client.get("/account"))
    house.clock.move(hours=2)
    written = {"what": "Han skrev «ring aldrig mere»\nto gange. <b>", "on": "2026-11-20", "csrf": csrf}
    late = await client.post("/write?step=2", data=written, headers={"Referer": f"{house.base}/account"})
    assert (late.status_code, late.headers["location"]) == (303, "/login?next=/account")
    answer = await enter(client)
    assert answer.headers["location"] == "/login/kept"
    page = await client.get("/login/kept")
    assert "Han skrev «ring aldrig mere»\nto gange. &lt;b&gt;" in page.text
    again = {"csrf": csrf_of(page), "what": written["what"], "on": written["on"]}
    sent = await client.post("/login/kept", data=again)
    assert (sent.status_code, sent.headers["location"]) == (307, "/write?step=2")
    whole = await client.post("/login/kept", data=again, follow_redirects=True)
    assert whole.status_code == 200
    assert (await client.get("/login/kept")).headers["location"] == "/"


async def test_a_redirect_carries_the_whole_form(house):
    await house.account()
    client = await house.logged_in()
    csrf = csrf_of(await client.get("/account"))
    house.clock.move(hours=2)
    await client.post("/write", data={"what": "noget", "csrf": csrf}, headers={"HX-Request": "true"})
    await enter(client)
    csrf = csrf_of(await client.get("/login/kept"))
    sent = await client.post("/login/kept", data={"csrf": csrf, "what": "noget"}, follow_redirects=True)
    assert sent.json() == [["csrf", csrf], ["what", "noget"]]


async def test_nobody_else_gets_it_and_nothing_is_planted(house):
    await house.account()
    await house.account("mia")
    client = await house.logged_in()
    csrf = csrf_of(await client.get("/account"))
    house.clock.move(hours=2)
    await client.post("/write", data={"what": "planted"})
    await client.post("/write", data={"what": "planted", "csrf": csrf}, headers={"Origin": "https://evil.example"})
    await client.post("/account/password", data={"current": PASSWORD, "csrf": csrf})
    await client.post("/operations/mailboxes/m-bf", data={"secret": "a mailbox's password", "csrf": csrf})
    await client.post("/write", data={"what": "x" * 300_000, "csrf": csrf})
    await client.post("/write", data={"csrf": csrf}, files={"file": ("x", b"x")})
    await client.post(f"{house.base}//evil.example/write", data={"what": "to another host", "csrf": csrf})
    assert (await enter(house.browser())).headers["location"] == "/"
    await client.post("/write", data={"what": "om Bo", "csrf": csrf})
    assert (await enter(client, "mia")).headers["location"] == "/"
    assert "om Bo" not in (await client.get("/login/kept")).text
    [sealed] = [(await house.store.users.kept_form(one.id, house.clock.now())) for one in await house.store.users.all()][:1]
    assert "om Bo" not in sealed.sealed


# -- passwords and codes
async def test_a_password_from_somebody_else_is_changed_first(house):
    await house.account(temporary=True)
    client = await house.logged_in()
    assert (await client.get("/account")).headers["location"] == "/account/password"
    csrf = csrf_of(await client.get("/account/password"))
    new = "fire ord som ingen kender"
    refused = await client.post("/account/password", data={"csrf": csrf, "current": PASSWORD, "new": "kort", "again": "kort"})
    assert refused.status_code == 422 and "mindst 12 tegn" in refused.text
    answer = await client.post("/account/password", data={"csrf": csrf, "current": PASSWORD, "new": new, "again": new})
    assert answer.headers["location"] == "/account?done=password"
    assert (await client.get("/account?done=password")).status_code == 200
    assert (await enter(house.browser(), password=new)).status_code == 303
    assert (await enter(house.browser())).status_code == 422


async def test_a_new_password_ends_all_other_sessions_and_needs_the_old_one(house):
    await house.account()
    client, other = await house.logged_in(), await house.logged_in()
    csrf = csrf_of(await client.get("/account"))
    new = {"csrf": csrf, "new": "fire ord som ingen kender", "again": "fire ord som ingen kender"}
    for wrong in (
        {"current": "guess"},
        {"current": PASSWORD, "again": "another one"},
        {"current": PASSWORD, "new": PASSWORD, "again": PASSWORD},
    ):
        assert (await client.post("/account/password", data=new | wrong)).status_code == 422
    assert (await other.get("/account")).status_code == 200
    assert (await client.post("/account/password", data=new | {"current": PASSWORD})).status_code == 303
    assert [(await one.get("/account")).status_code for one in (client, other)] == [200, 303]


async def test_a_thief_of_a_session_gets_few_guesses_at_the_password(house):
    await house.account()
    client = await house.logged_in()
    csrf = csrf_of(await client.get("/account"))
    new = {"csrf": csrf, "current": "guess", "new": "fire ord som ingen kender", "again": "fire ord som ingen kender"}
    assert [(await client.post("/account/password", data=new)).status_code for _ in range(6)] == [422] * 5 + [429]


async def with_codes(house, client):
    """Begin to use codes; gives the secret."""
    page = await client.get("/account/code")
    assert "<svg" in page.text and "style=" not in page.text
    secret = page.text.partition("<code>")[2].partition("</code>")[0].replace(" ", "")
    sealed = page.text.partition('name="sealed" value="')[2].partition('"')[0]
    code = pyotp.TOTP(secret).at(house.clock.now())
    data = {"csrf": csrf_of(page), "sealed": sealed, "code": code, "current": PASSWORD}
    wrong = await client.post("/account/code", data=data | {"code": "000000" if code != "000000" else "111111"})
    assert wrong.status_code == 422 and secret[:4] in wrong.text
    assert (await client.post("/account/code", data=data | {"current": "guess"})).status_code == 422
    assert (await client.post("/account/code", data=data)).headers["location"] == "/account?done=code"
    return secret


async def test_with_codes_a_password_is_not_enough_and_a_code_opens_once(house):
    account = await house.account()
    secret = await with_codes(house, await house.logged_in())
    stored = (await house.store.users.by_id(account.id)).totp
    assert secret not in stored
    client = house.browser()
    answer = await enter(client, next="/account")
    assert (answer.headers["location"], "sid" in answer.cookies) == ("/login/code", False)
    assert (await client.get("/account")).status_code == 303
    now = house.clock.now
    used = await client.post("/login/code", data={"code": pyotp.TOTP(secret).at(now())})
    assert used.status_code == 422  # it was given when codes were begun
    house.clock.move(seconds=30)
    code = pyotp.TOTP(secret).at(now())
    two = house.browser()
    await enter(two)
    assert (await two.post("/login/code", data={"code": "abcdef"})).status_code == 422
    house.clock.move(seconds=20)
    answer = await client.post("/login/code", data={"code": f" {code[:3]} {code[3:]} "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert (await client.get("/account")).status_code == 200
    assert (await two.post("/login/code", data={"code": code})).status_code == 422


async def test_codes_are_guessed_no_faster_than_passwords(house):
    await house.account()
    await with_codes(house, await house.logged_in())
    client = house.browser()
    await enter(client)
    codes = [(await client.post("/login/code", data={"code": f"{n:06}"})).status_code for n in range(8)]
    assert codes == [422] * 4 + [429] * 4
    house.clock.move(minutes=6)
    late = await client.post("/login/code", data={"code": "123456"})
    assert (late.status_code, "Der gik for lang tid" in late.text) == (422, True)
    assert (await house.browser().get("/login/code")).headers["location"] == "/login"


async def test_codes_end_for_whoever_has_both(house):
    await house.account()
    client = await house.logged_in()
    secret = await with_codes(house, client)
    csrf = csrf_of(await client.get("/account"))
    code = pyotp.TOTP(secret).at(house.clock.now())
    assert (await client.post("/account/code/remove", data={"csrf": csrf, "code": code, "current": "guess"})).status_code == 422
    assert (await client.post("/account/code/remove", data={"csrf": csrf, "code": "", "current": PASSWORD})).status_code == 422
    assert (await client.post("/account/code/remove", data={"csrf": csrf, "code": code, "current": PASSWORD})).status_code == 303
    assert (await enter(house.browser())).headers["location"] == "/"


async def test_a_secret_of_another_session_is_not_taken(house):
    await house.account()
    client, other = await house.logged_in(), await house.logged_in()
    sealed = (await other.get("/account/code")).text.partition('name="sealed" value="')[2].partition('"')[0]
    for value in (sealed, "", "x", "æ"):
        data = {"csrf": csrf_of(await client.get("/account")), "sealed": value, "code": "123456", "current": PASSWORD}
        assert (await client.post("/account/code", data=data)).status_code == 422


async def test_the_language_of_an_account_is_the_language_of_its_pages(house):
    await house.account()
    client = await house.logged_in()
    csrf = csrf_of(await client.get("/account"))
    assert (await client.post("/account/language", data={"csrf": csrf, "language": "en"})).status_code == 303
    page = (await client.get("/account")).text
    assert '<html lang="en">' in page and "Change password" in page
    assert (await client.post("/account/language", data={"csrf": csrf, "language": "xx"})).status_code == 422


# -- what is seen
async def test_what_is_read_is_recorded_and_what_may_not_be_read_does_not_exist(house):
    @house.app.get("/citizen/{unit}")
    async def citizen(request: Request, unit: str, who: Annotated[Visitor, Depends(visitor)]):
        await allowed(request, who, Action.SEE_CITIZEN, "c-1", [unit])
        await recorded(request, who, "citizen.read", "c-1", "klage")
        return JSONResponse({"seen": True})

    account = await house.account()
    client = await house.logged_in()
    assert (await client.get("/citizen/bf")).json() == {"seen": True}
    refused, missing = await client.get("/citizen/tek"), await client.get("/citizen/")
    assert (refused.status_code, refused.text.replace("/citizen/tek", "")) == (404, missing.text.replace("/citizen/", ""))
    assert (await house.audited())[-2:] == [(account.id, "citizen.read"), (account.id, "access.refused")]
    assert (await house.store.verify_audit()).broken_at is None


async def test_what_can_not_be_recorded_is_not_shown(house, monkeypatch):
    @house.app.get("/citizen")
    async def citizen(request: Request, who: Annotated[Visitor, Depends(visitor)]):
        await recorded(request, who, "citizen.read", "c-1")
        return JSONResponse({"seen": True})

    await house.account()
    client = await house.logged_in()

    async def full(*_):
        raise StoreUnavailable("database or disk is full")

    monkeypatch.setattr(SqlStore, "append_audit", full)
    assert (await client.get("/citizen")).status_code == 503


async def test_a_store_that_is_away_is_told_plainly(house, monkeypatch):
    await house.account()
    client = await house.logged_in()

    async def away(*_):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(Accounts, "session", away)
    answer = await client.get("/account")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await house.browser().get("/health/live")).status_code == 200
