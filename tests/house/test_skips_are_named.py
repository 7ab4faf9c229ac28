"""A test that cannot run for want of a package is named in the last lines, and fails where nothing may be skipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SAMPLE = """
import pytest

@pytest.mark.needs("postfix")
def test_that_needs_it():
    pass

@pytest.mark.needs_module("no_such_module_anywhere")
def test_that_needs_a_module():
    pass

def test_that_needs_nothing():
    pass
"""


@pytest.fixture
def run(tmp_path):
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "packages.txt").write_text("# comment\npostfix no-such-program-anywhere\n")
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(tmp_path), "-p", "no:cacheprovider", str(tmp_path)]

    def run(ci):
        environment = {**os.environ, "CI": ci, "PYTHONPATH": str(TESTS)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def test_the_last_lines_name_what_was_not_run(run):
    done = run("")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-3:] == [
        "not run: 2",
        "  test_sample.py::test_that_needs_it: needs the package postfix",
        "  test_sample.py::test_that_needs_a_module: needs the package no_such_module_anywhere",
    ]


def test_with_ci_a_missing_package_is_a_failure(run):
    done = run("true")
    assert done.returncode == 1
    assert "nothing may be skipped for want of a package: postfix" in done.stdout
    assert "1 passed, 2 errors" in done.stdout


def test_every_package_has_a_probe():
    lines = [line.split() for line in (TESTS / "packages.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert lines and all(len(line) == 2 for line in lines)
