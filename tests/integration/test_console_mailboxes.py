"""*Drift* about watched mailboxes: how each is, and a login that is mended while it is broken."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fakes.console import COOKIE, console_running
from sqlalchemy import select

from services.console.watched import SLOW, how
from services.settings import Mailbox
from services.store import schema
from services.store.mailboxes import Cursor, MailboxState
from workflows.mailbox_state import SAID
from workflows.post import code_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OAUTH = {"token_url": "https://login.example/token", "client_id": "g", "client_secret_file": "x", "scope": "s"}
BOXES = [
    {"address": "bf-kontakt@eksempel.dk", "host": "127.0.0.1:993", "user": "bf"},
    {"address": "jy-kontakt@eksempel.dk", "host": "127.0.0.1:993", "user": "jy", "oauth2": OAUTH},
]
SECRET = "hemmelig-nøgle-7"


def state(name="watching", **changes):
    known = MailboxState(
        code="m-1", address="bf-kontakt@eksempel.dk", state=name, error=None, since=NOW - timedelta(hours=3), looked_at=NOW,
        token_until=None, holder="h", held_until=NOW + timedelta(minutes=1), own_login=False,
    )  # fmt: skip
    return replace(known, **changes)


LONG_AGO = NOW - 2 * SLOW


@pytest.mark.parametrize(
    ("known", "kind", "said"),
    [
        (state(), "well", SAID["watching"].da),
        (None, "alarm", "Ingen ser efter"),
        (state(held_until=NOW - timedelta(seconds=1)), "alarm", "Ingen ser efter"),
        (state(looked_at=LONG_AGO), "alarm", "har ikke set i den længe"),
        (state("timeout"), "wait", SAID["timeout"].da),
        (state("timeout", looked_at=LONG_AGO), "alarm", SAID["timeout"].da),
        (state("connecting", looked_at=None, since=NOW), "wait", SAID["connecting"].da),
        (state("login_refused"), "alarm", "adgangskode"),
        (state("folder_missing"), "alarm", "Mappen findes ikke"),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_said_and_what_passes_is_no_alarm(known, kind, said):
    found = how(known, NOW)
    assert found[0] == kind and said in found[1].da and found[1].en


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    """Nobody but the test looks after the mailboxes."""
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        state = running.guard.http.pages.app.state
        boxes = tuple(Mailbox.model_validate(one) for one in BOXES)
        state.console = replace(state.console, settings=state.console.settings.model_copy(update={"mailboxes": boxes}))
        boxes, now = running.guard.store.mailboxes, running.clock.now()
        running.codes = [code_of(running.guard.store.key, one["address"]) for one in BOXES]
        for code, box in zip(running.codes, BOXES, strict=True):
            await boxes.lease(code, box["address"], "h", now + timedelta(hours=1))
            await boxes.saw(code, [], Cursor(1, 1, None, now), holder="h")
        await boxes.state(running.codes[0], "login_refused", "login_refused", holder="h")
        yield running


def as_(running, role):
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: role}, timeout=60)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


async def actions(running, subject):
    def read(connection):
        return list(connection.execute(select(schema.audit.c.action).where(schema.audit.c.subject == subject)).scalars())

    return await running.guard.store.readers.run(read)


async def test_it_sees_how_each_mailbox_is_and_what_to_do(running):
    async with as_(running, "it") as client:
        told = words(await client.get("/operations"))
        assert "En postkasse bliver ikke set efter" in told and SAID["login_refused"].da in told
        assert "bf-kontakt@eksempel.dk" in told and "Kræver hjælp" in told and "I orden" in told
        assert "En postkasse bliver ikke set efter" in words(await client.get("/"))


@pytest.mark.parametrize("role", ["leader", "dpo", "caseworker"])
async def test_a_login_is_for_it_alone(running, role):
    async with as_(running, role) as client:
        path = f"/operations/mailboxes/{running.codes[0]}"
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, data={"secret": SECRET})).status_code == 404


async def test_a_mailbox_that_is_not_watched_is_not_there(running):
    async with as_(running, "it") as client:
        assert (await client.get("/operations/mailboxes/m-000000000000")).status_code == 404
    assert "access.refused" in await actions(running, "m-000000000000")


async def test_one_form_mends_all_mailboxes_of_a_client(running):
    app, console = running.guard.http.pages.app, running.guard.http.pages.app.state.console
    one = console.settings.mailboxes[1]
    others = [one.model_copy(update={"address": f"{name}@eksempel.dk"}) for name in ("en", "ny")]  # nobody watches the second yet
    apart = one.model_copy(update={"address": "fremmed@eksempel.dk", "oauth2": one.oauth2.model_copy(update={"client_id": "x"})})
    codes = [code_of(running.guard.store.key, each.address) for each in (one, *others, apart)]
    for code in (codes[1], codes[3]):
        await running.guard.store.mailboxes.lease(code, "x@eksempel.dk", "h", NOW + timedelta(days=999))
    answers = iter([SAID["client_refused"], None])

    async def mend(code, secret):
        return next(answers)

    boxes = (*console.settings.mailboxes, *others, apart)
    app.state.console = replace(console, mend=mend, settings=console.settings.model_copy(update={"mailboxes": boxes}))
    try:
        async with as_(running, "it") as client:
            path = f"/operations/mailboxes/{codes[0]}"
            assert "med samme klient: 1. De får" in words(await client.get(path))
            assert "samme klient" not in words(await client.get(f"/operations/mailboxes/{codes[3]}"))
            assert (await client.post(path, data={"secret": SECRET})).status_code == 422
            assert (await client.post(path, data={"secret": SECRET})).status_code == 303
    finally:
        app.state.console = console
    assert [await actions(running, code) for code in codes[1:]] == [["mailbox.login_mended"], [], []]
    assert (await actions(running, codes[0]))[-2:] == ["mailbox.login_refused", "mailbox.login_mended"]


async def test_a_new_secret_is_tried_before_it_is_kept(running):
    tried = []

    async def mend(code, secret):
        tried.append((code, secret))
        return None if len(tried) > 1 else SAID["login_refused"]

    app, code = running.guard.http.pages.app, running.codes[0]
    before = app.state.console
    path = f"/operations/mailboxes/{code}"
    try:
        app.state.console = replace(before, mend=mend)
        async with as_(running, "it") as client:
            shown = await client.get(path)
            assert "Ny adgangskode" in shown.text and SAID["login_refused"].da in words(shown)
            assert "client secret" in (await client.get(f"/operations/mailboxes/{running.codes[1]}")).text
            refused = await client.post(path, data={"secret": SECRET})
            assert refused.status_code == 422 and SAID["login_refused"].da in words(refused) and SECRET not in refused.text
            assert (await client.post(path, data={"secret": ""})).status_code == 422
            made = await client.post(path, data={"secret": SECRET})
            assert made.status_code == 303
            assert "Login er rettet" in (await client.get(made.headers["location"])).text
    finally:
        app.state.console = before
    assert tried == [(code, SECRET)] * 2
    assert (await actions(running, code))[-2:] == ["mailbox.login_refused", "mailbox.login_mended"]
