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
_KEY = 2  # letters by which beginnings and endings are looked up
_NEAR = 2  # words after a word in which another meets it
_OVER = "over"  # the row that is no weight
RIGHTS_OVER = -0.4  # a right overlooked costs a right, a mark too many costs a look

Words = Sequence[str]


class BadWeights(ValueError):
    """The weights or the classes cannot be used; the message says where."""


class Classes:
    """Classes of words by name: ``ord`` that word, ``ord*`` words that begin so, ``*ord`` words that end so."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self._whole: dict[str, list[str]] = {}
        self._beginnings: dict[str, list[tuple[str, str]]] = {}
        self._endings: dict[str, list[tuple[str, str]]] = {}
        for name, written in lists.items():
            for one in written:
                word = fold(one.strip("*"))
                if one.endswith("*"):
                    self._beginnings.setdefault(word[:_KEY], []).append((word, name))
                elif one.startswith("*"):
                    self._endings.setdefault(word[-_KEY:], []).append((word, name))
                else:
                    self._whole.setdefault(word, []).append(name)

    def of(self, word: str) -> tuple[str, ...]:
        """The classes of one folded word."""
        begun = [name for beginning, name in self._beginnings.get(word[:_KEY], ()) if word.startswith(beginning)]
        ended = [name for ending, name in self._endings.get(word[-_KEY:], ()) if len(word) > _ENDING and word.endswith(ending)]
        return tuple(sorted({*self._whole.get(word, ()), *begun, *ended}))


def of_word(word: str, classes: Iterable[str]) -> Iterator[str]:
    """What one word, of these classes, puts on the scales by itself."""
    yield f"={word}"
    if len(word) > _BEGINNING:
        yield f"{word[:_BEGINNING]}~"
    if len(word) > _ENDING + 1:
        yield f"~{word[-_ENDING:]}"
    yield from map("[{}]".format, classes)


def of_words(words: Words, classes: Mapping[str, tuple[str, ...]]) -> set[str]:
    """What the words of a sentence put on the scales, by themselves and two in a row; ``classes`` has each of them."""
    held = set(chain.from_iterable(of_word(word, classes[word]) for word in words))
    held.update(map(" ".join, pairwise(words)))
    return held


def of_sentence(words: Words, classes: Mapping[str, tuple[str, ...]]) -> set[str]:
    """All that a sentence of folded words puts on the scales: that, and the classes that meet in it."""
    held = of_words(words, classes)
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


class RightScales:
    """What words weigh for each right. Immutable; made once by ``right_scales_from``."""

    def __init__(self, classes: Classes, rights: Sequence[str], rows: Mapping[str, tuple[float, ...]]) -> None:
        self._classes = classes
        self._rights = rights
        self._rarity = {thing: row[0] for thing, row in rows.items() if thing}
        self._weight = {thing: tuple(row[0] * one for one in row[1:]) for thing, row in rows.items() if thing}
        self._bias = rows[BIAS][1:]

    def weigh(self, sentences: Iterable[Words]) -> frozenset[str]:
        """The rights that any stretch of the writer's own ``sentences``, of folded words, may be using."""
        read = list(sentences)
        classes = {word: self._classes.of(word) for word in set(chain.from_iterable(read))}
        return frozenset(chain.from_iterable(self._of(stretch, classes) for stretch in stretches(read)))

    def _of(self, stretch: Sequence[Words], classes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
        held = chain.from_iterable(of_words(words, classes) for words in stretch)
        known = set(held) & self._rarity.keys() if len(set(chain.from_iterable(stretch))) >= FEW else set[str]()
        length = math.hypot(*(self._rarity[one] for one in known)) or 1.0
        sums = map(sum, zip(*(self._weight[one] for one in known), strict=True))
        weighed = zip(self._rights, self._bias, sums, strict=False)
        return (right for right, bias, one in weighed if bias + one / length > RIGHTS_OVER)


def right_scales_from(lists: Mapping[str, Sequence[str]], rows: str) -> RightScales:
    """The scales that ``rows`` hold: a thing, its rarity and what it weighs for each of the rights that the first row names."""
    head, *others = (row.split("\t") for row in rows.splitlines() if not row.startswith("#"))
    if any(len(row) != len(head) for row in others) or BIAS not in (row[0] for row in others):
        raise BadWeights("every row of rights has as many columns as the first, and one is for every text")
    try:
        weights = {row[0]: tuple(map(float, row[1:])) for row in others}
    except ValueError as fault:
        raise BadWeights(f"rights: {fault}") from fault
    return RightScales(Classes(lists), head[2:], weights)


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
