"""Nothing of the machine it was written on stays in the repository."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = {
    ".py",
    ".toml",
    ".md",
    ".yaml",
    ".yml",
    ".sh",
    ".in",
    ".lock",
    ".cfg",
    ".service",
    ".svg",
    ".txt",
    ".json",
    ".c",
    ".html",
    "",
}
# A home folder or a build folder of somebody's machine, and the hosts of package registries.
MACHINE = re.compile(rf"/{'work'}/|/{'home'}/[a-z]+/|/{'root'}/|/{'Users'}/")
REGISTRY = re.compile(rf"{'pypi'}\.org|{'pythonhosted'}\.org|--{'index'}-url|--{'extra-index'}-url")
MAY_NAME = {"Makefile"}  # uv is told there to write no index


def tracked():
    """The files of the repository, with those that are new and not ignored."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_no_path_of_a_machine_and_no_registry():
    offenders = []
    for path in tracked():
        if path.suffix not in TEXT or path == Path(__file__):
            continue
        text = path.read_text("utf-8", errors="replace")
        patterns = [MACHINE] if path.name in MAY_NAME else [MACHINE, REGISTRY]
        offenders += [f"{path.relative_to(ROOT)}: {found.group()}" for pattern in patterns for found in pattern.finditer(text)]
    assert not offenders, "\n".join(offenders)


def test_nothing_that_is_made_is_kept():
    assert [path for path in tracked() if path.suffix in {".pyc", ".sqlite3", ".db", ".so"} or path.name == "secret.key"] == []
