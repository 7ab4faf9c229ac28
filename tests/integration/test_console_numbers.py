"""*Tal*: counts by unit and quarter, for those who look after the work environment; never a name, and none below five."""

import html
import re

import httpx2
import pytest
from fakes.console import COOKIE, console_running


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        yield running


def as_(running, role):
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: role}, timeout=60)


async def test_numbers_are_shown_by_unit_and_nobody_is_named(running):
    async with as_(running, "work_environment") as arne:
        overview, found = await arne.get("/"), await arne.get("/statistics")
        old = await arne.get("/statistics?quarter=2020-Q1")
        api = (await arne.get("/statistics?quarter=2026-Q9")).status_code
    assert 'href="/statistics"' in overview.text and found.status_code == 200 and api == 422
    words = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", found.text)))
    assert "Alle enheder sammen" in words and "Gik som adresseret" in words and "4. kvartal 2026" in words
    assert "Bo Borger" not in words and "@" not in words.replace("arne@eksempel.dk", "")
    assert not re.search(r'class="number">[1-4]</td>', found.text)
    assert "Ingen tal for kvartalet" in old.text


@pytest.mark.parametrize(("role", "status"), [("leader", 200), ("head", 200), ("dpo", 200), ("caseworker", 404), ("it", 404)])
async def test_who_sees_numbers(running, role, status):
    async with as_(running, role) as one:
        assert (await one.get("/statistics")).status_code == status
        assert ('href="/statistics"' in (await one.get("/")).text) == (status == 200)


async def test_incidents_are_counted_by_what_was_reported_of_them(running):
    async with as_(running, "work_environment") as arne, as_(running, "caseworker") as karen:
        before = (await arne.get("/statistics")).text
        told = {"what": "Han råbte.", "on": running.clock.now().date().isoformat(), "channel": "phone", "about": ""}
        for _ in range(5):
            assert (await karen.post("/report", data=told)).status_code == 303
        words = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", (await arne.get("/statistics")).text)))
    assert "Hændelser: hvordan" not in before and "Hændelser Ingen tal for kvartalet" in re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", before)
    )
    assert "Hændelser: hvordan Enhed Hvad Antal Børn og Familie Telefon 5" in words
    assert "Hændelser: lederens samtale med medarbejderen Enhed Hvad Antal Børn og Familie Ikke endnu 5" in words
    assert "Han råbte" not in words
