"""The signal words as the file gives them (``config/signals.da.toml``), checked whole and ready to be looked for."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workflows.signals.folding import fold
from workflows.signals.phrase import BadPhrase, Phrase, phrase
from workflows.signals.search import Phrases, Vocabulary, beginnings_of, by_stem

Level = Literal["red", "yellow", "grey"]
Weakened = Literal["red", "yellow", "grey", "none"]
Kind = Literal[
    "threat", "self_harm", "child_in_danger", "home_visit", "insult", "exposure", "private_channel", "volume",
    "mass_copy", "evasion", "criticism", "unreadable",
]  # fmt: skip
Right = Literal[
    "complaint", "appeal_deadline", "application", "file_access", "data_access", "deletion_request", "representation",
    "hearing_reply", "child_concern", "urgent_help", "accessibility",
]  # fmt: skip


BURST, NIGHTS, COPIES, UNREADABLE = "volume.burst", "volume.nights", "mass_copy.recipients", "unreadable.content"
_PLAIN = ("denials", "reporters", "own_words", "told_of_others", "taken_back", "affirmed")


class BadSignalWords(ValueError):
    """The signal words cannot be used. ``faults`` names every mistake with its place and its mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _SignalEntry(_Table):
    id: str = Field(pattern=r"^[a-z0-9_.]{1,64}$")
    kind: Kind
    level: Level
    why: str
    phrases: list[str] = Field(min_length=1)
    unless: list[str] = []
    if_negated: Weakened | None = None
    if_quoted: Weakened | None = None
    if_reported: Weakened | None = None
    right: Right | None = None


class _RightEntry(_Table):
    id: Right
    why: str
    phrases: list[str] = Field(min_length=1)
    unless: list[str] = []


class _MassCopy(_Table):
    level: Level
    why: str


class _Volume(_Table):
    level: Level
    why_burst: str
    why_nights: str


class _Unreadable(_Table):
    level: Level
    why: str


class _File(_Table):
    mass_copy: _MassCopy
    unreadable: _Unreadable
    volume: _Volume
    lists: dict[str, list[str]] = {}
    spellings: dict[str, list[str]] = {}
    negations: list[str]
    gap_stops: list[str] = []
    idioms: list[str] = []
    denials: list[str] = []
    reporters: list[str] = []
    own_words: list[str] = []
    told_of_others: list[str] = []
    taken_back: list[str] = []
    affirmed: list[str] = []
    signal: list[_SignalEntry]
    right: list[_RightEntry]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What finds signals of one kind: the level that it begins with, and a sentence for the leader about what it looks for."""

    id: str
    kind: Kind
    level: Level
    why: str


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a municipality decides about signals: patterns (ids) that find nothing, and from where on something is much.

    Mails of one sender in 24 hours, and at night in a week; people in To and Cc together, never of a mailing list.
    """

    off: frozenset[str] = frozenset()
    volume_a_day: int = 10
    volume_at_night: int = 5
    mass_copy_recipients: int = 12


AS_GIVEN = Tuning()


@dataclass(frozen=True, slots=True, eq=False)
class SignalRule:
    """One rule for a signal. What is negated, quoted from an earlier mail or told of others becomes ``if_…`` (None: no signal)."""

    id: str
    kind: Kind
    level: Level
    if_negated: Level | None
    if_quoted: Level | None
    if_reported: Level | None
    unless: Phrases[None] | None
    right: Right | None  # a right that the signal carries with it


@dataclass(frozen=True, slots=True, eq=False)
class RightRule:
    """One rule for a right that the citizen may be using."""

    id: Right
    unless: Phrases[None] | None


@dataclass(frozen=True, slots=True, eq=False)
class SignalWords:
    """All signal words, ready to be looked for. Immutable; made once by ``words_from``."""

    signals: Phrases[SignalRule]
    rights: Phrases[RightRule]
    negations: frozenset[str]
    idioms: Phrases[None]
    denials: Phrases[None]
    reporters: Phrases[None]
    own_words: Phrases[None]
    told_of_others: Phrases[None]
    taken_back: Phrases[None]
    affirmed: Phrases[None]
    mass_copy_level: Level
    unreadable_level: Level
    volume_level: Level
    vocabulary: frozenset[str]
    beginnings: Mapping[str, tuple[str, ...]]  # of words that phrases ask for, by their stems
    tuning: Tuning

    def among(self, vocabulary: Vocabulary) -> "SignalWords | None":
        """Those that a text of this vocabulary may hold: they find in it what all would, at a fraction of the cost.

        None where it can hold no signal and no right.
        """
        signals, rights = self.signals.among(vocabulary), self.rights.among(vocabulary)
        if not signals.anchors and not rights.anchors:
            return None
        idioms = self.idioms.among(vocabulary) if signals.anchors else self.idioms
        return replace(self, signals=signals, rights=rights, idioms=idioms)

    def may_be_among(self, keys: frozenset[str]) -> bool:
        """Whether a sentence that has these keys may hold a signal or a right that ``among`` left."""
        return self.signals.may_be_among(keys) or self.rights.may_be_among(keys)


