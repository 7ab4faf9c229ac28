"""What is installed is what stands here, from a lock that names no address."""

import importlib.metadata
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

import services
import workflows

ROOT = Path(__file__).parents[2]
NAMES = ("services", "workflows")
LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def pins(lock):
    """Name to version."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE))


def test_both_names_are_ours_alone():
    """Other distributions do install a top-level ``workflows``; an editable installation of ours lists a redirection instead."""
    owners = importlib.metadata.packages_distributions()
    assert {name: set(owners.get(name, ["rammevagt"])) for name in NAMES} == {name: {"rammevagt"} for name in NAMES}
    installed = importlib.metadata.files("rammevagt")
    redirections = [file.read_text() for file in installed if str(file).startswith("_editable_impl_")]
    assert all(any(f"'{name}'" in text for text in redirections) or f"{name}/__init__.py" in map(str, installed) for name in NAMES)


@pytest.mark.parametrize("room", [services, workflows])
def test_rooms_are_imported_from_this_repository(room):
    assert Path(room.__file__).parents[1] == ROOT


def test_no_test_folder_hides_a_room():
    assert not (ROOT / "tests/__init__.py").exists()
    assert not (ROOT / "tests/services").exists()
    assert not (ROOT / "tests/workflows").exists()


def test_nats_py_reads_headers_itself():
    """nats-py takes fast-mail-parser where it is installed, and gets lists for header values from it."""
    assert importlib.util.find_spec("fast_mail_parser") is None


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_carry_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text("utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries and all(re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", entry) for entry in entries)
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_locks_that_name_a_host_are_not_kept():
    assert not any((ROOT / name).exists() for name in ("uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"))


def test_the_locks_agree():
    """The development lock pins what the runtime lock pins, and more."""
    pins = [
        dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==([^\s;]+)", (ROOT / lock).read_text("utf-8"), re.M)) for lock in LOCKS
    ]
    assert {name: pins[1].get(name) for name in pins[0]} == pins[0]


def test_build_pins_are_those_of_the_project():
    build = (ROOT / "build.in").read_text("utf-8").split()
    assert build == PROJECT["build-system"]["requires"]
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert [pin for pin in build if f"{pin} \\" not in lock] == []


def test_every_dependency_is_locked():
    wanted = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    assert {re.match(r"[A-Za-z0-9._-]+", one).group().lower() for one in wanted} <= pins(LOCKS[1]).keys()


def test_it_is_never_uploaded_by_mistake():
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]
