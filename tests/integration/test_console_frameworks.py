"""Frameworks on pages: who may see and do what, what is missing, and what is recorded."""

import html
import re
from datetime import timedelta

import httpx2
import pytest
from fakes.console import COOKIE, console_running
from fakes.town import POLICY
from fakes.written import begun, move, whole


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        yield running


def as_(running, who="leader"):
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: who}, timeout=30)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


async def test_a_framework_says_what_applies_and_what_comes_next(running):
    async with as_(running) as client:
        told = words(await client.get("/frameworks/f-1"))
    assert "Ramme for Bo Borger" in told and "I kraft" in told
    assert "Det, borgeren skriver, går til bf-kontakt@eksempel.dk." in told
    assert "Du skal ikke gøre noget nu" in told


async def test_each_move_has_a_page(running):
    async with as_(running) as client:
        for move in ("lifted", "eased", "extended", "reconsideration_asked", "due_for_review", "registered_in_error"):
            answer = await client.get(f"/frameworks/f-1/move/{move}")
            assert answer.status_code == 200, move


STEPS = ("scope", "happenings", "milder", "needs", "measures", "time", "try", "letter")


async def test_each_step_has_a_page(running):
    async with as_(running) as client:
        assert (await client.get("/frameworks/new")).status_code == 200
        assert (await client.get("/frameworks/new?citizen=c-1010")).status_code == 200
        assert (await client.get("/report?about=s-90")).status_code == 200
        id = await begun(client)
        for step in STEPS:
            answer = await client.get(f"/frameworks/{id}/write/{step}")
            assert answer.status_code == 200, step
        for move in ("warned", "heard", "decided", "activated_urgently", "rejected"):
            assert (await client.get(f"/frameworks/{id}/move/{move}")).status_code == 200, move


async def test_a_leader_s_whole_way(running):
    async with as_(running) as client:
        id = await whole(client)
        assert "Alt er svaret på" in words(await client.get(f"/frameworks/{id}/write/letter"))
        answer = await move(client, id, "decided")
        assert answer.status_code == 422 and "Send først en advarsel, eller skriv, hvorfor" in words(answer)
        answer = await move(client, id, "decided", no_warning_because="Det haster.")
        assert answer.status_code == 303, words(answer)
        running.clock.forward(timedelta(minutes=1))
        told = words(await client.get(answer.headers["Location"]))
        assert "Besluttet" in told and "Send brevet til borgeren" in told and "Hent som PDF" in told
        now = running.clock.now().astimezone(POLICY.zone)
        answer = await move(
            client,
            id,
            "activated",
            way="digital_post",
            delivered=now.date(),
            delivered_at=now.strftime("%H:%M"),
            staff_informed="yes",
        )
        assert answer.headers["Location"].endswith("said=in_force"), words(answer)
        told = words(await client.get(answer.headers["Location"]))
        assert "Rammen er i kraft" in told and "Nåede frem" in told
        running.clock.forward(timedelta(minutes=1))
        answer = await move(client, id, "lifted", because="Det går godt nu.", staff_informed="yes")
        assert answer.status_code == 303, words(answer)
        assert "Ophævet" in words(await client.get(f"/frameworks/{id}"))
