"""The console over real HTTP: what every answer has, and what a visitor is told when something is wrong."""

import asyncio
import sys

import httpx2
import pytest
from fakes.console import COOKIE, console_running

from services.console.auth.body import MOST
from services.console.headers import HEADERS
from services.store.interface import StoreUnavailable

SECRET = "bo@example.net skrev noget"


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        app = running.guard.http.pages.app

        @app.get("/fails")
        async def fails():
            raise ValueError(SECRET)

        @app.get("/away")
        async def away():
            raise StoreUnavailable(SECRET)

        yield running


def as_(running, role=None, **headers):
    cookies = {COOKIE: role} if role else {}
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies=cookies, headers=headers, timeout=60)


async def test_health_and_metrics_need_no_login(running):
    async with as_(running) as client:
        assert (await client.get("/health/live")).json() == {"live": True}
        assert (await client.get("/health/ready")).json()["ready"] is True
        assert "rammevagt_" in (await client.get("/metrics")).text
        assert (await client.get("/")).headers["Location"] == "/login"


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/console.css", "/static/none", "/fails", "/away", "/api/none", "/a%0Ab"])
async def test_every_answer_binds_the_browser(running, path):
    async with as_(running, "leader") as client:
        headers = (await client.get(path)).headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
        assert headers["Cache-Control"] == ("max-age=3600" if path.startswith("/static/") else "no-store")
        assert "server" not in headers


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [("/nowhere", 404, "Siden findes ikke"), ("/fails", 500, "Noget gik galt hos os"), ("/away", 503, "Databasen svarer ikke")],
)
async def test_what_is_wrong_is_told_plainly(running, path, status, says, capsys):
    async with as_(running, "leader") as client:
        answer = await client.get(path)
        assert answer.status_code == status and says in answer.text and "text/html" in answer.headers["Content-Type"]
        assert SECRET not in answer.text
    logged = capsys.readouterr()
    assert SECRET not in logged.out + logged.err


async def test_programs_are_told_in_their_way(running):
    async with as_(running, "leader") as client:
        answer = await client.get("/api/none")
        assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["status"] == 401


async def test_the_language_is_the_visitors_choice_then_the_browsers(running):
    async with as_(running, **{"Accept-Language": "fr, en-GB;q=0.8"}) as client:
        assert "Your mail address at work" in (await client.get("/login")).text
        answer = await client.get("/language/da?back=/nowhere%3Fx%3D1")
        assert answer.headers["Location"] == "/nowhere?x=1"
        assert "Din mailadresse på arbejdet" in (await client.get("/login")).text
        assert (await client.get("/language/xx")).status_code == 404


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "/\r\nSet-Cookie: a=b", "javascript:x"]
)
async def test_the_other_language_leads_nowhere_else(running, back):
    async with as_(running) as client:
        answer = await client.get("/language/en", params={"back": back})
        assert answer.headers["Location"] == "/" and "a" not in answer.cookies


async def test_a_request_is_never_larger_than_a_page_needs(running):
    async def without_end():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(MOST // 65536 + 2):
            yield b"x" * 65536

    async with as_(running, "it") as client:
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        assert (await client.post("/register/import", content=b"x" * (MOST + 1), headers=form)).status_code == 413
        assert (await client.post("/register/import", content=without_end(), headers=form)).status_code == 413


@pytest.mark.parametrize("path", ["/operations", "/register/import", "/register/export"])
async def test_law_10_a_page_of_another_role_does_not_exist_and_that_somebody_asked_is_recorded(running, path):
    before = await running.guard.store.verify_audit()
    async with as_(running, "leader") as client:
        refused, nowhere = await client.get(path), await client.get(path + "-none")
        assert refused.status_code == 404
        assert refused.text.replace(path, "") == nowhere.text.replace(path + "-none", "")
    assert (await running.guard.store.verify_audit()).entries == before.entries + 1


async def test_a_process_without_pages_carries_no_web_framework():
    """Idle memory: the gateway's or the deliverer's process has no console."""
    code = "import sys, services.app; sys.exit('fastapi' in sys.modules or 'jinja2' in sys.modules or 'babel' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
