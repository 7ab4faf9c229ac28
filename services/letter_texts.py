"""The municipality's words for letters, read from ``config/letters`` and from its own folder, which wins file by file."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from services.bad_input import BadInput
from services.gather import CONFIG
from services.toml_lines import lines_of, told
from workflows.faults import nearest
from workflows.letters import LANGUAGES, Texts
from workflows.letters.texts import COMMON, Name, Table, faults_in, texts_of
from workflows.letters.texts import NAMES as FILES

INSTALLED = CONFIG / "letters"
TEMPLATE = "letter.typ"
_BESIDE = {".svg", ".png", ".jpg", ".jpeg", ".gif"}  # pictures for the template


@cache
def texts(folder: str = "") -> Texts:
    """All words of all letters, read once: a service takes up changed files when it is started again."""
    return load(folder)


def load(folder: str = "") -> Texts:
    """All words of all letters. Raises ``BadInput`` with every fault: file, place and mend, one line each."""
    own = Path(folder) if folder else None
    faults = [*_strangers(own)] if own else []
    tables: dict[Name, Table] = {}
    sources: dict[Name, tuple[str, str]] = {}  # the file as people know it, and its text
    for language in LANGUAGES:
        for name in FILES:
            file = _file(own, f"{language}/{name}.toml")
            shown = str(file) if own and own in file.parents else f"config/letters/{language}/{name}.toml"
            try:
                text, table = _read(file)
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                faults.append(f"{shown}: can't be read: {getattr(error, 'strerror', None) or error}")
                continue
            tables[language, name], sources[language, name] = table, (shown, text)
    for name_, (shown, text) in sources.items():
        if (name_[0], COMMON) in tables:
            lines = lines_of(text)
            faults += [told(shown, lines, fault) for fault in faults_in(name_, tables)]
    if faults:
        raise BadInput(faults)
    return texts_of(tables)


def template(folder: str = "") -> Path:
    """How letters look."""
    return _file(Path(folder) if folder else None, TEMPLATE)


def _file(own: Path | None, name: str) -> Path:
    return own / name if own and (own / name).is_file() else INSTALLED / name


def _read(file: Path) -> tuple[str, dict[str, Any]]:
    text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    return text, tomllib.loads(text)


def _strangers(own: Path) -> Iterator[str]:
    """Files that nobody reads: most likely a name is written wrong."""
    known = [TEMPLATE, *(f"{language}/{name}.toml" for language in LANGUAGES for name in FILES)]
    for file in sorted(own.rglob("*")):
        name = file.relative_to(own).as_posix()
        if file.is_file() and name not in known and file.suffix.lower() not in _BESIDE and not file.name.startswith("."):
            yield f"{file}: is no letter text{nearest(name, known)}"
