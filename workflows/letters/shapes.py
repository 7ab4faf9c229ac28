"""What a letter is, and what it is made of.

A letter's text is plain: paragraphs with a blank line between them, and lines that begin with ``- `` are a list. So it is written,
edited, shown, printed and sent as text alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from typing import Literal, NamedTuple, get_args

from workflows.deadlines import WorkingCalendar
from workflows.decision import Sentence
from workflows.dossier import Dossier, Record
from workflows.framework import Weekday
from workflows.people import Address, Case, Citizen, Day, Employee, Entry, Id, Unit

Language = Literal["da", "en"]
Kind = Literal["warning", "hearing", "decision", "urgent", "extension", "easing", "lifting", "upheld", "apology"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
KINDS: tuple[Kind, ...] = get_args(Kind)
MOVE: Mapping[Kind, str] = {  # the move that a letter tells of
    "warning": "warned",
    "hearing": "heard",
    "decision": "decided",
    "urgent": "activated_urgently",
    "extension": "extended",
    "easing": "eased",
    "lifting": "lifted",
    "upheld": "upheld",
    "apology": "registered_in_error",
}


class Hours(NamedTuple):
    """When a telephone is answered: on these days, from and to (``HH:MM``)."""

    days: tuple[Weekday, ...]
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The municipality as letters name it. An empty text is one that nobody has written yet."""

    name: str
    address: tuple[str, ...] = ()
    phone: str = ""
    phone_hours: tuple[Hours, ...] = ()
    urgent_phone: str = ""
    dpo: str = ""
    citizen_adviser: str = ""
    kept_days: int = 183
    answer_days: Mapping[str, int] = field(default_factory=dict)  # working days, by normalised mailbox
    zone: tzinfo = UTC
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)


@dataclass(frozen=True, slots=True)
class Matter:
    """All that a letter is written from. ``record`` is the move it tells of, where it has not been made yet; ``by`` is who writes.

    ``employees`` are by their normalised address. ``recipient`` is the citizen's name and postal address as they stand in the
    window of an envelope; the name alone where none is given.
    """

    dossier: Dossier
    citizen: Citizen
    head: Letterhead
    today: date
    by: Address
    record: Record | None = None
    cases: Mapping[str, Case] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    employees: Mapping[str, Employee] = field(default_factory=dict)
    recipient: tuple[str, ...] = ()
    version: int = 1


class Value(NamedTuple):
    """What a placeholder stands for, and what of it must stand in a letter that somebody has rewritten.

    ``kept`` are facts and the municipality's sentences; ``words`` what somebody wrote about the matter, which is mended where
    it was written, so that letter and dossier say the same.
    """

    text: str
    kept: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def exact(text: str) -> Value:
    """A value that the citizen must be told as it is."""
    return Value(text, (text,) if text else ())


def own(text: str) -> Value:
    """A value that somebody has written in their own words."""
    return Value(text, words=(text,) if text else ())


class Section(Entry):
    """One part of a letter: the text as it will be sent, and the one that the guard proposed."""

    id: str
    heading: str
    text: str
    default: str
    missing: tuple[Sentence, ...] = ()
    advice: tuple[Sentence, ...] = ()


class Letter(Entry):
    """A letter as a document. It is finished when nothing is missing."""

    framework: Id
    kind: Kind
    language: Language
    version: int
    title: str
    on: Day
    written_on: str  # the day as it stands in the letter
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    sections: tuple[Section, ...]
    lacks: tuple[Sentence, ...] = ()  # what is missing from the letter as a whole
    texts: str = ""  # which version of the municipality's words it is made of: see ``texts.fingerprint``

    @property
    def missing(self) -> tuple[Sentence, ...]:
        """What must be done before it can be finished, one plain sentence each."""
        return tuple(dict.fromkeys((*self.lacks, *(one for section in self.sections for one in section.missing))))

    @property
    def advice(self) -> tuple[Sentence, ...]:
        """What is worth a second look, and stops nothing."""
        return tuple(dict.fromkeys(one for section in self.sections for one in section.advice))


class Block(NamedTuple):
    """A paragraph or a list: its lines."""

    kind: Literal["text", "list"]
    lines: tuple[str, ...]
