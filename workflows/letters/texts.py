"""The municipality's words for letters, as they are read from ``config/letters``: read here as tables, and checked whole.

A language has ``common`` (parts that several letters share), ``phrases`` (how measures, scope and incidents are said) and a table
for each kind of letter: its title, the order of its parts, and its own parts, each with a heading and a text.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any, NamedTuple

from workflows.faults import Fault, nearest
from workflows.letters.parts import IF_THERE, MANDATORY, values_of, words_of
from workflows.letters.phrases import PHRASES
from workflows.letters.saying import says
from workflows.letters.shapes import KINDS, LANGUAGES, Kind, Language

COMMON, PHRASE_FILE = "common", "phrases"
NAMES: tuple[str, ...] = (COMMON, PHRASE_FILE, *KINDS)
# fmt: off
PLACEHOLDERS = frozenset({
    "answer_by", "answer_days", "because", "breach", "burden", "citizen", "citizen_adviser", "consequence", "decided",
    "dpo", "ends", "expects", "happenings", "kept", "lapses", "leader", "legal_basis", "mailbox",
    "measures", "milder", "municipality", "nature", "needs", "no_hearing", "outside", "phone", "phone_hours",
    "reason", "reply", "review", "scope", "signer", "standing", "starts", "talk", "threat", "today",
    "unit", "urgent_phone", "way_back",
})
# fmt: on
Table = Mapping[str, Any]
Name = tuple[Language, str]


class PartText(NamedTuple):
    """One part in the municipality's words."""

    id: str
    heading: str
    text: str


class LetterText(NamedTuple):
    """One kind of letter in the municipality's words, its parts in order."""

    title: str
    parts: tuple[PartText, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """All words of one language."""

    language: Language
    letters: Mapping[Kind, LetterText]
    phrases: Mapping[str, str]


Texts = Mapping[Language, Wording]


def texts_of(tables: Mapping[Name, Table]) -> Texts:
    """The words that ``tables`` hold; they are those in which ``faults_in`` finds nothing."""
    return {language: _wording(language, tables) for language in LANGUAGES}


def fingerprint(words: Wording, kind: Kind) -> str:
    """Eight characters that are others when the words of this kind of letter are others: their version."""
    text = json.dumps([words.letters[kind], sorted(words.phrases.items())], ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:8]


def _wording(language: Language, tables: Mapping[Name, Table]) -> Wording:
    common = tables[language, COMMON]
    letters = {kind: _letter(tables[language, kind], common) for kind in KINDS}
    return Wording(language, letters, dict(_flat(tables[language, PHRASE_FILE])))


def _letter(table: Table, common: Table) -> LetterText:
    parts = (table.get(part) or common[part] for part in table["parts"])
    found = (PartText(name, one["heading"], one["text"].strip("\n")) for name, one in zip(table["parts"], parts, strict=True))
    return LetterText(table["title"], tuple(found))


def _flat(table: Table) -> Iterator[tuple[str, str]]:
    for group, inner in table.items():
        for name, text in inner.items():
            yield f"{group}.{name}", text


def faults_in(name: Name, tables: Mapping[Name, Table]) -> Iterator[Fault]:
    """All that is wrong with one table; a letter's own is looked at together with the common parts."""
    language, what = name
    table = tables[name]
    if what == PHRASE_FILE:
        yield from _phrase_faults(table)
    elif what == COMMON:
        for part, inner in table.items():
            yield from _part_faults((part,), inner)
    else:
        kind = next(one for one in KINDS if one == what)
        yield from _letter_faults(kind, language, table, tables.get((language, COMMON), {}))


def _phrase_faults(table: Table) -> Iterator[Fault]:
    written: dict[str, object] = {}
    for group, inner in table.items():
        if isinstance(inner, dict):
            written |= {f"{group}.{name}": text for name, text in inner.items()}
        else:
            yield Fault((group,), "write fields with values here")
    for key, text in written.items():
        path = tuple(key.split(".", 1))
        if key not in PHRASES:
            yield Fault(path, f"is not known here{nearest(key, PHRASES)}")
        elif not isinstance(text, str) or not text.strip():
            yield Fault(path, "write a text, in quotes")
        else:
            yield from _placeholder_faults(path, text, PHRASES[key])
            yield from (Fault(path, f"must hold ${one}") for one in PHRASES[key] if one not in _placeholders(text))
    yield from (Fault(tuple(key.split(".", 1)), "is missing") for key in PHRASES if key not in written)


def _letter_faults(kind: Kind, language: Language, table: Table, common: Table) -> Iterator[Fault]:
    title, order = table.get("title"), table.get("parts")
    if not isinstance(title, str) or not title.strip():
        yield Fault(("title",), "is missing; write what the letter is about")
    else:
        yield from _placeholder_faults(("title",), title, PLACEHOLDERS)
    if not isinstance(order, list) or not all(isinstance(one, str) for one in order):
        yield Fault(("parts",), "is missing; write the names of the letter's parts, in order")
        return
    yield from (Fault(("parts",), f'"{one}" is named twice') for one in sorted({one for one in order if order.count(one) > 1}))
    own = {name: inner for name, inner in table.items() if name not in ("title", "parts")}
    for name, inner in own.items():
        if name in order:
            yield from _part_faults((name,), inner)
        else:
            yield Fault((name,), f"is not among parts{nearest(name, order)}")
    for name in order:
        if name not in own and name not in common:
            yield Fault(("parts",), f'"{name}" has no text here and none in {COMMON}.toml{nearest(name, [*own, *common])}')
    for part in MANDATORY[kind]:
        if part not in order:
            yield Fault(("parts",), f'must name "{part}": a letter without it can\'t be sent')
        else:
            yield from _content_faults(kind, language, part, own.get(part, common.get(part)))


def _part_faults(path: tuple[str, ...], part: object) -> Iterator[Fault]:
    if not isinstance(part, dict):
        yield Fault(path, "write a heading and a text here")
        return
    yield from (Fault((*path, one), "is not known here; write heading and text") for one in part if one not in ("heading", "text"))
    for one in ("heading", "text"):
        if not isinstance(part.get(one), str):
            yield Fault((*path, one), "is missing; write a text, in quotes")
        else:
            yield from _placeholder_faults((*path, one), part[one], PLACEHOLDERS)


def _content_faults(kind: Kind, language: Language, part: str, inner: object) -> Iterator[Fault]:
    """A part that must be there holds what it is for: the citizen is owed it, however it is said."""
    text = inner.get("text") if isinstance(inner, dict) else None
    if not isinstance(text, str):
        return
    for value in (*values_of(kind, part), *IF_THERE.get((kind, part), ())):
        if value not in _placeholders(text):
            yield Fault((part, "text"), f"must hold ${value}")
    for word in words_of(kind, part, language):
        if not says(text, word):
            yield Fault((part, "text"), f'must say "{word.split("|", maxsplit=1)[0]}"')


def _placeholders(text: str) -> Sequence[str]:
    return Template(text).get_identifiers() if Template(text).is_valid() else ()


def _placeholder_faults(path: tuple[str, ...], text: str, known: Sequence[str] | frozenset[str]) -> Iterator[Fault]:
    if not Template(text).is_valid():
        yield Fault(path, "has a $ without a name after it; write $$ for the sign itself")
        return
    for one in Template(text).get_identifiers():
        if one not in known:
            yield Fault(path, f"${one} is no placeholder{nearest(one, known)}")
