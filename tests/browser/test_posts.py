"""*Postkasse* as people use it: by keyboard, without scripts, beside colleagues; and a login that IT mends."""

import re
from dataclasses import replace

import pytest
from fakes.looking import WIDTHS
from playwright.async_api import expect
from starlette.requests import Request

from services.console.operations import Operations, operations_of
from services.settings import Mailbox
from workflows.audit import AuditRecord
from workflows.mailbox_state import SAID
from workflows.post import code_of, take

pytestmark = pytest.mark.needs("chromium")
BOX = Mailbox.model_validate({"address": "bf-kontakt@eksempel.dk", "host": "imap.eksempel.dk:993", "user": "bf"})


@pytest.fixture
async def posts(running):
    """Of Bo Borger's, those that nobody has done anything with."""
    found = await running.guard.store.posts.open(["boern-familie"], limit=200)
    return [one for one in found.items if one.citizen == "c-1001" and not one.revision and not one.clocks and not one.level]


@pytest.fixture
def watching(running):
    """A guard that has a mailbox to watch, and mends its login at the second try."""
    state, tries = running.guard.http.pages.app.state, []

    async def mend(_code, secret):
        tries.append(secret)
        return None if len(tries) > 1 else SAID["login_refused"]

    before, known = state.console, operations_of(Request({"type": "http", "app": running.guard.http.pages.app}))
    state.console = replace(before, settings=before.settings.model_copy(update={"mailboxes": (BOX,)}), mend=mend)
    state.operations = Operations(state.console)
    yield f"/operations/mailboxes/{code_of(running.guard.store.key, BOX.address)}"
    state.console, state.operations = before, known


async def test_a_mail_is_taken_read_and_answered_by_keyboard(browser, posts):
    async with browser("leader") as looking:
        page = looking.page
        await looking.open(f"/posts/{posts[0].id}")
        await looking.tab_to("Tag den")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").filter(has_text="Du har taget den")).to_be_visible()
        await looking.tab_to("Ikke noget nyt")
        await page.keyboard.press("Space")
        await looking.tab_to("Den er læst")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").filter(has_text="Det er noteret, at den er læst")).to_be_visible()
        await looking.tab_to("Besvaret")  # its field is required: the browser asks for it
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "answered-note"
        await page.keyboard.type("Ringet op i formiddag.")
        await looking.picture("post-answering")
        assert await looking.axe() == []
        await looking.tab_to("Besvaret")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").filter(has_text="Det er noteret, at borgeren har fået svar")).to_be_visible()
        await expect(page.get_by_text("Færdig 23. nov. 2026")).to_be_visible()
        await looking.picture("post-done")
        assert await looking.axe() == []


async def test_what_is_missing_is_told_above_and_the_form_is_open(browser, posts):
    async with browser("leader") as looking:
        page = looking.page
        await looking.open(f"/posts/{posts[1].id}")
        await page.get_by_text("Der skal ikke svares", exact=True).click()
        await page.get_by_label("Hvorfor ikke?").fill("Svaret er givet før.")
        await page.get_by_role("button", name="Skal ikke besvares").click()
        await expect(page.get_by_role("alert")).to_contain_text("Læs mailen først")
        await expect(page.get_by_label("Hvorfor ikke?")).to_have_value("Svaret er givet før.")
        for width in WIDTHS:
            await looking.wide(width)
            await looking.picture("post-missing")
            assert await looking.axe() == []
            assert await looking.too_wide() <= 0


async def test_it_works_without_scripts(browser, posts):
    async with browser("leader", script=False) as looking:
        page = looking.page
        await looking.open("/posts")
        await page.locator(f'form[action="/posts/{posts[2].id}/take"] button').click()
        await expect(page.get_by_role("heading", name="Du har taget den")).to_be_visible()
        await page.locator("#give-form summary").click()
        await page.get_by_label("Til", exact=True).select_option(label="Maja Munk")
        await page.get_by_role("button", name="Giv videre").click()
        await expect(page.get_by_text("Maja Munk har taget den.")).to_be_visible()
        await page.get_by_label("Hvorfor har du brug for at læse mailen?").fill("Jeg skal svare borgeren.")
        await page.get_by_role("button", name="Læs mailen").click()
        await expect(page.get_by_role("heading", name="Det, borgeren skrev")).to_be_visible()
        await page.get_by_role("link", name=re.compile("Tilbage til mailen")).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Mail fra Bo Borger")


async def test_a_page_tells_by_itself_that_somebody_else_took_it(browser, running, posts):
    one, store = posts[3], running.guard.store
    async with browser("leader") as looking:
        page = looking.page
        await looking.open(f"/posts/{one.id}")
        await page.get_by_text("Giv den videre").click()
        await page.get_by_label("Besked til kollegaen").fill("Ring gerne til borgeren")
        await looking.comes("document.querySelector('main').hasAttribute('sse-connect')", True)
        await expect(page.get_by_text("Ingen har taget den endnu.")).to_be_visible()
        now = running.clock.now()
        record = AuditRecord(now, "test", "post.taken", one.id)
        taken = take(one, "maja@eksempel.dk", now)
        async with page.expect_response(lambda answer: answer.url.endswith(one.id), timeout=20_000):
            await store.posts.save(taken, one.revision, record)
        await expect(page.get_by_text("Maja Munk har taget den.")).to_be_visible()
        await expect(page.get_by_label("Besked til kollegaen")).to_have_value("Ring gerne til borgeren")
        await page.get_by_label("Til", exact=True).select_option(label="Per Poulsen")
        await page.get_by_role("button", name="Giv videre").click()
        await expect(page.get_by_role("status").filter(has_text="En anden har ændret den imens")).to_be_visible()
        await expect(page.get_by_label("Besked til kollegaen")).to_have_value("Ring gerne til borgeren")
        await looking.picture("post-overtaken")
        assert await looking.axe() == []


@pytest.mark.parametrize("language", ["da", "en"])
async def test_a_login_is_mended(browser, watching, language):
    async with browser("it", language=language) as looking:
        page = looking.page
        for path, name in (("/operations", "operations-mailboxes"), (watching, "mailbox-login")):
            await looking.open(path)
            for width in WIDTHS:
                await looking.wide(width)
                await looking.picture(name)
                assert await looking.axe() == []
                assert await looking.too_wide() <= 0
        field = page.locator("input[name=secret]")
        await field.fill("forkert")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Mailserveren" if language == "da" else "mail server")
        await expect(field).to_have_value("")
        await looking.picture("mailbox-login-refused")
        assert await looking.axe() == []
        await field.fill("rigtig")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(r"/operations\?said=mended"))
