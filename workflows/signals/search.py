"""Many phrases looked for at once: by the words of a whole text, then of each sentence, and only then word by word.

A phrase cannot stand where not each of its required places has a word. For most phrases the vocabulary of a mail settles
that, for nearly all others the vocabulary of the sentence does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Generic, TypeVar

from workflows.signals.phrase import PREFIX, Gap, Phrase, Word

T = TypeVar("T")


# The words that fill half of any Danish text: a phrase is looked for around these only where it asks for nothing else.
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

_Index = dict[str, list["_Anchored[T]"]]


_Missing = Callable[[frozenset[str]], bool]


def _all(_: object) -> bool:
    return True


def _nothing_is_missing(_: frozenset[str]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A phrase that was found: words ``start`` to ``end`` (exclusive), and what it stands for."""

    start: int
    end: int
    phrase: Phrase
    meaning: T


class Phrases(Generic[T]):
    """Many phrases, each with a meaning. Each is looked for around its anchor: its place with the rarest words."""

    def __init__(self, by_word: "_Index[T]", by_stem: "_Index[T]", vocabulary: "Vocabulary | None" = None) -> None:
        self._by_word = by_word
        self._by_stem = by_stem
        self._vocabulary = vocabulary  # of the one text in which these are looked for

    @classmethod
    def of(cls, entries: Iterable[tuple[Phrase, T]]) -> "Phrases[T]":
        """These phrases, each with its meaning."""
        entries = list(entries)
        by_word: _Index[T] = {}
        by_stem: _Index[T] = {}
        for one, meaning in entries:
            (place, anchor), *others = _by_rarity(one)
            also = [pair for other in one.also for pair in _by_rarity(other)]
            needs = tuple(map(_keys, (*(word for _, word in _rarest_first(others + also)), anchor)))
            anchored = _Anchored(one, meaning, *_distance(one.places[:place]), needs)
            for exact in anchor.exact:
                by_word.setdefault(exact, []).append(anchored)
            for stem in {beginning[:PREFIX] for beginning in anchor.beginnings}:
                by_stem.setdefault(stem, []).append(anchored)
        return cls(by_word, by_stem)

    def among(self, vocabulary: "Vocabulary") -> "Phrases[T]":
        """Those that a text of this vocabulary may hold. They find in it what all would, in the same order."""
        missing, keys = vocabulary.keys.isdisjoint, vocabulary.keys
        few: _Index[T] = {}
        for word in vocabulary.words & self._by_word.keys():
            if left := [one for one in self._by_word[word] if not missing(one.needs[0]) and one.may_be_among(keys)]:
                few[word] = left
        for stem in vocabulary.stems.keys() & self._by_stem.keys():
            if left := [one for one in self._by_stem[stem] if one.may_be_among(keys)]:
                few.update((word, few.get(word, []) + left) for word in vocabulary.stems[stem])
        return Phrases(few, {}, vocabulary)

    @property
    def anchors(self) -> Set[str]:
        """What ``among`` left: a sentence without any of these words holds none of the phrases."""
        return self._by_word.keys()

    def may_be_among(self, keys: frozenset[str]) -> bool:
        """Whether a sentence that has these keys may hold any of what ``among`` left."""
        missing = keys.isdisjoint
        for word in self._by_word.keys() & keys:
            for one in self._by_word[word]:
                if not missing(one.needs[0]) and one.may_be_among(keys):
                    return True
        return False

    def find(self, words: Sequence[str], wanted: Callable[[T], bool] = _all) -> Iterator[Found[T]]:
        """Every phrase found in one sentence whose meaning is wanted; one that is found by two anchors comes twice."""
        if not self._by_stem and self._by_word.keys().isdisjoint(words):
            return
        missing = self._missing_in(words)
        whole: dict[Phrase, bool] = {}  # whether the sentence holds all that a phrase asks for, in any order
        for at, anchored in self._anchors_in(words):
            for one in anchored:
                if missing(one.needs[0]) or not wanted(one.meaning):
                    continue
                if one.phrase not in whole:
                    whole[one.phrase] = one.may_be_whole_in(words, missing)
                if whole[one.phrase]:
                    yield from one.around(words, at)

    def _missing_in(self, words: Sequence[str]) -> "_Missing":
        """Tells whether a sentence lacks all of what a place needs; where that is not known, it lacks nothing."""
        return self._vocabulary.keys_of(words).isdisjoint if self._vocabulary else _nothing_is_missing

    def _anchors_in(self, words: Sequence[str]) -> Iterable[tuple[int, Iterable["_Anchored[T]"]]]:
        exact, stems = self._by_word, self._by_stem
        if not stems:
            return [(at, exact[word]) for at, word in enumerate(words) if word in exact]
        return [
            (at, chain(exact.get(word, ()), stems.get(word[:PREFIX], ())))
            for at, word in enumerate(words)
            if word in exact or word[:PREFIX] in stems
        ]

    def any_in(self, words: Sequence[str]) -> bool:
        """Whether any of them is found."""
        return next(self.find(words), None) is not None


