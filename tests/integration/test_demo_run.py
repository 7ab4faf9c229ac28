"""``rammevagt demo``: embedded defaults whatever the settings say, and never over somebody else's store."""

import re
import sqlite3
from contextlib import closing

import pytest

from services import cli
from workflows.rights import UserRole


@pytest.fixture
def rammevagt(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = cli.main(list(arguments))
        return status, *capfd.readouterr()

    return run


def test_the_demo_refuses_a_store_in_use(rammevagt, tmp_path):
    (tmp_path / "r.yaml").write_text("authorities: [ombudsmanden.dk]\n")
    assert rammevagt("load", "r.yaml")[0] == 0
    status, out, err = rammevagt("demo", "--once")
    assert (status, out) == (2, "")
    assert err.startswith("rammevagt: data: holds a store that is not the demo's")
    assert "ombudsmanden.dk" in rammevagt("export", "-")[1]


def test_the_demo_runs_on_its_own_defaults_and_again_on_what_it_kept(rammevagt, monkeypatch, tmp_path):
    monkeypatch.setenv("RAMMEVAGT_MUNICIPALITY__DOMAINS", '["minby.dk"]')
    monkeypatch.setenv("RAMMEVAGT_GATEWAY__TRUSTED_CLIENTS", '["10.0.0.0/8"]')
    for name in ("GATEWAY__LISTEN", "CONSOLE__LISTEN", "DELIVERY__NEXT_HOP"):
        monkeypatch.setenv(f"RAMMEVAGT_{name}", "127.0.0.1:0" if name != "DELIVERY__NEXT_HOP" else "127.0.0.1:25")
    status, out, err = rammevagt("demo", "--once")
    assert (status, err) == (0, "")
    assert "stemmer" in out
    assert "bf-kontakt@eksempel.dk" in out
    logins = re.findall(r"^  (\S+@eksempel\.dk) +([a-z2-9]{5}(?:-[a-z2-9]{5}){3})   (\w+)", out, re.MULTILINE)
    assert [role for _, _, role in logins] == [role.value for role in UserRole]
    with closing(sqlite3.connect(tmp_path / "data" / "rammevagt.db")) as store:
        by_hand = "SELECT count(taken_by), count(read_at), count(done_at), count(*) FROM post WHERE unit = ?"
        [(taken, seen, done, every)] = store.execute(by_hand, ["boern-familie"])
    assert (taken, seen, done) == (1, 2, 1) and every > 5  # who answers has read
    status, again, _ = rammevagt("demo", "--once")
    assert status == 0
    assert "is not sent again" in again
    assert "user reset" in again
    assert not any(password in again for _, password, _ in logins)
