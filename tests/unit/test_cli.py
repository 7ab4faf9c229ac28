"""The command line without a store: help, wrong use, and one clear line for every fault."""

import errno
import json
import os
import subprocess
import sys
from importlib import import_module

import click
import pytest
from fakes.registers import SAMPLE, sample, yaml_of

from services import cli
from services.options import Given
from services.settings_checks import Settings

MAIL = b"From: Bo <bo@example.net>\nTo: karen@eksempel.dk\nMessage-ID: <1@example.net>\nSubject: Klage\n\nJeg vil klage over det.\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def rammevagt(capsys):
    def run(*arguments):
        status = cli.main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return run


@pytest.fixture
def files(tmp_path):
    (tmp_path / "m.eml").write_bytes(MAIL)
    (tmp_path / "r.yaml").write_bytes(yaml_of(SAMPLE))
    return tmp_path


DECIDE = ("decide", "m.eml", "--from", "bo@example.net", "--to", "karen@eksempel.dk", "--register", "r.yaml")
AT = ("--at", "2026-11-23T10:00:00+01:00")


def commands():
    for name, (module, attribute, text) in cli.COMMANDS.items():
        yield name, getattr(import_module(f"services.commands.{module}"), attribute), text


def test_the_table_of_commands_is_true():
    for name, command, text in commands():
        assert isinstance(command, click.Command)
        assert command.name == name
        assert command.get_short_help_str(limit=200) == text


def every_command(command, path):
    yield command, path
    for name, inner in getattr(command, "commands", {}).items():
        yield from every_command(inner, (*path, name))


ALL = [(command, path) for name, top, _ in commands() for command, path in every_command(top, (name,))]


