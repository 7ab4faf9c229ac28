"""``backtest`` over mail that really came in, and frameworks on trial: what is shown is what was, and nothing is changed."""

import asyncio
import json
import os
import pwd
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.guard import Running, guarding, mail, taking_and_sending
from fakes.sink import Sink
from fakes.town import BO, BOX, CPH, IDA, KAREN, NOW, PER, framework, town

from services import cli
from services.clock import SystemClock
from services.gather import policy_of
from services.settings import Settings
from services.store.dossiers import Kept, Save
from services.store.open import open_store
from services.store.sql_store import SqlStore
from services.trying import try_framework
from workflows.audit import AuditRecord
from workflows.backtest import Background, Version, replay
from workflows.framework import ContactFramework, FixedContact
from workflows.register import Register

# nats-py leaves a socket that it could not connect to the garbage collector, where a server was killed under it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
OBSERVING = framework(observe=True)
DRAFT = framework(id="f-new", state="draft", scope={"units": ["bf"]})
ME = pwd.getpwuid(os.getuid()).pw_name


async def decided_again(running: Running, citizen: str) -> list[tuple[object, object]]:
    """Each of the citizen's mails: as decided again with the register as it is, and as recorded."""
    store: SqlStore = running.guard.store
    past = await store.views.handled(citizen, NOW - timedelta(days=90), 1000)
    files = {one.written_from: await store.files_of(one.written_from) for one in past}
    versions = await store.views.versions([citizen])
    history = {id: [Version(one.since, one.framework) for one in of] for id, of in versions.items()}
    background = Background(policy_of(running.guard.settings), store.organisation(), files, history)
    found = replay(past, background)
    return [(again.wire(), one.decision) for again, one in zip(found, past, strict=True)]


async def load(running: Running, register: Register) -> None:
    await running.guard.store.load_register(register, AuditRecord(running.clock.now(), "test", "register.loaded", "test"))


async def test_law_7_what_came_over_smtp_is_decided_again_as_it_was_decided(tmp_path: Path) -> None:
    """Receipts, a framework that began and one that ended between the mails, and odd headers among them."""
    async with Sink() as sink, taking_and_sending(tmp_path, sink) as running:
        sent = 0
        wide = framework(id="f-2", scope={"municipality": True}, approved_by=IDA)
        for frameworks in ([], [framework()], [framework(), wide], [framework(state="lifted"), wide | {"observe": True}]):
            await load(running, town(*frameworks))
            for to, sender, more in (
                ([KAREN, PER, "dpo@eksempel.dk"], BO, {}),
                ([KAREN], BO, {"auth": "fail"}),
                ([KAREN, "karen+x@eksempel.dk"], BO, {"extra": "Reply-To: anden@example.com\r\nList-Id: x\r\n"}),
                ([IDA], "ada@advokat.example", {"auth": None}),
                ([KAREN], "eva@example.net", {"extra": "From: <bo@example.net>\r\n"}),
                ([KAREN], "fremmed@example.com", {}),
            ):
                running.clock.forward(timedelta(hours=30))
                sent += 1
                content = mail(f"<{sent}@example.net>", sender=sender, to=to[0], **more)
                assert (await running.send(content, *to, sender=sender)).startswith("250")
        found = await decided_again(running, "c-1")
    assert len(found) == sent * 5 // 6
    assert {one["receipt"]["send"] for _, one in found} == {True, False}  # type: ignore[index]
    for again, recorded in found:
        assert again == recorded


async def test_a_framework_on_trial_decides_and_records_and_changes_nothing(tmp_path: Path) -> None:
    async with guarding(tmp_path, town(OBSERVING)) as running:
        content = mail("<1@example.net>")
        assert (await running.send(content, KAREN)).startswith("250")
        decision = await running.explained("<1@example.net>")
        await running.settled()
        [to] = decision["recipients"]  # type: ignore[misc]
        assert (to["reason"], to["action"], to["deliver_to"], to["framework"]) == ("observe_only", "deliver", [KAREN], "f-1")
        assert BOX in to["explanation"]["da"] and to["explanation"]["da"].startswith("Ramme f-1 er på prøve")
        assert decision["receipt"]["send"] is False  # type: ignore[index]
        assert decision["notify"] == []
        [arrived] = running.sink.mails
        assert (arrived.recipients, arrived.sender, arrived.content.endswith(content)) == ((KAREN,), BO, True)
        [line] = (await running.guard.store.views.mails(wanted="observed")).items
        assert (line.outcome, line.state, line.citizen) == ("observed", "delivered", "c-1")
        draft = ContactFramework.model_validate(OBSERVING)
        found = await try_framework(running.guard.store, running.guard.settings, draft, NOW.date())
        assert [(one.was, one.would) for one in found.moved[0].recipients] == [(KAREN, BOX)]


