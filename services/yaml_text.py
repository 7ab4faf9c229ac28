"""Plain values as YAML that is pleasant to read and that reads back the same, also with other YAML readers.

A library's emitter takes a second per thousand citizens; the few shapes of a register need none of it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[^\W\d_](?:[\w@.…/+-]| (?=[\w.…(]))*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OTHER_MEANING = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null)")  # YAML 1.1 reads these as something else than text
_SEEN = "\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"  # no line end, nothing invisible
_ESCAPED = re.compile(rf'["\\]|[^{_SEEN}]')
_FIRST_LINE = re.compile(rf"(?! )[{_SEEN}]+")
_LINE = re.compile(rf"[{_SEEN}]*")
_ONE_LINE = 100  # characters of a list of short values


def dump(value: Mapping[str, Any]) -> str:
    """``value`` (tables, lists, texts, numbers, truth values; nothing else, nothing None) as a YAML document."""
    return "".join(f"{line}\n" for line in _table(value, "")) or "{}\n"


def _table(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, inner in value.items():
        yield from _entry(f"{indent}{scalar(key)}:", inner, indent)


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _table(value, indent + "  ")
    elif isinstance(value, list) and value and (short := _short(value)) is None:
        yield head
        for inner in value:
            yield from _item(inner, indent + "  ")
    elif isinstance(value, str) and _is_block(value):
        yield f"{head} |-"
        yield from (f"{indent}  {line}" for line in value.split("\n"))
    else:
        yield f"{head} {short if isinstance(value, list) and value else scalar(value)}"


def _item(value: object, indent: str) -> Iterator[str]:
    if not isinstance(value, Mapping) or not value:
        yield f"{indent}- {scalar(value)}"
        return
    lines = _table(value, indent + "  ")
    yield f"{indent}- {next(lines).lstrip()}"
    yield from lines


def _short(values: list[Any]) -> str | None:
    """A list of plain values on one line, where it fits."""
    if any(isinstance(one, Mapping | list) for one in values):
        return None
    line = f"[{', '.join(scalar(one) for one in values)}]"
    return line if len(line) <= _ONE_LINE else None


def _is_block(text: str) -> bool:
    first, *more = text.split("\n")
    return bool(more and more[-1].strip() and _FIRST_LINE.fullmatch(first) and all(_LINE.fullmatch(line) for line in more))


def scalar(value: object) -> str:
    """One plain value. A text stands bare only where no reader could take it for something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _BARE.fullmatch(value) and not _OTHER_MEANING.fullmatch(value):
        return value
    return f'"{_ESCAPED.sub(_escaped, value)}"'


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if character in '"\\':
        return f"\\{character}"
    return f"\\U{ord(character):08x}"