@pytest.mark.parametrize(("command", "path"), ALL, ids=[" ".join(path) for _, path in ALL])
def test_every_command_has_help_and_takes_the_common_options(rammevagt, command, path):
    status, out, err = rammevagt(*path, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: rammevagt {' '.join(path)}")
    assert "--config" in out
    assert "--data" in out


SILENT = {"demo", "up", "gateway", "deliver", "relay", "notify", "watch", "console"}


@pytest.mark.parametrize(("command", "path"), ALL, ids=[" ".join(path) for _, path in ALL])
def test_every_command_that_prints_a_result_prints_json(command, path):
    if path[0] not in SILENT and not hasattr(command, "commands"):
        assert any("--json" in one.opts for one in command.params)


def test_help_lists_every_command(rammevagt):
    status, out, _ = rammevagt("--help")
    assert status == 0
    for name, (_, _, text) in cli.COMMANDS.items():
        assert f"{name}  " in out
        assert text in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("ledgr",), "rammevagt: there is no command ledgr; did you mean ledger? (see rammevagt --help)"),
        (("xyz",), "rammevagt: there is no command xyz (see rammevagt --help)"),
        (("queue", "lst"), "rammevagt: No such command 'lst'"),
        (("ledger", "--sins"), "rammevagt: No such option"),
        (
            ("ledger", "--since", "yesterday"),
            "rammevagt: Invalid value for '--since': 'yesterday': write a number of days, such as 90d",
        ),
        (("ledger", "--since", "2026-02-30"), "rammevagt: Invalid value for '--since': '2026-02-30': write a number of days"),
        (("ledger", "--since", "999999999d"), "rammevagt: Invalid value for '--since'"),
        (("queue", "retry"), "rammevagt: give one ID, or --all (see rammevagt queue retry --help)"),
        (("queue", "retry", "x", "--all"), "rammevagt: give one ID, or --all"),
        (("decide", "m.eml"), "rammevagt: Missing option '--from'"),
        (("decide", "no.eml", *DECIDE[2:]), "rammevagt: no.eml: can't be read: No such file or directory"),
        (
            (*DECIDE, "--at", "2026-11-23T10:00:00"),
            "rammevagt: Invalid value for '--at': '2026-11-23T10:00:00' is without an offset",
        ),
        ((*DECIDE, "--at", "today"), "rammevagt: Invalid value for '--at': 'today': write an instant"),
        ((*DECIDE, "--to", "karen"), "rammevagt: --to 'karen': write an address, such as karen@eksempel.dk"),
        ((*DECIDE, "--to", "a b@eksempel.dk"), "rammevagt: --to 'a b@eksempel.dk': write an address"),
        ((*DECIDE[:-1], "no.yaml"), "rammevagt: no.yaml: can't be read: No such file or directory"),
        (("explain", "x"), "rammevagt: data: there is no store here; start the guard once, or name its folder with --data"),
        (("explain", "x", "--data", "d"), "rammevagt: d: there is no store here"),
        (("ledger", "--config", "no.toml"), "rammevagt: no.toml: can't be read: No such file or directory"),
        (("--config", "bad.toml", "ledger"), "rammevagt: bad.toml:2: gateway.listen: write HOST:PORT"),
        (("load", "no.yaml"), "rammevagt: no.yaml: can't be read: No such file or directory"),
        (("up", "--config", "cert.toml"), "rammevagt: settings: gateway.tls_certificate: there is no file no.pem"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(rammevagt, files, arguments, line):
    (files / "bad.toml").write_text('[gateway]\nlisten = "x"\n')
    (files / "cert.toml").write_text('[gateway]\ntls_certificate = "no.pem"\ntls_key = "bad.toml"\n')
    status, out, err = rammevagt(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith(line), err
    assert err.count("\n") == 1
    assert not (files / "data").exists()


def test_nothing_at_all_shows_the_help(rammevagt):
    status, out, err = rammevagt()
    assert (status, out) == (2, "")
    assert err.startswith("Usage: rammevagt")


def test_options_count_before_and_after_the_command(files, monkeypatch):
    seen = []
    monkeypatch.setattr(Given, "settings", lambda self: seen.append((str(self.config), str(self.data))) or Settings())
    cli.main(["--config", "a", "--data", "b", "ledger"])
    cli.main(["ledger", "--config", "a", "--data", "b"])
    cli.main(["--data", "x", "ledger", "--config", "a", "--data", "b"])
    cli.main(["queue", "--config", "a", "list", "--data", "b"])
    assert seen == [("a", "b")] * 4


def test_an_unexpected_fault_is_one_line_without_its_words(rammevagt, monkeypatch, capsys):
    def fail(self):
        raise RuntimeError("bo@example.net")

    monkeypatch.setattr(Given, "settings", fail)
    status, out, err = rammevagt("ledger")
    assert (status, out) == (2, "")
    assert err == "rammevagt: an unexpected fault (RuntimeError in fail); run again with --debug before the command for more\n"
    assert cli.main(["--debug", "ledger"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_what_the_system_refuses_is_one_line(rammevagt, monkeypatch):
    def full(self):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Given, "settings", full)
    assert rammevagt("ledger") == (2, "", "rammevagt: input or output: No space left on device\n")


@pytest.mark.parametrize("command", ["up", "gateway", "deliver"])
def test_a_data_folder_that_is_none_is_one_line(rammevagt, files, command):
    status, out, err = rammevagt(command, "--data", files / "m.eml")
    assert (status, out) == (2, "")
    assert err == f"rammevagt: {files}/m.eml: File exists; the data folder must be a folder that this user can write in\n"


def test_a_device_without_end_is_refused(rammevagt, monkeypatch):
    monkeypatch.setattr("services.register_file.LARGEST", 3 * 1024 * 1024)
    status, out, err = rammevagt("decide", "/dev/zero", "--from", "", "--to", "karen@eksempel.dk")
    assert (status, out) == (2, "")
    assert err.startswith("rammevagt: /dev/zero: is larger than 3 MB")


def test_decide_with_a_register_touches_no_store(rammevagt, files):
    status, out, err = rammevagt(*DECIDE, *AT, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert sorted(one.name for one in files.iterdir()) == ["m.eml", "r.yaml"]
    assert list(found)[:4] == ["mail", "sender", "recipients", "signals"]
    assert found["sender"]["candidates"] == ["c-1001", "c-2"]  # the sample's address is shared: nobody is sure
    assert found["rights"] == ["complaint"]
    assert found["assessed"] is True


def test_decide_tells_why_there_is_a_signal_and_goes_by_the_settings(rammevagt, files):
    (files / "m.eml").write_bytes(MAIL + b"Din idiot.\r\n")
    out = rammevagt(*DECIDE, *AT)[1]
    assert "insult (gul)" in out and "hvorfor: Nedværdigende tiltale af en medarbejder." in out
    found = json.loads(rammevagt(*DECIDE, *AT, "--json")[1])
    assert found["patterns"]["insult"] == "insult"
    assert ("leader", "same_day") in {(one["role"], one["urgency"]) for one in found["notify"]}
    (files / "s.toml").write_text('[signals]\noff = ["insult"]\n')
    assert "insult" not in rammevagt(*DECIDE, *AT, "--config", "s.toml")[1]


def test_check_config_names_a_pattern_and_a_kind_that_do_not_exist(rammevagt, files):
    (files / "s.toml").write_text('[signals]\noff = ["insults"]\nyellow = {rude = "none"}\n')
    status, _, err = rammevagt("check-config", "--config", "s.toml")
    assert status == 2 and '"rude" is none of threat,' in err
    (files / "s.toml").write_text('[signals]\noff = ["insults"]\n')
    status, _, err = rammevagt("check-config", "--config", "s.toml")
    assert status == 2 and 's.toml:2: signals.off[0]: there is no pattern "insults"; did you mean "insult"?' in err


def test_decide_redirects_and_tells(rammevagt, files):
    data = sample()
    data["citizens"][1]["addresses"] = []
    (files / "r.yaml").write_bytes(yaml_of(data))
    found = json.loads(rammevagt(*DECIDE, "--to", "ole@eksempel.dk", *AT, "--json")[1])
    assert [(one["action"], one["deliver_to"]) for one in found["recipients"]] == [
        ("redirect", ["bf-kontakt@eksempel.dk"]),
        ("deliver", ["ole@eksempel.dk"]),
    ]
    assert {one["to"] for one in found["notify"]} == {"lene@eksempel.dk", "karen@eksempel.dk"}
    before = json.loads(rammevagt(*DECIDE, "--at", "2026-11-01T22:59:59Z", "--json")[1])
    assert before["recipients"][0]["reason"] == "not_in_force"
    status, out, _ = rammevagt(*DECIDE, *AT)
    assert status == 0
    assert "går til bf-kontakt@eksempel.dk" in out
    assert "framework_applies" in out
    assert "Klage" not in out


def test_decide_hashes_what_smtp_would_bring(rammevagt, files):
    import hashlib

    expected = hashlib.sha256(MAIL.replace(b"\n", b"\r\n")).hexdigest()
    assert json.loads(rammevagt(*DECIDE, "--json")[1])["mail"]["sha256"] == expected
    (files / "m.eml").write_bytes(MAIL.replace(b"\n", b"\r\n")[:-2])
    assert json.loads(rammevagt(*DECIDE, "--json")[1])["mail"]["sha256"] == expected


def test_decide_takes_the_null_sender_and_angle_brackets(rammevagt, files):
    found = json.loads(
        rammevagt("decide", "m.eml", "--from", "", "--to", "<karen@eksempel.dk>", "--register", "r.yaml", "--json")[1]
    )
    assert found["mail"]["envelope_from"] == ""
    assert found["recipients"][0]["address"] == "karen@eksempel.dk"


def test_decide_shows_no_control_characters_of_a_mail(rammevagt, files):
    (files / "m.eml").write_bytes(b"From: bo@example.net\nMessage-ID: <\x1b]0;owned\x07@x>\n\n")
    out = rammevagt(*DECIDE)[1]
    assert "\x1b]" not in out


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xff" * 100, b"From", b"\n\n", b"From: " + b"a@b, " * 5000 + b"\n"])
def test_decide_reads_anything(rammevagt, files, content):
    (files / "m.eml").write_bytes(content)
    assert rammevagt(*DECIDE, "--json")[0] == 0


def test_a_bad_register_is_listed_whole(rammevagt, files):
    (files / "r.yaml").write_bytes(yaml_of(sample(reason=None, ends="2028-01-01")))
    status, out, err = rammevagt(*DECIDE)
    assert (status, out) == (2, "")
    assert [line.partition(": ")[2].partition(": ")[2].partition(": ")[0] for line in err.splitlines()] == [
        "frameworks[0] f-1.reason",
        "frameworks[0] f-1.ends",
    ]


def test_check_config(rammevagt, files):
    assert rammevagt("check-config") == (0, "Settings and texts are fine.\n", "")
    assert rammevagt("check-config", "--register", "r.yaml")[1] == "Settings, register and texts are fine.\n"
    (files / "r.yaml").write_bytes(yaml_of(sample(reason=None)))
    (files / "c.toml").write_text('[gateway]\ntls_key = "k"\ntls_certificate = "c"\n')
    status, out, err = rammevagt("check-config", "--register", "r.yaml", "--config", "c.toml")
    assert (status, out) == (2, "")
    assert [line.split(": ")[1] for line in err.splitlines()] == ["c.toml", "c.toml", "r.yaml:47"]
    status, out, err = rammevagt("check-config", "--register", "r.yaml", "--config", "c.toml", "--json")
    assert (status, err) == (2, "")
    assert json.loads(out)["ok"] is False
    assert len(json.loads(out)["faults"]) == 3


def test_check_config_finds_broken_texts(rammevagt, monkeypatch):
    from services.commands import check_config

    def broken():
        raise KeyError("subject")

    monkeypatch.setattr(check_config, "TEXTS", (("config/letters/receipt.toml", broken),))
    assert rammevagt("check-config")[2] == "rammevagt: config/letters/receipt.toml: subject is missing\n"


def test_check_config_reads_the_municipalitys_own_letters(rammevagt, files):
    """Texts and template of the folder that the settings name, and everything at once."""
    (files / "c.toml").write_text('[letters]\nfolder = "own"\n')
    assert rammevagt("check-config", "--config", "c.toml")[2] == "rammevagt: c.toml: letters.folder: there is no folder own\n"
    (files / "own/da").mkdir(parents=True)
    (files / "own/letter.typ").write_text("#set document(title: [x])\n#wrong\n")
    assert rammevagt("check-config", "--config", "c.toml")[2] == "rammevagt: own/letter.typ:2: unknown variable: wrong\n"
    (files / "own/da/lifting.toml").write_text('title = "Slut"\nparts = []\n')
    status, out, err = rammevagt("check-config", "--config", "c.toml")
    assert (status, out) == (2, "")
    assert err.splitlines()[0] == 'rammevagt: own/da/lifting.toml:2: parts: must name "ended": a letter without it can\'t be sent'


def test_check_config_reads_the_municipalitys_own_playbooks(rammevagt, files):
    (files / "c.toml").write_text('[playbooks]\nfolder = "own"\n')
    assert rammevagt("check-config", "--config", "c.toml")[2] == "rammevagt: c.toml: playbooks.folder: there is no folder own\n"
    (files / "own").mkdir()
    (files / "own/playbooks.en.toml").write_text('shaken = ["x"]\n[exposure]\ntitle = 3\n')
    status, out, err = rammevagt("check-config", "--config", "c.toml")
    assert (status, out) == (2, "")
    assert "rammevagt: own/playbooks.en.toml:3: exposure.title: write one line of text, of 1 to 70 characters, in quotes\n" in err


def test_check_config_notes_are_no_faults(rammevagt, files):
    data = sample()
    data["employees"] = []
    (files / "r.yaml").write_bytes(yaml_of(data))
    status, _, err = rammevagt("check-config", "--register", "r.yaml")
    assert status == 0
    assert err.startswith("rammevagt: note: r.yaml:")


ROUTE = """\
[[mailboxes]]
address = "karen@eksempel.dk"
host = "imap.eksempel.dk:993"
user = "karen"
password_file = "c.toml"
mode = "route"
staff_informed = {}
"""


def test_check_config_says_where_route_mode_could_put_nothing(rammevagt, files):
    (files / "c.toml").write_text(ROUTE.format("2026-01-05"))
    status, out, err = rammevagt("check-config", "--register", "r.yaml", "--config", "c.toml")
    assert (status, out) == (0, "Settings, register and texts are fine.\n")
    assert "note: r.yaml: unit boern-familie: functional_mailbox is in no [[mailboxes]]: route mode leaves its mail" in err


def test_no_service_starts_before_the_employees_were_told(rammevagt, files):
    (files / "c.toml").write_text(ROUTE.format("2999-01-01"))
    for command in ("check-config", "up", "notify"):
        status, _, err = rammevagt(command, "--config", "c.toml", "--data", "d")
        assert status == 2, command
        assert "mailboxes[0].staff_informed: lies in the future: " in err
        assert not (files / "d").exists()


def test_the_installed_command_in_a_process_of_its_own(files):
    python = [sys.executable, "-m", "services.cli"]
    version = subprocess.run([*python, "--version"], capture_output=True, text=True, check=False)
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("rammevagt ")
    wrong = subprocess.run([*python, "explain", "x"], capture_output=True, text=True, check=False, cwd=files)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.count("\n") == 1


def test_the_help_loads_no_command():
    heavy = ("services.commands", "services.settings", "pydantic", "rich", "sqlalchemy")
    code = f"import sys, services.cli as c; c.main(['--help']); print([m for m in sys.modules if m.startswith({heavy})])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.endswith("[]\n")
