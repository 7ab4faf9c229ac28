"""What the signal words find in a sentence, weighed by who says it and whether it is denied."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from workflows.signals.rules import Kind, Level, Right, SignalRule, SignalWords
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
    plain = _without_idioms(sentence.words, words)
    excused: dict[SignalRule, bool] = {}
    for found in words.signals.find(plain):
        rule = found.meaning
        left = known.get((rule.kind, rule.right))
        if not _weaker(left, rule.level):
            continue
        if rule not in excused:
            excused[rule] = rule.unless is not None and rule.unless.any_in(sentence.words)
        level = None if excused[rule] else _weighed(found, sentence, words)
        if level and _weaker(left, level):
            yield SignalFound(rule.kind, level, rule.id, rule.right)


def rights_in(sentence: Sentence, words: SignalWords, known: Collection[Right] = ()) -> Iterator[Right]:
    """The rights that one sentence may be using beyond those ``known``. What an earlier mail said is not used again."""
    if sentence.quoted:
        return
    for found in words.rights.find(sentence.words):
        rule = found.meaning
        if rule.id not in known and not (rule.unless and rule.unless.any_in(sentence.words)):
            yield rule.id


def _without_idioms(plain: tuple[str, ...], words: SignalWords) -> tuple[str, ...]:
    masked = list(plain)
    for found in words.idioms.find(plain):
        masked[found.start : found.end] = [_MASK] * (found.end - found.start)
    return tuple(masked)


def _weighed(found: Found[SignalRule], sentence: Sentence, words: SignalWords) -> Level | None:
    """The level that is left: the weakest of what applies. What would not weaken it further is not looked at."""
    rule = found.meaning
    left: Level | None = rule.level
    if sentence.quoted and _weaker(rule.if_quoted, left):
        left = rule.if_quoted
    if _weaker(rule.if_negated, left) and _is_negated(found, sentence, words):
        left = rule.if_negated
    if _weaker(rule.if_reported, left) and _is_reported(found, sentence, words):
        left = rule.if_reported
    return left


def _weaker(one: Level | None, other: Level | None) -> bool:
    return _WEAKNESS[one] > _WEAKNESS[other]


def _is_reported(found: Found[SignalRule], sentence: Sentence, words: SignalWords) -> bool:
    """Said by somebody else: right after "han sagde at", or in quotation marks that are not the writer's own."""
    if _right_before(found.start, words.reporters, sentence):
        return True
    return all(sentence.cited[found.start : found.end]) and not words.own_words.any_in(sentence.words[: found.start])


def _is_negated(found: Found[SignalRule], sentence: Sentence, words: SignalWords) -> bool:
    """Denied: by "ikke" in or beside the phrase in its own clause, or by "jeg siger ikke at" right before it.

    A phrase that names a negation itself ("du skal ikke føle dig sikker") is not turned by it.
    """
    if found.phrase.names(words.negations):
        return False
    if sum(sentence.words[at] in words.negations for at in _beside(found, sentence)) % 2 == 1:
        return True
    return _right_before(found.start, words.denials, sentence) or _right_before(found.start + 2, words.denials, sentence)


def _right_before(place: int, phrases: Phrases[None], sentence: Sentence) -> bool:
    """Whether one of ``phrases`` ends at ``place``, or one word before it."""
    lead = sentence.words[max(0, place - LEAD) : place]
    return any(one.end >= len(lead) - 1 for one in phrases.find(lead))


def _beside(found: Found[SignalRule], sentence: Sentence) -> Iterator[int]:
    """The places of the words in and beside the phrase, in the clauses that it begins and ends in."""
    clauses = {sentence.clauses[found.start], sentence.clauses[found.end - 1]}
    first, last = max(0, found.start - NEAR), min(found.end + 1, len(sentence.words))
    return (at for at in range(first, last) if sentence.clauses[at] in clauses)
