"""Letters and their proofs on the framework's page; a framework on trial, and off it again."""

import html
import re
from datetime import timedelta

import httpx2
import pytest
from fakes.console import COOKIE, console_running
from fakes.guard import mail
from fakes.town import POLICY
from fakes.written import delivered, move, whole

from workflows.framework import State

EJNAR, MAJA = "ejnar@example.net", "maja@eksempel.dk"
WARNING = {"expects": "Én mail om ugen.", "consequence": "Ellers en ramme.", "talk": "Ring til os på 87 65 43 21."}
TRIAL = {"because": "Vi vil se det an.", "staff_informed": "yes"}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        yield running


@pytest.fixture(scope="module")
async def owed(running):
    """A framework of which the citizen was sent a warning, and nobody wrote that it arrived: its id, and the letter's."""
    async with as_(running) as client:
        return await warned(running, client)


def as_(running, who="leader"):
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: who}, timeout=60)


def words(answer):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def day(running, days=0):
    return (running.clock.now().astimezone(POLICY.zone) + timedelta(days=days)).date().isoformat()


async def dossier_of(running, id):
    return (await running.guard.store.dossiers.get(id)).dossier


async def warned(running, client):
    """A framework of which the citizen was sent a warning: its id, and the letter's."""
    id = await whole(client)
    assert (await move(client, id, "warned", **WARNING)).status_code == 303
    return id, (await dossier_of(running, id)).last("warned").record.letter


async def in_force(running, client):
    """A framework in force; its id."""
    id = await whole(client, case=["s-90", "s-91"])
    assert (await move(client, id, "decided", no_warning_because="Det haster.")).status_code == 303
    now = running.clock.now().astimezone(POLICY.zone)
    told = {"way": "paper", "delivered": day(running), "delivered_at": now.strftime("%H:%M"), "staff_informed": "yes"}
    assert (await move(client, id, "activated", **told)).status_code == 303
    return id


async def test_a_letter_without_proof_is_the_leader_s_next_task_and_its_proof_stays(running):
    async with as_(running) as client:
        id, letter = await warned(running, client)
        page = await client.get(f"/frameworks/{id}")
        assert "Brevet er ikke registreret som sendt" in words(page)
        assert "Send advarslen til borgeren, og skriv, hvornår den nåede frem." in words(page)
        assert f'href="/frameworks/{id}/letters/{letter}/delivered"' in page.text
        asked = words(await client.get("/"))
        assert "Send advarslen til borgeren, og skriv, hvornår den nåede frem." in asked
        before = (await running.guard.store.verify_audit()).entries
        answer = await delivered(client, id, letter, running.clock.now(), reference="DP 12-34")
        assert answer.headers["Location"] == f"/frameworks/{id}?said=delivered"
        assert (await running.guard.store.verify_audit()).entries >= before + 2  # that the letter was opened, and the proof
        told = words(await client.get(f"/frameworks/{id}"))
        assert "Brevet er ikke registreret som sendt" not in told and "Digital Post · DP 12-34" in told
        assert "Brevet nåede frem til borgeren" in told  # the history
        again = (await client.get(f"/frameworks/{id}/letters/{letter}/delivered")).text
        assert 'value="DP 12-34"' in again  # as it was written, to be mended
        extract = words(await client.get("/citizens/c-1010/extract"))
        assert "Brevet nåede frem til borgeren" in extract and "DP 12-34" in extract
    [kept] = (await dossier_of(running, id)).delivered
    assert (kept.proof.letter, kept.proof.way, kept.proof.reference) == (letter, "digital_post", "DP 12-34")


async def test_a_letter_that_arrived_without_a_reference_is_handed_over_too(running):
    async with as_(running) as client:
        id, letter = await warned(running, client)
        assert (await delivered(client, id, letter, running.clock.now(), reference="")).status_code == 303
        assert [one.proof.reference for one in (await dossier_of(running, id)).delivered] == [None]
        extract = await client.get("/citizens/c-1010/extract")
    assert extract.status_code == 200 and "Brevet nåede frem til borgeren" in words(extract)


async def test_each_letter_tells_its_hash_and_the_versions_it_is_made_of(running, owed):
    id, _ = owed
    async with as_(running) as client:
        [line] = await running.guard.store.dossiers.letter_lines(id)
        told = words(await client.get(f"/frameworks/{id}"))
    assert line.sha256 in told and re.fullmatch(r"[0-9a-f]{8}", line.texts)
    assert f"Fingeraftryk {line.sha256[:8]} · brevtekster {line.texts}" in told and f"Rammens version {line.version}" in told


