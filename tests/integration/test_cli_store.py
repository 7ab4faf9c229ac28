"""Commands over a real store: the register, a handled mail, the queue, the books, and the record of who looked."""

import asyncio
import json
import os
import pwd
import subprocess
import sys
import threading
from datetime import datetime, timedelta

import pytest
from fakes.arrivals import NOW, arrival, delivery
from fakes.guard import guarding, mail
from fakes.posts import BOX, CODE, assessed, complaint, cursor, sighting, straight
from fakes.registers import DOMAINS, SAMPLE, sample, town_of, yaml_of

from services import cli
from services.clock import SystemClock
from services.register_file import parse_register
from services.settings import Settings
from services.store.interface import OutgoingMail
from services.store.open import open_store
from services.store.webhooks import WebhookState

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUDO_USER", raising=False)
    (tmp_path / "r.yaml").write_bytes(yaml_of(SAMPLE))


@pytest.fixture
def rammevagt(capsys):
    def run(*arguments):
        status = cli.main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return run


def apart(work):
    """Run ``work`` in a loop of its own, as another process would."""
    found = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return found[0]


def in_store(use):
    async def work():
        store = await open_store(Settings(), SystemClock())
        try:
            return await use(store)
        finally:
            await store.close()

    return apart(work())


def audited():
    """Every audit entry: who, what, about what, with which data."""

    async def read(store):
        from sqlalchemy import select

        from services.store import schema

        with store._engines[1].begin() as connection:
            rows = connection.execute(select(schema.audit).order_by(schema.audit.c.seq)).mappings()
            return [(row["actor"], row["action"], row["subject"], json.loads(row["data"])) for row in rows]

    return in_store(read)


def test_loading_twice_changes_nothing(rammevagt):
    status, out, err = rammevagt("load", "r.yaml", "--json", "--why", "start")
    assert (status, err) == (0, "")
    added = {"units": 1, "employees": 1, "open_addresses": 1, "authorities": 1, "citizens": 2, "cases": 2, "frameworks": 1}
    assert json.loads(out) == {"added": added, "changed": {}, "removed": {}}
    assert rammevagt("load", "r.yaml")[1] == "The register is as the file says; nothing had to be changed.\n"
    loads = [entry for entry in audited() if entry[1] == "register.loaded"]
    assert [(actor, data["why"]) for actor, _, _, data in loads] == [(ME, "start")]


@pytest.mark.parametrize("content", ["", "# all gone\n", "---\n"])
def test_an_empty_file_does_not_empty_the_register(rammevagt, tmp_path, content):
    rammevagt("load", "r.yaml")
    (tmp_path / "empty.yaml").write_text(content)
    status, out, err = rammevagt("load", "empty.yaml")
    assert (status, out) == (2, "")
    assert err.startswith("rammevagt: empty.yaml: is empty, and loading it would remove the whole register")
    assert rammevagt("load", "r.yaml")[1].startswith("The register is as the file says")
    (tmp_path / "empty.yaml").write_text("{}\n")
    assert json.loads(rammevagt("load", "empty.yaml", "--json")[1])["removed"]["units"] == 1


def test_export_replaces_files_alone(rammevagt, tmp_path):
    rammevagt("load", "r.yaml")
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path):
        status, out, err = rammevagt("export", place)
        assert (status, out) == (2, "")
        assert err == f"rammevagt: {place}: is no file that can be replaced; name another one, or - for standard output\n"
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    assert rammevagt("export", "link.yaml")[0] == 0
    assert (tmp_path / "link.yaml").is_symlink()
    assert rammevagt("load", "real.yaml")[1].startswith("The register is as the file says")


def test_a_load_that_makes_a_store_says_where(rammevagt):
    assert rammevagt("load", "r.yaml", "--data", "other")[1].startswith("A new store was made in other;")
    assert "new store" not in rammevagt("load", "r.yaml", "--data", "other")[1]