def words_from(text: str, tuning: Tuning = AS_GIVEN) -> SignalWords:
    """The signal words that a file's ``text`` (TOML) holds; raises ``BadSignalWords`` with every fault at once."""
    return _Compiler(_content(text), tuning).words()


def patterns_from(text: str) -> dict[str, Pattern]:
    """The patterns of a file's ``text`` by id: those of words, then those that no word tells. Raises ``BadSignalWords``."""
    content = _content(text)
    of_words = [Pattern(one.id, one.kind, one.level, one.why) for one in content.signal]
    volume, copies, unreadable = content.volume, content.mass_copy, content.unreadable
    others = (
        Pattern(BURST, "volume", volume.level, volume.why_burst),
        Pattern(NIGHTS, "volume", volume.level, volume.why_nights),
        Pattern(COPIES, "mass_copy", copies.level, copies.why),
        Pattern(UNREADABLE, "unreadable", unreadable.level, unreadable.why),
    )
    return {one.id: one for one in (*of_words, *others)}


def _content(text: str) -> _File:
    try:
        return _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        raise BadSignalWords([f"not TOML: {fault}"]) from fault
    except ValidationError as fault:
        raise BadSignalWords([f"{_place(one['loc'])}: {one['msg']}" for one in fault.errors()]) from fault


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)


class _Compiler:
    """Turns the file's phrases into searchable ones, and collects what is wrong with them."""

    def __init__(self, content: _File, tuning: Tuning) -> None:
        self.content = content
        self.tuning = tuning
        self.lists = {name: tuple(words) for name, words in content.lists.items()}
        self.spellings = {fold(word): tuple(map(fold, others)) for word, others in content.spellings.items()}
        self.stops = frozenset(map(fold, content.gap_stops))
        negations = tuple(map(fold, content.negations))
        self.negations = frozenset(negations).union(*(self.spellings.get(one, ()) for one in negations))
        self.faults: list[str] = []

    def words(self) -> SignalWords:
        content, tuning = self.content, self.tuning
        idioms = self.read("idioms", content.idioms)
        signals = self.entries([(one.id, one.phrases, self.signal(one)) for one in content.signal if one.id not in tuning.off])
        rights = self.entries([(one.id, one.phrases, RightRule(one.id, self.unless(one.id, one.unless))) for one in content.right])
        made = {name: self.plain(name, getattr(content, name)) for name in _PLAIN}
        if self.faults:
            raise BadSignalWords(self.faults)
        found = [one for one, _ in (*signals, *rights)]
        return SignalWords(
            signals=Phrases.of(signals),
            rights=Phrases.of(rights),
            negations=self.negations,
            idioms=Phrases.of((one, None) for one in idioms),
            mass_copy_level=content.mass_copy.level,
            unreadable_level=content.unreadable.level,
            volume_level=content.volume.level,
            vocabulary=self.negations.union(*(one.vocabulary for one in found)),
            beginnings=by_stem(set(chain.from_iterable(map(beginnings_of, (*found, *idioms))))),
            tuning=tuning,
            **made,
        )

    def entries(self, rules: list[tuple[str, list[str], Any]]) -> list[tuple[Phrase, Any]]:
        return [(found, rule) for name, written, rule in rules for found in self.read(name, written)]

    def plain(self, name: str, written: list[str]) -> Phrases[None]:
        return Phrases.of((found, None) for found in self.read(name, written))

    def unless(self, name: str, written: list[str]) -> Phrases[None] | None:
        return self.plain(f"{name}.unless", written) if written else None

    def signal(self, entry: _SignalEntry) -> SignalRule:
        weakened: Weakened = "yellow" if entry.level == "red" else "none"
        return SignalRule(
            entry.id,
            entry.kind,
            entry.level,
            _level(entry.if_negated or weakened),
            _level(entry.if_quoted or weakened),
            _level(entry.if_reported or weakened),
            self.unless(entry.id, entry.unless),
            entry.right,
        )

    def read(self, name: str, written: list[str]) -> list[Phrase]:
        found = []
        for one in written:
            try:
                found.append(phrase(one, self.lists, self.stops, self.spellings))
            except BadPhrase as fault:
                self.faults.append(f"{name}: {fault}")
        return found


def _level(written: Weakened) -> Level | None:
    return None if written == "none" else written
