"""The menu on a phone: five ways at most, and the rest behind *Mere*, by hand, by key and without scripts."""

import pytest
from fakes.console import PEOPLE
from playwright.async_api import expect

pytestmark = pytest.mark.needs("chromium")
FEWEST = 320  # pixels: the narrowest phones
RUN_OVER = """() => [...document.querySelectorAll("header a, header button")].filter(one => one.checkVisibility())
  .filter(one => one.scrollWidth > one.clientWidth || one.getBoundingClientRect().right > innerWidth).map(one => one.innerText)"""


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("role", PEOPLE)
async def test_no_word_of_the_menu_runs_over_on_the_narrowest_phone(browser, role, language):
    async with browser(role, language=language, width="phone") as looking:
        page = looking.page
        await page.set_viewport_size({"width": FEWEST, "height": 568})
        await looking.open("/account")
        await looking.picture(f"menu-{role}")
        assert 2 <= await page.locator("nav .bar > li:visible").count() <= 5
        assert await page.evaluate(RUN_OVER) == []
        assert await looking.too_wide() <= 0


@pytest.mark.parametrize("script", [True, False])
async def test_what_the_bar_has_no_room_for_is_behind_more_by_keyboard(browser, script):
    async with browser("leader", width="phone", script=script) as looking:
        page = looking.page
        await looking.open("/")
        more = page.get_by_role("button", name="Mere")
        register = page.get_by_role("link", name="Register")
        await expect(register).to_be_hidden()
        await more.press("Enter")
        await expect(register).to_be_visible()
        await looking.picture("menu-more")
        if script:
            assert await looking.axe() == []
        await page.keyboard.press("Escape")
        await expect(register).to_be_hidden()
        await expect(more).to_be_focused()
        await more.press("Enter")
        await register.press("Enter")
        await page.wait_for_url("**/register")


async def test_on_a_wide_screen_everything_stands_in_sight(browser):
    async with browser("leader") as looking:
        await looking.open("/")
        for name in ("Register", "Hjælp lige nu", "Din konto", "English"):
            await expect(looking.page.get_by_role("link", name=name, exact=True).first).to_be_visible()
        await expect(looking.page.get_by_role("button", name="Mere")).to_be_hidden()
