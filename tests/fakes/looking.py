"""A page in real Chromium, and what a visitor with other eyes or hands would say about it.

``picture`` saves what it looks like into the folder that ``RAMMEVAGT_PICTURES`` names; without it nothing is saved.
"""

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from fakes.console import COOKIE
from fakes.guard import Running
from playwright.async_api import Browser, Page

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], "resultTypes": ["violations"]}


@dataclass
class Looking:
    """One page of the browser, with everything that it complained about."""

    page: Page
    base: str
    name: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def wide(self, width: str) -> None:
        size = WIDTHS[width]
        await self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.name = f"{self.name.split(' ')[0]} {width}"

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

    async def comes(self, script: str, wanted: object) -> None:
        """Wait until ``script`` gives that. (The browser's own way to wait is stopped by our content security policy.)"""
        async with asyncio.timeout(60):
            while await self.page.evaluate(script) != wanted:
                await asyncio.sleep(0.02)

    async def tab_to(self, name: str, most: int = 60) -> None:
        """Go on by the tab key until the thing called ``name`` has the focus."""
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            if (await self.page.evaluate(FOCUSED)).startswith(name):
                return
        raise AssertionError(f"{most} presses of the tab key do not reach {name}")

    async def picture(self, name: str) -> None:
        if folder := os.environ.get("RAMMEVAGT_PICTURES"):
            await self.page.screenshot(path=Path(folder) / f"{name}-{self.name.replace(' ', '-')}.png", full_page=True)


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
        looking = Looking(shown, base, "-".join([language, *(["dark"] if dark else [])]) + f" {width}")
        shown.on("console", lambda said: looking.complaints.append(said.text) if said.type in ("error", "warning") else None)
        shown.on("pageerror", lambda error: looking.complaints.append(str(error)))
        shown.on("requestfailed", lambda request: looking.complaints.append(f"{request.url}: {request.failure}"))
        try:
            yield looking
        finally:
            await context.close()
