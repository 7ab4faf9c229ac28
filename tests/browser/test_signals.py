"""Signals as people meet them: answered by keyboard and without scripts, and what happened in a case noted and taken away."""

import re
from datetime import date

import pytest
from fakes.looking import WIDTHS
from playwright.async_api import expect

from services.clock import new_id
from workflows.situation import Situation

pytestmark = pytest.mark.needs("chromium")
RED = "/mails?outcome=red"
THREAT = "tbody tr:has-text('Trussel') a, tbody tr:has-text('Threat') a"


@pytest.mark.parametrize("language", ["da", "en"])
async def test_a_mail_with_signals_is_sound(browser, language):
    async with browser("leader", language=language) as looking:
        await looking.open(RED)
        await looking.page.click(THREAT)
        for width in WIDTHS:
            await looking.wide(width)
            await looking.picture("mail-red")
            assert await looking.axe() == []
            assert await looking.too_wide() <= 0


async def test_a_signal_is_answered_by_keyboard(browser):
    async with browser("leader") as looking:
        page = looking.page
        await looking.open(RED)
        await page.click(THREAT)
        await expect(page.get_by_role("heading", name="Er vi selv for sent på den?")).to_be_visible()
        await looking.tab_to("Nyttigt")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"#signal-threat$"))
        found = page.locator("#signal-threat")
        await expect(found).to_contain_text("Du har svaret: nyttigt")
        await expect(found.get_by_role("button", name="Nyttigt", pressed=True)).to_be_visible()
        assert await looking.axe() == []


async def test_what_happened_in_a_case_is_noted_and_taken_away_by_keyboard(browser):
    async with browser("leader") as looking:
        page = looking.page
        await looking.open("/citizens/c-1001")
        await looking.tab_to("Notér, hvad der er sket i en sag")
        await page.keyboard.press("Enter")
        await looking.tab_to("Sag", most=1)
        await page.keyboard.press("s")
        await looking.tab_to("Et afslag")
        await page.keyboard.press("Space")
        await page.get_by_label("Hvornår?").fill("2026-11-02")  # a date's own parts are the browser's matter
        assert await looking.axe() == []
        await looking.tab_to("Notér")
        await page.keyboard.press("Enter")
        part = page.locator("section:has(#situations)")
        await expect(part).to_contain_text("Et afslag 2. november 2026")
        await looking.picture("situation")
        assert await looking.axe() == []
        await looking.tab_to("Fjern")
        await page.keyboard.press("Enter")
        await expect(part).to_contain_text("Ingen har noteret noget.")


async def test_what_somebody_is_noting_stays_when_a_colleague_is_faster(browser, running):
    store, now = running.guard.store, running.clock.now()
    async with browser("leader") as looking:
        page = looking.page
        async with page.expect_response(lambda one: "/live?" in one.url):  # from then on it hears of news
            await looking.open("/citizens/c-1001")
        await page.get_by_text("Notér, hvad der er sket i en sag").click()
        await page.get_by_text("Et afslag").click()
        await page.get_by_label("Hvornår?").fill("2026-11-02")
        other = Situation(new_id(now), "c-1001", "s-77", "sanction", date(2026, 11, 3), now, "birgit@eksempel.dk")
        await store.situations.note(other, actor="a-head")
        await expect(page.locator("section:has(#situations)")).to_contain_text("En sanktion 3. november 2026")
        await expect(page.get_by_label("Hvornår?")).to_have_value("2026-11-02")
        await expect(page.get_by_label("Et afslag")).to_be_checked()
        await store.situations.remove(other.id, person="birgit@eksempel.dk", actor="a-head")


async def test_signals_are_answered_without_scripts(browser):
    async with browser("leader", script=False) as looking:
        page = looking.page
        await looking.open(RED)
        await page.locator(THREAT).first.click()
        await page.locator("#signal-threat").get_by_role("button", name="Forkert").click()
        await expect(page.locator("#signal-threat")).to_contain_text("Du har svaret: forkert")
