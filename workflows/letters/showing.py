"""A letter for people: as plain text, in blocks for a page or a printer, and what an author has changed."""

import re
import textwrap
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, NamedTuple

from workflows.decision import Sentence
from workflows.letters.parts import MANDATORY
from workflows.letters.shapes import Block, Letter, Section

WIDTH = 76
_ITEM = "- "
_WORDS = re.compile(r"\n+|[^\S\n]+|\S+")


class Change(NamedTuple):
    """A run of text that stands in both, was added by the author, or was taken out."""

    kind: Literal["same", "added", "removed"]
    text: str


class Shown(NamedTuple):
    """A part as the console shows it: how it will look, beside what it is written as."""

    id: str
    heading: str
    mandatory: bool
    text: str
    default: str
    blocks: tuple[Block, ...]
    changes: tuple[Change, ...]  # empty while it is the standard text
    missing: tuple[Sentence, ...]
    advice: tuple[Sentence, ...]


def preview(letter: Letter) -> tuple[Shown, ...]:
    """Every part of the letter, in order, also those that say nothing yet."""
    return tuple([_shown(letter, one) for one in letter.sections])


def _shown(letter: Letter, one: Section) -> Shown:
    changed = changes(one.default, one.text) if one.text != one.default else ()
    mandatory = one.id in MANDATORY[letter.kind]
    return Shown(one.id, one.heading, mandatory, one.text, one.default, blocks(one.text), changed, one.missing, one.advice)


def blocks(text: str) -> tuple[Block, ...]:
    """Paragraphs and lists, in order."""
    return tuple([block for paragraph in text.split("\n\n") if paragraph.strip() for block in _blocks(paragraph)])


def _blocks(paragraph: str) -> Iterator[Block]:
    lines = [one.strip() for one in paragraph.split("\n") if one.strip()]
    for is_list, found in groupby(lines, lambda one: one.startswith(_ITEM)):
        if is_list:
            yield Block("list", tuple(one.removeprefix(_ITEM).strip() for one in found))
        else:
            yield Block("text", tuple(found))


def changes(default: str, edited: str) -> tuple[Change, ...]:
    """What the author changed, word by word: joined, "same" and "removed" give ``default``, "same" and "added" ``edited``."""
    old, new = _WORDS.findall(default), _WORDS.findall(edited)
    found: list[Change] = []
    for what, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(Change("same", "".join(old[first:last])))
            continue
        if last > first:
            found.append(Change("removed", "".join(old[first:last])))
        if end > start:
            found.append(Change("added", "".join(new[start:end])))
    return tuple(found)


def as_text(letter: Letter) -> str:
    """The whole letter as plain text, for those who have it read aloud and for systems that take no PDF."""
    head = ["\n".join(letter.sender), "\n".join(letter.recipient), letter.written_on, letter.title]
    body = [one for section in letter.sections if section.text for one in _section_text(section)]
    return "\n\n".join((*head, *body)) + "\n"


def _section_text(section: Section) -> Iterator[str]:
    if section.heading:
        yield f"{section.heading}\n{'-' * len(section.heading)}"
    for block in blocks(section.text):
        if block.kind == "list":
            yield "\n".join(_wrapped(one, _ITEM, "  ") for one in block.lines)
        else:
            yield "\n".join(_wrapped(one, "", "") for one in block.lines)


def _wrapped(line: str, first: str, rest: str) -> str:
    return textwrap.fill(line, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
