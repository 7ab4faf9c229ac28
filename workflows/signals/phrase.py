"""The phrases of the signal words: a small language that people can read, matched word by word in linear time.

``jeg ~2 ved hvor du/i bor`` means: "jeg", up to two words, "ved", "hvor", "du" or "i", "bor".

- ``ord`` that word; ``ord*`` words that begin so; ``*ord`` words that end so;
- ``a/b/c`` one of them; ``[liste]`` one of a named list of words; ``ord?`` that word or nothing;
- ``~2`` up to two words of any kind, but for the words that a gap may not cross.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from workflows.signals.folding import fold

MAX_GAP = 9
_PREFIX = 3  # prefixes are looked up by their first letters, and have at least as many
_ATOM = re.compile(r"^(\*?)([^\W_]+)(\*?)$")
T = TypeVar("T")


class BadPhrase(ValueError):
    """A phrase that cannot be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Word:
    """One place in a phrase: any of these words, beginnings or endings."""

    exact: frozenset[str]
    beginnings: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    optional: bool = False

    def fits(self, word: str) -> bool:
        """Whether ``word`` may stand here."""
        return word in self.exact or word.startswith(self.beginnings) or word.endswith(self.endings)


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to ``most`` words of any kind but ``stops``."""

    most: int
    stops: frozenset[str]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that can be looked for. Its first place is always a required word."""

    written: str
    places: tuple[Word | Gap, ...]

    @property
    def first(self) -> Word:
        """Its first place."""
        assert isinstance(self.places[0], Word)
        return self.places[0]

    def names(self, words: frozenset[str]) -> bool:
        """Whether the phrase itself asks for one of ``words``."""
        return any(isinstance(place, Word) and not place.exact.isdisjoint(words) for place in self.places)

    def match(self, words: Sequence[str], start: int) -> int | None:
        """Where the phrase ends (exclusive) when it begins at ``start``, or None. The shortest match counts."""
        ends = {start}
        for place in self.places:
            ends = _after(place, words, ends)
            if not ends:
                return None
        return min(ends)


def _after(place: Word | Gap, words: Sequence[str], starts: set[int]) -> set[int]:
    if isinstance(place, Word):
        found = {at + 1 for at in starts if at < len(words) and place.fits(words[at])}
        return found | starts if place.optional else found
    ends = set(starts)
    for at in starts:
        for step in range(at, min(at + place.most, len(words))):
            if words[step] in place.stops:
                break
            ends.add(step + 1)
    return ends


def phrase(written: str, lists: Mapping[str, tuple[str, ...]], stops: frozenset[str]) -> Phrase:
    """The phrase that ``written`` means; raises ``BadPhrase``."""
    places = tuple(_place(token, lists, stops) for token in written.split())
    if not places or isinstance(places[0], Gap) or places[0].optional or places[0].endings:
        raise BadPhrase(f"«{written}»: must begin with a whole word or a beginning (ord*), not with a gap, an option or *ord")
    return Phrase(written, places)


def _place(token: str, lists: Mapping[str, tuple[str, ...]], stops: frozenset[str]) -> Word | Gap:
    if token.startswith("~"):
        if not token[1:].isdigit() or not 1 <= int(token[1:]) <= MAX_GAP:
            raise BadPhrase(f"«{token}»: a gap is ~1 to ~{MAX_GAP}")
        return Gap(int(token[1:]), stops)
    atoms = [atom for part in token.removesuffix("?").split("/") for atom in _expanded(part, lists)]
    exact, beginnings, endings = set(), [], []
    for atom in atoms:
        found = _ATOM.match(fold(atom))
        if not found or (found[1] and found[3]) or (found[3] and len(found[2]) < _PREFIX):
            raise BadPhrase(f"«{atom}»: write ord, ord* (at least {_PREFIX} letters), *ord or [liste]")
        if found[3]:
            beginnings.append(found[2])
        elif found[1]:
            endings.append(found[2])
        else:
            exact.add(found[2])
    return Word(frozenset(exact), tuple(beginnings), tuple(endings), token.endswith("?"))


