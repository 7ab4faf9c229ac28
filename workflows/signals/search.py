"""Many phrases looked for at once: one pass over a sentence tells which of them may stand in it, and only those are tried.

All phrases are numbered, and a set of them is a number with their bits (``Some``). Each word has marks: one bit in the first of
``ROWS`` rows for every phrase whose rarest word it is, in the second for the second rarest, and so on. What a sentence's words have
marked in every row may be in it. So a word costs one OR however many phrases there are, and a phrase costs something where its
rarest words stand together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Generic, TypeVar

from workflows.signals.phrase import PREFIX, Gap, Phrase, Word
from workflows.signals.remembered import Remembered

T = TypeVar("T")
Some = int  # of the phrases: a bit for each, at its number
ALL: Some = -1
ROWS = 3

# The words that fill half of any Danish text: they come last when the rarest words of a phrase are chosen.
_COMMON = frozenset({
    "aar", "af", "alle", "alt", "at", "bare", "blevet", "blive", "bliver", "dag", "de", "dem", "den", "der", "det", "dig",
    "din", "dine", "dit", "du", "efter", "eller", "en", "er", "et", "faa", "faar", "for", "fra", "gaa", "gaar", "gang", "godt",
    "goer", "goere", "ham", "han", "har", "have", "helt", "hende", "her", "hjem", "hun", "hvad", "hvis", "hvor", "i", "igen",
    "ikke", "ind", "jeg", "jer", "jeres", "kan", "komme", "kommer", "lave", "med", "mellem", "men", "mere", "mig", "min",
    "mine", "mit", "mod", "naar", "ned", "nogen", "noget", "nu", "og", "ogsaa", "om", "op", "over", "paa", "saa", "sagde", "se",
    "selv", "ser", "sig", "sige", "siger", "skal", "skrev", "skriver", "som", "tage", "tager", "til", "ud", "under", "vaere",
    "var", "ved", "vi", "vil",
})  # fmt: skip
_COST = 200  # of looking at a common word, in rare ones


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A phrase that was found: words ``start`` to ``end`` (exclusive), and what it stands for."""

    start: int
    end: int
    phrase: Phrase
    meaning: T


class Phrases(Generic[T]):
    """Many phrases, each with a meaning."""

    def __init__(self, entries: Iterable[tuple[Phrase, T]]) -> None:
        self._sought = [_Sought.of(one, meaning) for one, meaning in entries]
        self._exact: dict[str, int] = {}
        self._beginnings: dict[str, dict[str, int]] = {}  # by their first letters
        self._unasked = 0  # marks that a sentence has without a word: of phrases with fewer words than there are rows
        for number, one in enumerate(self._sought):
            for row in range(ROWS):
                self._mark(one.rarest[row] if row < len(one.rarest) else None, 1 << (number + row * len(self._sought)))
        self._marks = Remembered(self._marks_of)
        self._all: Some = (1 << len(self._sought)) - 1

    def _mark(self, word: Word | None, mark: int) -> None:
        if word is None:
            self._unasked |= mark
            return
        for exact in word.exact:
            self._exact[exact] = self._exact.get(exact, 0) | mark
        for beginning in word.beginnings:
            alike = self._beginnings.setdefault(beginning[:PREFIX], {})
            alike[beginning] = alike.get(beginning, 0) | mark

    def _marks_of(self, word: str) -> int:
        marks = self._exact.get(word, 0)
        alike = self._beginnings.get(word[:PREFIX])
        if alike is not None and word.startswith(tuple(alike)):
            for beginning, mark in alike.items():
                if word.startswith(beginning):
                    marks |= mark
        return marks

    def may_be_in(self, words: Iterable[str]) -> Some:
        """The phrases that a sentence, or a whole text, of these words may hold: all that it holds, and few others."""
        rows = reduce(or_, map(self._marks.__getitem__, words), self._unasked)
        may, count = rows & self._all, len(self._sought)
        for row in range(1, ROWS):
            may &= rows >> (row * count)
        return may

    def find(self, words: Sequence[str], among: Some) -> Iterator[Found[T]]:
        """The phrases ``among`` these that one sentence holds, by where their rarest words stand; some may come twice.

        ``among`` are some that ``may_be_in`` it: what is not among those must not be asked for.
        """
        if not among:
            return
        sought = self._sought
        tried = [(at, by_beginning, number) for number in _numbers(among) for at, by_beginning in sought[number].anchors(words)]
        whole: dict[int, bool] = {}  # whether the sentence holds all that a phrase asks for beside it
        for at, _, number in sorted(tried):
            one = sought[number]
            if number not in whole:
                whole[number] = all(other.stands_in(words) for other in one.phrase.also)
            if whole[number]:
                yield from one.around(words, at)

    def any_in(self, words: Sequence[str], among: Some = ALL) -> bool:
        """Whether any of them, or of those ``among`` them, is found in one sentence."""
        return next(self.find(words, among & self.may_be_in(words)), None) is not None


