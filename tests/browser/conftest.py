"""The console in real Chromium (Debian's).

``pictures`` saves what a page looks like into the folder that ``RAMMEVAGT_PICTURES`` names; without it nothing is saved.
"""

import os
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from fakes.console import COOKIE, console_running
from fakes.guard import Running
from fastapi import Depends
from playwright.async_api import Browser, Page, async_playwright
from starlette.requests import Request

from services.console.auth.visitor import visitor
from services.console.web import environment, page, words_of

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
STYLE = Path(__file__).parent / "style.html"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "resultTypes": ["violations"]}


@pytest.fixture(scope="session")
async def chromium():
    """One browser for all tests."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def running(tmp_path_factory):
    """One guard for all tests that only look."""
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        app = running.guard.http.pages.app

        @app.get("/style", dependencies=[Depends(visitor)])
        async def style(request: Request):
            template = environment(words_of(request).language).from_string(STYLE.read_text("utf-8"))
            return page(request, template)

        yield running


@dataclass
class Looking:
    """One page of the browser, with everything that it complained about."""

    page: Page
    base: str
    name: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def axe(self) -> list[str]:
        """What makes the page hard for somebody to use."""
        found = await Axe().run(self.page, options=RULES)
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]}: {node['failureSummary']}"
            for one in found.response["violations"]
            for node in one["nodes"]
        ]

    async def too_wide(self) -> int:
        """How many pixels the page is wider than the window."""
        return await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    async def tab_to(self, name: str, most: int = 60) -> None:
        """Go on by the tab key until the thing called ``name`` has the focus."""
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            if (await self.page.evaluate(FOCUSED)).startswith(name):
                return
        raise AssertionError(f"{most} presses of the tab key do not reach {name}")

    async def picture(self, name: str) -> None:
        if folder := os.environ.get("RAMMEVAGT_PICTURES"):
            await self.page.screenshot(path=Path(folder) / f"{name}-{self.name}.png", full_page=True)


FOCUSED = """() => { const it = document.activeElement;
  return (it.labels && it.labels[0] || it).innerText.trim() || it.getAttribute("aria-label") || "" }"""


@dataclass
class Opener:
    browser: Browser
    running: Running

    @asynccontextmanager
    async def __call__(self, role=None, *, language="da", width="desktop", dark=False, script=True):
        size = WIDTHS[width]
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
            locale="da-DK",
        )
        base = f"http://{self.running.guard.http.address}"
        cookies = {"language": language} | ({COOKIE: role} if role else {})
        await context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies.items()])
        shown = await context.new_page()
        looking = Looking(shown, base, "-".join([width, language, *(["dark"] if dark else [])]))
        shown.on("console", lambda said: looking.complaints.append(said.text) if said.type in ("error", "warning") else None)
        shown.on("pageerror", lambda error: looking.complaints.append(str(error)))
        shown.on("requestfailed", lambda request: looking.complaints.append(f"{request.url}: {request.failure}"))
        try:
            yield looking
        finally:
            await context.close()


@pytest.fixture
def browser(chromium, running):
    """``async with browser("leader", language="en", width="phone") as looking``."""
    return Opener(chromium, running)
