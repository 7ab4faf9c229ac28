"""*Åbn med støtte* in a browser: one paragraph at a time, by hand or by key; what is not shown is neither seen nor heard."""

import re

import pytest
from fakes.looking import WIDTHS
from playwright.async_api import expect

pytestmark = pytest.mark.needs("chromium")
WHY = "Jeg skal svare borgeren i dag."
THREAT = "main tbody tr:has-text('Trussel') a"
HEARD = re.compile("hvor du bor")  # words of the red mail
BLURRED = """() => [...document.querySelectorAll(".veil")].map(one => {
  const kept = getComputedStyle(one, "::details-content").filter; return kept.includes("blur") && one.lastElementChild.inert })"""


async def opened(looking):
    page = looking.page
    await looking.open("/mails?outcome=red")
    await page.click(THREAT)
    await page.get_by_label("Hvem er hos dig?").select_option(label="Birgit Bruun")
    await page.get_by_label("Hvorfor har du brug for at læse mailen?").fill(WHY)
    await page.get_by_role("button", name="Åbn med støtte").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Du læser sammen med Birgit Bruun")


async def heard(page):
    """What the browser gives a screen reader."""
    reader = await page.context.new_cdp_session(page)
    told = await reader.send("Accessibility.getFullAXTree")
    await reader.detach()
    return " ".join(str(one["name"]["value"]) for one in told["nodes"] if not one["ignored"] and "name" in one)


async def test_each_part_is_shown_by_its_own_press_and_stop_hides_them_all(browser):
    async with browser("leader") as looking:
        page = looking.page
        await opened(looking)
        assert await page.evaluate(BLURRED) == [True, True]
        told = await heard(page)
        assert "Afsnit 1 af 1" in told and not HEARD.search(told)
        for width in WIDTHS:
            await looking.wide(width)
            await looking.picture("supported")
            assert await looking.axe() == []
            assert await looking.too_wide() <= 0
        await page.get_by_text("Afsnit 1 af 1").click()
        await expect(page.get_by_text("hvor du bor")).to_be_visible()
        await looking.comes(BLURRED, [True, False])
        assert HEARD.search(await heard(page)) and await looking.axe() == []
        await page.get_by_role("link", name="Stop her").click()
        assert await page.evaluate(BLURRED) == [True, True]
        await expect(page.get_by_role("status")).to_have_text("Alt er skjult igen.")
        assert not HEARD.search(await heard(page))
        assert [one for one in looking.complaints if "/live?" not in one] == []


async def test_it_is_done_by_keys_alone(browser):
    async with browser("leader") as looking:
        page = looking.page
        await opened(looking)
        await looking.tab_to("Stop her")
        await looking.tab_to("Emnet", most=1)
        await looking.tab_to("Afsnit 1 af 1", most=1)
        await page.keyboard.press("Enter")
        await looking.comes(BLURRED, [True, False])
        await page.keyboard.press("Escape")
        assert await page.evaluate(BLURRED) == [True, True]
        assert await page.evaluate("document.activeElement.id") == "stop"


async def test_without_scripts_what_is_not_shown_is_not_there(browser):
    async with browser("leader", script=False) as looking:
        page = looking.page
        await opened(looking)
        words = page.get_by_text("hvor du bor")
        await expect(words).to_be_hidden()
        assert not HEARD.search(await heard(page))
        await page.get_by_text("Afsnit 1 af 1").click()
        await expect(words).to_be_visible()
        await page.get_by_role("link", name="Stop her").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Mail fra")
        await expect(words).to_have_count(0)


async def test_nobody_present_is_told_at_the_field(browser):
    async with browser("leader") as looking:
        page = looking.page
        await looking.open("/mails?outcome=red")
        await page.click(THREAT)
        await page.get_by_label("Hvorfor har du brug for at læse mailen?").fill(WHY)
        await page.get_by_role("button", name="Åbn med støtte").click()
        await expect(page.get_by_role("alert")).to_contain_text("Vælg, hvem der er hos dig.")
        assert await looking.axe() == []
        await page.get_by_role("link", name="Vælg, hvem der er hos dig.").click()
        assert await page.evaluate("location.hash") == "#present"
