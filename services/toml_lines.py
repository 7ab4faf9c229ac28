"""On which line of a TOML file each key stands, as far as a look at each line tells: enough to point people to it."""

import re
from collections.abc import Mapping

from workflows.faults import Fault, Path

_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_.-]+)\s*\]")
_ARRAY_HEADER = re.compile(r"\s*\[\[\s*([A-Za-z0-9_.-]+)\s*\]\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=")


def lines_of(text: str) -> Mapping[Path, int]:
    """The line (1 is the first) of each table and key, by its path; entries of an array of tables are counted."""
    found: dict[Path, int] = {}
    counts: dict[str, int] = {}
    section: Path = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := _ARRAY_HEADER.match(line):
            counts[header[1]] = counts.get(header[1], -1) + 1
            section = (header[1], counts[header[1]])
        elif header := _HEADER.match(line):
            section = _inside(header[1], counts)
        elif key := _KEY.match(line):
            found.setdefault((*section, *re.split(r"\s*\.\s*", key[1])), number)
            continue
        else:
            continue
        found.setdefault(section, number)
    return found


def told(shown: str, lines: Mapping[Path, int], fault: Fault) -> str:
    """A fault in the file that people know as ``shown``: file, line and place, and how to mend it."""
    found = next((lines[fault.path[:end]] for end in range(len(fault.path), 0, -1) if fault.path[:end] in lines), None)
    place = ".".join(str(one) for one in fault.path)
    return f"{shown}{f':{found}' if found else ''}: {place}: {fault.message}"


def _inside(name: str, counts: Mapping[str, int]) -> Path:
    """The path of ``[mailboxes.oauth2]``: inside the latest entry of ``[[mailboxes]]``."""
    first, *rest = name.split(".")
    return (first, counts[first], *rest) if first in counts else (first, *rest)
