"""The page of IT operations: what is wrong is told with what to do, and nothing of citizens."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import httpx2
import pytest
from fakes.console import COOKIE, console_running
from fakes.guard import mail

from services.console.hooks import SAID, Hook, how
from services.console.lately import Found, Lately
from services.console.operations import Disk, State, settings_shown
from services.settings import Settings
from services.store.interface import Books, ChainReport, LedgerRow
from services.store.waiting import Line, Waiting, code_of, waiting
from services.store.webhooks import WebhookState, Why

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
NOTHING = Waiting((), (), 0, None, 0, None)
ROOM = Disk(50, 100)


def state(**changes):
    base = {"at": NOW, "checks": {"store": True, "broker": True}, "waiting": NOTHING, "disk": ROOM, "books": None, "chain": None}
    return State(**base | changes)


def line(stuck):
    return Line("mail", "next_hop", 1, 0, stuck, NOW)


def hook(name, minutes=0, aside=0):
    known = WebhookState("journal", NOW - timedelta(minutes=minutes), name, None if name == "sending" else "status", aside=aside)
    return (Hook("journal", "j.eksempel.dk", *how(known, NOW), known),)


WRONG_DAY = Books((LedgerRow(date(2026, 11, 23), 2, 1, 0, 0, 0),), (), frozenset())


@pytest.mark.parametrize(
    ("changes", "needs", "bad"),
    [
        ({}, [], []),
        ({"checks": {"store": False, "broker": False}}, ["Databasen tager ikke imod", "NATS svarer ikke"], [True, False]),
        ({"disk": Disk(9, 100)}, ["Disken er næsten fuld"], [True]),
        ({"waiting": Waiting((line(0),), (), 0, None, 0, None)}, [], []),
        ({"waiting": Waiting((line(2),), (), 0, None, 0, None)}, ["Mails kan ikke komme frem"], [True]),
        ({"waiting": Waiting((), (), 3, NOW - timedelta(minutes=5), 0, None)}, [], []),
        (
            {"waiting": Waiting((), (), 3, NOW - timedelta(minutes=16), 0, None)},
            ["Hændelser venter på at blive sendt ud"],
            [False],
        ),
        ({"books": Found(WRONG_DAY, NOW)}, ["Regnskabet går ikke op"], [True]),
        ({"webhooks": hook("failing", minutes=14)}, [], []),
        ({"webhooks": hook("failing", minutes=16)}, ["Et andet system får ikke sine hændelser"], [True]),
        ({"webhooks": hook("stopped", minutes=0)}, ["Et andet system får ikke sine hændelser"], [True]),
        ({"webhooks": hook("sending", aside=1)}, ["Hændelser til et andet system er lagt til side"], [False]),
        ({"chain": Found(ChainReport(7, "h"), NOW)}, [], []),
        ({"chain": Found(ChainReport(7, "h", 3, "changed"), NOW)}, ["Revisionskæden holder ikke"], [True]),
    ],
)
def test_what_is_wrong_needs_somebody(changes, needs, bad):
    found = state(**changes).needs()
    assert ([one.what for one in found], [one.bad for one in found]) == (needs, bad)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("550 5.1.1 <bo@example.net> unknown", "550 5.1.1"),
        ("451 try again, bo@example.net", "451"),
        ("connection refused", "connection refused"),
        ("no such bo@example.net", "–"),
        (None, None),
    ],
)
def test_what_a_server_said_is_shown_without_its_words(error, code):
    assert code_of(error) == code


def test_settings_are_shown_without_passwords():
    urls = {"store": {"url": "postgresql://guard:hemmelig@db:5432/rv"}, "events": {"url": "nats://u:hemmelig@a:4222,nats://b:4222"}}
    shown = settings_shown(Settings.model_validate(urls))
    assert shown["Lager"] == "db:5432/rv" and shown["NATS"] == "a:4222, b:4222"
    assert "hemmelig" not in str(shown) and "guard" not in str(shown)


class Standing:
    def now(self):
        return NOW


async def test_what_takes_long_is_found_out_once_and_the_page_does_not_wait():
    asked, may_end = [], asyncio.Event()

    async def find():
        asked.append(1)
        await may_end.wait()
        return 7

    lately = Lately(find, Standing(), timedelta(minutes=1))
    assert [await lately.get(), await lately.get()] == [None, None] and asked == [1] and lately.busy
    may_end.set()
    await lately.ask()
    assert (await lately.get()).value == 7 and not lately.busy and asked == [1]


async def test_what_fails_is_asked_again_and_the_last_answer_stays():
    answers = iter([1, RuntimeError("bo@example.net"), 3])

    async def find():
        if isinstance(answer := next(answers), Exception):
            raise answer
        return answer

    lately = Lately(find, Standing(), timedelta(0))
    assert [(await lately.get()).value for _ in range(3)] == [1, 1, 3]


@pytest.fixture
async def running(tmp_path):
    async with console_running(tmp_path) as running:
        yield running


async def test_what_was_not_taken_is_shown_and_tried_again(running):
    """A mail that the next hop does not take: it stands there without an address, and can be tried again."""
    running.sink.on("RCPT", b"451 4.2.1 karen@eksempel.dk is full", address="karen@eksempel.dk", times=1)
    assert (await running.send(mail("<q@x>", sender="en@example.com"), "karen@eksempel.dk")).startswith("250")
    async with asyncio.timeout(60):
        while not (await running.guard.store.readers.run(waiting)).longest:
            await asyncio.sleep(0.01)
    async with httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: "it"}, timeout=60) as client:
        shown = (await client.get("/operations")).text
        assert "451 4.2.1" in shown and "is full" not in shown
        assert "karen@" not in shown and "en@example.com" not in shown
        assert (await client.post("/operations/retry")).headers["Location"] == "/operations?said=retried"
        await running.settled()
        shown = (await client.get("/operations")).text
        assert "Intet venter." in shown and "Andre systemer" not in shown


async def test_the_chain_is_walked_when_somebody_asks(running):
    async with httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: "it"}, timeout=60) as client:
        assert "alle poster passer" not in (await client.get("/operations")).text
        assert (await client.post("/operations/chain")).status_code == 303
        async with asyncio.timeout(60):
            while "alle poster passer" not in (await client.get("/operations")).text:
                await asyncio.sleep(0.01)


async def test_webhooks_are_shown_with_what_is_wrong_and_without_their_addresses(running):
    webhooks = [
        {"name": "esdh", "url": "https://esdh.eksempel.dk/hook/hemmelig", "secret_file": "f", "events": ["*"]},
        {"name": "journal", "url": "https://journal.eksempel.dk/", "secret_file": "f", "events": ["*"]},
        {"name": "new", "url": "https://new.eksempel.dk/", "secret_file": "f", "events": ["*"]},
    ]
    state, now = running.guard.http.pages.app.state, running.clock.now()
    settings = state.console.settings
    state.console = replace(
        state.console, settings=Settings.model_validate(settings.model_dump(by_alias=True) | {"webhooks": webhooks})
    )
    store = running.guard.store.webhooks
    await store.save(WebhookState("journal", now, "stopped", "gone", 410, tries=1))
    await store.save(WebhookState("esdh", now, sent_at=now, aside=3))
    shown = await _operations(running)
    assert shown.index("journal.eksempel.dk") < shown.index("esdh.eksempel.dk") and "hemmelig" not in shown
    assert "Systemet vil ikke have flere hændelser." in shown and "Svar 410." in shown and "Er ikke begyndt endnu." in shown
    assert "rammevagt events retry --webhook journal" in shown and "--webhook esdh" not in shown


def test_there_is_a_sentence_for_everything_that_can_be_wrong_with_a_webhook():
    assert SAID.keys() == set(get_args(Why))


async def _operations(running):
    async with httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: "it"}, timeout=60) as client:
        return (await client.get("/operations")).text
