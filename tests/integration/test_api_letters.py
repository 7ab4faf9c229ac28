"""The whole lifecycle by the API alone: letters drafted, finished with their moves, and written down as received."""

from datetime import timedelta

import pytest
from fakes.console import console_running
from fakes.dossiers import GROUND
from fakes.visitors import program

from services.lifecycle import Lifecycle
from services.settings import ZONE
from workflows.lifecycle_letters import untold

CITIZEN, CASE = "c-1010", "s-90"
WARNING = {"move": "warned", "expects": "Én mail.", "consequence": "En ramme.", "talk": "Ring 87 65 43 21.", "letter": "-"}


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        guard = running.guard
        await Lifecycle(guard.settings, guard.store, guard.clock).adopt()
        yield running


@pytest.fixture
async def lene(running):
    async with await program(running, "lene", "leader") as client:
        yield client


def day(running, days=0):
    return (running.clock.now().astimezone(ZONE) + timedelta(days=days)).date().isoformat()


def refusals(answer):
    assert answer.status_code == 409, answer.text
    return [one["en"] for one in answer.json()["because"]]


class Program:
    """Somebody's program with one framework."""

    def __init__(self, running, client):
        self.running, self.client, self.path = running, client, ""

    async def begin(self):
        drafted = {"citizen": CITIZEN, "record": {"move": "drafted"}}
        begun = await self.client.post("/api/v1/frameworks", json=drafted)
        self.path = begun.headers["Location"]
        framework = begun.json()["dossier"]["framework"] | {
            "scope": {"cases": [CASE]},
            "measures": [{"kind": "functional_mailbox"}, {"kind": "written_only"}],
            "reason": "Medarbejderne skal kunne svare dig ordentligt.",
            "legal_basis": "God forvaltningsskik.",
            "milder_means": [{"what": "Samtale", "why_not": "Hjalp ikke."}],
            "starts": day(self.running),
            "review": day(self.running, 60),
            "ends": day(self.running, 90),
        }
        writing = {"ground": GROUND.model_dump(mode="json"), "framework": framework}
        written = await self.client.put(self.path, json=writing, headers={"If-Match": begun.headers["ETag"]})
        assert written.status_code == 200, written.text
        return self

    async def post(self, path, body):
        tag = (await self.client.get(self.path)).headers["ETag"]
        return await self.client.post(f"{self.path}{path}", json=body, headers={"If-Match": tag})

    async def move(self, record, letter=None):
        body = {"do": "move", "record": record} | ({} if letter is None else {"letter": letter})
        return await self.post("/transitions", body)

    async def letters(self):
        return (await self.client.get(f"{self.path}/letters")).json()["items"]

    async def proved(self, letter):
        told = {"way": "digital_post", "delivered": self.running.clock.now().isoformat(), "reference": "DP-7"}
        return await self.post(f"/letters/{letter}/delivery", told)

    async def done(self, record):
        """A move with its letter, and that it arrived."""
        answer = await self.move(record, {})
        assert answer.status_code == 200, answer.text
        for one in await self.letters():
            if one["owed"]:
                assert (await self.proved(one["id"])).status_code == 200
        self.running.clock.forward(timedelta(seconds=20))
        return answer.json()["framework"]


async def test_the_whole_way_from_a_draft_to_an_error_is_made_by_a_program(running, lene):
    one = await Program(running, lene).begin()
    said = {"answered": True, "objections": "Du er uenig. Det ændrer ikke noget."}
    assert (await one.done(WARNING))["state"] == "warning"
    assert (await one.done({"move": "heard", "answer_by": day(running, 14), "letter": "-"}))["state"] == "hearing"
    assert (await one.done({"move": "decided"} | said))["state"] == "decided"
    decision = next(each["id"] for each in await one.letters() if each["kind"] == "decision")
    told = {"letter": decision, "way": "paper", "delivered": running.clock.now().isoformat()}
    activated = await one.move({"move": "activated", "proof": told, "staff_informed": True})
    assert activated.json()["framework"]["state"] == "active", activated.text
    less = activated.json()["framework"]["dossier"]["framework"] | {"measures": [{"kind": "functional_mailbox"}]}
    eased = {"move": "eased", "because": "Det går bedre.", "framework": less, "staff_informed": True, "letter": "-"}
    assert [each["kind"] for each in (await one.done(eased))["dossier"]["framework"]["measures"]] == ["functional_mailbox"]
    for name, observe in (("observe_begun", True), ("observe_ended", False)):
        answer = await one.move({"move": name, "because": "Vi ser det an.", "staff_informed": True})
        assert answer.json()["framework"]["observe"] is observe, answer.text
    assert (await one.done({"move": "registered_in_error", "cause": "En fejl.", "breach": "Nej."}))[
        "state"
    ] == "registered_in_error"
    found = await one.letters()
    assert [each["kind"] for each in found] == ["warning", "hearing", "decision", "easing", "apology"]
    assert all(each["proof"] and not each["owed"] and len(each["texts"]) == 8 for each in found)


