"""*Mit overblik* and *Borger* as their visitors use them."""

import pytest
from fakes.console import console_running, visitor_as
from fakes.console_matters import lived_in
from fakes.looking import WIDTHS, Opener
from playwright.async_api import expect

from services.lifecycle import Doer, Lifecycle
from services.store.dossiers import Kept

pytestmark = pytest.mark.needs("chromium")
PAGES = {
    "leader": ("leader", "/", "da"),
    "leader-english": ("leader", "/", "en"),
    "caseworker": ("caseworker", "/", "da"),
    "citizens": ("leader", "/citizens", "da"),
    "citizen": ("leader", "/citizens/c-1001", "da"),
    "citizen-english": ("head", "/citizens/c-1001", "en"),
    "why": ("dpo", "/citizens/c-1001", "da"),
}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        running.ids = await lived_in(running)
        yield running


@pytest.fixture
def browser(chromium, running):
    return Opener(chromium, running)


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_sound(browser, name):
    role, path, language = PAGES[name]
    async with browser(role, language=language) as looking:
        await looking.open(path)
        for width in WIDTHS:
            await looking.wide(width)
            await looking.picture(f"overview-{name}")
            assert await looking.axe() == []
            assert await looking.too_wide() <= 0
        assert looking.complaints == []


async def test_a_leader_comes_from_what_waits_to_the_framework_by_keyboard(browser, running):
    async with browser("leader") as looking:
        await looking.open("/")
        await expect(looking.page.get_by_role("link", name="Overblik 3 ting venter på dig")).to_be_visible()
        await looking.tab_to("Anne Holm")
        await looking.page.keyboard.press("Enter")
        await looking.page.wait_for_url(f"**/frameworks/{running.ids['told']}")


async def test_what_somebody_else_decides_is_shown_without_reloading(browser, running):
    guard = running.guard
    lifecycle = Lifecycle(guard.settings, guard.store, running.clock)
    async with browser("head") as looking:
        async with looking.page.expect_response("**/live?*"):
            await looking.open("/")
        waits = looking.page.get_by_role("region", name="Det venter på dig")
        await expect(waits).to_contain_text("Godkend indstillingen")
        kept = await lifecycle.dossiers.get(running.ids["waits"])
        head = Doer(lifecycle.actor(visitor_as("head").address), "a-head")
        assert isinstance(await lifecycle.send_back(kept, "Gør den kortere.", head), Kept)
        await expect(waits).not_to_contain_text("Godkend indstillingen")
        assert looking.complaints == []


async def test_the_dpo_says_why_and_is_among_those_who_looked(browser):
    async with browser("dpo") as looking:
        await looking.open("/citizens/c-1001")
        await expect(looking.page.get_by_role("heading", level=1)).to_have_text("Hvorfor vil du se borgeren?")
        await looking.tab_to("Begrundelse")
        await looking.page.keyboard.type("Borgeren har bedt om indsigt.")
        await looking.tab_to("Se borgeren", most=1)
        await looking.page.keyboard.press("Enter")
        await expect(looking.page.get_by_role("heading", level=1)).to_have_text("Bo Borger")
        await looking.tab_to("Vis de seneste opslag", most=90)
        await looking.page.keyboard.press("Enter")
        looked = looking.page.get_by_role("table", name="Hvem har set borgeren")
        await expect(looked.get_by_role("row", name="Dorte Ørsted").first).to_contain_text("Borgeren har bedt om indsigt.")
        await looking.picture("overview-looked")


async def test_a_citizen_is_found_and_read_without_scripts(browser):
    async with browser("leader", script=False) as looking:
        await looking.open("/citizens")
        await looking.page.get_by_label("Søg").fill("borger")
        await looking.page.get_by_role("button", name="Søg").click()
        assert "orger" not in looking.page.url.removesuffix("/citizens")
        await looking.page.get_by_role("link", name="Bo Borger").click()
        await looking.page.get_by_role("link", name="Røde mails").click()
        happened = looking.page.get_by_role("region", name="Hvad der er sket").get_by_role("listitem")
        await expect(happened.filter(has_text="Trussel").first).to_be_visible()


async def test_an_extract_on_paper_has_what_is_handed_over_and_nothing_else(browser):
    async with browser("leader") as looking:
        await looking.open("/citizens/c-1001/extract")
        assert await looking.axe() == []
        await looking.page.emulate_media(media="print")
        await expect(looking.page.get_by_role("heading", name="Udtræk om Bo Borger")).to_be_visible()
        await expect(looking.page.get_by_role("link", name="Hent som fil")).to_be_hidden()
        await expect(looking.page.get_by_role("navigation", name="Hovedmenu")).to_be_hidden()
        await looking.picture("overview-paper")
