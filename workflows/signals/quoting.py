"""Which lines of a mail are quoted from an earlier mail. Linear in the text: no expression here can begin anew within a line."""

import re
from collections.abc import Iterator

_LONGEST_LINE = 400  # what of a line is looked at to tell a quote header

_HAS_WRITTEN = r"(?:den|på|on|am)\b[^\n\d]*\d[^\n]*\b(?:skrev|wrote|schrieb)"
_ORIGINAL_MAIL = r"(?:oprindelig|original|videresendt|forwarded|start på videresendt)\w*+\s++(?:me|be|mail)"
_FIELD_NAME = r"\*?(?:fra|from|sendt|sent|dato|date|til|to|emne|subject|cc)\*?\s*+:"

_WROTE = re.compile(rf"{_HAS_WRITTEN}\b", re.IGNORECASE)
_ORIGINAL = re.compile(rf"(?:(?:-{{2,}}+|_{{2,}}+)\s*+)?{_ORIGINAL_MAIL}", re.IGNORECASE)
_FIELD = re.compile(_FIELD_NAME, re.IGNORECASE)
_FIRST = frozenset("acdefopstvACDEFOPSTVſ*-_")  # what a quote header begins with
_MAY_QUOTE = re.compile(rf"\n[^\S\n]*+(?:>|{_HAS_WRITTEN}|[-_]*+[^\S\n]*+{_ORIGINAL_MAIL}|{_FIELD_NAME})", re.IGNORECASE)


def may_quote(text: str) -> bool:
    """Whether any line begins like one that ``quoted_lines`` would find; a quick look that spares most mails the slow one."""
    return _MAY_QUOTE.search("\n" + text) is not None


def quoted_lines(lines: list[str]) -> Iterator[bool]:
    """Per line whether it is quoted. After a quote header all the rest is, unless the quote is marked line by line with ``>``."""
    rest, header = False, 0
    for number, line in enumerate(lines):
        if not rest and not header and (header := _header_lines(lines, number)):
            rest = not _marked_after(lines, number)
        yield rest or header > 0 or line.lstrip().startswith(">")
        header = max(0, header - 1)


def _header_lines(lines: list[str], number: int) -> int:
    """How many lines the quote header has that begins here; 0 where none does."""
    line = _beginning(lines[number])
    if line[:1] not in _FIRST:
        return 0
    if _WROTE.match(line):
        return next((place for place, one in enumerate(lines[number : number + 2], 1) if one.rstrip().endswith(":")), 0)
    if _ORIGINAL.match(line):
        return 1
    if not _FIELD.match(line):
        return 0
    fields = sum(1 for one in lines[number : number + 4] if _FIELD.match(_beginning(one)))
    return fields if fields >= 3 else 0


def _beginning(line: str) -> str:
    return line[:_LONGEST_LINE].lstrip()


def _marked_after(lines: list[str], number: int) -> bool:
    following = (line.lstrip() for line in lines[number + 1 : number + 5])
    return any(line.startswith(">") for line in following)
