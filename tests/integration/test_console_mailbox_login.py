"""A mailbox whose password was changed: IT mends the login on the page while it is broken, and watching goes on at once.

The pages may be shown by another process than the one that watches: both know of each other by the store alone.
"""

import asyncio
from contextlib import AsyncExitStack

import httpx2
import pytest
from fakes.console import COOKIE, ByCookie
from fakes.dovecot import Dovecot
from fakes.guard import settings
from fakes.watching import box

from services.app import Guard
from services.clock import SystemClock
from services.settings import Settings
from workflows.mailbox_state import SAID
from workflows.post import code_of

pytestmark = pytest.mark.needs("dovecot-imapd")
NEW = "ny-adgangskode-æøå"


@pytest.fixture(params=["one process", "two processes"])
async def guard(request, tmp_path):
    """One that shows pages; it, or another on the same store, watches a mailbox with the password of yesterday."""
    apart = request.param == "two processes"
    with Dovecot("bf") as server:
        server.password("bf", NEW)
        (tmp_path / "password").write_text("hemmelig\n")
        made = settings(tmp_path / "data", "127.0.0.1:25").model_dump(by_alias=True)
        boxes = [box(server.port, password_file=str(tmp_path / "password"))]
        whole = Settings.model_validate(made | {"mailboxes": boxes})
        guards = [
            Guard(whole, frozenset(one), SystemClock()) for one in ([{"watch"}, {"console"}] if apart else [{"watch", "console"}])
        ]
        async with AsyncExitStack() as stack:
            for one in guards:
                await one.start()
                stack.push_async_callback(one.stop)
            guards[-1].http.pages.app.add_middleware(ByCookie)
            yield guards[-1]


async def becomes(guard, state):
    async with asyncio.timeout(60):
        while [one.state for one in await guard.store.mailboxes.all()] != [state]:
            await asyncio.sleep(0.02)


async def test_a_broken_login_is_mended_on_the_page(guard):
    await becomes(guard, "login_refused")
    path = f"/operations/mailboxes/{code_of(guard.store.key, 'bf@eksempel.dk')}"
    async with httpx2.AsyncClient(base_url=f"http://{guard.http.address}", cookies={COOKIE: "it"}, timeout=60) as it:
        assert SAID["login_refused"].da in (await it.get("/operations")).text
        refused = await it.post(path, data={"secret": "forkert"})
        assert refused.status_code == 422 and SAID["login_refused"].da in refused.text and "forkert" not in refused.text
        assert [one.own_login for one in await guard.store.mailboxes.all()] == [False]
        assert (await it.post(path, data={"secret": NEW})).status_code == 303
        await becomes(guard, "watching")
        assert SAID["login_refused"].da not in (await it.get("/operations")).text
        kept = await guard.store.mailboxes.login(code_of(guard.store.key, "bf@eksempel.dk"))
        assert kept and NEW not in kept
        told = await it.get(path)
        assert "allerede et login, som er rettet her" in told.text and NEW not in told.text
