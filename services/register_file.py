"""The register file: read whole, with every fault named by line before anything is used; and written so that people can read it."""

import sys
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

from services.bad_input import BadInput
from services.yaml_lines import Tick, line_of, read_yaml, repeated_keys, written
from services.yaml_text import dump
from workflows.faults import MOST, Fault
from workflows.people import Entry
from workflows.register import Register
from workflows.register_rules import check, notes, place
from workflows.register_shape import NAMES, read

LARGEST = 512 * 1024 * 1024  # bytes: fifty times a register of 10,000 citizens with everything
CHUNK = 1024 * 1024


def read_register(path: Path, domains: Collection[str], tick: Tick | None = None) -> Register:
    """The register in ``path``, valid as a whole. ``domains`` are ours; ``tick`` is told how many lines are read.

    Raises ``BadInput`` with every fault (of very many the first), one line each: ``register.yaml:12: frameworks[3] f-1.review: …``.
    """
    return parse_register(str(path), read_bytes(path), domains, tick)


def parse_register(name: str, content: bytes, domains: Collection[str], tick: Tick | None = None) -> Register:
    """The register in ``content``; ``name`` stands for the file in faults. Raises ``BadInput``."""
    return register_of(name, read_yaml(name, content, tick), domains)


def register_of(name: str, data: object, domains: Collection[str]) -> Register:
    """The same of a file that ``read_yaml`` has read."""
    draft, faults = read(data)
    if len(faults) <= MOST:  # else entries are missing that others name
        faults += check(draft, domains)
    found = [(fault, line_of(data, fault.path)) for fault in dict.fromkeys(faults)]
    found += islice(_repeated(data), MOST + 1)
    if found:
        found.sort(key=lambda one: place(one[0]))
        raise BadInput([*too_many(name, len(found)), *(_line(name, data, fault, line) for fault, line in found[:MOST])])
    return draft.register()


def too_many(name: str, count: int) -> Iterator[str]:
    """The line that says that there are more faults than are told, where ``count`` were found."""
    if count > MOST:
        yield f"{name}: has more than {MOST} faults, of which these are some; mend them, and you are told of the rest"


def notes_on(name: str, content: bytes, domains: Collection[str]) -> tuple[str, ...]:
    """What is no fault in a valid register, but may be a slip, one line each."""
    data = read_yaml(name, content)
    draft, _ = read(data)
    return tuple(_line(name, data, note, line_of(data, note.path)) for note in notes(draft, domains))


def read_bytes(path: Path) -> bytes:
    """What the file, pipe or device holds, up to ``LARGEST``; ``-`` is standard input. Raises ``BadInput``."""
    content = bytearray()
    try:
        with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as file:
            while len(content) <= LARGEST and (some := file.read(CHUNK)):
                content += some
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror or error}") from error
    if len(content) > LARGEST:
        raise BadInput(f"{path}: is larger than {LARGEST // 1024 // 1024} MB, which is more than any file for the guard holds")
    return bytes(content)


def _repeated(data: object) -> Iterator[tuple[Fault, int]]:
    for path, line, key in repeated_keys(data):
        yield Fault((*path, key), "is written twice; keep one"), line


def _line(name: str, data: object, fault: Fault, line: int | None) -> str:
    where = written(data, fault.path)
    return f"{name}:{f'{line}:' if line else ''} {f'{where}: ' if where else ''}{fault.message}"


def write_register(register: Register) -> str:
    """``register`` as a file that loads to the same register: sections in the contract's order, entries in
    their own, one field a line.
    """
    sections = {name: [_plain(entry) for entry in getattr(register, name)] for name in NAMES}
    return dump({name: entries for name, entries in sections.items() if entries})


def _plain(entry: Entry | str) -> object:
    return entry if isinstance(entry, str) else _shortest(entry.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _shortest(value: object) -> object:
    """The form in which people write it: a verified address is the address alone."""
    if isinstance(value, dict):
        if value.keys() == {"address"}:
            return value["address"]
        return {key: _shortest(inner) for key, inner in value.items()}
    return [_shortest(inner) for inner in value] if isinstance(value, list) else value
