"""What is wrong with a value that somebody wrote, said so that they can mend it.

pydantic finds what has the wrong shape; here its findings become one plain sentence each, with the nearest known name
where a name is wrong. Nothing in a sentence is secret: what was written is quoted only where it is a code or a name of ours.
"""

import re
import types
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]
MOST = 2000  # faults that are looked for: whoever has more has one mistake in many places, or the wrong file
MOST_KNOWN = 200  # names that a slip is compared with, which takes long

_PLAIN = {
    "missing": "is missing",
    "string_type": "write a text, in quotes",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "tuple_type": "write a list, such as [one, two]",
    "list_type": "write a list, such as [one, two]",
    "model_type": "write fields with values here (key: value)",
    "model_attributes_type": "write fields with values here (key: value)",
    "dict_type": "write fields with values here (key: value)",
    "union_tag_not_found": "is without a kind; write kind: and one of those that the contract names",
    "too_short": "needs at least one entry",
    "path_type": "write a path",
    "string_too_short": "write an address, such as karen@eksempel.dk",
    "string_too_long": "is longer than an address can be",
    "greater_than_equal": "write a number of at least {ge}",
    "less_than_equal": "write a number of at most {le}",
    "value_error": "{error}",
}
_PATTERNS = {
    r"^[^@\s]+@[^@\s]+$": "write an address, such as karen@eksempel.dk",
    r"^[A-Za-z0-9._-]{1,64}$": "write an id: 1 to 64 of the letters a-z and A-Z, digits, dot, underscore and dash",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$": 'write a time as HH:MM, such as "08:00"',
    r"^[^@\s]+\.[^@\s.]+$": "write a domain, such as eksempel.dk",
    r"^[0-1][0-9]-[0-3][0-9]$": 'write a day of the year as MM-DD, such as "12-24"',
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (keys and places in lists, from the top), and how to mend it."""

    path: Path
    message: str


def nearest(written: str, known: Iterable[str]) -> str:
    """``; did you mean "…"?`` where one of ``known`` is close to what was written, else empty.

    Of many names only its neighbours by the alphabet are compared.
    """
    names = sorted(known)
    there = bisect(names, written)
    names = names if len(names) <= MOST_KNOWN else names[max(0, there - MOST_KNOWN // 2) : there + MOST_KNOWN // 2]
    close = get_close_matches(written, names, n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def from_validation(error: ValidationError, model: type[BaseModel]) -> Iterator[Fault]:
    """Every finding of ``error`` (raised by ``model``) as a fault; one place has one fault, however many ways it is wrong."""
    seen: set[Path] = set()
    for detail in error.errors(include_url=False):
        place = detail["loc"]
        only_wrong_entries = detail["type"] == "too_short" and any(one[: len(place)] == place for one in seen)
        if place not in seen and not only_wrong_entries:
            seen.add(place)
            yield Fault(place, _message(detail, model))


def _message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return "is not known here" + nearest(str(detail["loc"][-1]), fields_at(model, detail["loc"][:-1]))
        case "literal_error" | "enum" | "union_tag_invalid":
            return _one_of(detail, str(context.get("expected") or context.get("expected_tags")))
        case "string_pattern_mismatch":
            return _PATTERNS.get(str(context.get("pattern")), "is not written as it must be")
        case kind:
            return _PLAIN[kind].format_map(context) if kind in _PLAIN else detail["msg"]


def _one_of(detail: ErrorDetails, expected: str) -> str:
    codes = re.findall(r"'([^']*)'", expected) or expected.replace(" or ", ", ").split(", ")
    written = detail.get("ctx", {}).get("tag", detail["input"])
    quoted = f'"{written}" is none of' if isinstance(written, str) and len(written) <= 40 else "write one of"
    return f"{quoted} {', '.join(codes)}{nearest(str(written), codes)}"


def fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """The names of the fields that may stand at ``path`` under ``model``, as they are written; empty where none may."""
    found = _models(model, path)
    return sorted({field.alias or name for one in found for name, field in one.model_fields.items()})


def field_at(model: type[BaseModel], path: Path) -> FieldInfo | None:
    """The field at ``path`` (names only), or None where there is none."""
    for one in _models(model, path[:-1]):
        for name, field in one.model_fields.items():
            if (field.alias or name) == path[-1]:
                return field
    return None


def holds_structure(annotation: object) -> bool:
    """Whether a field of this type is a list or a table, and not one plain value."""
    return any(isinstance(one, type) and issubclass(one, BaseModel | tuple | dict) for one in _alternatives(annotation))


def _models(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    found = [model]
    for step in path:
        if isinstance(step, int):
            continue
        under = [field for one in found for name, field in one.model_fields.items() if (field.alias or name) == step]
        if under:
            found = [one for field in under for one in _inner_models(field.annotation)]
        else:  # the tag of a union: keep the alternative that it names
            found = [one for one in found if _tag(one) == step] or found
    return found


def _tag(model: type[BaseModel]) -> object:
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation)[0] if kind and get_args(kind.annotation) else None


def _inner_models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not get_origin(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for inner in get_args(annotation) for model in _inner_models(inner)]


def _alternatives(annotation: object) -> Iterator[object]:
    if get_origin(annotation) in (Union, types.UnionType):
        for inner in get_args(annotation):
            yield from _alternatives(inner)
    else:
        yield get_origin(annotation) or annotation