@dataclass(frozen=True, slots=True)
class _Anchored(Generic[T]):
    """A phrase, how many words lie at least and at most between its first word and its anchor, and what its places need."""

    phrase: Phrase
    meaning: T
    nearest: int
    farthest: int
    needs: tuple[frozenset[str], ...]

    def may_be_among(self, keys: frozenset[str]) -> bool:
        """Whether each place that the phrase requires has one of its words or beginnings in ``keys``."""
        return not any(map(keys.isdisjoint, self.needs))

    def may_be_whole_in(self, words: Sequence[str], missing: "_Missing") -> bool:
        """Whether one sentence, of which ``missing`` tells, may hold the phrase, and holds all that it asks for elsewhere."""
        return not any(map(missing, self.needs)) and all(other.stands_in(words) for other in self.phrase.also)

    def around(self, words: Sequence[str], at: int) -> Iterator[Found[T]]:
        """The phrase as often as it stands in ``words`` with its anchor at ``at``."""
        first = self.phrase.first
        for start in range(max(0, at - self.farthest), at - self.nearest + 1):
            if first.fits(words[start]):
                end = self.phrase.match(words, start)
                if end is not None:
                    yield Found(start, end, self.phrase, self.meaning)


class Vocabulary:
    """The words of a text, and which of the ``beginnings`` that phrases ask for (see ``by_stem``) each has."""

    def __init__(self, words: Iterable[str], beginnings: Mapping[str, tuple[str, ...]]) -> None:
        self.words = frozenset(words)
        self.stems: dict[str, list[str]] = {}
        self._begun: dict[str, list[str]] = {}
        for word in [one for one in self.words if one[:PREFIX] in beginnings]:
            stem = word[:PREFIX]
            self.stems.setdefault(stem, []).append(word)
            if word.startswith(beginnings[stem]):
                self._begun[word] = [_key(one) for one in beginnings[stem] if word.startswith(one)]
        self.keys = self.keys_of(self.words)

    def keys_of(self, words: Iterable[str]) -> frozenset[str]:
        """What phrases need, as far as ``words`` of this text have it."""
        held = frozenset(words)
        begun = held & self._begun.keys()
        return held.union(*[self._begun[word] for word in begun]) if begun else held


def by_stem(beginnings: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``beginnings`` by the letters that they are looked up by."""
    ordered = sorted(beginnings)
    return {stem: tuple(group) for stem, group in groupby(ordered, key=lambda one: one[:PREFIX])}


def beginnings_of(one: Phrase) -> Iterator[str]:
    """The beginnings of words that a phrase asks for."""
    return chain.from_iterable(place.beginnings for place in one.words())


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


def _keys(word: Word) -> frozenset[str]:
    return word.exact.union(map(_key, word.beginnings))


def _key(beginning: str) -> str:
    return beginning + "*"


def _distance(places: Sequence[Word | Gap]) -> tuple[int, int]:
    nearest = sum(1 for place in places if isinstance(place, Word) and not place.optional)
    farthest = sum(place.most if isinstance(place, Gap) else 1 for place in places)
    return nearest, farthest
