"""A mail's text as sentences of folded words, knowing what is quoted from somebody else.

Every step is linear in the text. What costs time for each word, or for each sentence, is left to ``Part.sentences``, and
asked for only where a look at the words has shown that it matters.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from typing import NamedTuple

from workflows.signals.folding import bare, fold, put_together
from workflows.signals.quoting import may_quote, quoted_lines

MAX_CHARACTERS = 200_000
MAX_SENTENCE = 400  # words; text without punctuation is cut there, with an overlap
OVERLAP = 30

_PARAGRAPH = re.compile(r"\n[ \t]*+\n")
_BEGIN = "\f"  # at the beginning of what follows an empty line; folded text has none of its own


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. ``clauses`` numbers each word's clause, ``cited`` says which words stand in quotation marks.

    ``quoted`` is set for the text of an earlier mail that a reply carries along.
    """

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    cited: tuple[bool, ...]
    quoted: bool = False


class Part(NamedTuple):
    """Folded text from one full stop to the next. ``in_marks``: a quotation mark is open where it begins."""

    plain: str
    quoted: bool
    in_marks: bool

    def sentences(self) -> Iterator[Sentence]:
        """Its sentences: none without words, one as a rule, more with an overlap where it is overlong."""
        words = tuple(bare(self.plain).split())
        clauses = _numbered(self.plain, ",", len(words))
        cited = tuple([(run % 2 == 1) != self.in_marks for run in _numbered(self.plain, '"', len(words))])
        if len(words) < MAX_SENTENCE:
            return iter([Sentence(words, clauses, cited, self.quoted)] if words else [])
        cuts = [slice(start, start + MAX_SENTENCE) for start in range(0, len(words) - OVERLAP + 1, MAX_SENTENCE - OVERLAP)]
        return (Sentence(words[cut], clauses[cut], cited[cut], self.quoted) for cut in cuts)


def _numbered(plain: str, mark: str, words: int) -> tuple[int, ...]:
    """For each of the words how many of ``mark`` stand before it."""
    if mark not in plain:
        return (0,) * words
    return tuple([number for number, run in enumerate(plain.split(mark)) for _ in bare(run).split()])


class Block:
    """Folded text of lines that are all, or are all not, quoted from an earlier mail; ``words`` holds the words of each part."""

    def __init__(self, plain: str, quoted: bool = False) -> None:
        self.plain = _PARAGRAPH.sub("." + _BEGIN, plain)
        self.quoted = quoted
        self.words = [part.split() for part in bare(self.plain).split(".")]

    def part(self, number: int) -> Part:
        """The part of this number. A quotation mark that is never closed ends with its paragraph."""
        return Part(self._plain_parts[number], self.quoted, self._in_marks[number])

    def parts(self) -> Iterator[Part]:
        """All of them."""
        return map(self.part, range(len(self.words)))

    @cached_property
    def _plain_parts(self) -> list[str]:
        return self.plain.split(".")

    @cached_property
    def _in_marks(self) -> list[bool]:
        return list(_in_marks(self._plain_parts)) if '"' in self.plain else [False] * len(self._plain_parts)


def _in_marks(parts: list[str]) -> Iterator[bool]:
    inside = False
    for part in parts:
        inside = inside and not part.startswith(_BEGIN)
        yield inside
        inside ^= part.count('"') % 2 == 1


def blocks(text: str, vocabulary: Collection[str] = ()) -> list[Block]:
    """``text`` in blocks, at most its first 200,000 characters. Total: never raises.

    Letters that are spaced out ("s l å r") are put together again, and parted into words of ``vocabulary`` where they can be.
    """
    text = text[:MAX_CHARACTERS].replace("\r\n", "\n")
    if not may_quote(text):
        return [Block(fold(put_together(text, vocabulary)))]
    lines = text.split("\n")
    quoted = list(quoted_lines(lines))
    unmarked = "\n".join(line.lstrip("> \t") if is_quoted else line for line, is_quoted in zip(lines, quoted, strict=True))
    folded = fold(put_together(unmarked, vocabulary)).split("\n")  # folding neither makes nor takes line ends
    runs = groupby(zip(folded, quoted, strict=True), key=lambda pair: pair[1])
    return [Block("\n".join(line for line, _ in run), is_quoted) for is_quoted, run in runs]


def sentences(text: str, vocabulary: Collection[str] = ()) -> Iterator[Sentence]:
    """All sentences of ``text``."""
    parts = chain.from_iterable(block.parts() for block in blocks(text, vocabulary))
    return chain.from_iterable(part.sentences() for part in parts)
