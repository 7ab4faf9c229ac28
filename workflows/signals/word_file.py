"""The file of signal words (``config/signals.da.toml``): what may stand in it, and how its phrases become findable."""

import tomllib
from collections.abc import Sequence
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workflows.signals.folding import fold
from workflows.signals.phrase import BadPhrase, Phrase, phrase
from workflows.signals.rules import (
    AS_GIVEN,
    BURST,
    COPIES,
    EVASION,
    NIGHTS,
    UNREADABLE,
    WEIGHED,
    BadSignalWords,
    Kind,
    Level,
    Pattern,
    Right,
    RightRule,
    Rule,
    SignalRule,
    SignalWords,
    Told,
    Tuning,
)
from workflows.signals.search import Phrases, Some, together

Weakened = Literal["red", "yellow", "grey", "none"]
R = TypeVar("R", SignalRule, RightRule)
_LEVELS: tuple[Level, ...] = get_args(Level)  # the most serious first
_PLAIN = ("idioms", "denials", "reporters", "own_words", "told_of_others", "taken_back", "affirmed")


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


class _Plain(_Table):
    level: Level
    why: str


class _Weighed(_Table):
    threat: str
    self_harm: str
    child_in_danger: str
    home_visit: str


class _File(_Table):
    mass_copy: _MassCopy
    unreadable: _Plain
    evasion: _Plain
    volume: _Volume
    weighed: _Weighed
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
        Pattern(EVASION, "evasion", content.evasion.level, content.evasion.why),
    )
    weighed = (Pattern(id, kind, "red", getattr(content.weighed, kind)) for kind, id in WEIGHED.items())
    return {one.id: one for one in (*of_words, *weighed, *others)}


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
        self.entries: list[tuple[Phrase, Rule | None]] = []
        self.faults: list[str] = []

    def words(self) -> SignalWords:
        content, off = self.content, self.tuning.off
        others: dict[str, Any] = {name: self.read(name, getattr(content, name)) for name in _PLAIN}
        signals = [self.rule(one.phrases, self.signal(one)) for one in content.signal if one.id not in off]
        rights = [self.rule(one.phrases, self.right(one)) for one in content.right]
        if self.faults:
            raise BadSignalWords(self.faults)
        return SignalWords(
            phrases=Phrases(self.entries),
            signals=together(some for _, some in signals),
            rights=together(some for _, some in rights),
            settled=_by_signal(signals) | _by_right(rights),
            negations=self.negations,
            mass_copy_level=content.mass_copy.level,
            unreadable_level=content.unreadable.level,
            evasion_level=content.evasion.level,
            volume_level=content.volume.level,
            vocabulary=self.negations.union(*(one.vocabulary for one, rule in self.entries if rule)),
            tuning=self.tuning,
            **others,
        )

    def rule(self, written: list[str], rule: R) -> tuple[R, Some]:
        """A rule, and the phrases that are its own."""
        return rule, self.read(rule.id, written, rule)

    def signal(self, entry: _SignalEntry) -> SignalRule:
        weakened: Weakened = "yellow" if entry.level == "red" else "none"
        return SignalRule(
            entry.id,
            entry.kind,
            entry.level,
            _level(entry.if_negated or weakened),
            _level(entry.if_quoted or weakened),
            _level(entry.if_reported or weakened),
            self.read(f"{entry.id}.unless", entry.unless),
            entry.right,
        )

    def right(self, entry: _RightEntry) -> RightRule:
        return RightRule(entry.id, self.read(f"{entry.id}.unless", entry.unless))

    def read(self, name: str, written: list[str], rule: Rule | None = None) -> Some:
        """Takes the phrases that are ``written``, of a rule or for something else."""
        first = len(self.entries)
        for one in written:
            try:
                self.entries.append((phrase(one, self.lists, self.stops, self.spellings), rule))
            except BadPhrase as fault:
                self.faults.append(f"{name}: {fault}")
        return (1 << len(self.entries)) - (1 << first)


def _by_right(rights: Sequence[tuple[RightRule, Some]]) -> dict[Told, Some]:
    return {rule.id: together(some for other, some in rights if other.id == rule.id) for rule, _ in rights}


def _by_signal(signals: Sequence[tuple[SignalRule, Some]]) -> dict[Told, Some]:
    """A signal leaves nothing to tell to the rules for its kind, with its right, that are no more serious than it was."""
    return {
        (rule.kind, rule.right, level): together(
            some
            for other, some in signals
            if (other.kind, other.right) == (rule.kind, rule.right) and _LEVELS.index(other.level) >= _LEVELS.index(level)
        )
        for rule, _ in signals
        for level in _LEVELS
    }


def _level(written: Weakened) -> Level | None:
    return None if written == "none" else written
