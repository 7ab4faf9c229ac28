"""Words on the scales: red mails that no phrase tells, by the words, and the classes of words, that meet in them.

Each thing that a stretch of text holds (a word, how it begins or ends, two words in a row, a class, two classes within three
words) has a weight that was learnt from labelled mails (``tests/figures/weights.py``); their sum tells red from the rest. It
weighs a text and never a person.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Literal, get_args

from workflows.signals.folding import fold

STRETCH = 120  # words that are read together: a mail of usual length is one stretch
RedKind = Literal["threat", "self_harm", "child_in_danger", "home_visit"]
KINDS: tuple[RedKind, ...] = get_args(RedKind)
FEW = 14  # different words: fewer are not weighed, for any two of them would decide
BIAS = ""  # what every text holds
_BEGINNING, _ENDING = 5, 5  # letters
_NEAR = 2  # words after a word in which another meets it
_OVER = "over"  # the row that is no weight

Words = Sequence[str]


class BadWeights(ValueError):
    """The weights or the classes cannot be used; the message says where."""


class Classes:
    """Classes of words by name: ``ord`` that word, ``ord*`` words that begin so, ``*ord`` words that end so."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self._whole: dict[str, list[str]] = {}
        self._beginnings: list[tuple[str, tuple[str, ...]]] = []
        self._endings: list[tuple[str, tuple[str, ...]]] = []
        for name, written in lists.items():
            for word in (fold(one) for one in written if "*" not in one):
                self._whole.setdefault(word, []).append(name)
            self._beginnings.append((name, tuple(fold(one[:-1]) for one in written if one.endswith("*"))))
            self._endings.append((name, tuple(fold(one[1:]) for one in written if one.startswith("*"))))
        self._known: dict[str, tuple[str, ...]] = {word: self._of(word) for word in self._whole}

    def of(self, word: str) -> tuple[str, ...]:
        """The classes of one folded word."""
        return self._known[word] if word in self._known else self._of(word)

    def _of(self, word: str) -> tuple[str, ...]:
        begun = (name for name, beginnings in self._beginnings if word.startswith(beginnings))
        ended = (name for name, endings in self._endings if len(word) > _ENDING and word.endswith(endings))
        return tuple(sorted({*self._whole.get(word, ()), *begun, *ended}))


def of_word(word: str, classes: Iterable[str]) -> Iterator[str]:
    """What one word, of these classes, puts on the scales by itself."""
    yield f"={word}"
    if len(word) > _BEGINNING:
        yield f"{word[:_BEGINNING]}~"
    if len(word) > _ENDING + 1:
        yield f"~{word[-_ENDING:]}"
    yield from map("[{}]".format, classes)


def of_sentence(words: Words, classes: Mapping[str, tuple[str, ...]]) -> set[str]:
    """All that a sentence of folded words puts on the scales; ``classes`` has each of them."""
    held = set(chain.from_iterable(of_word(word, classes[word]) for word in words))
    held.update(map(" ".join, pairwise(words)))
    for at, word in enumerate(words):
        for one in classes[word]:
            for other in words[at + 1 : at + 1 + _NEAR]:
                held.update([f"[{one}] [{met}]" for met in classes[other]])
    return held


def stretches(sentences: Iterable[Words]) -> Iterator[list[Words]]:
    """Sentences that are read together: as many as fill a stretch, and then anew from the middle of it."""
    left = [words[start : start + STRETCH] for words in sentences for start in range(0, len(words), STRETCH)]
    first = 0
    while first < len(left):
        end, length = first, 0
        while end < len(left) and length < STRETCH:
            length += len(left[end])
            end += 1
        yield left[first:end]
        if end == len(left):
            return
        first = _from_the_middle(left, first, end)


def _from_the_middle(left: Sequence[Words], first: int, end: int) -> int:
    passed, at = len(left[first]), first + 1
    while at < end - 1 and passed < STRETCH // 2:
        passed += len(left[at])
        at += 1
    return at


@dataclass(frozen=True, slots=True)
class Weights:
    """For each thing its rarity (a factor, from 1) and its weight; above 0 speaks for."""

    rarity: Mapping[str, float]
    weight: Mapping[str, float]

    def sum(self, held: Collection[str]) -> float:
        """How much a text speaks for, whatever its length: the weights of what it holds that is known, the rarer the more."""
        known = [one for one in held if one in self.rarity]
        length = math.hypot(*(self.rarity[one] for one in known)) or 1.0
        return self.weight[BIAS] + sum(self.weight[one] * self.rarity[one] for one in known) / length


class Scales:
    """Weights for red and for each kind of it. Immutable; made once by ``scales_from``."""

    def __init__(self, classes: Classes, red: Weights, kinds: Mapping[RedKind, Weights], over: float) -> None:
        self.classes = classes
        self._red = red
        self._kinds = kinds
        self._over = over

    def weigh(self, sentences: Iterable[Words], off: Collection[RedKind] = ()) -> RedKind | None:
        """The kind of the first stretch of the writer's own ``sentences``, of folded words, that is red; none of ``off``."""
        for stretch in stretches(sentences):
            if self._is_worth_it(frozenset(chain.from_iterable(stretch))):
                held = self.held_by(stretch)
                if self._red.sum(held) > self._over:
                    kind = max(KINDS, key=lambda kind: self._kinds[kind].sum(held))
                    if kind not in off:
                        return kind
        return None

    def held_by(self, stretch: Iterable[Words]) -> set[str]:
        """All that a stretch of text puts on the scales."""
        return set().union(*(of_sentence(words, {word: self.classes.of(word) for word in words}) for words in stretch))

    def _is_worth_it(self, words: frozenset[str]) -> bool:
        """A quick look: whether they are enough, and those that were in labelled mails speak for red each by itself."""
        return len(words) >= FEW and sum(self._alone.get(word, 0.0) for word in words) > 0

    @cached_property
    def _alone(self) -> dict[str, float]:
        whole = [one[1:] for one in self._red.rarity if one.startswith("=")]
        return {word: self._red_of(of_word(word, self.classes.of(word))) for word in whole}

    def _red_of(self, held: Iterable[str]) -> float:
        return sum(self._red.weight[one] * self._red.rarity[one] for one in held if one in self._red.rarity)


def scales_from(lists: Mapping[str, Sequence[str]], rows: str) -> Scales:
    """The scales that ``rows`` hold: what is told, a thing, its rarity and its weight, parted by tabs; raises ``BadWeights``."""
    rarity: dict[str, dict[str, float]] = {}
    weight: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows.splitlines(), 1):
        if not row.startswith("#"):
            try:
                told, thing, rare, heavy = row.split("\t")
                weight.setdefault(told, {})[thing] = float(heavy)
                if thing:
                    rarity.setdefault(told, {})[thing] = float(rare)
            except ValueError as fault:
                raise BadWeights(f"line {number}: {fault}") from fault
    try:
        red, *kinds = (Weights(rarity.get(told, {}), weight[told]) for told in ("red", *KINDS))
        over = weight[_OVER][BIAS]
    except KeyError as missing:
        raise BadWeights(f"no rows for {missing}") from missing
    return Scales(Classes(lists), red, dict(zip(KINDS, kinds, strict=True)), over)
