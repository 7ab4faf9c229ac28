"""*Mails* as people use it: found, understood and read by keyboard alone, and also without scripts."""

import re

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.needs("chromium")


async def test_a_mail_is_found_and_read_by_keyboard(browser):
    async with browser("leader") as looking:
        page = looking.page
        await looking.open("/mails")
        await looking.tab_to("Gå til indholdet", most=1)
        await page.keyboard.press("Enter")
        await looking.tab_to("Borger", most=1)
        await page.keyboard.type("Bo Borger")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"/mails\?citizen=c-1001$"))
        await looking.tab_to("Hvad der skete")
        await page.keyboard.press("G")
        await page.keyboard.press("ArrowDown")
        await looking.tab_to("Søg")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"outcome=redirected"))
        await looking.tab_to("23. nov.")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Mail fra mandag den 23. november 2026"))
        await looking.tab_to("Regel for regel")
        await page.keyboard.press("Enter")
        await expect(page.locator("details[open] li").first).to_be_visible()
        assert await looking.axe() == []

        await looking.tab_to("Læs mailen")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "why"  # the browser says that a reason is needed
        await page.keyboard.type("Jeg skal svare borgeren i dag.")
        await looking.tab_to("Læs mailen")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Det, borgeren skrev")).to_be_visible()
        await looking.picture("original")
        assert await looking.axe() == []
        assert [one for one in looking.complaints if "/live?" not in one] == []  # the stream of the page that was left


async def test_mails_are_read_without_scripts(browser):
    async with browser("leader", script=False) as looking:
        page = looking.page
        await looking.open("/mails")
        await page.get_by_label("Borger").fill("c-10")
        await page.get_by_role("button", name="Søg").click()
        await expect(page.get_by_role("heading", name="Hvilken borger mener du?")).to_be_visible()
        await page.get_by_role("link", name="Rita Rask").click()
        await page.locator("tbody a").first.click()
        await expect(page.get_by_role("heading", name="Mailens vej")).to_be_visible()


async def test_what_was_typed_wrong_is_found_again(browser):
    async with browser("leader") as looking:
        page = looking.page
        await looking.open("/mails")
        await page.get_by_label("Borger").fill("Ingen Af Det Navn")
        await page.get_by_role("button", name="Søg").click()
        await expect(page.get_by_role("alert")).to_contain_text("Ingen borger, du må se")
        await expect(page.get_by_label("Borger")).to_have_value("Ingen Af Det Navn")
        await looking.picture("mails-wrong")
        assert await looking.axe() == []
