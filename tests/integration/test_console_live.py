"""News for open pages: told whoever changed something, only to those who were shown it, and ended at once at a stop."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import httpx2
import pytest
from fakes.console import COOKIE, ByCookie, console_running, visitor_as
from fakes.guard import guarding
from fakes.visitors import browser, program
from fastapi import Depends
from starlette.requests import Request

from services.clock import SystemClock
from services.console.auth.door import IDLE
from services.console.auth.visitor import visitor
from services.console.live import MOST, Live, topics_of
from services.console.pages.live import topics
from services.store.changes import MOST as TOLD_APART
from services.store.changes import Changes
from services.store.open import open_store
from workflows.audit import AuditRecord

LEADER = visitor_as("leader")


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        yield with_pages(running)


def with_pages(running):
    @running.guard.http.pages.app.get("/of", dependencies=[Depends(visitor)])
    async def of(request: Request):
        return topics(request, request.state.visitor, "f-1", "overview")

    return running


@asynccontextmanager
async def client_of(running, role="leader"):
    base = f"http://{running.guard.http.address}"
    async with httpx2.AsyncClient(base_url=base, cookies={COOKIE: role}, timeout=20) as client:
        yield client


@asynccontextmanager
async def listening(client, address, **headers):
    """The lines of the stream, once it has begun."""
    async with client.stream("GET", address, headers=headers) as answer:
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        first = await anext(lines)
        assert first.startswith("id: ")
        yield lines


async def event(lines):
    async with asyncio.timeout(60):
        async for line in lines:
            if line.startswith("event: "):
                return line.removeprefix("event: ")
    return None


def entry(action, subject):
    return AuditRecord(SystemClock().now(), "test", action, subject)


async def test_a_page_hears_of_what_another_process_changed(running):
    async with client_of(running) as client, listening(client, (await client.get("/of")).json()) as lines:
        other = await open_store(running.guard.settings, SystemClock())
        try:
            await other.append_audit(entry("framework.read", "f-1"))  # somebody looked: no news
            await other.append_audit(entry("framework.activated", "f-2"))
            assert await event(lines) == "overview"
            await other.append_audit(entry("framework.lifted", "f-1"))
            assert {await event(lines), await event(lines)} == {"f-1", "overview"}
        finally:
            await other.close()


async def test_a_page_that_comes_again_hears_what_it_missed(running):
    store = running.guard.store
    since = (await store.verify_audit()).entries
    await store.append_audit(entry("framework.eased", "f-1"))
    again = {"Last-Event-ID": str(since)}
    async with client_of(running) as client, listening(client, (await client.get("/of")).json(), **again) as lines:
        assert await event(lines) == "f-1"


async def test_what_somebody_was_not_shown_they_hear_nothing_of(running):
    async with client_of(running) as client, client_of(running, "caseworker") as another:
        mine = (await client.get("/of")).json()
        assert (await another.get(mine)).status_code == 404
        assert (await client.get(mine.replace("f-1", "f-2"))).status_code == 404
        assert (await client.get(mine.replace("topic=f-1&", ""))).status_code == 404
        assert (await client.get(mine.replace("seal=", "seal=å"))).status_code == 404


@pytest.mark.parametrize("since", ["9" * 19, "9" * 40, "-1", "x"])
async def test_an_entry_that_can_not_be_is_refused_plainly(running, since):
    async with client_of(running) as client:
        assert (await client.get((await client.get("/of")).json(), headers={"Last-Event-ID": since})).status_code == 422


async def test_one_account_has_a_few_connections_and_gets_them_back(running):
    async with client_of(running) as client:
        address = (await client.get("/of")).json()
        async with AsyncExitStack() as open_ones:
            for _ in range(MOST):
                await open_ones.enter_async_context(listening(client, address))
            assert (await client.get(address)).status_code == 204
            another = await open_ones.enter_async_context(client_of(running, "caseworker"))
            await open_ones.enter_async_context(listening(another, (await another.get("/of")).json()))
        async with asyncio.timeout(60):
            while (await connected(client, address)) == 204:
                await asyncio.sleep(0.01)


async def connected(client, address):
    async with client.stream("GET", address) as answer:
        return answer.status_code


async def ended(lines):
    async with asyncio.timeout(60):
        return [line async for line in lines if line.startswith("event: ")]


async def test_a_stream_ends_with_what_let_it_in_and_those_of_others_go_on(tmp_path):
    async with AsyncExitStack() as stack:
        running = with_pages(await stack.enter_async_context(console_running(tmp_path)))
        users, clock = running.guard.store.users, running.clock
        out, disabled, idle, stays = [
            await stack.enter_async_context(await browser(running, name, "leader")) for name in ("lene", "tove", "hans", "mia")
        ]
        told = await stack.enter_async_context(await program(running, "anne", "leader"))
        [token] = await users.tokens()

        async def heard(client, address=None):
            return await stack.enter_async_context(listening(client, address or (await client.get("/of")).json()))

        def why(about):
            return AuditRecord(clock.now(), "test", "session.ended", about.id)

        lines = {name: await heard(one) for name, one in (("out", out), ("disabled", disabled), ("idle", idle), ("stays", stays))}
        of_program = await heard(told, "/api/v1/events")
        lene, tove = [await users.by_address(f"{name}@eksempel.dk") for name in ("lene", "tove")]
        await users.end_sessions(lene.id, why(lene))
        assert await ended(lines["out"]) == []
        await users.change(tove, why(tove), disabled_at=clock.now())
        assert await ended(lines["disabled"]) == []
        assert await users.revoke_token(token.id, why(token))
        await ended(of_program)
        clock.forward(IDLE - timedelta(minutes=1))
        assert (await stays.get("/account", headers={"Sec-Fetch-Mode": "navigate"})).status_code == 200
        clock.forward(timedelta(minutes=1))
        await ended(lines["idle"])
        await running.guard.store.append_audit(entry("framework.lifted", "f-1"))
        assert await event(lines["stays"]) in {"f-1", "overview"}


async def test_a_stop_ends_them_in_order(tmp_path):
    """A server that stops would wait for them, and then cut them off: the stream would end in the middle."""
    async with guarding(tmp_path) as running:
        running.guard.http.pages.app.add_middleware(ByCookie)
        with_pages(running)
        async with client_of(running) as client, listening(client, (await client.get("/of")).json()) as lines:
            stopping = asyncio.create_task(running.guard.stop())
            assert await event(lines) is None
            await stopping


async def test_too_much_news_is_news_about_everything():
    many = Changes(TOLD_APART + 1, many=True)
    seen = iter([Changes(0), many])

    async def look(_):
        return next(seen, Changes(many.last))

    live = Live(look, every=0)
    listener = await live.listen("a", ["f-1", "overview"])
    async with asyncio.timeout(60):
        assert [(await listener.news.get())[1] for _ in range(2)] == ["f-1", "overview"]
    live.leave(listener)
    await live.stop()


async def test_nobody_looks_while_nobody_listens():
    looks = []

    async def look(after):
        looks.append(after)
        return Changes(7)

    live = Live(look, every=0)
    live.leave(await live.listen("a", ["f-1"]))
    for _ in range(20):
        await asyncio.sleep(0)
    assert looks == [None]
    await live.stop()


def test_a_look_is_no_change():
    assert topics_of(Changes(1, {"f-1": frozenset({"framework.read"}), "c-1": frozenset({"data.read"})})) == frozenset()
    assert topics_of(Changes(1, {"m-1": frozenset({"mail.accepted", "mail.read"})})) == {"m-1"}


def test_a_mail_that_was_read_is_news_for_its_mailbox_and_a_look_at_its_page_is_none():
    assert topics_of(Changes(1, {"m-1.b": frozenset({"post.read"})})) == {"m-1.b", "posts", "overview"}
    assert topics_of(Changes(1, {"m-1.b": frozenset({"post.seen"}), "posts": frozenset({"posts.read"})})) == frozenset()
