"""The console in real Chromium (Debian's)."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from fakes.console import console_running
from fakes.looking import Opener
from fastapi import Depends
from playwright.async_api import async_playwright
from starlette.requests import Request

from services.console.auth.visitor import visitor
from services.console.charts import Column, Mark, Stretch, columns, timeline
from services.console.web import environment, page, words_of
from services.incidents import By, IncidentDesk
from services.settings import ZONE
from workflows.incident import Refused, Report

STYLE = Path(__file__).parent / "style.html"
WAY = timeline(
    "way",
    "Rammen for Bo Borger fra oktober 2026 til februar 2027",
    "Høring i oktober, derefter i kraft. Den ses på igen 15. januar og ender 2. februar.",
    [
        Stretch("Varsel · 14. sep. – 30. sep.", date(2026, 9, 14), date(2026, 9, 30), "ghost"),
        Stretch("Høring · 1. okt. – 1. nov.", date(2026, 10, 1), date(2026, 11, 1), "stripe"),
        Stretch("I kraft · 2. nov. – 2. feb.", date(2026, 11, 2), date(2027, 2, 2), "solid"),
        Stretch("Skal vurderes · 15. jan. – 2. feb.", date(2027, 1, 15), date(2027, 2, 2), "dots"),
    ],
    [
        Mark("I dag, 23. november", date(2026, 11, 23), today=True),
        Mark("Ses på igen 15. januar", date(2027, 1, 15)),
        Mark("Ender 2. februar", date(2027, 2, 2)),
    ],
)
COUNTS = (3, 0, 7, 12, 31, 9, 4, 4, 2, 118, 40, 12, 5)
WEEKS = columns(
    "weeks",
    "Mails om ugen",
    "13 uger til uge 47.",
    [Column(str(35 + at), one, f"uge {35 + at}: {one} mails") for at, one in enumerate(COUNTS)],
)


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
            return page(request, template, way=WAY, weeks=WEEKS)

        await threatened(running)
        yield running


INCIDENT = "0" * 26  # its id


async def threatened(running):
    """Karen has reported a threat by mail; nobody has done anything yet."""
    guard, today = running.guard, running.clock.now().astimezone(ZONE).date()
    [mail] = (await guard.store.views.mails(citizens=["c-1001"], limit=1)).items
    told = {"concerns": "karen@eksempel.dk", "on": today, "at": "09:10", "channel": "mail", "kinds": ["threats"], "mail": mail.id}
    report = Report.model_validate(told | {"what": "Han skrev, at han ved, hvor jeg bor.", "citizen": "c-1001", "case": "s-77"})
    desk = IncidentDesk(guard.settings, guard.store, running.clock)
    kept = await desk.report(report, "boern-familie", By("karen@eksempel.dk", "a-caseworker"), id=INCIDENT, secure=True)
    assert not isinstance(kept, Refused)


@pytest.fixture
def browser(chromium, running):
    """``async with browser("leader", language="en", width="phone") as looking``."""
    return Opener(chromium, running)
