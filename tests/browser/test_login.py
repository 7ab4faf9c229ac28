"""Logging in with the keyboard alone, and coming back to what was being written."""

from datetime import timedelta

import pyotp
import pytest
from playwright.async_api import expect
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.auth.door import new_account
from services.console.web import environment, page
from workflows.audit import AuditRecord

pytestmark = pytest.mark.needs("chromium")
PASSWORD = "hest batteri sol kanel"
FORM = """{% extends "base.html" %}{% from "macros.html" import csrf_field, text_area with context %}
{% block title %}Skriv{% endblock %}
{% block main %}<h1>Skriv</h1><form method="post" action="/writes">{{ csrf_field() }}{{ text_area("what", "Hvad skete der?") }}
<button>Gem</button></form>{% endblock %}"""


@pytest.fixture
async def lene(running):
    """Her account; gives her address."""
    guard = running.guard
    entrance, now = guard.http.pages.app.state.entrance, guard.clock.now()
    made = new_account("lene.lund@eksempel.dk", "Lene Lund", "leader", now, password=await entrance.door.passwords.hash(PASSWORD))
    if not await guard.store.users.add(made, AuditRecord(now, "test", "user.added", made.id)):
        [made] = [one for one in await guard.store.users.all() if one.address == made.address]
        hash = await entrance.door.passwords.hash(PASSWORD)
        changed = AuditRecord(now, "test", "user.reset", made.id)
        assert await guard.store.users.change(made, changed, password=hash, temporary=False, totp=None, totp_used=None)
    return made.address


async def log_in(looking, address, password=PASSWORD):
    await looking.tab_to("Din mailadresse på arbejdet")
    await looking.page.keyboard.type(address)
    await looking.tab_to("Adgangskode")
    await looking.page.keyboard.type(password)
    await looking.page.keyboard.press("Enter")


async def test_the_way_in_by_keyboard_from_the_first_password_to_codes(browser, running, lene):
    async with browser() as looking:
        await looking.open("/account")
        await log_in(looking, lene, "forkert kode her")
        await expect(looking.page.get_by_role("alert")).to_contain_text("passer ikke")
        await looking.picture("login-wrong")
        assert await looking.axe() == []
        await looking.page.fill("#address", "")
        await log_in(looking, lene)
        heading = looking.page.get_by_role("heading", level=1)
        await expect(heading).to_have_text("Vælg din egen adgangskode")
        await looking.picture("login-first")
        new = "fire ord som ingen kender"
        for label, value in (("Din nuværende", PASSWORD), ("Ny adgangskode", new), ("Den nye adgangskode igen", new)):
            await looking.tab_to(label)
            await looking.page.keyboard.type(value)
        await looking.page.keyboard.press("Enter")
        await expect(heading).to_have_text("Lene Lund")
        await looking.tab_to("Begynd at bruge koder")
        await looking.page.keyboard.press("Enter")
        await expect(heading).to_have_text("Begynd at bruge koder")
        await looking.picture("login-codes")
        secret = (await looking.page.locator("code").inner_text()).replace(" ", "")
        await looking.tab_to("Kode")
        await looking.page.keyboard.type(pyotp.TOTP(secret).at(running.clock.now()))
        await looking.tab_to("Din adgangskode")
        await looking.page.keyboard.type(new)
        await looking.page.keyboard.press("Enter")
        await expect(looking.page.get_by_role("status").first).to_contain_text("Fra nu af")
        await looking.tab_to("Log ud her")
        await looking.page.keyboard.press("Enter")
        await expect(heading).to_have_text("Log ind")
        running.clock.forward(timedelta(seconds=30))
        await log_in(looking, lene, new)
        await expect(heading).to_have_text("Din kode")
        await looking.picture("login-code")
        assert await looking.axe() == []
        await looking.tab_to("Kode")
        await looking.page.keyboard.type(pyotp.TOTP(secret).at(running.clock.now()))
        await looking.page.keyboard.press("Enter")
        await expect(heading).to_have_text("Mit overblik")
        assert [one for one in looking.complaints if "422" not in one] == []


async def test_what_was_written_is_there_after_the_next_login(browser, running, lene):
    app = running.guard.http.pages.app

    @app.get("/writes")
    async def form(request: Request):
        return page(request, environment("da").from_string(FORM))

    @app.post("/writes")
    async def written(request: Request):
        async with request.form() as sent:
            return HTMLResponse(f"<!doctype html><title>x</title><p id='sent'>{sent['what']}</p>")

    [account] = [one for one in await running.guard.store.users.all() if one.address == lene]
    await running.guard.store.users.change(
        account, AuditRecord(running.clock.now(), "test", "user.changed", account.id), temporary=False
    )
    async with browser(script=False) as looking:
        await looking.open("/writes")
        await log_in(looking, lene)
        await looking.page.fill("#what", "Bo ringede 14 gange mandag,\nog to gange tirsdag.")
        running.clock.forward(timedelta(hours=2))
        await looking.page.get_by_role("button", name="Gem").click()
        await log_in(looking, lene)
        await expect(looking.page.get_by_role("heading", level=1)).to_have_text("Du var i gang med at skrive")
        await looking.picture("login-kept")
        await looking.page.get_by_role("button", name="Send det nu").click()
        await expect(looking.page.locator("#sent")).to_contain_text("Bo ringede 14 gange mandag,")
