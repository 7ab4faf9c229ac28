"""Help now and relief, as those see them who ask and who answer."""

import pytest
from fakes.console import console_running
from fakes.looking import WIDTHS, Opener
from playwright.async_api import expect

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    """A guard of their own: what is called here is shown on everybody's overview."""
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        yield running


@pytest.fixture
def browser(chromium, running):
    return Opener(chromium, running)


async def sound(looking, name):
    for width in WIDTHS:
        await looking.wide(width)
        await looking.picture(name)
        assert await looking.axe() == []
        assert await looking.too_wide() <= 0


async def test_a_call_is_shown_as_it_happens_until_somebody_comes(browser):
    async with browser("leader") as theirs, browser("caseworker", width="phone") as ours:
        await theirs.open("/")
        await ours.open("/")
        call = ours.page.get_by_role("button", name="Tilkald leder")
        box = await call.bounding_box()
        assert box["height"] >= 72 and box["y"] + box["height"] < 600  # large, and there without scrolling
        await call.click()
        await expect(ours.page.get_by_role("heading", level=1)).to_have_text("Du har tilkaldt hjælp")
        await expect(theirs.page.get_by_role("heading", name="Karen Karlsen har brug for hjælp")).to_be_visible()
        await sound(ours, "call")
        await sound(theirs, "call-overview")
        await theirs.page.get_by_role("button", name="Jeg kommer").click()
        await expect(theirs.page.get_by_role("heading", level=1)).to_have_text("Du kommer")
        await expect(ours.page.get_by_role("heading", level=1)).to_have_text("Lene Lund kommer")
        await sound(ours, "call-coming")
        await sound(theirs, "call-come")
        await ours.page.get_by_role("button", name="Det er overstået").click()
        await expect(theirs.page.get_by_role("heading", level=1)).to_have_text("Det er overstået")
        await sound(ours, "call-over")
        await ours.page.get_by_role("link", name="Skriv, hvad der skete").click()
        await expect(ours.page.get_by_label("Hvad skete der?")).to_be_visible()


async def test_a_caseworker_calls_by_keyboard_and_without_scripts(browser):
    async with browser("caseworker", script=False) as looking:
        await looking.open("/assist")
        await looking.page.get_by_role("button", name="Time-out").focus()
        await looking.page.keyboard.press("Enter")
        await expect(looking.page.locator("main")).to_contain_text("Jeg holder en pause nu")
        await looking.page.get_by_role("button", name="Det er overstået").click()
        await looking.page.get_by_role("button", name="Der er ikke noget at indberette").click()
        await expect(looking.page.locator("main")).to_contain_text("Tilkaldet er slut")


async def test_relief_is_asked_for_and_answered(browser):
    async with browser("caseworker") as ours:
        await ours.open("/relief?case=s-77")
        await ours.page.get_by_label("At en anden tager sagen").check()
        await ours.page.get_by_role("button", name="Send til min leder").click()
        await expect(ours.page.get_by_text("Din leder har fået besked")).to_be_visible()
        async with browser("leader") as theirs:
            await theirs.open("/")
            await theirs.page.get_by_role("link", name="Karen Karlsen Vil gerne give sag s-77 videre").click()
            await sound(theirs, "relief-answer")
            await theirs.page.get_by_label("En anden tager sagen").check()
            await theirs.page.get_by_label("Hvem tager sagen?").select_option(label="Maja Munk")
            await theirs.page.get_by_role("button", name="Send svaret").click()
            await expect(theirs.page.get_by_text("Dit svar er sendt")).to_be_visible()
        await expect(ours.page.get_by_role("heading", name="Maja Munk tager over")).to_be_visible()
        await sound(ours, "relief-answered")
