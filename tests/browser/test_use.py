"""How pages are used: by keyboard alone, without scripts, and while somebody else changes something."""

import pytest
from fakes.console import visitor_as
from fastapi import HTTPException
from playwright.async_api import expect
from starlette.requests import Request

from services.clock import SystemClock
from services.console.pages.live import topics
from services.console.web import environment, page
from services.store.interface import StoreUnavailable
from services.store.open import open_store
from workflows.audit import AuditRecord

pytestmark = pytest.mark.needs("chromium")
OPEN = """{% extends "base.html" %}{% from "macros.html" import live with context %}{% block title %}Ramme{% endblock %}
{% block main %}<h1>Ramme</h1><input aria-label="Note">
{% call live("count", "f-1") %}<p>Vist {{ times() }}</p>{% endcall %}
{% endblock %}"""

WRITE = """{% extends "base.html" %}{% from "macros.html" import text_area, saved with context %}
{% block title %}Skriv{% endblock %}
{% block main %}<h1>Skriv</h1><form>{{ text_area("why", "Hvorfor", save="/save") }}{{ saved() }}</form>{% endblock %}"""
SAVED = """{% from "macros.html" import saved with context %}{{ saved(now) }}"""


async def test_the_content_is_reached_past_the_menu_by_two_keys(browser):
    async with browser("it") as looking:
        await looking.open("/register?view=employees")
        await looking.tab_to("Gå til indholdet", most=1)
        await looking.page.keyboard.press("Enter")
        await looking.tab_to("Indlæs en fil", most=1)


async def test_a_file_is_handed_in_by_keyboard_and_read_before_it_is_done(browser, tmp_path):
    file = tmp_path / "register.yaml"
    file.write_text("units: []\n")
    async with browser("it") as looking:
        await looking.open("/register")
        await looking.tab_to("Indlæs en fil")
        await looking.page.keyboard.press("Enter")
        await looking.page.set_input_files("#file", file)
        await looking.tab_to("Se, hvad filen vil ændre")
        await looking.page.keyboard.press("Enter")
        await expect(looking.page.get_by_role("alert")).to_contain_text("Intet er ændret")
        await looking.picture("import-refused")
        assert await looking.axe() == []


async def test_everything_can_be_read_without_scripts(browser):
    async with browser("it", script=False) as looking:
        await looking.open("/operations")
        await expect(looking.page.get_by_role("heading", name="Alt er i orden")).to_be_visible()
        await looking.page.get_by_role("link", name="English").click()
        await expect(looking.page.get_by_role("heading", name="All is well")).to_be_visible()
        await looking.page.get_by_role("link", name="Register").click()
        await expect(looking.page.get_by_role("table")).to_contain_text("Job og Ydelse")


async def test_what_another_process_changes_shows_by_itself_and_leaves_what_is_written(browser, running):
    app, seen, away = running.guard.http.pages.app, [], []
    leader = visitor_as("leader")

    @app.get("/open")
    async def opened(request: Request):
        if away:
            raise StoreUnavailable("away")
        seen.append(1)
        template = environment("da").from_string(OPEN)
        return page(request, template, topics=topics(request, leader, "f-1"), times=lambda: len(seen))

    async def change():
        other = await open_store(running.guard.settings, SystemClock())
        await other.append_audit(AuditRecord(SystemClock().now(), "test", "framework.lifted", "f-1"))
        await other.close()

    async with browser("leader") as looking:
        async with looking.page.expect_response("**/live?*"):
            await looking.open("/open")
        part, trouble = looking.page.locator("#count"), looking.page.locator("#trouble")
        await looking.page.get_by_label("Note").fill("Et ord")
        await change()
        await expect(part).to_have_text("Vist 2")
        assert looking.complaints == []
        away.append(1)
        await change()
        await expect(trouble).to_contain_text("Databasen svarer ikke lige nu")
        await expect(part).to_have_text("Vist 2")
        away.clear()
        await change()
        await expect(part).to_have_text("Vist 3")
        await expect(trouble).to_be_empty()
        await expect(looking.page.get_by_label("Note")).to_have_value("Et ord")


async def test_what_is_written_is_saved_and_a_session_that_ends_in_the_middle_costs_nothing(browser, running):
    app, kept, may = running.guard.http.pages.app, [], [True]

    @app.get("/write")
    async def write(request: Request):
        return page(request, environment("da").from_string(WRITE))

    @app.post("/save")
    async def save(request: Request):
        if not may[0]:
            raise HTTPException(401)
        kept.append((request.headers["X-CSRF-Token"], (await request.form())["why"]))
        return page(request, environment("da").from_string(SAVED))

    async with browser("leader") as looking:
        await looking.open("/write")
        field, saved, trouble = (
            looking.page.get_by_label("Hvorfor"),
            looking.page.locator("#saved"),
            looking.page.locator("#trouble"),
        )
        await field.fill("To mails med trusler")
        await expect(saved).to_contain_text("Gemt kl.")
        assert kept == [("c5f7", "To mails med trusler")]
        may[0] = False
        await field.fill("To mails med trusler, og en til")
        await expect(trouble).to_contain_text("Det, du har skrevet, står her endnu")
        await expect(field).to_have_value("To mails med trusler, og en til")
        await looking.picture("logged-out")
        assert await looking.axe() == []
        may[0] = True
        await field.fill("To mails med trusler, og en til.")
        await expect(trouble).to_be_empty()
        assert kept[-1] == ("c5f7", "To mails med trusler, og en til.")


async def test_a_page_on_paper_is_the_content_alone(browser):
    async with browser("leader") as looking:
        await looking.open("/style")
        await looking.page.emulate_media(media="print")
        await expect(looking.page.get_by_role("navigation", name="Hovedmenu")).to_be_hidden()
        await expect(looking.page.get_by_role("heading", level=1)).to_be_visible()
        await looking.picture("paper")