@pytest.fixture
def handled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A store with Bo's three mails of today, two to Karen, and a draft."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUDO_USER", raising=False)

    async def fill() -> Settings:
        async with Sink() as sink, taking_and_sending(tmp_path / "data", sink) as running:
            running.clock.at = SystemClock().now()
            scopeless = {"id": "f-bare", "citizen": "c-1", "state": "reported"}
            await load(running, town(DRAFT, framework(id="f-other", citizen="c-9", state="draft"), scopeless))
            for n, to in enumerate((KAREN, KAREN, "mia@eksempel.dk")):
                running.clock.forward(timedelta(milliseconds=2))  # ids of one millisecond have no order
                assert (await running.send(mail(f"<{n}@example.net>", to=to), to)).startswith("250")
            await running.settled()
            return running.guard.settings

    return asyncio.run(fill())


def test_backtest(handled: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backtest", "f-new", "--json", "--why", "høring"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["framework"], found["citizen"], found["mails"], found["elsewhere"]) == ("f-new", "c-1", 3, 2)
    assert (found["register_changed"], found["older_left_out"], found["receipts"]) == (0, False, {"was": 0, "would": 1})
    week = SystemClock().now().astimezone(CPH).strftime("%G-W%V")
    assert found["people"] == [
        {"address": BOX, "weeks": [{"week": week, "was": 0, "would": 2}]},
        {"address": KAREN, "weeks": [{"week": week, "was": 2, "would": 0}]},
        {"address": "mia@eksempel.dk", "weeks": [{"week": week, "was": 1, "would": 1}]},
    ]
    [one] = found["decided"][0]["recipients"]
    assert one | {"explanation": None} == {
        "address": KAREN, "was": KAREN, "was_reason": "not_in_force", "would": BOX, "reason": "framework_applies",
        "explanation": None, "moved": True,
    }  # fmt: skip
    assert cli.main(["backtest", "f-new", "--since", "1d"]) == 0
    shown = capsys.readouterr().out
    assert "2 of 3 mails would have gone elsewhere." in shown and BOX in shown
    assert cli.main(["backtest", "f-other"]) == 0
    assert "0 of 0 mails would have gone elsewhere." in capsys.readouterr().out
    assert asyncio.run(looks(handled)) == [(ME, "c-1", "høring"), (ME, "c-1", None), (ME, "c-9", None)]


async def followed(settings: Settings, id: str) -> None:
    """Somebody writes what is to follow: all mail to Per."""
    store = await open_store(settings, SystemClock())
    try:
        kept = await store.dossiers.get(id)
        assert kept is not None
        successor = kept.dossier.framework.model_copy(update={"measures": (FixedContact(kind="fixed_contact", contact=PER),)})
        after = kept.dossier.model_copy(update={"successor": successor})
        assert isinstance(await store.dossiers.keep(Save(after, kept, IDA, SystemClock().now(), "written")), Kept)
    finally:
        await store.close()


def test_the_command_tries_what_the_page_tries(handled: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(followed(handled, "f-new"))
    capsys.readouterr()
    assert cli.main(["backtest", "f-new", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["would"] for each in found["decided"] for one in each["recipients"] if one["moved"]} == {PER}


async def looks(settings: Settings) -> list[tuple[str, str, object]]:
    store = await open_store(settings, SystemClock())
    try:
        seen = [*(await store.views.seen("c-1", "c-9")).items]
        return [(one.actor, one.subject, one.data["why"]) for one in reversed(seen) if one.data["command"] == "backtest"]
    finally:
        await store.close()


def test_what_cannot_be_tried_is_one_line(handled: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    for words, status, told in (
        (["f-none"], 1, "rammevagt: no framework with the id f-none\n"),
        (["f-bare"], 2, "rammevagt: f-bare: it has no scope yet, so there is nothing to try; write its scope first\n"),
        (["f-new", "--since", "x"], 2, "'x': write a number of days, such as 90d, or a date, such as 2026-11-02"),
    ):
        assert cli.main(["backtest", *words]) == status
        out, err = capsys.readouterr()
        assert out == "" and told in err and err.count("\n") == 1


async def test_the_newest_of_very_many_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sink() as sink, taking_and_sending(tmp_path, sink) as running:
        await load(running, town(DRAFT))
        for n in range(3):
            running.clock.forward(timedelta(hours=1))
            assert (await running.send(mail(f"<{n}@example.net>"), KAREN)).startswith("250")
        monkeypatch.setattr("services.trying.MOST", 2)
        draft = ContactFramework.model_validate(DRAFT)
        found = await try_framework(running.guard.store, running.guard.settings, draft, NOW.date())
        assert (len(found.mails), found.older_left_out) == (2, True)
        monkeypatch.setattr("services.trying.MOST", 3)
        whole = await try_framework(running.guard.store, running.guard.settings, draft, NOW.date())
    assert ([one.mail for one in whole.mails[1:]], whole.older_left_out) == ([one.mail for one in found.mails], False)