def test_export_loads_to_the_same_register(rammevagt, tmp_path):
    rammevagt("load", "r.yaml")
    status, out, _ = rammevagt("export", "out.yaml", "--why", "backup")
    assert (status, out.startswith("out.yaml: 1 units, ")) == (0, True)
    assert (tmp_path / "out.yaml").stat().st_mode & 0o777 == 0o600
    exported = parse_register("o", (tmp_path / "out.yaml").read_bytes(), DOMAINS)
    assert set(exported.citizens) == set(parse_register("r", yaml_of(SAMPLE), DOMAINS).citizens)
    assert rammevagt("load", "out.yaml")[1].startswith("The register is as the file says")
    assert rammevagt("export", "-")[1] == (tmp_path / "out.yaml").read_text()
    status, out, _ = rammevagt("export", "-", "--json")
    (tmp_path / "out.json").write_text(out)
    assert rammevagt("load", "out.json")[1].startswith("The register is as the file says")


def test_law_10_every_command_that_reads_citizens_data_is_recorded(rammevagt, tmp_path):
    rammevagt("load", "r.yaml")
    (tmp_path / "m.eml").write_bytes(mail("<1@example.net>"))
    in_store(lambda store: store.commit(arrival("m1", message_id="<1@example.net>")))
    assert rammevagt("explain", "m1", "--why", "klage", "--json")[0] == 0
    assert rammevagt("explain", "<1@example.net>", "--json")[0] == 0
    assert rammevagt("decide", "m.eml", "--from", "bo@example.net", "--to", "karen@eksempel.dk", "--json")[0] == 0
    assert rammevagt("export", "-")[0] == 0
    assert rammevagt("queue", "list")[0] == 0
    reads = [(actor, data["command"], data["ids"], data["why"]) for actor, action, _, data in audited() if action == "data.read"]
    assert reads == [
        (ME, "explain", ["m1"], "klage"),
        (ME, "explain", ["m1"], None),
        (ME, "decide", ["c-1001", "c-2"], None),
        (ME, "export", ["c-1001", "c-2"], None),
        (ME, "queue list", ["d-m1-karen@eksempel.dk"], None),
    ]
    before = len(audited())
    assert rammevagt("ledger")[0] == 0
    assert rammevagt("audit", "verify")[0] == 0
    assert rammevagt("explain", "unknown")[0] == 1
    assert len(audited()) == before


def test_law_10_behind_sudo_the_user_before_is_kept(rammevagt, monkeypatch):
    rammevagt("load", "r.yaml")
    monkeypatch.setenv("SUDO_USER", "lene")
    rammevagt("export", "-")
    assert audited()[-1][3]["sudo_user"] == "lene"


def test_explain(rammevagt):
    rammevagt("load", "r.yaml")
    in_store(lambda store: store.commit(arrival("m1", message_id="<1@example.net>")))
    in_store(lambda store: store.commit(arrival("m2", message_id="<1@example.net>")))
    in_store(lambda store: store.commit(arrival("m3", message_id="<3@example.net>")))
    found = json.loads(rammevagt("explain", "m1", "--json")[1])
    assert (found["mail"]["id"], found["assessed"], found["signals"], found["notify"]) == ("m1", False, None, None)
    assert found["way"][0]["address"] == "karen@eksempel.dk"
    assert json.loads(rammevagt("explain", "3@example.net", "--json")[1])["mail"]["id"] == "m3"
    status, out, err = rammevagt("explain", "<1@example.net>")
    assert (status, out.split(), err) == (1, ["m1", "m2"], "rammevagt: 2 mails carry this Message-ID; explain one of their ids\n")
    assert json.loads(rammevagt("explain", "<1@example.net>", "--json")[1])["ids"] == ["m1", "m2"]
    assert rammevagt("explain", "nothing") == (1, "", "rammevagt: no mail with the id or Message-ID nothing\n")
    status, out, _ = rammevagt("explain", "m1")
    assert status == 0
    assert "mailens indhold er ikke vurderet endnu" in out
    assert "Afsenderen er ikke partsrepræsentant." in out
    assert "mailen: venter til 23-11-2026" in out


