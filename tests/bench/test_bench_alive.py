"""The bench still works: one run with small counts. No figure is asserted, for a machine that runs tests is a busy one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.run import NAMES

TESTS = Path(__file__).parents[1]


@pytest.mark.needs("postfix", "gcc", "libc6-dev")
@pytest.mark.timeout(300)
@pytest.mark.skipif(os.geteuid() != 0, reason="a throwaway Postfix needs root")
def test_the_bench_runs(tmp_path):
    picture = tmp_path / "bench.svg"
    command = [sys.executable, "-m", "bench", "--quick", "--out", str(tmp_path), "--svg", str(picture)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "latest.json").read_text())
    assert set(NAMES) <= set(found["figures"])
    assert all(step["rounds"] for step in found["ladder"])
    assert picture.read_text().startswith("<svg")
