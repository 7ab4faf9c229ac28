"""Single sign-on against a provider over real sockets: who is let in, and every way in which nobody is."""

from datetime import timedelta

import pytest
from fakes.arrivals import SetClock, entry
from fakes.console_door import House, enter, housed
from fakes.identity_provider import CLIENT, SECRET, providing
from joserfc.jwk import RSAKey
from starlette.responses import JSONResponse, PlainTextResponse

from services.console.auth.throttle import Rate

ROLES = {"Rammevagt Leder": "leader", "Rammevagt IT": "it"}


@pytest.fixture
async def provider():
    async with providing(SetClock()) as provider:
        yield provider


@pytest.fixture
async def house(tmp_path, provider):
    (tmp_path / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    oidc = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret_file": str(tmp_path / "secret"), "roles": ROLES}
    async with housed(tmp_path / "data", oidc=oidc) as house:
        provider.clock = house.clock
        yield house


async def back_at(house: House, provider, client=None, following="/account"):
    """Where the provider sends the browser back to, and the browser."""
    client = client or house.browser()
    answer = await client.get("/login/oidc", params={"next": following})
    assert answer.status_code == 303, answer.text
    return provider.authorize(answer.headers["location"]).removeprefix(house.base), client


async def sign_on(house, provider, **more):
    url, client = await back_at(house, provider, **more)
    return await client.get(url), client


async def test_somebody_with_a_role_is_let_in_and_has_an_account(house, provider):
    answer, client = await sign_on(house, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    page = (await client.get("/account")).text
    assert "Lene Lund" in page and "Børn og Familie" in page and "/account/password" not in page
    [account] = await house.store.users.all()
    assert (account.address, account.role, account.password) == ("lene@eksempel.dk", "leader", None)
    assert account.subject == f"{provider.issuer} u-1"
    assert (await client.get("/account/password")).status_code == 404
    assert (await enter(house.browser(), password="")).status_code == 422
    again, _ = await sign_on(house, provider)
    assert (again.status_code, len(await house.store.users.all())) == (303, 1)
    assert provider.asked == ["about"]  # what it says of itself is kept
    assert "Log ind med kommunens login" in (await house.browser().get("/login")).text


async def test_role_name_and_address_follow_the_provider(house, provider):
    await sign_on(house, provider)
    provider.person |= {"roles": ["other", "Rammevagt IT"], "name": "Lene\nHolm\x00", "email": "lh@eksempel.dk"}
    assert (await sign_on(house, provider))[0].status_code == 303
    [account] = await house.store.users.all()
    assert (account.role, account.name, account.address) == ("it", "LeneHolm", "lh@eksempel.dk")


async def test_nobody_without_a_role_gets_in_or_an_account(house, provider):
    for roles in ([], None, "Rammevagt", ["rammevagt leder"], {"Rammevagt Leder": 1}, 7, [["Rammevagt Leder"]]):
        provider.person["roles"] = roles
        answer, client = await sign_on(house, provider)
        assert (answer.status_code, "har ingen rolle" in answer.text) == (403, True), roles
        assert (await client.get("/account")).status_code == 303
    assert await house.store.users.all() == []


async def test_whoever_loses_their_role_or_is_disabled_gets_in_no_more(house, provider):
    await sign_on(house, provider)
    provider.person["roles"] = ["other"]
    assert (await sign_on(house, provider))[0].status_code == 403
    provider.person["roles"] = "Rammevagt Leder"
    [account] = await house.store.users.all()
    await house.store.users.change(account, entry("user.disabled", account.id), disabled_at=house.clock.now())
    assert (await sign_on(house, provider))[0].status_code == 403


async def test_an_account_with_a_password_is_not_taken_over(house, provider):
    await house.account()
    assert (await sign_on(house, provider))[0].status_code == 403
    assert (await enter(house.browser())).status_code == 303
    await house.account("per", password=None)
    provider.person |= {"sub": "u-2", "email": "per@eksempel.dk"}
    assert (await sign_on(house, provider))[0].status_code == 303
    provider.person["sub"] = "u-3"  # somebody else of the same address
    assert (await sign_on(house, provider))[0].status_code == 403
    provider.person |= {"sub": "u-2", "email": "lene@eksempel.dk"}  # or who takes another's
    assert (await sign_on(house, provider))[0].status_code == 403


NOW = int(SetClock().now().timestamp())
LIES = [
    {"aud": "another"},
    {"aud": ["another"]},
    {"aud": None},
    {"aud": ["another", CLIENT], "azp": "another"},
    {"iss": "https://evil.example"},
    {"iss": None},
    {"exp": NOW - 61},
    {"exp": None},
    {"exp": "soon"},
    {"iat": NOW + 600},
    {"nbf": NOW + 600},
    {"nonce": "another"},
    {"nonce": None},
    {"sub": None},
    {"sub": 7},
    {"sub": "x" * 300},
    {"email": None},
    {"email": "no address"},
    {"email": ["lene@eksempel.dk"]},
    {"email": "lene@eksempel.dk\r\nX: y"},
    {"email_verified": False},
]


async def test_a_token_that_lies_lets_nobody_in(house, provider):
    for lies in LIES:
        provider.lies = lies
        answer, client = await sign_on(house, provider)
        assert (answer.status_code, "sid" in client.cookies) == (403, False), lies
    assert await house.store.users.all() == []
    provider.lies = {"aud": ["another", CLIENT], "azp": CLIENT, "email_verified": True, "exp": NOW - 30}
    assert (await sign_on(house, provider))[0].status_code == 303  # a clock may be off by a minute


async def test_a_token_without_the_providers_own_signature_lets_nobody_in(house, provider):
    for algorithm in ("none", "HS256", "RS512"):
        provider.algorithm = algorithm
        assert (await sign_on(house, provider))[0].status_code == 403, algorithm
    provider.algorithm = "RS256"
    provider.signing = RSAKey.generate_key(2048, {"kid": "k-1"})
    assert (await sign_on(house, provider))[0].status_code == 403
    provider.signing = None
    for answer in (
        JSONResponse({}),
        JSONResponse({"id_token": ["x"]}),
        JSONResponse({"id_token": "x.y.z"}),
        JSONResponse([]),
        PlainTextResponse("{"),
        PlainTextResponse("x" * 2_000_000),
        JSONResponse({}, 500),
    ):
        provider.answer = answer
        assert (await sign_on(house, provider))[0].status_code == 403


async def test_a_new_key_of_the_provider_is_taken_up(house, provider):
    await sign_on(house, provider)
    provider.key = RSAKey.generate_key(2048, {"kid": "k-2", "use": "sig"})
    assert (await sign_on(house, provider))[0].status_code == 403  # it was asked a moment ago
    house.clock.move(seconds=61)
    assert (await sign_on(house, provider))[0].status_code == 303


async def test_a_stolen_code_or_answer_opens_nothing(house, provider):
    url, victim = await back_at(house, provider)
    thief = house.browser()
    assert (await thief.get(url)).status_code == 403  # without the browser that began it
    assert (await victim.get(url)).status_code == 303
    assert (await victim.get(url)).status_code == 403  # twice
    stolen, _ = await back_at(house, provider)
    own, thief = await back_at(house, provider)
    code = stolen.partition("code=")[2].partition("&")[0]
    mixed = own.replace(own.partition("code=")[2].partition("&")[0], code)
    assert (await thief.get(mixed)).status_code == 403  # another's code with one's own state: PKCE
    assert "sid" not in thief.cookies


async def test_an_answer_that_was_not_asked_for_opens_nothing(house, provider):
    url, client = await back_at(house, provider)
    state = url.partition("state=")[2].partition("&")[0]
    for wrong in (
        url.replace(state, "another"),
        url.replace(state, ""),
        url.replace("iss=http", "iss=https"),
        url.replace("code=", "kode="),
        "/login/oidc/back",
        f"/login/oidc/back?state={state}&error=access_denied&error_description=%3Cscript%3E",
        f"/login/oidc/back?state={state}&code={'x' * 10_000}",
    ):
        answer = await client.get(wrong)
        assert (answer.status_code, "<script>" in answer.text) == (403, False), wrong
    assert (await client.get(url)).status_code == 303
    late, client = await back_at(house, provider)
    house.clock.move(minutes=11)
    assert (await client.get(late)).status_code == 403


async def test_the_way_back_leads_nowhere_else(house, provider):
    answer, _ = await sign_on(house, provider, following="https://evil.example")
    assert answer.headers["location"] == "/"


async def test_a_session_before_is_ended_by_the_new_one(house, provider):
    _, client = await sign_on(house, provider)
    before = client.cookies["sid"]
    url, _ = await back_at(house, provider, client=client)
    await client.get(url)
    old = house.browser()
    old.cookies.set("sid", before)
    assert ((await old.get("/account")).status_code, (await client.get("/account")).status_code) == (303, 200)


async def test_a_provider_that_lies_about_itself_is_not_used(house, provider):
    for said in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "ftp://x"},
        {"jwks_uri": 7},
    ):
        provider.said = said
        assert (await house.browser().get("/login/oidc")).status_code == 403, said
    provider.said = {"token_endpoint": f"{provider.issuer}/elsewhere"}
    assert (await sign_on(house, provider))[0].status_code == 403  # nobody follows where it leads


