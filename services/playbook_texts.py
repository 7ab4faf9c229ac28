"""The playbooks of both languages: as installed in ``config``, or from the municipality's own folder, file by file."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import structlog

from services.bad_input import BadInput
from services.gather import CONFIG
from services.toml_lines import lines_of, told
from workflows.faults import nearest
from workflows.playbooks import LANGUAGES, Language, Playbooks, playbooks_from

log = structlog.get_logger()
FILES: Mapping[Language, str] = {language: f"playbooks.{language}.toml" for language in LANGUAGES}


@cache
def playbooks(folder: str = "") -> Mapping[Language, Playbooks]:
    """All of them, read once: the console takes up changed files when it is started again.

    Where the municipality's own have a fault, the installed ones are shown: nobody who was threatened meets a page that fails, and
    no guard stands still over a text. ``check-config`` tells what is wrong.
    """
    try:
        return load(folder)
    except BadInput as error:
        log.error("playbooks_not_taken", folder=folder, faults=len(error.lines))
        return load()


def load(folder: str = "") -> Mapping[Language, Playbooks]:
    """All of them. Raises ``BadInput`` with every fault: file, place and mend, one line each."""
    own = Path(folder) if folder else None
    faults = [*_strangers(own)] if own else []
    found: dict[Language, Playbooks] = {}
    for language, name in FILES.items():
        mine = own is not None and (own / name).is_file()
        file = own / name if own and mine else CONFIG / name
        try:
            found[language] = _read(file, str(file) if mine else f"config/{name}")
        except BadInput as error:
            faults += error.lines
    if faults:
        raise BadInput(faults)
    return found


def _read(file: Path, shown: str) -> Playbooks:
    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{shown}: can't be read: {getattr(error, 'strerror', None) or error}") from error
    read = playbooks_from(table)
    if isinstance(read, Playbooks):
        return read
    lines = lines_of(text)
    raise BadInput(told(shown, lines, fault) for fault in read)


def _strangers(own: Path) -> Iterator[str]:
    """Files that nobody reads: most likely a name is written wrong."""
    for file in sorted(own.glob("*.toml")):
        if file.name not in FILES.values():
            yield f"{file}: is no playbook file{nearest(file.name, FILES.values())}"
