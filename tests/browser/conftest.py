"""The console in real Chromium (Debian's)."""

import shutil
from pathlib import Path

import pytest
from fakes.console import console_running
from fakes.looking import Opener
from fastapi import Depends
from playwright.async_api import async_playwright
from starlette.requests import Request

from services.console.auth.visitor import visitor
from services.console.web import environment, page, words_of

STYLE = Path(__file__).parent / "style.html"


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


@pytest.fixture
def browser(chromium, running):
    """``async with browser("leader", language="en", width="phone") as looking``."""
    return Opener(chromium, running)