def _expanded(part: str, lists: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if not (part.startswith("[") and part.endswith("]")):
        return (part,)
    if part[1:-1] not in lists:
        raise BadPhrase(f"«{part}»: there is no such list under [lists]")
    return lists[part[1:-1]]


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A phrase that was found: words ``start`` to ``end`` (exclusive), and what it stands for."""

    start: int
    end: int
    phrase: Phrase
    meaning: T


class Present:
    """The words that a text holds, and which of ``beginnings`` (by their stems) they have: what tells whether a phrase may be there."""

    def __init__(self, words: Iterable[str], beginnings: Mapping[str, Iterable[str]]) -> None:
        self.words = frozenset(words)
        self.stems: dict[str, list[str]] = {}
        begun: set[str] = set()
        for word in self.words:
            stem = word[:_PREFIX]
            if stem in beginnings:
                self.stems.setdefault(stem, []).append(word)
                for one in beginnings[stem]:
                    if word.startswith(one):
                        begun.add(one + "*")
        self.keys = self.words | begun


class Phrases(Generic[T]):
    """Many phrases, each with a meaning. Each is looked for around its anchor: its place with the rarest words."""

    def __init__(self, entries: Iterable[tuple[Phrase, T]]) -> None:
        entries = list(entries)
        known = Counter(chain.from_iterable(_words(one) for one, _ in entries))
        self.vocabulary = frozenset(known)
        self.beginnings = frozenset(chain.from_iterable(_beginnings(one) for one, _ in entries))
        self._by_word: dict[str, list[_Anchored[T]]] = {}
        self._by_stem: dict[str, list[_Anchored[T]]] = {}
        for one, meaning in entries:
            required = _by_rarity(one, known)
            place, word = required[0]
            anchored = _Anchored(one, meaning, *_distance(one.places[:place]), tuple(_keys(each) for _, each in required))
            for exact in word.exact:
                self._by_word.setdefault(exact, []).append(anchored)
            for stem in {beginning[:_PREFIX] for beginning in word.beginnings}:
                self._by_stem.setdefault(stem, []).append(anchored)

    def among(self, present: Present) -> "Phrases[T]":
        """Those that a text of the words ``present`` may hold. They find in its sentences what all would, in the same order."""
        anchors = set(present.words & self._by_word.keys())
        for stem in present.stems.keys() & self._by_stem.keys():
            anchors.update(present.stems[stem])
        few: Phrases[T] = Phrases(())
        for word in anchors:
            entries = (*self._by_word.get(word, ()), *self._by_stem.get(word[:_PREFIX], ()))
            if left := [one for one in entries if one.may_be_among(present.keys)]:
                few._by_word[word] = left
        return few

    @property
    def anchors(self) -> Set[str]:
        """What ``among`` left: a sentence without any of these words holds none of the phrases."""
        return self._by_word.keys()

    def find(self, words: Sequence[str]) -> Iterator[Found[T]]:
        """Every phrase found in one sentence; one that is found by two anchors comes twice."""
        if not self._by_stem and self._by_word.keys().isdisjoint(words):
            return
        for at, word in enumerate(words):
            for one in self._by_word.get(word, ()):
                yield from one.around(words, at)
            for one in self._by_stem.get(word[:_PREFIX], ()):
                yield from one.around(words, at)

    def any_in(self, words: Sequence[str]) -> bool:
        """Whether any of them is found."""
        return next(self.find(words), None) is not None


@dataclass(frozen=True, slots=True)
class _Anchored(Generic[T]):
    """A phrase, how many words lie at least and at most between its first word and its anchor, and what else it needs."""

    phrase: Phrase
    meaning: T
    nearest: int
    farthest: int
    needs: tuple[frozenset[str], ...]

    def may_be_among(self, keys: Set[str]) -> bool:
        """Whether each place that the phrase requires has a word or a beginning in ``keys``."""
        return not any(map(keys.isdisjoint, self.needs))

    def around(self, words: Sequence[str], at: int) -> Iterator[Found[T]]:
        """The phrase as often as it stands in ``words`` with its anchor at ``at``."""
        first = self.phrase.first
        for start in range(max(0, at - self.farthest), at - self.nearest + 1):
            if first.fits(words[start]):
                end = self.phrase.match(words, start)
                if end is not None:
                    yield Found(start, end, self.phrase, self.meaning)


def _words(one: Phrase) -> Iterator[str]:
    return chain.from_iterable(place.exact for place in one.places if isinstance(place, Word))


def _beginnings(one: Phrase) -> Iterator[str]:
    return chain.from_iterable(place.beginnings for place in one.places if isinstance(place, Word))


def by_stem(beginnings: Iterable[str]) -> dict[str, list[str]]:
    """``beginnings`` by the letters that they are looked up by."""
    found: dict[str, list[str]] = {}
    for one in sorted(beginnings):
        found.setdefault(one[:_PREFIX], []).append(one)
    return found


def _by_rarity(one: Phrase, known: Counter[str]) -> list[tuple[int, Word]]:
    """The places that a phrase requires, first those whose words the fewest phrases ask for; "jeg" is in nearly all of them.

    Places with endings are left out, as those cannot be looked up.
    """
    places = [(number, place) for number, place in enumerate(one.places) if isinstance(place, Word)]
    usable = [(number, place) for number, place in places if not place.optional and not place.endings]
    return sorted(usable, key=lambda pair: (sum(known[word] for word in pair[1].exact) + len(pair[1].beginnings), -pair[0]))


def _keys(word: Word) -> frozenset[str]:
    """What ``Present`` must have one of for ``word`` to fit."""
    return word.exact.union([one + "*" for one in word.beginnings])


def _distance(places: Sequence[Word | Gap]) -> tuple[int, int]:
    nearest = sum(1 for place in places if isinstance(place, Word) and not place.optional)
    farthest = sum(place.most if isinstance(place, Gap) else 1 for place in places)
    return nearest, farthest
