"""What operations start from: it must at least have the right shape, and name commands and settings that exist."""

import configparser
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from services.settings import Settings

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "deploy").glob("*.md"))


def test_compose_starts_one_service_with_its_data_in_a_volume():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert list(compose["services"]) == ["rammevagt"]
    service = compose["services"]["rammevagt"]
    assert service["command"] == ["up"]
    assert [one.partition(":")[::2] for one in service["volumes"]] == [("data", "/data")]
    assert "data" in compose["volumes"]
    assert (ROOT / service["build"]["dockerfile"]).is_file()


def test_compose_sets_settings_that_exist():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    for name in compose["services"]["rammevagt"]["environment"]:
        section, key = name.removeprefix("RAMMEVAGT_").lower().split("__")
        assert key in Settings.model_fields[section].annotation.model_fields, name


def test_the_unit_checks_before_it_starts():
    unit = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    unit.optionxform = str
    unit.read(ROOT / "deploy/systemd/rammevagt.service", "utf-8")
    assert "rammevagt up " in unit["Service"]["ExecStart"]
    assert "rammevagt check-config " in unit["Service"]["ExecStartPre"]
    assert unit["Service"]["KillMode"] == "mixed"  # the broker goes after the guard, not beside it


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_settings_in_guides_are_valid(guide):
    for block in re.findall(r"```toml\n(.*?)```", guide.read_text("utf-8"), re.DOTALL):
        Settings.model_validate(tomllib.loads(block))