def test_mail_that_came_straight_to_a_mailbox_is_explained_and_in_no_books(rammevagt):
    async def straight_mail(store):
        await store.mailboxes.lease(CODE, BOX, "a", NOW)
        await store.mailboxes.record(CODE, straight("m9", message_id="<9@x>"), sighting(1, "m9"), cursor())
        await store.save_assessments([assessed("m9", complaint("m9"))])

    rammevagt("load", "r.yaml")
    in_store(straight_mail)
    found = json.loads(rammevagt("explain", "<9@x>", "--json")[1])
    assert (found["mail"]["id"], found["way"], found["recipients"][0]["deliver_to"]) == ("m9", [], [BOX])
    [post] = found["posts"]
    assert (post["mailbox"], post["read_at"], post["deadlines"][0]["right"]) == (BOX, None, "complaint")
    status, out, _ = rammevagt("explain", "m9")
    assert (
        status == 0 and f"I postkassen {BOX}" in out and "skal være læst: 23-11-2026 14:30" in out and "taken_by" not in str(post)
    )
    status, out, _ = rammevagt("ledger", "--json")
    assert status == 0 and {row["accepted"] for row in json.loads(out)} == {0}
    assert rammevagt("queue", "list") == (0, "Nothing waits.\n", "") and rammevagt("audit", "verify")[0] == 0


def test_the_queue(rammevagt):
    rammevagt("load", "r.yaml")
    assert rammevagt("queue", "list") == (0, "Nothing waits.\n", "")
    assert rammevagt("queue", "list", "--json") == (0, "[]\n", "")
    assert rammevagt("queue", "retry", "--all") == (0, "Nothing waits to be tried.\n", "")
    in_store(lambda store: store.commit(arrival("m1", ["karen@eksempel.dk", "per@eksempel.dk"])))
    (first, second) = json.loads(rammevagt("queue", "list", "--json")[1])
    assert {first["address"], second["address"]} == {"karen@eksempel.dk", "per@eksempel.dk"}
    assert (first["mail"], first["attempts"], first["stuck"], first["since"][:16]) == ("m1", 0, False, "2026-11-23T10:30")
    assert first["id"] in rammevagt("queue", "list")[1]
    assert json.loads(rammevagt("queue", "show", first["id"], "--json")[1]) == first
    assert len(json.loads(rammevagt("queue", "show", "m1", "--json")[1])) == 2
    assert first["address"] in rammevagt("queue", "show", first["id"])[1]
    assert rammevagt("queue", "show", "x") == (1, "", "rammevagt: nothing with the id x waits\n")
    assert rammevagt("queue", "retry", "x") == (1, "", "rammevagt: nothing with the id x waits\n")
    assert rammevagt("queue", "retry", first["id"])[1] == "1 delivery is due now; the running guard tries at once.\n"
    assert json.loads(rammevagt("queue", "retry", "--all", "--json")[1]) == {"retried": 2}
    assert [entry[1:3] for entry in audited()][-2:] == [("queue.retried", first["id"]), ("queue.retried", "all")]


