"""What the signal words find in a sentence, weighed by who says it and whether it is denied."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from workflows.signals.rules import Kind, Level, Right, RightRule, SignalRule, SignalWords
from workflows.signals.search import Found, Phrases
from workflows.signals.text import Sentence

_WEAKNESS: dict[Level | None, int] = {"red": 0, "yellow": 1, "grey": 2, None: 3}
NEAR = 2  # words before or after a phrase in which a negation belongs to it
LEAD = 16  # words before a phrase in which it may be said that others say it
_MASK = "\x00"  # no word: a masked idiom fits no phrase

Known = Mapping[tuple[Kind, Right | None], Level]  # the most serious level so far, by kind and the right that goes with it


@dataclass(frozen=True, slots=True)
class SignalFound:
    """A signal in a sentence, at the level that is left after weighing."""

    kind: Kind
    level: Level
    rule_id: str
    right: Right | None = None


def signals_in(sentence: Sentence, words: SignalWords, known: Known = MappingProxyType({})) -> Iterator[SignalFound]:
    """The signals of one sentence that are more serious than what is ``known`` already, which may grow meanwhile."""

    def wanted(rule: SignalRule) -> bool:
        return _weaker(known.get((rule.kind, rule.right)), rule.level)

    said = _Said(sentence, words)
    for found in words.signals.find(_without_idioms(sentence.words, words), wanted):
        rule = found.meaning
        level = None if said.excuses(rule) else said.weighed(found)
        if level and _weaker(known.get((rule.kind, rule.right)), level):
            yield SignalFound(rule.kind, level, rule.id, rule.right)


def rights_in(sentence: Sentence, words: SignalWords, known: Collection[Right] = ()) -> Iterator[Right]:
    """The rights that one sentence may be using beyond those ``known``. What an earlier mail said is not used again."""
    if sentence.quoted:
        return
    said = _Said(sentence, words)
    for found in words.rights.find(sentence.words, lambda rule: rule.id not in known):
        if not said.excuses(found.meaning):
            yield found.meaning.id


def _without_idioms(plain: tuple[str, ...], words: SignalWords) -> tuple[str, ...]:
    masked = list(plain)
    for found in words.idioms.find(plain):
        masked[found.start : found.end] = [_MASK] * (found.end - found.start)
    return tuple(masked)


class _Said:
    """How a sentence says what it says. Each thing is looked for once, however many phrases the sentence holds."""

    def __init__(self, sentence: Sentence, words: SignalWords) -> None:
        self.sentence = sentence
        self.words = words
        self._excused: dict[SignalRule | RightRule, bool] = {}

    def excuses(self, rule: SignalRule | RightRule) -> bool:
        """Whether something in the sentence takes away what ``rule`` finds."""
        if not rule.unless:
            return False
        if rule not in self._excused:
            self._excused[rule] = rule.unless.any_in(self.sentence.words)
        return self._excused[rule]

    def weighed(self, found: Found[SignalRule]) -> Level | None:
        """The level that is left: the weakest of what applies. What would not weaken it further is not looked at."""
        rule = found.meaning
        left: Level | None = rule.level
        if self.sentence.quoted and _weaker(rule.if_quoted, left):
            left = rule.if_quoted
        if _weaker(rule.if_negated, left) and self._negates(found):
            left = rule.if_negated
        if _weaker(rule.if_reported, left) and self._reports(found):
            left = rule.if_reported
        return left

    def _reports(self, found: Found[SignalRule]) -> bool:
        """Said by somebody else: right after "han sagde at", or in quotation marks that are not the writer's own."""
        if self._right_before(found.start, self._reporters):
            return True
        return found.start < self._own_words and all(self.sentence.cited[found.start : found.end])

    def _negates(self, found: Found[SignalRule]) -> bool:
        """Denied: by "ikke" in or beside the phrase in its own clause, or by "jeg siger ikke at" right before it.

        A phrase that names a negation itself ("du skal ikke føle dig sikker") is not turned by it.
        """
        if found.phrase.names(self.words.negations):
            return False
        if self._negations_beside(found) % 2 == 1:
            return True
        return self._right_before(found.start, self._denials) or self._right_before(found.start + 2, self._denials)

    def _negations_beside(self, found: Found[SignalRule]) -> int:
        """How many words in and beside the phrase deny it, in the clauses that it begins and ends in."""
        clauses = self.sentence.clauses
        own = (clauses[found.start], clauses[found.end - 1])
        near = slice(max(0, found.start - NEAR), found.end + 1)
        pairs = zip(self.sentence.words[near], clauses[near], strict=True)
        return sum([clause in own and word in self.words.negations for word, clause in pairs])

    def _right_before(self, place: int, ends: Mapping[int, int]) -> bool:
        """Whether a phrase ends at ``place``, or one word before it, that begins at most ``LEAD`` words before it."""
        last, first = min(place, len(self.sentence.words)), max(0, place - LEAD)
        return ends.get(last, -1) >= first or ends.get(last - 1, -1) >= first

    @cached_property
    def _reporters(self) -> Mapping[int, int]:
        return _ends(self.words.reporters, self.sentence)

    @cached_property
    def _denials(self) -> Mapping[int, int]:
        return _ends(self.words.denials, self.sentence)

    @cached_property
    def _own_words(self) -> int:
        """Where the writer has first said to be speaking; after the sentence where nowhere."""
        return min((found.end for found in self.words.own_words.find(self.sentence.words)), default=len(self.sentence.words))


def _ends(phrases: Phrases[None], sentence: Sentence) -> dict[int, int]:
    """Where phrases end, and where the shortest that ends there begins."""
    ends: dict[int, int] = {}
    for found in phrases.find(sentence.words):
        ends[found.end] = max(found.start, ends.get(found.end, 0))
    return ends


def _weaker(one: Level | None, other: Level | None) -> bool:
    return _WEAKNESS[one] > _WEAKNESS[other]
