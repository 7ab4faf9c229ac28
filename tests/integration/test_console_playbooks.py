"""*Hjælp lige nu*: for everybody, in both languages, with one's own leader's name, and recorded nowhere."""

import html
import re
from dataclasses import replace

import pytest
from fakes.console import console_running
from fakes.visitors import browser
from sqlalchemy import select

from services.playbook_texts import playbooks
from services.store import schema
from workflows.playbooks import SITUATIONS

PEOPLE = {"karen": "caseworker", "lene": "leader", "birgit": "head", "jette": "lawyer", "arne": "work_environment", "it": "it"}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        yield running


@pytest.fixture(scope="module")
async def people(running):
    found = {name: await browser(running, name, role) for name, role in PEOPLE.items()}
    yield found
    for one in found.values():
        await one.aclose()


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


async def entries(running):
    def read(connection):
        return connection.execute(select(schema.audit.c.seq)).all()

    return len(await running.guard.store.readers.run(read))


async def test_every_situation_is_read_by_everybody_and_nobody_is_noted_for_it(running, people):
    before = {name: await one.get("/playbooks") for name, one in people.items()}
    noted = await entries(running)
    for name, one in people.items():
        listed = await one.get("/playbooks")
        assert listed.status_code == 200 == before[name].status_code
        for situation in SITUATIONS:
            book = playbooks()["da"].of(situation)
            assert book.title in words(listed) and f'href="/playbooks/{situation}"' in listed.text
    for situation in SITUATIONS:
        shown = words(await people["karen"].get(f"/playbooks/{situation}"))
        book = playbooks()["da"].of(situation)
        for line in (book.first, *book.do, *book.say, *book.end_when, *book.end_say, *book.write, *book.leader):
            assert line in shown, (situation, line)
        assert playbooks()["da"].shaken[0] in shown
    assert await entries(running) == noted


async def test_it_is_whole_in_english(people):
    book = playbooks()["en"].threat_on_phone
    people["jette"].cookies.set("language", "en")
    shown = words(await people["jette"].get("/playbooks/threat_on_phone"))
    assert book.first in shown and "What your leader does for you" in shown and "Slut samtalen" not in shown


async def test_one_is_told_whom_to_call_by_name_and_by_number(running, people):
    karen = words(await people["karen"].get("/playbooks/threat_at_home"))
    assert "Din leder Lene Lund" in karen and "Alarmcentralen 112" in karen and "Politiet 114" in karen
    lene = words(await people["lene"].get("/playbooks/threat_at_home"))
    assert "Din leder Birgit Bruun" in lene, "nobody is told to call themselves"
    self_harm = (await people["karen"].get("/playbooks/self_harm")).text
    assert '<a href="tel:112">112</a>' in self_harm and '<a href="tel:70201201">Livslinien, 70 201 201</a>' in self_harm
    child = words(await people["karen"].get("/playbooks/child_in_danger"))
    assert "Akut social hjælp 87 65 43 00" in child


async def test_who_is_not_known_is_left_out(running, people):
    """Nobody is on duty for Børn og Familie, and the municipality names no psychological help."""
    unit = running.guard.store.organisation().units["boern-familie"]
    assert unit.duty_officer is None and not running.guard.settings.playbooks.staff_help
    assert "Vagthavende" not in words(await people["karen"].get("/playbooks/threat_on_phone"))
    assert "Psykisk hjælp" not in words(await people["karen"].get("/playbooks/after_hard_conversation"))
    state = running.guard.http.pages.app.state
    before, own = state.console, running.guard.settings.playbooks.model_copy(update={"staff_help": "Falck, +45 70 10 20 12"})
    state.console = replace(before, settings=before.settings.model_copy(update={"playbooks": own}))
    shown = (await people["karen"].get("/playbooks/after_hard_conversation")).text
    state.console = before
    assert '<a href="tel:+4570102012">Falck, +45 70 10 20 12</a>' in shown


async def test_a_situation_that_is_not_there_is_not_there(people):
    assert (await people["karen"].get("/playbooks/nothing")).status_code == 404