def test_webhooks_are_shown_and_what_is_asked_of_them_is_recorded(rammevagt, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text('[[webhooks]]\nname = "journal"\nurl = "https://j.eksempel.dk"\nsecret_file = "f"\nevents = ["*"]\n')
    rammevagt("load", "r.yaml")
    assert rammevagt("events", "list") == (0, "There are no webhooks in the settings.\n", "")
    assert json.loads(rammevagt("events", "list", "--json", "--config", config)[1]) == [
        {"webhook": "journal", "state": "not_begun"}
    ]
    state = WebhookState("journal", NOW, "stopped", "status", 503, tries=9, aside=2)
    in_store(lambda store: store.webhooks.save(state))
    (found,) = json.loads(rammevagt("events", "list", "--json", "--config", config)[1])
    assert (found["state"], found["why"], found["status"], found["tries"], found["set_aside"]) == ("stopped", "status", 503, 9, 2)
    assert "status 503" in rammevagt("events", "list", "--config", config)[1]
    assert rammevagt("events", "retry", "--webhook", "x", "--config", config) == (
        2,
        "",
        "rammevagt: --webhook: there is no webhook x in the settings; there is journal\n",
    )
    assert rammevagt("events", "retry", "--webhook", "journal", "--config", config)[0] == 0
    assert in_store(lambda store: store.webhooks.asked("journal")).since is None
    since = "2026-11-02T10:00:00+01:00"
    status, out, err = rammevagt("events", "replay", "--webhook", "journal", "--since", since, "--json", "--config", config)
    assert (status, json.loads(out), "14 days" in err) == (0, {"webhook": "journal", "since": since}, True)
    assert in_store(lambda store: store.webhooks.asked("journal")).since == datetime.fromisoformat(since)
    future = rammevagt("events", "replay", "--webhook", "journal", "--since", "2999-01-01T00:00:00Z", "--config", config)
    assert future == (2, "", "rammevagt: --since: is in the future; nothing was published then\n")
    assert [(entry[0], entry[1], entry[2], entry[3].get("since")) for entry in audited()][-2:] == [
        (ME, "webhook.retried", "journal", None),
        (ME, "webhook.replayed", "journal", since),
    ]


def test_retrying_all_leaves_notices_to_working_hours(rammevagt):
    rammevagt("load", "r.yaml")
    later = SystemClock().now() + timedelta(hours=8)
    notice = delivery("m1", "karen@eksempel.dk", (), id="n1", content="n1", kind="notice", envelope_from="", due=later)
    in_store(lambda store: store.enqueue([OutgoingMail(b"Subject: Til orientering\r\n\r\nHej\r\n", notice, None)], [], []))
    assert rammevagt("queue", "retry", "--all") == (0, "Nothing waits to be tried.\n", "")
    in_store(lambda store: store.commit(arrival("m1")))
    assert json.loads(rammevagt("queue", "retry", "--all", "--json")[1]) == {"retried": 1}
    waiting = {one["kind"]: one for one in json.loads(rammevagt("queue", "list", "--json")[1])}
    assert datetime.fromisoformat(waiting["notice"]["next_try"]) == later.replace(microsecond=0)
    assert json.loads(rammevagt("queue", "retry", "n1", "--json")[1]) == {"retried": 1}


def test_law_1_the_ledger_balances_or_says_so(rammevagt):
    rammevagt("load", "r.yaml")
    in_store(lambda store: store.commit(arrival("m1", ["karen@eksempel.dk", "per@eksempel.dk"])))
    status, out, _ = rammevagt("ledger", "--json")
    assert status == 0
    assert json.loads(out) == [{"day": "2026-11-23", "accepted": 2, "delivered": 0, "redirected": 0, "queued": 2, "returned": 0}]
    assert rammevagt("ledger")[1].endswith("The books balance.\n")
    assert json.loads(rammevagt("ledger", "--since", "2026-11-24", "--json")[1]) == []

    async def lose(store):
        from sqlalchemy import delete

        from services.store import schema

        with store._engines[0].begin() as connection:
            connection.execute(delete(schema.delivery).where(schema.delivery.c.address == "per@eksempel.dk"))
            connection.execute(delete(schema.recipient).where(schema.recipient.c.address == "per@eksempel.dk"))

    in_store(lose)
    status, out, _ = rammevagt("ledger")
    assert (status, out.splitlines()[-1]) == (1, "1 of 1 days do not balance.")
    assert "mail m1: the number of its recipients is not that of its rows" in out.splitlines()
    status, out, err = rammevagt("ledger", "--json")
    assert (status, json.loads(out)[0]["accepted"], "1 of 1 days do not balance." in err) == (1, 2, True)


def test_the_ledger_by_mailbox_and_recipient_names_them_and_is_recorded(rammevagt):
    rammevagt("load", "r.yaml")
    in_store(lambda store: store.commit(arrival("m1", ["karen@eksempel.dk", "per@eksempel.dk"], "bf@eksempel.dk")))
    [row] = json.loads(rammevagt("ledger", "--by", "mailbox", "--json", "--why", "revision")[1])
    figures = {"accepted": 2, "delivered": 0, "redirected": 0, "queued": 2, "returned": 0}
    assert row == {"day": "2026-11-23", "mailbox": "bf@eksempel.dk"} | figures
    rows = json.loads(rammevagt("ledger", "--by", "recipient", "--json")[1])
    assert [one["recipient"] for one in rows] == ["karen@eksempel.dk", "per@eksempel.dk"]
    assert "per@eksempel.dk" in rammevagt("ledger", "--by", "recipient")[1]
    reads = [(data["command"], data["why"]) for _, action, _, data in audited() if action == "data.read"]
    assert reads == [("ledger --by mailbox", "revision"), *[("ledger --by recipient", None)] * 2]


def test_the_audit_chain(rammevagt):
    rammevagt("load", "r.yaml")
    found = json.loads(rammevagt("audit", "verify", "--json")[1])
    assert (found["holds"], found["broken_at"]) == (True, None)

    async def change(store):
        from sqlalchemy import update

        from services.store import schema

        with store._engines[0].begin() as connection:
            connection.execute(update(schema.audit).where(schema.audit.c.seq == 1).values(actor="nobody"))

    in_store(change)
    status, out, _ = rammevagt("audit", "verify")
    assert (status, out.startswith("The audit chain is broken at entry 1: ")) == (1, True)
    assert json.loads(rammevagt("audit", "verify", "--json")[1])["holds"] is False


def test_a_broken_line_in_a_register_of_10000_changes_nothing(rammevagt, tmp_path):
    rammevagt("load", "r.yaml")
    before = rammevagt("export", "-")[1]
    (tmp_path / "bad.yaml").write_bytes(town_of(10_000).replace(b"{id: c-7777,", b"{id: c-7777, nmae: x,"))
    assert rammevagt("load", "bad.yaml") == (
        2,
        "",
        'rammevagt: bad.yaml:7781: citizens[7777] c-7777.nmae: is not known here; did you mean "name"?\n',
    )
    assert rammevagt("export", "-")[1] == before


def test_a_store_that_cannot_be_used_is_one_line(rammevagt, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rammevagt.db").write_bytes(b"no database at all" * 100)
    status, out, err = rammevagt("ledger")
    assert (status, out, err.count("\n")) == (2, "", 1)
    (tmp_path / "data" / "secret.key").write_text("short")
    assert rammevagt("ledger")[2].startswith("rammevagt: data/secret.key: ")


def test_the_output_may_be_cut_off(tmp_path):
    (tmp_path / "big.yaml").write_bytes(town_of(600))
    python = [sys.executable, "-m", "services.cli"]
    assert subprocess.run([*python, "load", "big.yaml"], cwd=tmp_path, capture_output=True, check=False).returncode == 0
    with subprocess.Popen([*python, "export", "-"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as export:
        assert export.stdout.readline() == b"units:\n"
        export.stdout.close()
        assert export.stderr.read() == b""
    assert export.returncode == 0


async def test_law_7_smtp_decide_and_explain_give_the_same_answer(tmp_path):
    data = sample()
    data["citizens"][1]["addresses"] = []
    (tmp_path / "r.yaml").write_bytes(yaml_of(data))
    content = mail(
        "<7@example.net>", body="Jeg vil klage.\r\nHvis I ikke svarer, slår jeg jer ihjel.\r\n", extra="X-Rammevagt-Id: mig\r\n"
    )
    (tmp_path / "m.eml").write_bytes(content.replace(b"\r\n", b"\n"))
    async with guarding(tmp_path / "data", parse_register("r", yaml_of(data), DOMAINS)) as running:
        assert (await running.send(content, "karen@eksempel.dk", "ole@eksempel.dk")).startswith("250")
        live = await running.explained("<7@example.net>")
        at = running.clock.now().isoformat()
    decide = [
        "decide",
        "m.eml",
        "--from",
        "bo@example.net",
        "--to",
        "karen@eksempel.dk",
        "--to",
        "ole@eksempel.dk",
        "--at",
        at,
        "--json",
    ]
    await result(tmp_path, "load", "r.yaml", "--data", "other", "--json")  # a store in which no receipt has been sent yet
    by_store = await result(tmp_path, *decide, "--data", "other")
    by_file = await result(tmp_path, *decide, "--register", "r.yaml")
    explained = await result(tmp_path, "explain", "<7@example.net>", "--json")
    assert by_store == by_file
    assert {name: explained[name] for name in live} == live
    live["mail"] = live["mail"] | {"id": None}
    assert by_file == live
    assert live["recipients"][0]["action"] == "redirect"
    assert live["signals"][0] == {"kind": "threat", "level": "red"}
    assert live["patterns"]["threat"].startswith("threat.")


async def result(folder, *arguments):
    command = [sys.executable, "-m", "services.cli", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    return json.loads(out)
