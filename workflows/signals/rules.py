"""What signal words stand for: kinds, levels, rights, patterns and rules, as ``word_file`` reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workflows.signals.scales import KINDS as WEIGHED_KINDS
from workflows.signals.scales import RedKind, Scales
from workflows.signals.search import Phrases, Some

Level = Literal["red", "yellow", "grey"]
Kind = Literal[
    "threat", "self_harm", "child_in_danger", "home_visit", "insult", "exposure", "private_channel", "volume",
    "mass_copy", "evasion", "criticism", "unreadable",
]  # fmt: skip
Right = Literal[
    "complaint", "appeal_deadline", "application", "file_access", "data_access", "deletion_request", "representation",
    "hearing_reply", "child_concern", "urgent_help", "accessibility",
]  # fmt: skip


BURST, NIGHTS, COPIES = "volume.burst", "volume.nights", "mass_copy.recipients"
UNREADABLE, EVASION = "unreadable.content", "evasion.new_address"
WEIGHED: Mapping[RedKind, str] = {kind: f"weighed.{kind}" for kind in WEIGHED_KINDS}


class BadSignalWords(ValueError):
    """The signal words cannot be used. ``faults`` names every mistake with its place and its mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


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
    unless: Some
    right: Right | None  # a right that the signal carries with it


@dataclass(frozen=True, slots=True, eq=False)
class RightRule:
    """One rule for a right that the citizen may be using."""

    id: Right
    unless: Some


Rule = SignalRule | RightRule
Told = tuple[Kind, Right | None, Level] | Right  # a signal, or a right


@dataclass(frozen=True, slots=True, eq=False)
class SignalWords:
    """All signal words, ready to be looked for. Immutable; made once by ``words_from``.

    ``phrases`` has every phrase of the file, those of rules with their rule; the others are told by what they are for.
    """

    phrases: Phrases[Rule | None]
    signals: Some
    rights: Some
    settled: Mapping[Told, Some]  # by what has been told: the phrases that can tell nothing more
    negations: frozenset[str]
    idioms: Some
    denials: Some
    reporters: Some
    own_words: Some
    told_of_others: Some
    taken_back: Some
    affirmed: Some
    mass_copy_level: Level
    unreadable_level: Level
    evasion_level: Level
    volume_level: Level
    vocabulary: frozenset[str]
    tuning: Tuning
    scales: Scales | None = None  # what words weigh together, for red where no phrase tells it, and for rights