async def test_a_provider_that_is_away_is_told_and_passwords_still_work(house):
    house.entrance.provider._settings = house.entrance.provider._settings.model_copy(update={"issuer": "http://127.0.0.1:1"})
    answer = await house.browser().get("/login/oidc")
    assert (answer.status_code, "kunne ikke genkende dig" in answer.text) == (503, True)
    await house.account()
    assert (await enter(house.browser())).status_code == 303


async def test_passwords_can_be_switched_off(tmp_path, provider):
    oidc = {"issuer": provider.issuer, "client_id": CLIENT, "roles": ROLES}
    async with housed(tmp_path / "data", oidc=oidc, local_login=False) as house:
        await house.account()
        assert (await enter(house.browser())).status_code == 404
        page = (await house.browser().get("/login")).text
        assert 'type="password"' not in page and "/login/oidc" in page


# -- programs
async def test_a_token_opens_what_its_scopes_and_its_account_say(house):
    from services.console.auth.door import hash_of
    from services.console.auth.scopes import new_token
    from services.store.account_values import ApiToken

    @house.app.api_route("/api/v1/mails", methods=["GET", "POST"])
    async def mails():
        return {}

    account = await house.account()
    secret, now = new_token(), house.clock.now()
    token = ApiToken("t-1", hash_of(secret), account.id, "ESDH", ("mails:read",), now, now + timedelta(days=1))
    await house.store.users.add_token(token, entry("token.created", "t-1"))
    program = house.browser()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert (await program.get("/api/v1/mails", headers=bearer)).status_code == 200
    assert (await program.post("/api/v1/mails", headers=bearer)).status_code == 403
    assert (await program.get("/api/v1/citizens", headers=bearer)).status_code == 403
    assert (await program.get("/account", headers=bearer)).status_code == 303
    for wrong in ("", "Bearer", "Bearer rvt_x", f"Basic {secret}", f"Bearer {secret}x", "Bearer " + "x" * 5000):
        answer = await program.get("/api/v1/mails", headers={"Authorization": wrong})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    inside = await house.logged_in()
    assert (await inside.get("/api/v1/mails")).status_code == 401  # a cookie is no token
    house.entrance.strangers = Rate(burst=1, per_second=0)
    assert [(await program.get("/api/v1/mails", headers=bearer)).status_code for _ in range(2)] == [200, 429]
    house.entrance.strangers = Rate(burst=100, per_second=1)
    house.clock.move(days=1)
    assert (await program.get("/api/v1/mails", headers=bearer)).status_code == 401
    assert (await house.store.users.token(hash_of(secret)))[0].used_at == now


async def test_a_revoked_token_and_one_of_a_disabled_account_open_nothing(house):
    from services.console.auth.door import hash_of
    from services.console.auth.scopes import new_token
    from services.store.account_values import ApiToken

    account = await house.account()
    secrets = [new_token(), new_token()]
    for number, secret in enumerate(secrets):
        token = ApiToken(f"t-{number}", hash_of(secret), account.id, "x", ("mails:read",), house.clock.now())
        await house.store.users.add_token(token, entry("token.created", token.id))
    tokens = house.entrance.tokens
    assert all([await tokens.of(one) for one in secrets])
    await house.store.users.revoke_token("t-0", entry("token.revoked", "t-0"))
    assert [bool(await tokens.of(one)) for one in secrets] == [False, True]
    await house.store.users.change(account, entry("user.disabled", account.id), disabled_at=house.clock.now())
    assert await tokens.of(secrets[1]) is None
