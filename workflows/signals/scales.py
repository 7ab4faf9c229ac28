"""Words on the scales: red mails and rights that no phrase tells, by what weighs together in a stretch of text.

Each thing that a stretch holds (``workflows/signals/weighing.py``) has a weight for red, for each kind of it and for each right,
learnt from labelled mails (``tests/figures/weights.py``). It weighs a text and never a person.

What a word puts on the scales is worked out once and remembered. All weights of one thing stand side by side in one large number,
so that a stretch costs one sum, for however many rights.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal, get_args

from workflows.signals.remembered import Remembered
from workflows.signals.weighing import BIAS, FEW, NEAR, Classes, Words, met, of_word, pieces, spans

RedKind = Literal["threat", "self_harm", "child_in_danger", "home_visit"]
KINDS: tuple[RedKind, ...] = get_args(RedKind)
RIGHTS_OVER = -0.2  # a right overlooked costs a right, a mark too many costs a look
_OVER = "over"  # the row that is no weight
_UNIT = 100_000  # weights have three decimals, rarities two
_FIELD = 40  # bits: a stretch has hundreds of things of at most some millions each
_MASK, _HALF = (1 << _FIELD) - 1, 1 << (_FIELD - 1)

Rows = Mapping[str, Sequence[float]]
Thing = str | tuple[str, str]  # two words in a row are looked up as a pair, which costs half of what putting them together does


class BadWeights(ValueError):
    """The weights or the classes cannot be used; the message says where."""


class Weights:
    """For each thing its rarity (a factor, from 1, first in its row) and its weights, one a column; above 0 speaks for."""

    def __init__(self, rows: Rows) -> None:
        self._bias = tuple(rows[BIAS][1:])
        things = ((_key(thing), row[0], row) for thing, row in rows.items() if thing != BIAS)
        self._packed = {key: _packed([rare * one for one in row]) for key, rare, row in things}
        self._places = range(0, (len(self._bias) + 1) * _FIELD, _FIELD)
        self._halves = sum(_HALF << place for place in self._places)  # no field falls below 0
        self.known = self._packed.keys()

    def sums(self, held: Iterable[Thing]) -> list[float]:
        """For each column how much a text speaks for, whatever its length: the weights of what it holds, the rarer the more.

        ``held`` are things that are ``known``, each once.
        """
        square, *sums = self._added(held)
        length = math.sqrt(square) or 1.0
        return [bias + one / length for bias, one in zip(self._bias, sums, strict=True)]

    def over(self, held: Iterable[Thing], least: float) -> Iterator[int]:
        """The columns in which ``sums`` are above ``least``: without working out those that are not."""
        total = sum(map(self._packed.__getitem__, held), self._halves)
        length = math.sqrt(((total & _MASK) - _HALF) / _UNIT) or 1.0
        for number, (place, bias) in enumerate(zip(self._places[1:], self._bias, strict=True)):
            if (total >> place & _MASK) - _HALF > (least - bias) * length * _UNIT:
                yield number

    def alone(self, held: Iterable[Thing]) -> float:
        """What ``held`` speak for in the first column, with nothing beside them."""
        return self._added(held)[1]

    def _added(self, held: Iterable[Thing]) -> list[float]:
        total = sum(map(self._packed.__getitem__, held), self._halves)
        return [((total >> place & _MASK) - _HALF) / _UNIT for place in self._places]


def _key(thing: str) -> Thing:
    first, space, second = thing.partition(" ")
    return (first, second) if space and not thing.startswith("[") else thing


def _packed(fields: Iterable[float]) -> int:
    return sum(round(one * _UNIT) << (number * _FIELD) for number, one in enumerate(fields))


@dataclass(frozen=True, slots=True)
class Weighed:
    """What weighs enough in a text: the kind of red that it is most like, and rights that it may be using."""

    red: RedKind | None
    rights: frozenset[str]


class Scales:
    """Weights for red, for each kind of it, and for rights. Made once by ``scales_from``; it changes only in what it remembers."""

    def __init__(self, classes: Classes, red: Weights, kinds: Mapping[RedKind, Weights], over: float, rights: "Rights") -> None:
        self._red, self._kinds, self._over, self._rights = red, kinds, over, rights
        self._classes = Remembered(classes.of)
        self._of_red = Remembered(lambda word: self._known(word, red))
        self._of_rights = Remembered(lambda word: self._known(word, rights.weights))
        self._alone = Remembered(lambda word: red.alone(self._of_red[word]) if f"={word}" in red.known else 0.0)

    def weigh(self, sentences: Iterable[Words], *, red: bool = True, off: Collection[RedKind] = ()) -> Weighed:
        """What weighs enough in any stretch of the writer's own ``sentences``, of folded words.

        ``red`` tells whether that is looked for, and ``off`` are kinds of it that are not told.
        """
        left, kind = pieces(sentences), None
        pairs = [list(filter(self._rights.weights.known.__contains__, pairwise(words))) for words in left]
        rights: set[str] = set()
        for first, end in spans(left):
            words = set(chain.from_iterable(left[first:end]))
            if len(words) < FEW:
                continue
            held: set[Thing] = set(chain(*map(self._of_rights.__getitem__, words), *pairs[first:end]))
            rights.update(self._rights.told(held))
            if red and kind is None and sum(map(self._alone.__getitem__, words)) > 0:  # a quick look
                kind = self._kind(left[first:end], words, off)
        return Weighed(kind, frozenset(rights))

    def _kind(self, stretch: Sequence[Words], words: Iterable[str], off: Collection[RedKind]) -> RedKind | None:
        held: set[Thing] = set(chain.from_iterable(map(self._of_red.__getitem__, words)))
        held.update(*(filter(self._red.known.__contains__, self._together(one)) for one in stretch))
        if self._red.sums(held)[0] <= self._over:
            return None
        things = set(chain.from_iterable(of_word(word, self._classes[word]) for word in words))
        kind = max(KINDS, key=lambda kind: self._kinds[kind].sums(things & self._kinds[kind].known)[0])
        return None if kind in off else kind

    def _together(self, words: Words) -> Iterator[Thing]:
        """Two words in a row, and the classes that meet."""
        yield from pairwise(words)
        classes = list(map(self._classes.__getitem__, words))
        for at, ones in enumerate(classes):
            if ones:
                for others in classes[at + 1 : at + 1 + NEAR]:
                    yield from met(ones, others)

    def _known(self, word: str, weights: Weights) -> tuple[str, ...]:
        return tuple({one for one in of_word(word, self._classes[word]) if one in weights.known})


@dataclass(frozen=True, slots=True)
class Rights:
    """What things weigh for each of the rights, in the columns' order."""

    names: Sequence[str]
    weights: Weights

    def told(self, held: Iterable[Thing]) -> Iterator[str]:
        """The rights that known things weigh enough for."""
        return map(self.names.__getitem__, self.weights.over(held, RIGHTS_OVER))


