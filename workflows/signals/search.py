"""Many phrases looked for at once: by the words of a whole text, then of each sentence, and only then word by word.

A phrase cannot stand where not each of its required places has a word. For most phrases the vocabulary of a mail settles
that, for nearly all others the vocabulary of the sentence does.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from workflows.signals.phrase import PREFIX, Gap, Phrase, Word

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A phrase that was found: words ``start`` to ``end`` (exclusive), and what it stands for."""

    start: int
    end: int
    phrase: Phrase
    meaning: T


class Phrases(Generic[T]):
    """Many phrases, each with a meaning. Each is looked for around its anchor: its place with the rarest words."""

    def __init__(self, entries: Iterable[tuple[Phrase, T]]) -> None:
        entries = list(entries)
        known = Counter(chain.from_iterable(word.exact for one, _ in entries for word in _words(one)))
        self.vocabulary = frozenset(known)
        self.beginnings = frozenset(chain.from_iterable(word.beginnings for one, _ in entries for word in _words(one)))
        self._by_word: dict[str, list[_Anchored[T]]] = {}
        self._by_stem: dict[str, list[_Anchored[T]]] = {}
        for one, meaning in entries:
            (place, anchor), *others = _by_rarity(one, known)
            needs = tuple(map(_keys, (*(word for _, word in others), anchor)))
            anchored = _Anchored(one, meaning, *_distance(one.places[:place]), needs)
            for exact in anchor.exact:
                self._by_word.setdefault(exact, []).append(anchored)
            for stem in {beginning[:PREFIX] for beginning in anchor.beginnings}:
                self._by_stem.setdefault(stem, []).append(anchored)

    def among(self, vocabulary: "Vocabulary") -> "Phrases[T]":
        """Those that a text of this vocabulary may hold. They find in it what all would, in the same order."""
        anchors = set(vocabulary.words & self._by_word.keys())
        for stem in vocabulary.stems.keys() & self._by_stem.keys():
            anchors.update(vocabulary.stems[stem])
        few: Phrases[T] = Phrases(())
        for word in anchors:
            entries = chain(self._by_word.get(word, ()), self._by_stem.get(word[:PREFIX], ()))
            if left := [one for one in entries if one.may_be_among(vocabulary.keys)]:
                few._by_word[word] = left
        return few

    @property
    def anchors(self) -> Set[str]:
        """What ``among`` left: a sentence without any of these words holds none of the phrases."""
        return self._by_word.keys()

    def may_be_among(self, keys: Set[str]) -> bool:
        """Whether a sentence that has these keys may hold any of what ``among`` left."""
        return any(one.may_be_among(keys) for word in self._by_word.keys() & keys for one in self._by_word[word])

    def find(self, words: Sequence[str]) -> Iterator[Found[T]]:
        """Every phrase found in one sentence; one that is found by two anchors comes twice."""
        if not self._by_stem and self._by_word.keys().isdisjoint(words):
            return
        for at, word in enumerate(words):
            for one in self._by_word.get(word, ()):
                yield from one.around(words, at)
            for one in self._by_stem.get(word[:PREFIX], ()):
                yield from one.around(words, at)

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

    def may_be_among(self, keys: Set[str]) -> bool:
        """Whether each place that the phrase requires has one of its words or beginnings in ``keys``."""
        for need in self.needs:
            if need.isdisjoint(keys):
                return False
        return True

    def around(self, words: Sequence[str], at: int) -> Iterator[Found[T]]:
        """The phrase as often as it stands in ``words`` with its anchor at ``at``."""
        first = self.phrase.first
        for start in range(max(0, at - self.farthest), at - self.nearest + 1):
            if first.fits(words[start]):
                end = self.phrase.match(words, start)
                if end is not None:
                    yield Found(start, end, self.phrase, self.meaning)


class Vocabulary:
    """The words of a text, and which of the ``beginnings`` that phrases ask for (by their stems) each has."""

    def __init__(self, words: Iterable[str], beginnings: Mapping[str, Iterable[str]]) -> None:
        self.words = frozenset(words)
        self.stems: dict[str, list[str]] = {}
        self._begun: dict[str, list[str]] = {}
        for word in self.words:
            stem = word[:PREFIX]
            if stem in beginnings:
                self.stems.setdefault(stem, []).append(word)
                if begun := [_key(one) for one in beginnings[stem] if word.startswith(one)]:
                    self._begun[word] = begun
        self.keys = self.keys_of(self.words)

    def keys_of(self, words: Iterable[str]) -> frozenset[str]:
        """What phrases need, as far as ``words`` of this text have it."""
        held = frozenset(words)
        return held.union(*(self._begun[word] for word in held & self._begun.keys()))


def by_stem(beginnings: Iterable[str]) -> dict[str, list[str]]:
    """``beginnings`` by the letters that they are looked up by."""
    found: dict[str, list[str]] = {}
    for one in sorted(beginnings):
        found.setdefault(one[:PREFIX], []).append(one)
    return found


def _words(one: Phrase) -> Iterator[Word]:
    return (place for place in one.places if isinstance(place, Word))


def _by_rarity(one: Phrase, known: Counter[str]) -> list[tuple[int, Word]]:
    """The places that a phrase requires, first those whose words the fewest phrases ask for; "jeg" is in nearly all of them.

    Places with endings are left out, as those cannot be looked up.
    """
    places = [(number, place) for number, place in enumerate(one.places) if isinstance(place, Word)]
    usable = [(number, place) for number, place in places if not place.optional and not place.endings]
    return sorted(usable, key=lambda pair: (sum(known[word] for word in pair[1].exact) + len(pair[1].beginnings), -pair[0]))


def _keys(word: Word) -> frozenset[str]:
    return word.exact.union(map(_key, word.beginnings))


def _key(beginning: str) -> str:
    return beginning + "*"


def _distance(places: Sequence[Word | Gap]) -> tuple[int, int]:
    nearest = sum(1 for place in places if isinstance(place, Word) and not place.optional)
    farthest = sum(place.most if isinstance(place, Gap) else 1 for place in places)
    return nearest, farthest
