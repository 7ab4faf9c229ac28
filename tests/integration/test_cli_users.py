"""``user`` and ``token``: accounts over a real store, secrets shown once and kept as hashes, and the record of who did it."""

import asyncio
import json
import os
import pwd
import subprocess
import sys

import pytest
from argon2 import PasswordHasher
from fakes.registers import SAMPLE, yaml_of
from sqlalchemy import select

from services import cli
from services.clock import SystemClock
from services.console.auth.door import hash_of
from services.settings import Settings
from services.store import schema
from services.store.open import open_store

ME = pwd.getpwuid(os.getuid()).pw_name
LENE = ("user", "add", "Lene@Eksempel.dk", "--name", "Lene Lund", "--role", "leader")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUDO_USER", raising=False)


@pytest.fixture
def rammevagt(capsys):
    def run(*arguments):
        status = cli.main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return run


def stored(read):
    """What ``read`` finds in the store."""

    async def work():
        store = await open_store(Settings(), SystemClock())
        try:
            return await read(store)
        finally:
            await store.close()

    with asyncio.Runner() as runner:
        return runner.run(work())


def audited():
    def rows(connection):
        return [tuple(row) for row in connection.execute(select(schema.audit.c.actor, schema.audit.c.action, schema.audit.c.data))]

    return stored(lambda store: store.readers.run(rows))


def test_an_account_is_made_with_a_password_that_is_shown_once(rammevagt):
    status, out, err = rammevagt(*LENE)
    assert (status, err) == (0, "")
    password = out.split("\n\n")[1].strip()
    assert out.startswith("lene@eksempel.dk can log in once with this password")
    [account] = stored(lambda store: store.users.all())
    assert (account.address, account.role, account.temporary) == ("lene@eksempel.dk", "leader", True)
    assert PasswordHasher().verify(account.password, password)
    status, out, _ = rammevagt("user", "list", "--json")
    [listed] = json.loads(out)
    assert (listed["address"], listed["single_sign_on"], listed["disabled"]) == ("lene@eksempel.dk", False, False)
    assert password not in out and "argon2" not in out
    assert [(actor, action) for actor, action, _ in audited()] == [(ME, "user.added")]
    assert "lene" not in audited()[0][2]
    assert rammevagt("user", "list")[1].split()[-5:] == ["lene@eksempel.dk", "Lene", "Lund", "leader", "password"]


def test_the_password_is_in_no_argument_and_no_log():
    shown = subprocess.run([sys.executable, "-m", "services.cli", *LENE, "--json"], capture_output=True, check=True)
    password = json.loads(shown.stdout)["password"]
    assert len(password) == 23
    assert password.encode() not in shown.stderr
    for path, _, files in os.walk("data"):
        for name in files:
            with open(os.path.join(path, name), "rb") as file:
                assert password.encode() not in file.read()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("lene", "--name", "L", "--role", "leader"), "lene: is no mail address"),
        (("a b@c.dk", "--name", "L", "--role", "leader"), "is no mail address"),
        (("l@eksempel.dk", "--name", " ", "--role", "leader"), "--name: write a name"),
        (("l@eksempel.dk", "--name", "L\x1b[2J", "--role", "leader"), "--name: write a name"),
        (("l@eksempel.dk", "--name", "L", "--role", "boss"), "'boss' is not one of"),
        (("l@eksempel.dk", "--name", "L", "--role", "leader", "--unit", "nowhere"), "nowhere: the register has no such unit"),
        (("l@eksempel.dk", "--role", "leader"), "--name"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_made(rammevagt, arguments, says):
    status, out, err = rammevagt("user", "add", *arguments)
    assert (status, out) == (2, "")
    assert says in err and len(err.splitlines()) == 1
    assert rammevagt("user", "list")[1] == "Nobody has an account yet; rammevagt user add makes one.\n"


def test_an_address_has_one_account(rammevagt):
    rammevagt(*LENE)
    status, out, err = rammevagt(*LENE[:2], "LENE@eksempel.dk", *LENE[3:])
    assert (status, out) == (2, "")
    assert "has an account already" in err


def test_units_of_the_register_can_be_given(rammevagt, tmp_path):
    (tmp_path / "r.yaml").write_bytes(yaml_of(SAMPLE))
    rammevagt("load", "r.yaml")
    unit = SAMPLE["units"][0]["id"]
    assert json.loads(rammevagt(*LENE, "--unit", unit, "--json")[1])["units"] == [unit]


def test_a_disabled_account_is_let_in_again_by_a_reset(rammevagt):
    first = json.loads(rammevagt(*LENE, "--json")[1])["password"]
    assert rammevagt("user", "disable", "lene@eksempel.dk")[:2] == (0, "lene@eksempel.dk is disabled.\n")
    assert rammevagt("user", "disable", "LENE@eksempel.dk")[1].endswith("is already disabled.\n")
    assert json.loads(rammevagt("user", "list", "--json")[1])[0]["disabled"]
    second = json.loads(rammevagt("user", "reset", "lene@eksempel.dk", "--json")[1])["password"]
    [account] = stored(lambda store: store.users.all())
    assert first != second and PasswordHasher().verify(account.password, second)
    assert (account.disabled_at, account.temporary, account.totp) == (None, True, None)
    assert [action for _, action, _ in audited()] == ["user.added", "user.disabled", "user.reset"]
    for command in ("disable", "reset"):
        status, _, err = rammevagt("user", command, "nobody@eksempel.dk")
        assert (status, "has no account" in err) == (2, True)


def test_single_sign_on_has_no_password(rammevagt):
    made = json.loads(rammevagt(*LENE, "--single-sign-on", "--json")[1])
    assert (made["password"], made["single_sign_on"]) == (None, True)


def test_a_token_is_shown_once_and_revoked(rammevagt):
    rammevagt(*LENE)
    create = (
        "token",
        "create",
        "lene@eksempel.dk",
        "--name",
        "ESDH",
        "--scope",
        "mails:read",
        "--scope",
        "citizens:read",
        "--json",
    )
    status, out, err = rammevagt(*create)
    made = json.loads(out)
    assert (status, err, made["scopes"]) == (0, "", ["mails:read", "citizens:read"])
    found, account = stored(lambda store: store.users.token(hash_of(made["token"])))
    assert (found.id, account.address) == (made["id"], "lene@eksempel.dk")
    listed = rammevagt("token", "list", "--json")[1]
    assert made["token"] not in listed and json.loads(listed)[0]["address"] == "lene@eksempel.dk"
    assert rammevagt("token", "revoke", made["id"])[:2] == (0, f"Token {made['id']} is revoked.\n")
    status, _, err = rammevagt("token", "revoke", made["id"])
    assert (status, "in force" in err) == (1, True)
    assert [action for _, action, _ in audited()] == ["user.added", "token.created", "token.revoked"]
    assert rammevagt("token", "create", "x@eksempel.dk", "--name", "n", "--scope", "mails:read")[0] == 2
    assert rammevagt("token", "create", "lene@eksempel.dk", "--name", "n", "--scope", "everything")[0] == 2
    assert rammevagt("token", "create", "lene@eksempel.dk", "--name", "n")[0] == 2
    rammevagt("user", "disable", "lene@eksempel.dk")
    assert "is disabled" in rammevagt(*create)[2]
