"""What a mail says, without a word of it: how many questions it asks, which days and amounts it names, what is attached.

It is for those who read a functional mailbox, before they open what the citizen wrote, or instead (``domain.md`` R10, R19). Only
figures come out: no sentence, name, number of a person or address can. What an earlier mail says that is quoted is not counted.
Every step is linear in the text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from workflows.mail import Reading
from workflows.signals.quoting import may_quote, quoted_lines
from workflows.signals.text import MAX_CHARACTERS

MOST = 5  # of each kind that is told
BACK, AHEAD = timedelta(days=366), timedelta(days=731)  # other days are birthdays, and of no use to whoever reads
_FRACTIONS = frozenset({(1, 2), (1, 3), (1, 4), (2, 3), (3, 4), (24, 7)})  # written as days are

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar january jan", "februar february feb", "marts march mar", "april apr", "maj may", "juni june jun",
            "juli july jul", "august aug", "september sept sep", "oktober october okt oct", "november nov",
            "december dec",
        ), 1
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMBER = r"(\d{1,3}(?:[.\u00a0 ]\d{3}){1,3}|\d{1,9})(?:,(\d{2}))?"

_QUESTION = re.compile(r"\?(?<!\?\?)\?*+(?=[\s\"'»”)!]|$)")
_DIGIT = re.compile(r"\d")
_DAY = re.compile(r"(?<![\d.,/-])(\d{1,2})([./-])[ ]?(\d{1,2})(?:[./ -]{1,2}(\d{4}|\d{2}))?(?![\d/]|[.,-]\d)")
_ISO = re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])")
_WRITTEN = re.compile(rf"(?<!\d)(\d{{1,2}})(?:\.|st|nd|rd|th)?[ ]+({_MONTH})\b\.?(?:[ ]+(\d{{4}}))?(?!\d)", re.IGNORECASE)
_ENGLISH = re.compile(rf"\b({_MONTH})[ ]+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?[ ]+(\d{{4}}))?(?!\d)", re.IGNORECASE)
_BEFORE = re.compile(rf"\b(?:kr\.?|dkk|kroner)[ ]?(?<!\d){_NUMBER}(?!\d|[.,]\d)", re.IGNORECASE)
_AFTER = re.compile(rf"(?<![\d.,/-]){_NUMBER}(?:,-|[ ]?(?:kr\b|kroner\b|dkk\b))", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Summary:
    """``amounts`` are in øre; ``dates`` in the order in which they are named. At most five of each, and whether there are more."""

    questions: int = 0
    dates: tuple[date, ...] = ()
    amounts: tuple[int, ...] = ()
    attachments: int = 0
    words: int = 0
    more: bool = False

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "questions": self.questions,
            "dates": [one.isoformat() for one in self.dates],
            "amounts": list(self.amounts),
            "attachments": self.attachments,
            "words": self.words,
            "more": self.more,
        }


def figures_of(reading: Reading) -> dict[str, Any]:
    """The figures of a mail as JSON. Days are written as found, without a year where none is named (``--11-30``, ISO 8601)."""
    text = own_text(f"{reading.subject}\n\n{reading.text[:MAX_CHARACTERS]}")
    numbered = lines_with_digits(text)
    return {
        "questions": len(_QUESTION.findall(text)),
        "days": _few(_days(numbered), 2 * MOST),
        "amounts": _few(_amounts(numbered), MOST + 1),
        "attachments": len(reading.parts),
        "words": len(_WORD.findall(text)),
    }


def summary_of(figures: Mapping[str, Any], received: date) -> Summary:
    """Of a mail that came on ``received``: a day without a year is the nearest such, and what lies far off is left out."""
    near = (_nearest(one, received) for one in figures["days"])
    days = list(dict.fromkeys(one for one in near if one and received - BACK <= one <= received + AHEAD))
    amounts = list(figures["amounts"])
    return Summary(
        questions=figures["questions"],
        dates=tuple(days[:MOST]),
        amounts=tuple(amounts[:MOST]),
        attachments=figures["attachments"],
        words=figures["words"],
        more=len(days) > MOST or len(amounts) > MOST,
    )


def summary_from(wire: Mapping[str, Any]) -> Summary:
    """What ``Summary.wire`` wrote."""
    days = tuple(date.fromisoformat(one) for one in wire["dates"])
    names = ("questions", "attachments", "words", "more")
    return Summary(dates=days, amounts=tuple(wire["amounts"]), **{name: wire[name] for name in names})


def own_text(text: str) -> str:
    """``text`` without what it quotes from earlier mails."""
    if not may_quote(text):
        return text
    lines = text.split("\n")
    return "\n".join(line for line, quoted in zip(lines, quoted_lines(lines), strict=True) if not quoted)


def lines_with_digits(text: str) -> str:
    """Those lines of ``text`` in which a number can stand: days, amounts and case numbers are of one line."""
    if not _DIGIT.search(text):
        return ""
    return "\n".join(filter(_DIGIT.search, text.split("\n")))


def _few(found: Iterable[Any], most: int) -> list[Any]:
    return list(dict.fromkeys(found))[:most]


def _days(text: str) -> Iterator[str]:
    """In the order of the text."""
    found = [(one.start(), *parts) for pattern, read in _FORMS for one in pattern.finditer(text) if (parts := read(one))]
    for _, year, month, day in sorted(found):
        if _valid(year or 2024, month, day):
            yield f"{year:04d}-{month:02d}-{day:02d}" if year else f"--{month:02d}-{day:02d}"


_Parts = tuple[int, int, int] | None  # year (0: none), month, day


def _numeric(found: re.Match[str]) -> _Parts:
    """30.11.2026, 30/11-26, 30/11. Without a year only the stroke tells a day from a time or a price."""
    day, month, year = int(found[1]), int(found[3]), found[4]
    if not year:
        return (0, month, day) if found[2] == "/" and (day, month) not in _FRACTIONS else None
    return (int(year) if len(year) > 2 else 2000 + int(year), month, day)


_FORMS: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], _Parts]]] = (
    (_ISO, lambda found: (int(found[1]), int(found[2]), int(found[3]))),
    (_DAY, _numeric),
    (_WRITTEN, lambda found: (int(found[3] or 0), _MONTHS[found[2].lower()], int(found[1]))),
    (_ENGLISH, lambda found: (int(found[3] or 0), _MONTHS[found[1].lower()], int(found[2]))),
)


def _valid(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _nearest(written: str, received: date) -> date | None:
    if not written.startswith("--"):
        return date.fromisoformat(written)
    years = range(received.year - 1, received.year + 2)
    there = [date.fromisoformat(f"{year}{written[1:]}") for year in years if _valid(year, int(written[2:4]), int(written[5:]))]
    return min(there, key=lambda one: abs(one - received), default=None)


def _amounts(text: str) -> Iterator[int]:
    """In øre, in the order of the text."""
    found = sorted({one.start(1): one for pattern in (_BEFORE, _AFTER) for one in pattern.finditer(text)}.items())
    for _, one in found:
        whole = int(re.sub(r"\D", "", one[1]))
        yield whole * 100 + int(one[2] or 0)