async def test_a_letter_is_drafted_part_by_part_and_its_author_s_words_win(running, lene):
    one = await Program(running, lene).begin()
    own = {"parts": {"opening": "Kære Ejnar Eg\n\nVi skriver til dig i dag."}, "recipient": ["Ejnar Eg", "Åvej 7"]}
    drafted = await lene.post(f"{one.path}/letters/draft", json={"record": WARNING, "letter": own})
    assert drafted.status_code == 200, drafted.text
    parts = {each["id"]: each for each in drafted.json()["parts"]}
    assert "Vi skriver til dig i dag." in parts["opening"]["text"] and "Én mail." in parts["expectation"]["text"]
    assert drafted.json()["missing"] == [] and await one.letters() == []
    assert (await one.move(WARNING, own)).status_code == 200
    [line] = await one.letters()
    whole = (await lene.get(f"{one.path}/letters/{line['id']}")).json()
    assert whole["letter"]["recipient"] == ["Ejnar Eg", "Åvej 7"] and whole["sha256"] == line["sha256"]
    pdf = await lene.get(f"{one.path}/letters/{line['id']}/pdf")
    assert pdf.headers["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF-")


async def test_what_the_move_or_the_letter_lacks_is_told_and_nothing_is_kept(running, lene):
    one = await Program(running, lene).begin()
    assert "Write what you expect from now on." in refusals(await one.move(WARNING | {"expects": ""}, {}))
    assert any("open" in each for each in refusals(await one.move(WARNING, {"parts": {"open": "Farvel."}})))
    assert refusals(await one.move(WARNING)) == ["Finish the letter to the citizen first."]
    rejected = {"move": "rejected", "because": "x"}
    assert (await one.move(rejected, {})).json()["detail"] == "No letter goes with this move."
    assert (await lene.post(f"{one.path}/letters/draft", json={"record": rejected})).status_code == 409
    assert await one.letters() == []


async def test_a_decision_has_its_own_letter_and_comes_into_force_by_no_other(running, lene):
    one = await Program(running, lene).begin()
    decided = {"move": "decided", "no_warning_because": "Det haster."}
    assert refusals(await one.move(decided)) == ["Finish the letter to the citizen first."]
    assert (await one.move(decided, {})).status_code == 200
    [line] = await one.letters()
    record = (await lene.get(one.path)).json()["dossier"]["steps"][-1]["record"]
    assert record["letter"] == line["id"]
    other = await Program(running, lene).begin()
    assert refusals(await other.move(decided | {"letter": line["id"]})) == ["Finish the letter to the citizen first."]
    told = {"letter": line["id"], "way": "paper", "delivered": running.clock.now().isoformat()}
    assert (await one.move({"move": "activated", "proof": told, "staff_informed": True})).status_code == 200
    wanted = {"happenings": [], "milder_not_enough": "Prøvet.", "starts": day(running), "review": day(running, 60)}
    extended = {"move": "extended", "ends": day(running, 90), "letter": line["id"]} | wanted
    assert "Finish the letter to the citizen first." in refusals(await one.move(extended))


async def test_a_delivery_is_written_down_by_whoever_may_and_by_nobody_else(running, lene):
    one = await Program(running, lene).begin()
    assert (await one.move(WARNING, {})).status_code == 200
    [line] = await one.letters()
    path, told = f"{one.path}/letters/{line['id']}", {"way": "paper", "delivered": running.clock.now().isoformat()}
    assert (await lene.post(f"{path}/delivery", json=told)).status_code == 428
    assert (await lene.post(f"{path}/delivery", json=told, headers={"If-Match": '"1.1"'})).status_code == 412
    late = running.clock.now() + timedelta(days=1)
    assert refusals(await one.post(f"/letters/{line['id']}/delivery", told | {"delivered": late.isoformat()}))
    edge = await one.post(f"/letters/{line['id']}/delivery", told | {"delivered": "0001-01-01T00:00:00+14:00"})
    assert edge.status_code == 422
    assert (await one.post("/letters/none/delivery", told)).status_code == 404
    tag = {"If-Match": (await lene.get(one.path)).headers["ETag"]}
    for name, role, status in (("it", "it", 404), ("tove", "leader", 404), ("dpo.p", "dpo", 409)):
        async with await program(running, name, role) as other:
            assert (await other.post(f"{path}/delivery", json=told, headers=tag)).status_code == status
            assert (await other.get(path)).status_code == (200 if role == "dpo" else 404)
    kept = await running.guard.store.dossiers.get(one.path.rpartition("/")[2])
    assert list(untold(kept.dossier)) == [line["id"]]
