"""Every page, in both languages, at desktop and phone width: usable by everybody, without complaints, and not too wide."""

import pytest
from fakes.looking import WIDTHS
from playwright.async_api import expect

from services.clock import new_id
from services.store.notice_values import KeptNotice
from services.store.notices import Change
from workflows.audit import AuditRecord
from workflows.notice_seen import token
from workflows.notices import About, Notice

pytestmark = pytest.mark.needs("chromium")
MAIL = "/mails?citizen=c-1001"  # the first mail that it lists
PAGES = {
    "overview": ("leader", "/"),
    "style": ("leader", "/style"),
    "missing": ("leader", "/nowhere"),
    "login": (None, "/"),
    "account": ("leader", "/account"),
    "password": ("leader", "/account/password"),
    "codes": ("leader", "/account/code"),
    "notices": ("leader", "/notices"),
    "notices-nothing": ("work_environment", "/notices"),
    "wishes": ("leader", "/account/notices"),
    "seen": (None, "/n/TOKEN"),  # of one of the leader's notices
    "operations": ("it", "/operations"),
    "register": ("it", "/register"),
    "employees": ("leader", "/register?view=employees"),
    "import": ("it", "/register/import"),
    "framework": ("leader", "/frameworks/f-1"),
    "ease": ("leader", "/frameworks/f-1/move/eased"),
    "trial": ("leader", "/frameworks/f-1/move/observe_begun"),
    "new": ("leader", "/frameworks/new?citizen=c-1001"),
    "report": ("caseworker", "/report"),
    "playbooks": ("caseworker", "/playbooks"),
    "playbook": ("caseworker", "/playbooks/threat_by_mail"),
    "incidents": ("leader", "/incidents?show=all"),
    "incident": ("leader", "/incidents/00000000000000000000000000"),
    "incident-employee": ("caseworker", "/incidents/00000000000000000000000000"),
    "evidence": ("leader", "/incidents/00000000000000000000000000/evidence"),
    "assist": ("caseworker", "/assist"),
    "relief": ("caseworker", "/relief"),
    "mails": ("leader", "/mails"),
    "mails-of-one": ("leader", "/mails?citizen=c-1001&since=2020-01-01&outcome=redirected"),
    "mails-lawyer": ("lawyer", "/mails"),
    "mail": ("leader", MAIL),
    "link": ("leader", "/"),  # the one that somebody may pretend in, of those that it lists
    "who": ("leader", "/"),  # of that one's mail
    "posts": ("leader", "/posts"),
    "posts-nothing": ("other_leader", "/posts?show=done"),
    "post": ("leader", "/posts"),  # the first that it lists
    "patterns": ("it", "/patterns"),
    "try": ("dpo", "/frameworks/f-6-udkast/try"),
    "try-nothing": ("leader", "/frameworks/f-1/try"),
}
EXPECTED = {"missing": "404"}  # what the browser itself says about a page that is meant to be refused


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_sound(browser, running, name, language):
    role, path = PAGES[name]
    if name == "seen":
        path = f"/n/{await link_of(running)}"
    async with browser(role, language=language) as looking:
        await looking.open(path)
        if path == MAIL:
            await looking.page.click("tbody a")
        if name in ("link", "who"):
            await looking.page.click(
                "[aria-labelledby=links] li:has-text('udgiver sig') a, [aria-labelledby=links] li:has-text('pretend') a"
            )
        if name == "who":
            await looking.page.click("main .facts a[href^='/mails/']")
            await looking.page.click("main a[href$='/who']")
        if name == "post":
            await looking.page.click(".posts a")
        for width in WIDTHS:
            await looking.wide(width)
            await looking.picture(name)
            assert await looking.axe() == []
            assert await looking.too_wide() <= 0
        assert [one for one in looking.complaints if EXPECTED.get(name, " ") not in one] == []


async def link_of(running):
    """What stands in the link of the leader's newest notice."""
    [newest] = (await running.guard.store.notices.of_people(["lene@eksempel.dk"], limit=1)).items
    return token(running.guard.store.key, newest.id)


async def tell(running, to):
    """Somebody is told of a mail, in the console alone; gives the notice's id."""
    now = running.clock.now()
    id, about = new_id(now), About("01mail", now, cases=("s-77",))
    one = Notice(to, "leader", "now", "redirected_leader", now, f"test:{id}", about)
    kept = KeptNotice(id, one, "test", now, state="told", channel="console", told_at=now)
    await running.guard.store.notices.make(Change(new=[kept]))
    return id


async def test_the_bell_counts_by_itself_what_comes_while_a_page_is_open(browser, running):
    async with browser("other_leader") as looking:
        page, store = looking.page, running.guard.store
        await store.notices.seen(["tove@eksempel.dk"])
        async with page.expect_response(lambda one: "/live?" in one.url):  # from then on it hears of news
            await looking.open("/")
        await expect(page.locator("#bell .badge")).to_have_count(0)
        await tell(running, "tove@eksempel.dk")
        async with page.expect_response(lambda answer: "/live" not in answer.url, timeout=20_000):
            await store.append_audit(AuditRecord(running.clock.now(), "test", "signal.answered", "01mail"))
        await expect(page.locator("#bell .badge")).to_contain_text("1")


async def test_notices_are_seen_by_a_button(browser, running):
    async with browser("head", script=False) as looking:
        page, store = looking.page, running.guard.store
        id = await tell(running, "birgit@eksempel.dk")
        await looking.open("/")
        await page.get_by_role("link", name="Beskeder").click()
        await page.get_by_role("button", name="Jeg har set dem").click()
        assert await page.locator("#bell .badge").count() == 0
        assert (await store.notices.get(id)).seen_at


async def test_the_colours_can_be_told_apart_in_the_dark_too(browser):
    async with browser("leader", dark=True) as looking:
        await looking.open("/style")
        await looking.picture("style")
        assert await looking.axe() == []
