"""YAML read for its structure alone, with the line of everything.

Values stay the text that was written: what is a number, a date or a time is for the schema to say. So ``10:00`` is ten
o'clock (YAML 1.1 reads 600), ``name: No`` is a name, and an id keeps its leading zeros. A key without a value counts as not
given. Aliases, tags and merge keys are refused: a register needs none, and they make a file say other than it shows.
"""

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from services.bad_input import BadInput
from workflows.faults import Path

DEEPEST = 32
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's where there is one: some ten times faster
_NOTHING = ("", "~", "null", "Null", "NULL")
_PLAIN_TAGS = (None, "!", "tag:yaml.org,2002:str")

Tick = Callable[[int], None]


class Table(dict[str, Any]):
    """A mapping that knows its line, and that of each key; ``twice`` holds keys that were written again."""

    __slots__ = ("line", "lines", "twice")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        self.twice: list[tuple[str, int]] = []


class Rows(list[Any]):
    """A list that knows its line, and that of each entry."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def read_yaml(name: str, content: bytes, tick: Tick | None = None) -> object:
    """The values of one YAML document: ``Table``, ``Rows``, text or None. ``tick`` is told now and then how many lines are read.

    Raises ``BadInput`` with one line that names file (``name``), line and mend: what follows a broken place can't be read.
    """
    text = _text(name, content)
    loader = None
    try:
        loader = _LOADER(text)
        return _Builder(name, tick).build(_events(loader))
    except yaml.MarkedYAMLError as error:
        last = text.count("\n") + 1  # the end of the file may count as a line after it
        line = f"{min(error.problem_mark.line + 1, last)}: " if error.problem_mark else " "
        raise BadInput(f"{name}:{line}this is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{name}: this is not YAML: {_first_line(error)}") from error
    finally:
        if loader is not None:
            loader.dispose()


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{name}:{line}: this is not UTF-8; save the file as UTF-8") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _events(loader: Any) -> Iterator[tuple[yaml.Event, int]]:  # noqa: ANN401 - libyaml's loader and Python's share no type
    """The events, each with its line (0 is the first)."""
    while loader.check_event():
        event = loader.get_event()
        yield event, event.start_mark.line


class _Builder:
    """Builds values from events, without recursion: depth is bounded by us and not by the stack."""

    def __init__(self, name: str, tick: Tick | None) -> None:
        self._name = name
        self._tick = tick
        self._open: list[tuple[Table | Rows, str | None, int]] = []  # container, the key that waits for a value, its line
        self._root: object = None
        self._documents = 0

    def build(self, events: Iterator[tuple[yaml.Event, int]]) -> object:
        for count, (event, line) in enumerate(events):
            if self._tick and count % 4096 == 0:
                self._tick(line)
            self._take(event, line + 1)
        return self._root

    def _take(self, event: yaml.Event, line: int) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.MappingStartEvent():
                self._start(Table(line), event, line)
            case yaml.SequenceStartEvent():
                self._start(Rows(line), event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
            case yaml.AliasEvent():
                self._refuse(line, f"*{event.anchor} stands for something elsewhere; write it out here")
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._refuse(line, "a second document begins here (---); a register is one document")
            case _:
                pass

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self._check_tag(event, line)
        if self._waits_for_key():
            return self._key(event.value, line)
        plain = event.style in (None, "")
        self._place(None if plain and event.value in _NOTHING else event.value, line)
        return None

    def _start(self, container: Table | Rows, event: yaml.CollectionStartEvent, line: int) -> None:
        self._check_tag(event, line)
        if self._waits_for_key():
            self._refuse(line, "a key must be a plain word")
        if len(self._open) >= DEEPEST:
            self._refuse(line, f"this is nested more than {DEEPEST} deep")
        self._place(container, line)
        self._open.append((container, None, line))

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        if event.tag not in _PLAIN_TAGS:
            self._refuse(line, f"tags ({event.tag}) have no meaning here; remove it")

    def _waits_for_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1][0], Table) and self._open[-1][1] is None

    def _key(self, key: str, line: int) -> None:
        table = self._open[-1][0]
        assert isinstance(table, Table)
        if key in table.lines:
            table.twice.append((key, line))
        table.lines.setdefault(key, line)
        self._open[-1] = (table, key, line)

    def _place(self, value: object, line: int) -> None:
        if not self._open:
            self._root = value
            return
        container, key, key_line = self._open[-1]
        if isinstance(container, Rows):
            container.append(value)
            container.lines.append(line)
        elif key is not None:
            if value is not None and key not in container:
                container[key] = value
            self._open[-1] = (container, None, key_line)

    def _refuse(self, line: int, mend: str) -> None:
        raise BadInput(f"{self._name}:{line}: {mend}")


def repeated_keys(value: object, path: Path = ()) -> Iterator[tuple[Path, int, str]]:
    """Every key that is written twice in its table: where the table is, the line, and the key."""
    if isinstance(value, Table):
        yield from ((path, line, key) for key, line in value.twice)
        for key, inner in value.items():
            yield from repeated_keys(inner, (*path, key))
    elif isinstance(value, Rows):
        for place, inner in enumerate(value):
            yield from repeated_keys(inner, (*path, place))


def line_of(value: object, path: Path) -> int | None:
    """The line of what stands at ``path``, or of the nearest thing around it; None in an empty file."""
    line = value.line if isinstance(value, Table | Rows) else None
    for step in path:
        if isinstance(value, Table) and isinstance(step, str) and step in value.lines:
            line, value = value.lines[step], value.get(step)
        elif isinstance(value, Rows) and isinstance(step, int) and step < len(value):
            line, value = value.lines[step], value[step]
    return line


def written(value: object, path: Path) -> str:
    """``path`` as people read it, such as ``frameworks[3] f-1.review``; names of alternatives, which nobody wrote, are left out."""
    text = ""
    for number, step in enumerate(path):
        if isinstance(step, int):
            value = value[step] if isinstance(value, Rows) and step < len(value) else None
            name = value.get("id") or value.get("address") if isinstance(value, Table) and number == 1 else None
            text += f"[{step}]" + (f" {name}" if isinstance(name, str) else "")
        elif isinstance(value, Table) and (step in value.lines or number == len(path) - 1):
            value = value.get(step)
            text += f".{step}" if text else step
    return text
