"""A mail's text as sentences of folded words, knowing what is quoted from somebody else.

Every step is linear in the text: each expression here consumes at least one character per turn and none nests a
repetition in another.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby

MAX_CHARACTERS = 200_000
MAX_SENTENCE = 400  # words; text without punctuation is cut there, with an overlap
OVERLAP = 30
_LONGEST_RUN = 200
_LONGEST_LINE = 400  # what of a line is looked at to tell a quote header

_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2065), 0xFEFF]
)
_DANISH = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe"})
_STRETCHED = re.compile(r"([^\W\d_])\1\1+")
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .*_-][^\W\d_]){2,}(?![^\W_])")
_TOKEN = re.compile(r"(?P<word>[^\W_]+)|(?P<stop>[.!?;]|\n[ \t]*\n)|(?P<comma>[,:()–—])|(?P<open>[„«»“”\"])")

_WROTE = re.compile(r"^\s*(?:den|på|on|am)\b[^\n]*\d[^\n]*\b(?:skrev|wrote|schrieb)\b", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"^\s*(?:-{2,}|_{2,})?\s*(?:oprindelig|original|videresendt|forwarded|start på videresendt)\w*\s+(?:me|be|mail)", re.IGNORECASE
)
_FIELD = re.compile(r"^\s*\*?(?:fra|from|sendt|sent|dato|date|til|to|emne|subject|cc)\*?\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. ``clauses`` numbers each word's clause, ``cited`` says which words stand in quotation marks.

    ``quoted`` is set for the text of an earlier mail that a reply carries along.
    """

    words: tuple[str, ...]
    clauses: tuple[int, ...]
    cited: tuple[bool, ...]
    quoted: bool = False


def fold(text: str) -> str:
    """``text`` as words are compared: lower case, æ ø å as ae oe aa, no accents, no invisible or stretched letters.

    >>> fold("SLÅÅÅR du\\u00adre  Ærø, én")
    'slaar dure  aeroe, en'
    """
    plain = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).casefold()
    plain = _STRETCHED.sub(r"\1", plain).translate(_DANISH)
    if plain.isascii():
        return plain
    return "".join(one for one in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(one))


def sentences(text: str, vocabulary: Collection[str] = ()) -> Iterator[Sentence]:
    """The sentences of ``text``, at most its first 200,000 characters. Total: never raises.

    Letters that are spaced out ("s l å r") are put together again, and parted into words of ``vocabulary`` where they can be.
    """
    for block, quoted in _blocks(text[:MAX_CHARACTERS]):
        together = _SPACED.sub(lambda found: _unspaced(fold(found.group()[0::2]), vocabulary), block)
        yield from _split(fold(together), quoted)


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """``text`` in runs of lines that are, or are not, quoted from an earlier mail."""
    lines = text.replace("\r\n", "\n").split("\n")
    for quoted, run in groupby(zip(lines, _quoted_lines(lines), strict=True), key=lambda pair: pair[1]):
        yield "\n".join(line.lstrip("> \t") if quoted else line for line, _ in run), quoted


def _quoted_lines(lines: list[str]) -> Iterator[bool]:
    """Per line whether it is quoted. After a quote header all the rest is, unless the quote is marked line by line with ``>``."""
    rest, header = False, 0
    for number, line in enumerate(lines):
        if not rest and not header and (header := _header_lines(lines, number)):
            rest = not _marked_after(lines, number)
        yield rest or header > 0 or line.lstrip().startswith(">")
        header = max(0, header - 1)


def _header_lines(lines: list[str], number: int) -> int:
    """How many lines the quote header has that begins here; 0 where none does."""
    line = lines[number][:_LONGEST_LINE]
    if _WROTE.match(line):
        return next((place for place, one in enumerate(lines[number : number + 2], 1) if one.rstrip().endswith(":")), 0)
    if _ORIGINAL.match(line):
        return 1
    fields = sum(1 for one in lines[number : number + 4] if _FIELD.match(one[:_LONGEST_LINE]))
    return fields if _FIELD.match(line) and fields >= 3 else 0


def _marked_after(lines: list[str], number: int) -> bool:
    following = (line.lstrip() for line in lines[number + 1 : number + 5])
    return any(line.startswith(">") for line in following)


def _unspaced(letters: str, vocabulary: Collection[str]) -> str:
    """``letters`` as known words if they part into such without a rest, else as one word."""
    if len(letters) > _LONGEST_RUN:
        return letters
    best: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 20), end):
            before = best[start]
            if (
                before is not None
                and letters[start:end] in vocabulary
                and (best[end] is None or len(before) < len(best[end] or ()) - 1)
            ):
                best[end] = (*before, letters[start:end])
    parted = best[-1]
    return " ".join(parted) if parted else letters


@dataclass(slots=True)
class _Draft:
    words: list[str]
    clauses: list[int]
    cited: list[bool]
    clause: int = 0

    def sentence(self, quoted: bool) -> Sentence:
        return Sentence(tuple(self.words), tuple(self.clauses), tuple(self.cited), quoted)

    def add(self, word: str, in_marks: bool) -> None:
        self.words.append(word)
        self.clauses.append(self.clause)
        self.cited.append(in_marks)


def _split(plain: str, quoted: bool) -> Iterator[Sentence]:
    """The sentences of folded text. A quotation mark that is never closed ends with its paragraph."""
    draft, in_marks = _Draft([], [], []), False
    for token in _TOKEN.finditer(plain):
        match token.lastgroup:
            case "word":
                draft.add(token.group(), in_marks)
            case "comma":
                draft.clause += 1
            case "open":
                in_marks = not in_marks
            case _:
                in_marks = in_marks and not token.group().startswith("\n")
        if draft.words and (token.lastgroup == "stop" or len(draft.words) >= MAX_SENTENCE):
            yield draft.sentence(quoted)
            draft = _carried(draft) if token.lastgroup == "word" else _Draft([], [], [])
    if draft.words:
        yield draft.sentence(quoted)


def _carried(draft: _Draft) -> _Draft:
    """The end of a sentence that was cut for its length, so that a phrase across the cut is seen."""
    return _Draft(draft.words[-OVERLAP:], draft.clauses[-OVERLAP:], draft.cited[-OVERLAP:], draft.clause)
