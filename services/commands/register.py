"""``load`` and ``export``: the register as a file."""

import os
from pathlib import Path

import click
from rich.table import Table

from services.bad_input import BadInput
from services.clock import SystemClock
from services.commands.common import bar, console, keep_record, opened, print_json, read_record, record, run
from services.lifecycle import Lifecycle
from services.options import as_json, common, given, why
from services.register_file import parse_register, read_bytes, write_register
from services.settings import Settings
from services.store.interface import RegisterChange
from services.store.keys import FILE
from services.yaml_lines import read_yaml
from workflows.register import Register

_NAMES = {
    "units": "units",
    "employees": "employees",
    "open_addresses": "open addresses",
    "authorities": "authorities",
    "citizens": "citizens",
    "cases": "cases",
    "frameworks": "frameworks",
}


@click.command()
@click.argument("file", metavar="FILE")
@why
@as_json
@common
def load(file: str, why: str | None, as_json: bool) -> None:
    """Make the register be what a file says.

    FILE is YAML; - is standard input. It is checked as a whole first: every fault is listed with its line, and nothing
    is written if there is one. What the file no longer names is removed. Loading the same file twice changes nothing.
    """
    settings = given().settings()
    content = read_bytes(Path(file))
    register = read_with_bar(file, content, settings)
    if register == Register() and read_yaml(file, content) is None:
        raise BadInput(f"{file}: is empty, and loading it would remove the whole register; write {{}} in it if you mean that")
    new = not (settings.data / FILE).exists()
    change = run(_load(settings, register, why))
    if new and not as_json:
        click.echo(f"A new store was made in {settings.data}; a guard that keeps its data elsewhere does not see it.")
    if as_json:
        print_json({"added": dict(change.added), "changed": dict(change.changed), "removed": dict(change.removed)})
    else:
        _show(change)


def read_with_bar(name: str, content: bytes, settings: Settings) -> Register:
    """The register in ``content``, with a progress bar where it takes long. Raises ``BadInput``."""
    lines = content.count(b"\n") + 1
    with bar(f"Reading {name}") as shown:
        return parse_register(name, content, settings.municipality.domains, lambda line: shown(line, lines))


async def _load(settings: Settings, register: Register, why: str | None) -> RegisterChange:
    async with opened(settings, create=True) as store:
        with bar("Loading") as shown:
            change = await store.load_register(register, record("register.loaded", "register", why=why), shown)
        await store.refresh()
        await Lifecycle(settings, store, SystemClock()).adopt()
        return change


def _show(change: RegisterChange) -> None:
    if not any(count for counts in (change.added, change.changed, change.removed) for count in counts.values()):
        click.echo("The register is as the file says; nothing had to be changed.")
        return
    table = Table("", "added", "changed", "removed", box=None)
    for kind, name in _NAMES.items():
        counts = [counts.get(kind, 0) for counts in (change.added, change.changed, change.removed)]
        if any(counts):
            table.add_row(name, *(str(count) if count else "–" for count in counts))
    console().print(table)


@click.command()
@click.argument("file", metavar="FILE")
@why
@as_json
@common
def export(file: str, why: str | None, as_json: bool) -> None:
    """Write the register to a file.

    FILE is YAML; - is standard output. It loads to the same register. It holds citizens' data: it is written for you
    alone to read, and that it was written is kept in the audit chain.
    """
    settings = given().settings()
    register = run(_export(settings, why))
    if file == "-" and as_json:
        print_json(register.model_dump(mode="json", by_alias=True))
    elif file == "-":
        click.echo(write_register(register), nl=False)
    else:
        _write(Path(file), write_register(register))
        counts = {name: len(getattr(register, name)) for name in _NAMES}
        written = ", ".join(f"{count} {_NAMES[name]}" for name, count in counts.items() if count)
        print_json({"file": file, **counts}) if as_json else click.echo(f"{file}: {written or 'an empty register'}")


async def _export(settings: Settings, why: str | None) -> Register:
    async with opened(settings) as store:
        register = await store.export_register()
        await keep_record(store, read_record("export", [citizen.id for citizen in register.citizens], why))
        return register


def _write(path: Path, text: str) -> None:
    """The whole file or none of it, readable by its owner alone."""
    if path.exists() and not path.is_file():
        raise BadInput(f"{path}: is no file that can be replaced; name another one, or - for standard output")
    path = path.resolve()  # what a link names is written, and the link stays
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(f"{path}: can't be written: {error.strerror or error}") from error