@pytest.mark.parametrize("who", ["it", "other_leader", "work_environment", "lawyer"])
async def test_whoever_may_not_see_it_finds_no_letter(running, owed, who):
    id, letter = owed
    async with as_(running, who) as client:
        path = f"/frameworks/{id}/letters/{letter}/delivered"
        assert (await client.get(path)).status_code == (await client.post(path, data={"way": "paper"})).status_code == 404
        assert not (await dossier_of(running, id)).delivered


async def test_the_dpo_reads_the_letter_and_writes_nothing_about_it(running, owed):
    id, letter = owed
    async with as_(running, "dpo") as dorte:
        path = f"/frameworks/{id}/letters/{letter}/delivered"
        assert "/delivered" not in (await dorte.get(f"/frameworks/{id}")).text
        assert "Det skal en leder" in words(await dorte.get(path))
        now = running.clock.now().astimezone(POLICY.zone)
        fields = {"way": "paper", "delivered": day(running), "delivered_at": now.strftime("%H:%M"), "since": "1.1"}
        assert (await dorte.post(path, data=fields)).status_code == 403
        assert not (await dossier_of(running, id)).delivered


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"delivered": "i går"}, 422, "Skriv dag og klokkeslæt."),
        ({"way": "pigeon"}, 422, "Vælg en af mulighederne."),
        ({"reference": "x" * 201}, 422, "Teksten er for lang."),
        ({"delivered": "2099-01-01"}, 422, "Brevet er ikke nået frem endnu."),
        ({"delivered": "2020-01-01"}, 422, "Brevet kan ikke være nået frem, før det blev skrevet. Ret dagen."),
        ({"since": "1.1"}, 409, "har ændret rammen imens"),
    ],
)
async def test_what_is_written_wrong_is_told_beside_it(running, owed, fields, status, says):
    id, letter = owed
    async with as_(running) as client:
        answer = await delivered(client, id, letter, running.clock.now(), **fields)
        assert answer.status_code == status and says in words(answer)
        assert not (await dossier_of(running, id)).delivered


async def test_no_letter_of_another_framework_is_marked_here(running, owed):
    _, letter = owed
    async with as_(running) as client:
        assert (await client.get(f"/frameworks/f-1/letters/{letter}/delivered")).status_code == 404
        assert (await client.post(f"/frameworks/f-1/letters/{letter}/delivered")).status_code == 404


async def test_r4_a_hearing_is_decided_when_it_arrived_and_its_deadline_is_over(running):
    async with as_(running) as client:
        id = await whole(client)
        assert (await move(client, id, "heard", answer_by=day(running, 14))).status_code == 303
        letter = (await dossier_of(running, id)).last("heard").record.letter
        opened = await client.get(f"/frameworks/{id}/move/decided")
        assert f'href="/frameworks/{id}/letters/{letter}/delivered"' in opened.text
        fields = {"answered": "no", "no_warning_because": "Det haster."}
        answer = await move(client, id, "decided", **fields)
        assert answer.status_code == 422 and "hvornår høringsbrevet nåede frem" in words(answer)
        assert (await delivered(client, id, letter, running.clock.now())).status_code == 303
        assert "Vent, til fristen for at svare er gået." in words(await move(client, id, "decided", **fields))
        assert "Hør borgeren" in words(await client.get(f"/frameworks/{id}"))  # again, should the letter have come late


async def test_a_framework_is_put_on_trial_and_moves_mail_again_when_the_trial_ends(running):
    async def outcome(name):
        await running.guard.store.refresh()
        assert (await running.send(mail(f"<{name}@x>", EJNAR, MAJA), MAJA, sender=EJNAR)).startswith("250")
        [one] = (await running.explained(f"<{name}@x>"))["recipients"]
        return one["action"], one["reason"]

    async with as_(running) as client, as_(running, "dpo") as dorte:
        id = await in_force(running, client)
        assert (await move(client, id, "observe_begun", staff_informed="yes")).status_code == 422
        assert "Det skal en leder" in words(await dorte.get(f"/frameworks/{id}/move/observe_begun"))
        assert await outcome("before") == ("redirect", "framework_applies")
        assert (await move(client, id, "observe_begun", **TRIAL)).status_code == 303
        assert await outcome("trial") == ("deliver", "observe_only")
        page = words(await client.get(f"/frameworks/{id}"))
        assert "Afslut prøven" in page and "Sæt rammen på prøve" not in page and "Rammen blev sat på prøve" in page
        assert (await move(client, id, "observe_ended", **TRIAL)).status_code == 303
        assert await outcome("after") == ("redirect", "framework_applies")
    one = await dossier_of(running, id)
    assert one.framework.state is State.ACTIVE and not one.framework.observe