def scales_from(lists: Mapping[str, Sequence[str]], red: str, rights: str) -> Scales:
    """The scales that two files' texts hold, with tabs between columns; raises ``BadWeights``.

    ``red``: what is told, a thing, its rarity and its weight. ``rights``: a thing, its rarity and what it weighs for each of the
    rights that the first row names.
    """
    rows = _by_what_is_told(red)
    try:
        over = rows[_OVER][BIAS][1]
        first, *kinds = (Weights(rows[told]) for told in ("red", *KINDS))
    except KeyError as missing:
        raise BadWeights(f"no rows for {missing}") from missing
    return Scales(Classes(lists), first, dict(zip(KINDS, kinds, strict=True)), over, _rights(rights))


def _by_what_is_told(text: str) -> dict[str, dict[str, tuple[float, float]]]:
    told: dict[str, dict[str, tuple[float, float]]] = {}
    for number, row in enumerate(text.splitlines(), 1):
        if not row.startswith("#"):
            try:
                what, thing, rare, heavy = row.split("\t")
                told.setdefault(what, {})[thing] = (float(rare), float(heavy))
            except ValueError as fault:
                raise BadWeights(f"line {number}: {fault}") from fault
    return told


def _rights(text: str) -> Rights:
    head, *others = (row.split("\t") for row in text.splitlines() if not row.startswith("#"))
    if any(len(row) != len(head) for row in others) or BIAS not in (row[0] for row in others):
        raise BadWeights("every row of rights has as many columns as the first, and one is for every text")
    try:
        return Rights(head[2:], Weights({row[0]: tuple(map(float, row[1:])) for row in others}))
    except ValueError as fault:
        raise BadWeights(f"rights: {fault}") from fault
