"""``rammevagt who``: the evidence side by side, without a number of anybody, and recorded."""

import json
import subprocess
import sys

import pytest
from fakes.town import town

from services.register_file import write_register

MAIL = (
    'From: "Bo Borger" <ny@gmail.com>\nTo: karen@eksempel.dk\nSubject: sag s-1\nContent-Type: text/plain; charset=utf-8\n\n'
    "Mit CPR-nummer er 010190-1234.\n\nVenlig hilsen\nBo Borger\n"
)


@pytest.fixture
def rammevagt(tmp_path):
    def run(*words, given=None):
        command = [sys.executable, "-P", "-m", "services.cli", *words, "--data", str(tmp_path / "data")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, input=given, timeout=60)
        return done.returncode, done.stdout, done.stderr

    text = write_register(town()).replace("    name: Bo Borger\n", '    name: Bo Borger\n    cpr: "010190-1234"\n')
    assert "cpr" in text
    assert run("load", "-", given=text)[0] == 0
    return run


def test_who_may_have_written_is_shown_with_what_speaks_for_it(rammevagt):
    status, out, _ = rammevagt("who", "-", "--why", "klage", "--json", given=MAIL)
    [one] = json.loads(out)["likened"]
    assert status == 0 and (one["citizen"], one["grade"], one["about"], one["doubts"]) == ("c-1", "probable", "link", [])
    assert [(e["kind"], e["weight"], e["says"], e["known"]) for e in one["evidence"]] == [
        ("cpr", "strong", None, None),
        ("case_number", "some", "s-1", "s-1"),
        ("display_name", "some", "Bo Borger", "Bo Borger"),
        ("signature", "some", "Bo Borger", "Bo Borger"),
    ]
    status, out, _ = rammevagt("who", "-", given=MAIL)
    assert status == 0 and "c-1, sandsynlig" in out and "Der står et CPR-nummer i mailen" in out and "010190" not in out


def test_nobody_is_the_answer_no(rammevagt):
    status, out, _ = rammevagt(
        "who", "-", given=MAIL.replace("Bo Borger", "Per Plads").replace("s-1", "").replace("010190", "020290")
    )
    assert status == 1 and out.strip() == "Ingen, vi kender, ligner den, der har skrevet."


def test_no_number_leaves_by_an_export_or_an_error(rammevagt):
    status, out, _ = rammevagt("export", "-")
    assert status == 0 and "cpr_hash: " in out and "010190" not in out and "0101901234" not in out
    status, out, error = rammevagt("load", "-", given=out)
    assert status == 0 and "nothing" in (out + error).lower()
    status, out, error = rammevagt("load", "-", given="citizens:\n- {id: c-1, name: Bo, cpr: 310290-1234}\n")
    assert status == 2 and "310290" not in out + error
