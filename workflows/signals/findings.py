"""What the signal words find in a sentence, weighed by who says it and whether it is denied."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from workflows.signals.rules import Kind, Level, Right, RightRule, Rule, SignalRule, SignalWords
from workflows.signals.search import ALL, Found, Some
from workflows.signals.text import Sentence

_WEAKNESS: dict[Level | None, int] = {"red": 0, "yellow": 1, "grey": 2, None: 3}
NEAR = 2  # words before or after a phrase in which a negation belongs to it
_NOT_OF_WHAT_FOLLOWS = frozenset({"mere", "laengere", "andet", "jeg", "vi"})  # "jeg kan ikke mere jeg …" denies nothing after it
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


class Whole:
    """What the writer of the mail says about how it is meant, anywhere in it. Each is looked for when asked, and once.

    ``says`` tells whether the writer says any of some phrases; without it a sentence stands alone.
    """

    def __init__(self, words: SignalWords, says: Callable[[Some], bool] = lambda _: False) -> None:
        self._words = words
        self._says = says

    @cached_property
    def tells_of_others(self) -> bool:
        """It tells what somebody did to the writer, or of a song, a film or a game: what it cites is no threat to staff."""
        return self._says(self._words.told_of_others)

    @cached_property
    def takes_back(self) -> bool:
        """The writer takes back what they wrote."""
        return self._says(self._words.taken_back)

    @cached_property
    def affirms(self) -> bool:
        """The writer stands by what they wrote before, and what is quoted counts as said again."""
        return self._says(self._words.affirmed)


class Said:
    """A sentence, and how it says what it says. Each thing is looked for once, however many phrases the sentence holds."""

    def __init__(self, sentence: Sentence, words: SignalWords, whole: Whole | None = None) -> None:
        self.sentence = sentence
        self.words = words
        self.whole = whole or Whole(words)
        self.may_hold = words.phrases.may_be_in(sentence.words)
        self._excused: dict[Rule, bool] = {}

    def signals(self, known: Known = MappingProxyType({}), among: Some = ALL) -> Iterator[SignalFound]:
        """Its signals by phrases ``among`` these that are more serious than what is ``known`` already, which may grow meanwhile."""
        some = self.may_hold & among & self.words.signals
        for found in self.words.phrases.find(self._without_idioms(), some) if some else ():
            rule = found.meaning
            assert isinstance(rule, SignalRule)
            if not _weaker(known.get((rule.kind, rule.right)), rule.level) or self.excuses(rule):
                continue
            level = self.weighed(found, rule)
            if level and _weaker(known.get((rule.kind, rule.right)), level):
                yield SignalFound(rule.kind, level, rule.id, rule.right)

    def rights(self, among: Some = ALL) -> Iterator[Right]:
        """The rights that it may be using by phrases ``among`` these. What an earlier mail said is not used again."""
        some = 0 if self.sentence.quoted else self.may_hold & among & self.words.rights
        for found in self.words.phrases.find(self.sentence.words, some):
            rule = found.meaning
            assert isinstance(rule, RightRule)
            if not self.excuses(rule):
                yield rule.id

    def _find(self, some: Some) -> Iterator[Found[Rule | None]]:
        return self.words.phrases.find(self.sentence.words, self.may_hold & some)

    def _without_idioms(self) -> tuple[str, ...]:
        masked = list(self.sentence.words)
        for found in self._find(self.words.idioms):
            masked[found.start : found.end] = [_MASK] * (found.end - found.start)
        return tuple(masked)

    def excuses(self, rule: Rule) -> bool:
        """Whether something in the sentence takes away what ``rule`` finds."""
        if not rule.unless & self.may_hold:
            return False
        if rule not in self._excused:
            self._excused[rule] = next(self._find(rule.unless), None) is not None
        return self._excused[rule]

    def weighed(self, found: Found[Rule | None], rule: SignalRule) -> Level | None:
        """The level that is left: the weakest of what applies. What would not weaken it further is not looked at."""
        left: Level | None = rule.level
        if self.sentence.quoted and _weaker(rule.if_quoted, left) and not self.whole.affirms:
            left = rule.if_quoted
        if _weaker(rule.if_negated, left) and self._negates(found):
            left = rule.if_negated
        if _weaker(rule.if_reported, rule.level) and left and self._reports(found):
            left = None if self.whole.tells_of_others else _weakest(rule.if_reported, left)
        if _weaker("yellow", left) and rule.kind == "threat" and self.whole.takes_back:
            left = "yellow"
        return left

    def _reports(self, found: Found[Rule | None]) -> bool:
        """Said by somebody else: right after "han sagde at", or in quotation marks that are not the writer's own."""
        if self._right_before(found.start, self._reporters):
            return True
        return found.start < self._own_words and all(self.sentence.cited[found.start : found.end])

    def _negates(self, found: Found[Rule | None]) -> bool:
        """Denied: by "ikke" in or beside the phrase in its own clause, or by "jeg siger ikke at" right before it.

        A phrase that names a negation itself ("du skal ikke føle dig sikker") is not turned by it.
        """
        if found.phrase.names(self.words.negations):
            return False
        if self._negations_beside(found) % 2 == 1:
            return True
        return self._right_before(found.start, self._denials) or self._right_before(found.start + 2, self._denials)

    def _negations_beside(self, found: Found[Rule | None]) -> int:
        """How many words in and beside the phrase deny it, in the clauses that it begins and ends in."""
        clauses = self.sentence.clauses
        own = (clauses[found.start], clauses[found.end - 1])
        words, denied = self.sentence.words, 0
        for at in range(max(0, found.start - NEAR), min(found.end + 1, len(words))):
            if clauses[at] in own and words[at] in self.words.negations:
                denied += at >= found.start or words[at + 1] not in _NOT_OF_WHAT_FOLLOWS
        return denied

    def _right_before(self, place: int, ends: Mapping[int, int]) -> bool:
        """Whether a phrase ends at ``place``, or one word before it, that begins at most ``LEAD`` words before it."""
        last, first = min(place, len(self.sentence.words)), max(0, place - LEAD)
        return ends.get(last, -1) >= first or ends.get(last - 1, -1) >= first

    @cached_property
    def _reporters(self) -> Mapping[int, int]:
        return _ends(self._find(self.words.reporters))

    @cached_property
    def _denials(self) -> Mapping[int, int]:
        return _ends(self._find(self.words.denials))

    @cached_property
    def _own_words(self) -> int:
        """Where the writer has first said to be speaking; after the sentence where nowhere."""
        return min((found.end for found in self._find(self.words.own_words)), default=len(self.sentence.words))


def _ends(phrases: Iterator[Found[Rule | None]]) -> dict[int, int]:
    """Where phrases end, and where the shortest that ends there begins."""
    ends: dict[int, int] = {}
    for found in phrases:
        ends[found.end] = max(found.start, ends.get(found.end, 0))
    return ends


def _weakest(one: Level | None, other: Level | None) -> Level | None:
    return one if _weaker(one, other) else other


def _weaker(one: Level | None, other: Level | None) -> bool:
    return _WEAKNESS[one] > _WEAKNESS[other]
