"""The playbooks: the one thing to do is seen at once, what is called can be pressed, and one sheet of paper holds each."""

import pytest
from fakes.looking import WIDTHS

from workflows.playbooks import SITUATIONS

pytestmark = pytest.mark.needs("chromium")
FIRST = """() => { const it = document.querySelector(".now").getBoundingClientRect();
  return {bottom: it.bottom, size: parseFloat(getComputedStyle(document.querySelector(".now")).fontSize)} }"""
LARGEST = 24  # pixels: what is read first is written largest


async def test_from_any_page_two_presses_lead_to_the_one_thing_to_do(browser):
    async with browser("caseworker") as looking:
        await looking.open("/")
        await looking.page.click("text=Hjælp lige nu")
        await looking.page.click("main >> text=Trussel i telefonen")
        assert await looking.page.inner_text("main .now") == "Slut samtalen. Du må gerne lægge på."
        assert await looking.page.get_attribute("main a[href^='tel:']", "href") == "tel:112"
        for width, (_, height) in WIDTHS.items():
            await looking.wide(width)
            there = await looking.page.evaluate(FIRST)
            assert there["bottom"] < height / 2 and there["size"] >= LARGEST, width


async def test_each_is_one_sheet_of_paper_in_both_languages(browser):
    for language in ("da", "en"):
        async with browser("caseworker", language=language) as looking:
            for one in SITUATIONS:
                await looking.open(f"/playbooks/{one}")
                sheet = await looking.page.pdf(format="A4", prefer_css_page_size=True)
                assert sheet.count(b"/Type /Page\n") == 1, (language, one)