@dataclass(frozen=True, slots=True)
class _Sought(Generic[T]):
    """A phrase, its anchor (its place with the rarest words), and its rarest words with those of ``also``.

    Between its first word and its anchor lie at least ``nearest`` and at most ``farthest`` words.
    """

    phrase: Phrase
    meaning: T
    anchor: Word
    nearest: int
    farthest: int
    rarest: tuple[Word, ...]

    @classmethod
    def of(cls, one: Phrase, meaning: T) -> "_Sought[T]":
        required = _by_rarity(one)
        place, anchor = required[0]
        elsewhere = [pair for other in one.also for pair in _by_rarity(other)]
        rarest = tuple(word for _, word in _rarest_first(required + elsewhere)[:ROWS])
        return cls(one, meaning, anchor, *_distance(one.places[:place]), rarest)

    def anchors(self, words: Sequence[str]) -> list[tuple[int, bool]]:
        """Where in ``words`` its anchor stands, and whether by a beginning only."""
        exact, beginnings = self.anchor.exact, self.anchor.beginnings
        if not beginnings:
            return [(at, False) for at, word in enumerate(words) if word in exact]
        return [(at, word not in exact) for at, word in enumerate(words) if word in exact or word.startswith(beginnings)]

    def around(self, words: Sequence[str], at: int) -> Iterator[Found[T]]:
        """The phrase as often as it stands in ``words`` with its anchor at ``at``."""
        first = self.phrase.first
        for start in range(max(0, at - self.farthest), at - self.nearest + 1):
            if first.fits(words[start]):
                end = self.phrase.match(words, start)
                if end is not None:
                    yield Found(start, end, self.phrase, self.meaning)


def together(several: Iterable[Some]) -> Some:
    """All of several."""
    return reduce(or_, several, 0)


def _numbers(some: Some) -> Iterator[int]:
    while some:
        lowest = some & -some
        yield lowest.bit_length() - 1
        some ^= lowest


def _by_rarity(one: Phrase) -> list[tuple[int, Word]]:
    """The places that a phrase requires, first those whose words are rarest in a text.

    Places with endings are left out, as those cannot be looked up.
    """
    places = [(number, place) for number, place in enumerate(one.places) if isinstance(place, Word)]
    usable = [(number, place) for number, place in places if not place.optional and not place.endings]
    return _rarest_first(usable)


def _rarest_first(places: list[tuple[int, Word]]) -> list[tuple[int, Word]]:
    return sorted(places, key=lambda pair: (_commonness(pair[1]), -pair[0]))


def _commonness(word: Word) -> int:
    return len(word.exact) + len(word.beginnings) + _COST * len(word.exact & _COMMON)


def _distance(places: Sequence[Word | Gap]) -> tuple[int, int]:
    nearest = sum(1 for place in places if isinstance(place, Word) and not place.optional)
    farthest = sum(place.most if isinstance(place, Gap) else 1 for place in places)
    return nearest, farthest
