"""``check-config``: everything that is wrong with settings, register and texts, at once."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import click

from services import gather, letter_texts, playbook_texts, signal_words
from services.bad_input import BadInput
from services.commands.common import print_json, today
from services.commands.register import read_with_bar
from services.letters import template_faults
from services.notice_texts import words
from services.options import as_json, common, given
from services.register_file import notes_on, read_bytes
from services.route_checks import unwatched
from services.settings import Settings
from services.settings_checks import machine_faults
from services.settings_checks import notes_on as settings_notes
from services.settings_loading import load_settings, written

# what is installed beside the program: the file, and what reads it
TEXTS: tuple[tuple[str, Callable[[], object]], ...] = (
    ("config/authorities.toml", gather.national_authorities),
    ("config/letters/receipt.toml", gather.receipt_text),
    ("config/signals.da.toml", signal_words.load),
    ("config/notices/da.toml", partial(words, "da")),
    ("config/notices/en.toml", partial(words, "en")),
)


@dataclass(slots=True)
class Findings:
    """Faults, which make the exit status 2, and notes, which do not."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@click.command("check-config")
@click.option(
    "--register", type=click.Path(path_type=Path), metavar="FILE", help="Check this register file too; - is standard input."
)
@as_json
@common
def check_config(register: Path | None, as_json: bool) -> int:
    """Say all that is wrong with settings, register and texts.

    Everything at once. Changes nothing and needs no running guard. Notes point to what may be a slip, and are no fault.
    """
    found = Findings()
    settings = _settings(found)
    if register is not None:
        _register(register, settings, found)
    found.faults += (*_texts(), *_letters(settings), *_playbooks(settings))
    if as_json:
        print_json({"ok": not found.faults, "faults": found.faults, "notes": found.notes})
    else:
        _show(found, register)
    return 2 if found.faults else 0


def _settings(found: Findings) -> Settings | None:
    options = given()
    try:
        settings = load_settings(options.config, os.environ, options.data)
    except BadInput as error:
        found.faults += error.lines
        return None
    source = options.config or "settings"
    found.faults += [f"{source}: {written(fault)}" for fault in machine_faults(settings, today())]
    found.notes += [f"{source}: {written(note)}" for note in settings_notes(settings)]
    return settings


def _register(path: Path, settings: Settings | None, found: Findings) -> None:
    if settings is None:
        found.notes.append(f"{path}: is checked when the settings are right: they name the domains that are ours")
        return
    try:
        content = read_bytes(path)
        read = read_with_bar(str(path), content, settings)
        found.notes += (f"{path}: {note}" for note in unwatched(settings, read))
        found.notes += notes_on(str(path), content, settings.municipality.domains)
    except BadInput as error:
        found.faults += error.lines


def _texts() -> Iterator[str]:
    for name, read in TEXTS:
        try:
            read()
        except KeyError as error:
            yield f"{name}: {error.args[0]} is missing"
        except Exception as error:  # whatever a reader raises, the person gets the file's name and its words
            yield from (f"{name}: {line}" for line in str(error).splitlines() or [type(error).__name__])


def _letters(settings: Settings | None) -> Iterator[str]:
    """The letter texts that these settings name, or those installed; and the municipality's own template, where it has one."""
    folder = settings.letters.folder if settings else ""
    if folder and not Path(folder).is_dir():
        return  # which the settings were told of
    try:
        texts = letter_texts.load(folder)
    except BadInput as error:
        yield from error.lines
    else:
        yield from template_faults(folder, texts)


def _playbooks(settings: Settings | None) -> Iterator[str]:
    """The playbooks that these settings name, or those installed."""
    folder = settings.playbooks.folder if settings else ""
    if folder and not Path(folder).is_dir():
        return  # which the settings were told of
    try:
        playbook_texts.load(folder)
    except BadInput as error:
        yield from error.lines


def _show(found: Findings, register: Path | None) -> None:
    for line in found.faults:
        click.echo(f"rammevagt: {line}", err=True)
    for line in found.notes:
        click.echo(f"rammevagt: note: {line}", err=True)
    if not found.faults:
        click.echo(f"Settings{', register' if register else ''} and texts are fine.")
