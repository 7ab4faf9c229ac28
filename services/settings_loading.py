"""Settings from where people write them: option, environment, file, default, in that order of precedence.

Every fault of every source is named at once, with its place and its mend.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.bad_input import BadInput
from services.settings import Settings
from services.settings_checks import faults_of
from services.toml_lines import lines_of
from workflows.addresses import ascii_domain
from workflows.faults import Fault, field_at, fields_at, from_validation, holds_structure, nearest
from workflows.faults import Path as Place

PREFIX = "RAMMEVAGT_"
DATA = "RAMMEVAGT_DATA"
_NAMES = tuple(name for name in fields_at(Settings, ()) if name != "data")


@dataclass(slots=True)
class _Sources:
    """What was read so far: the values merged, the source of each, and the faults."""

    values: dict[str, Any] = field(default_factory=dict)
    variables: dict[Place, str] = field(default_factory=dict)  # place -> the environment variable that it came from
    faults: list[str] = field(default_factory=list)


def load_settings(config: Path | None, environ: Mapping[str, str], data: Path | None = None) -> Settings:
    """The settings, checked as a whole. Raises ``BadInput`` with every fault, one line each."""
    sources = _Sources()
    text = _read_file(config, sources) if config else ""
    _read_environment(environ, sources)
    if data is not None or environ.get(DATA):
        sources.values["data"] = str(data or environ[DATA])
    _own_names(sources.values)
    settings, found = _validated(sources.values)
    lines = lines_of(text)
    sources.faults += [f"{_source(fault.path, config, lines, sources)}: {written(fault)}" for fault in found]
    if sources.faults:
        raise BadInput(sources.faults)
    return settings


def _validated(values: dict[str, Any]) -> tuple[Settings, tuple[Fault, ...]]:
    """The settings and their faults; with faults of shape, those that could be read are still checked against each other."""
    try:
        settings = Settings.model_validate(values)
        return settings, faults_of(settings)
    except ValidationError as error:
        shape = tuple(from_validation(error, Settings))
    broken = {fault.path[:2] for fault in shape}
    settings = Settings.model_validate(_without(values, broken))
    return settings, (*shape, *faults_of(settings, broken))


def _without(values: dict[str, Any], broken: set[Place]) -> dict[str, Any]:
    """The settings that have a right shape: without each broken one as a whole, and without lists of tables that hold one."""
    kept: dict[str, Any] = {}
    for section, inner in values.items():
        if isinstance(inner, dict):
            kept[section] = {key: value for key, value in inner.items() if (section, key) not in broken}
        elif not any(place[0] == section for place in broken):
            kept[section] = inner
    return {section: inner for section, inner in kept.items() if (section,) not in broken}


def written(fault: Fault) -> str:
    """A fault as people read it: ``gateway.listen: write HOST:PORT …``; names of alternatives, which nobody wrote, are left out."""
    names = [step for number, step in enumerate(fault.path) if isinstance(step, int) or fields_at(Settings, fault.path[:number])]
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in names)
    return f"{text.removeprefix('.')}: {fault.message}" if text else fault.message


def _own_names(values: dict[str, Any]) -> None:
    """Where a municipality names its domains but not the guard's own sender and bounce domain, they are in its first domain."""
    municipality = values.get("municipality")
    domains = municipality.get("domains") if isinstance(municipality, dict) else None
    if not isinstance(domains, list) or not domains or not isinstance(domains[0], str):
        return
    for section, name, value in (
        ("delivery", "bounce_domain", f"rammevagt.{ascii_domain(domains[0])}"),
        ("notifications", "sender", f"rammevagt@{ascii_domain(domains[0])}"),
    ):
        table = values.setdefault(section, {})
        if isinstance(table, dict):
            table.setdefault(name, value)


def _source(path: Place, config: Path | None, lines: Mapping[Place, int], sources: _Sources) -> str:
    """Where the value at ``path``, or the nearest thing around it, was written."""
    for end in range(len(path), 0, -1):
        if path[:end] in sources.variables:
            return f"environment {sources.variables[path[:end]]}"
        if path[:end] in lines:
            return f"{config}:{lines[path[:end]]}"
    inside = [name for place, name in sources.variables.items() if place[: len(path)] == path]
    if inside:
        return f"environment {inside[0]}"
    return str(config) if config else "settings"


def _read_file(config: Path, sources: _Sources) -> str:
    try:
        text = config.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        values = tomllib.loads(text)
    except OSError as error:
        sources.faults.append(f"{config}: can't be read: {error.strerror or error}")
        return ""
    except UnicodeDecodeError:
        sources.faults.append(f"{config}: this is not UTF-8; save the file as UTF-8")
        return ""
    except tomllib.TOMLDecodeError as error:
        sources.faults.append(f"{config}{_toml_fault(str(error))}")
        return ""
    if "data" in values:
        del values["data"]
        sources.faults.append(f"{config}: data: is no setting of the file; use --data or {DATA}")
    sources.values = values
    return text


def _toml_fault(message: str) -> str:
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    return f":{found[2]}: this is not TOML: {found[1]} (column {found[3]})" if found else f": this is not TOML: {message}"


def _read_environment(environ: Mapping[str, str], sources: _Sources) -> None:
    variables = sorted(name for name in environ if name.startswith(PREFIX) and name != DATA)
    for name in sorted(variables, key=lambda one: one.count("__")):  # whole tables first, then what is inside them
        place = tuple(name.removeprefix(PREFIX).lower().split("__"))
        if not _is_meant(name, place, sources):
            continue
        known = field_at(Settings, place)
        if known is None:
            close = nearest(".".join(place), _settings_names())
            sources.faults.append(f"environment {name}: is no setting{close}")
            continue
        try:
            value = _value(environ[name], structured=holds_structure(known.annotation))
        except ValueError:
            sources.faults.append(f'environment {name}: write it as JSON, such as ["eksempel.dk"]')
            continue
        _put(sources.values, place, value)
        sources.variables[place] = name


def _is_meant(name: str, place: Place, sources: _Sources) -> bool:
    """Whether the variable is a setting of ours. Others with our prefix exist: Kubernetes sets RAMMEVAGT_SERVICE_HOST and such."""
    if len(place) > 1 or place[0] in _NAMES:
        return True
    plain = name.removeprefix(PREFIX).lower()
    for known in _settings_names():
        if known.replace(".", "_") == plain:
            mend = PREFIX + known.replace(".", "__").upper()
            sources.faults.append(f"environment {name}: write {mend}, with two underscores between section and key")
    return False


def _settings_names() -> tuple[str, ...]:
    return tuple(f"{section}.{key}" for section in _NAMES for key in fields_at(Settings, (section,)))


def _value(text: str, structured: bool) -> object:
    return json.loads(text) if structured and text.strip() else text


def _put(values: dict[str, Any], place: Place, value: object) -> None:
    table: Any = values
    for step in place[:-1]:
        if not isinstance(table.get(step), dict):
            table[step] = {}
        table = table[step]
    existing = table.get(place[-1])
    table[place[-1]] = {**existing, **value} if isinstance(existing, dict) and isinstance(value, dict) else value
