"""The seeds and findings of the fuzzer, each asked again; and a short run of it, that looks for what nobody thought of."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.targets import GROUPS, TARGETS

HERE = Path(__file__).parent
FILES = sorted((HERE / "corpus").glob("*/*"))
SECONDS = 4  # for each group; `make fuzz` runs longer


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_what_was_found_once_is_mended(file: Path) -> None:
    TARGETS[file.parent.name](file.read_bytes())


def test_each_target_is_in_a_group_and_has_a_seed() -> None:
    assert sorted(target.__name__ for group in GROUPS.values() for target in group) == sorted(TARGETS)
    assert {file.parent.name for file in FILES} == set(TARGETS)
    assert sum(file.stat().st_size for file in FILES) < 200_000


@pytest.mark.needs_module("atheris")
@pytest.mark.parametrize("group", GROUPS)
def test_a_short_run_finds_nothing(group: str) -> None:
    command = [sys.executable, "-m", "fuzz", group, f"-max_total_time={SECONDS}", "-verbosity=0"]
    done = subprocess.run(command, cwd=HERE.parent, env=dict(os.environ), capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
