"""What operations start from: every file has the right shape, and names commands, settings and files that exist."""

import configparser
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from services.cli import COMMANDS
from services.settings import Settings
from services.settings_loading import load_settings

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "deploy").glob("*.md"))
SMALL, FULL = ROOT / "deploy/compose.small.yml", ROOT / "docker-compose.yml"
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
ROLES = {"gateway", "deliver", "relay", "notify", "watch", "console"}


def compose(file):
    return yaml.safe_load(file.read_text("utf-8"))


def services(file=FULL):
    return compose(file)["services"].items()


def of_guard(file):
    """The services that run the guard, not what it stands on."""
    return [(name, one) for name, one in services(file) if "build" in one and "entrypoint" not in one]


@pytest.mark.parametrize("file", [SMALL, FULL], ids=lambda file: file.name)
def test_compose_keeps_to_its_specification(file):
    """tests/house/compose-spec.json is the Compose Specification's own schema (Apache License 2.0, its authors')."""
    schema = json.loads((ROOT / "tests/house/compose-spec.json").read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(compose(file))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate({"services": {"a": {"no_such_key": 1}}})


def test_the_small_one_is_one_service_with_its_data_in_a_volume():
    ((_, service),) = services(SMALL)
    assert service["command"] == ["up"] and service["volumes"] == ["data:/data"]


def test_the_full_one_runs_every_service_and_two_of_those_that_carry_mail():
    found = {name: one.get("deploy", {}).get("replicas", 1) for name, one in of_guard(FULL)}
    assert found == {"gateway": 2, "deliver": 2, "relay": 1, "notify": 2, "watch": 2, "console": 1}
    assert [one["command"] for _, one in of_guard(FULL)] == [[name] for name in found]


@pytest.mark.parametrize("file", [SMALL, FULL], ids=lambda file: file.name)
def test_compose_gives_settings_that_exist_and_fit_together(file):
    for name, one in of_guard(file):
        assert one["command"][0] in COMMANDS, name
        assert isinstance(load_settings(None, one["environment"], None), Settings)


@pytest.mark.parametrize("file", [SMALL, FULL], ids=lambda file: file.name)
def test_what_compose_mounts_is_there_or_declared(file):
    whole = compose(file)
    for _, one in whole["services"].items():
        if "build" in one:
            context = (file.parent / one["build"]["context"]).resolve()
            assert context == ROOT and (context / one["build"]["dockerfile"]).is_file()
        for source in (volume.split(":")[0] for volume in one.get("volumes", ())):
            assert (file.parent / source).is_file() if source.startswith(".") else source in whole["volumes"]
        assert set(one.get("secrets", ())) <= set(whole.get("secrets", ()))


def test_no_secret_stands_in_a_file_and_each_is_made_in_the_guide():
    guide = (ROOT / "deploy/install.md").read_text("utf-8")
    for secret in compose(FULL)["secrets"].values():
        folder, _, name = secret["file"].rpartition("/")
        assert folder == "deploy/secrets" and f" {name}" in guide
    assert (
        "deploy/secrets" in (ROOT / ".dockerignore").read_text().split() and "/deploy/secrets/" in (ROOT / ".gitignore").read_text()
    )
    for name, one in services():
        for variable, value in one["environment"].items():
            assert "PASSWORD" not in variable or value.startswith("/run/secrets/"), (name, variable)


@pytest.mark.parametrize("file", [SMALL, FULL], ids=lambda file: file.name)
def test_every_container_is_confined_and_stops_in_its_time(file):
    for name, one in services(file):
        assert one["read_only"] and one["cap_drop"] == ["ALL"] and one["security_opt"] == ["no-new-privileges:true"], name
        assert one["logging"]["options"]["max-size"] and one["stop_grace_period"] and one["restart"] == "unless-stopped", name


def test_start_follows_health():
    """Nothing starts before what it stands on is healthy, and everything that is waited for has a health check."""
    whole = compose(FULL)["services"]
    for name, one in whole.items():
        for other, how in one.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"} and "healthcheck" in whole[other], name
    assert all("postgres" in whole[role]["depends_on"] for role in ROLES)
    assert {"nats-1", "nats-2", "nats-3"} <= set(whole["relay"]["depends_on"]) & set(whole["notify"]["depends_on"])


def test_the_image_runs_as_nobody_special_and_is_asked_for_its_health():
    text = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    final = text[text.rindex("\nFROM ") :]
    assert "\nUSER rammevagt\n" in final and "apt-get" not in final and "HEALTHCHECK" in final
    probe = ROOT / re.search(r'"(deploy/\S+\.py)"', final)[1]
    closed = "http://127.0.0.1:1/health/ready"
    assert subprocess.run([sys.executable, probe, closed], check=False, timeout=20).returncode == 1


def unit(file):
    found = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    found.optionxform = str
    found.read(file, "utf-8")
    return found


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_checks_before_it_starts(file):
    service = unit(file)["Service"]
    assert f"rammevagt {'%i' if '@' in file.name else 'up'} " in service["ExecStart"]
    assert "rammevagt check-config " in service["ExecStartPre"]
    assert service["KillMode"] == "mixed"  # the broker goes after the guard, not beside it


def test_the_units_are_hardened_alike():
    whole, one = (dict(unit(file)["Service"]) for file in UNITS)
    assert one.pop("EnvironmentFile") == "-/etc/rammevagt/%i.env"
    assert whole | {"ExecStart": ""} == one | {"ExecStart": ""}


@pytest.mark.needs("systemd")
@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_takes_the_unit_and_finds_it_safe(file, tmp_path):
    here = tmp_path / file.name.replace("@", "@gateway")
    text = file.read_text("utf-8").replace("/opt/rammevagt/.venv/bin/rammevagt", f"{sys.prefix}/bin/rammevagt")
    here.write_text(text.replace("%i", "gateway"))
    verified = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, timeout=60, check=False)
    assert verified.returncode == 0 and here.name not in verified.stderr, verified.stderr
    exposed = ["systemd-analyze", "security", "--offline=true", "--threshold=20", here]  # 2.0 of 10, where 0 is a wall
    assert subprocess.run(exposed, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.needs("postgresql")
def test_postgres_takes_its_settings_and_keeps_what_it_said_was_kept(tmp_path):
    file = ROOT / "deploy/postgres/postgresql.conf"
    program = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    wanted = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "log_statement": "none"}
    wanted |= {"log_min_error_statement": "panic", "log_parameter_max_length_on_error": "0"}
    for name, value in wanted.items():
        command = [program, "-C", name, "-D", tmp_path, "-c", f"config_file={file}"]
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (found.returncode, found.stdout.strip()) == (0, value), found.stderr


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_settings_in_guides_are_valid(guide):
    for block in re.findall(r"```toml\n(.*?)```", guide.read_text("utf-8"), re.DOTALL):
        Settings.model_validate(tomllib.loads(block))


def test_nats_takes_its_settings(tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef\n")
    one = compose(FULL)["services"]["nats-2"]
    environment = {
        **os.environ,
        **one["environment"],
        "NATS_TOKEN_FILE": str(tmp_path / "token"),
        "NATS_DATA": str(tmp_path / "js"),
    }
    checked = subprocess.run(
        [ROOT / one["entrypoint"][0], "-t"], env=environment, capture_output=True, text=True, timeout=20, check=False
    )
    assert checked.returncode == 0, checked.stderr
