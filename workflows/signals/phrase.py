"""The phrases of the signal words: a small language that people can read, matched word by word in linear time.

``jeg ~2 ved hvor du/i bor`` means: "jeg", up to two words, "ved", "hvor", "du" or "i", "bor".

- ``ord`` that word; ``ord*`` words that begin so; ``*ord`` words that end so;
- ``a/b/c`` one of them; ``[liste]`` one of a named list of words; ``ord?`` that word or nothing;
- ``~2`` up to two words of any kind, but for the words that a gap may not cross;
- ``this + that`` both in one sentence, in any order; where it stands is told by the first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType

from workflows.signals.folding import fold

MAX_GAP = 9
PREFIX = 3  # prefixes are looked up by their first letters, and have at least as many
_ATOM = re.compile(r"^(\*?)([^\W_]+)(\*?)$")


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
        if word in self.exact:
            return True
        return (self.beginnings != () and word.startswith(self.beginnings)) or (self.endings != () and word.endswith(self.endings))

    def after(self, words: Sequence[str], starts: set[int]) -> set[int]:
        """Where in ``words`` the phrase may go on when this place begins at any of ``starts``."""
        found = {at + 1 for at in starts if at < len(words) and self.fits(words[at])}
        return found | starts if self.optional else found


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to ``most`` words of any kind but ``stops``."""

    most: int
    stops: frozenset[str]

    def after(self, words: Sequence[str], starts: set[int]) -> set[int]:
        """Where in ``words`` the phrase may go on when this place begins at any of ``starts``."""
        ends, reached = set(starts), 0
        for at in sorted(starts):
            for step in range(max(at, reached), min(at + self.most, len(words))):
                if words[step] in self.stops:
                    break
                reached = step + 1
                ends.add(reached)
        return ends


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """A phrase that can be looked for. Its first place is always a required word; ``also`` stands anywhere in the sentence."""

    written: str
    places: tuple[Word | Gap, ...]
    vocabulary: frozenset[str]  # the whole words that it asks for
    also: tuple["Phrase", ...] = ()

    @property
    def first(self) -> Word:
        """Its first place."""
        assert isinstance(self.places[0], Word)
        return self.places[0]

    def words(self) -> Iterator[Word]:
        """Its places for words, with those of ``also``."""
        own = (place for place in self.places if isinstance(place, Word))
        return chain(own, *(one.words() for one in self.also))

    def names(self, words: frozenset[str]) -> bool:
        """Whether the phrase itself asks for one of ``words``."""
        return not self.vocabulary.isdisjoint(words)

    def match(self, words: Sequence[str], start: int) -> int | None:
        """Where the phrase, ``also`` aside, ends (exclusive) whose first word stands at ``start``, or None. The shortest counts."""
        ends = {start + 1}
        for place in self.places[1:]:
            ends = place.after(words, ends)
            if not ends:
                return None
        return min(ends)

    def stands_in(self, words: Sequence[str]) -> bool:
        """Whether the phrase stands anywhere in ``words``, ``also`` aside."""
        return any(self.match(words, at) is not None for at, word in enumerate(words) if self.first.fits(word))


Lists = Mapping[str, tuple[str, ...]]
_NO_SPELLINGS: Lists = MappingProxyType({})


def phrase(written: str, lists: Lists, stops: frozenset[str], spellings: Lists = _NO_SPELLINGS) -> Phrase:
    """The phrase that ``written`` means, also in other ``spellings`` of its words; raises ``BadPhrase``."""
    first, *also = [_one_phrase(part, lists, stops, spellings) for part in written.split(" + ")]
    vocabulary = first.vocabulary.union(*(one.vocabulary for one in also))
    return Phrase(written, first.places, vocabulary, tuple(also))


def _one_phrase(written: str, lists: Lists, stops: frozenset[str], spellings: Lists) -> Phrase:
    places = tuple(_place(token, lists, stops, spellings) for token in written.split())
    if not places or isinstance(places[0], Gap) or places[0].optional or places[0].endings:
        raise BadPhrase(f"«{written}»: must begin with a whole word or a beginning (ord*), not with a gap, an option or *ord")
    return Phrase(written, places, frozenset().union(*(place.exact for place in places if isinstance(place, Word))))


def _place(token: str, lists: Lists, stops: frozenset[str], spellings: Lists) -> Word | Gap:
    if token.startswith("~"):
        if not token[1:].isdigit() or not 1 <= int(token[1:]) <= MAX_GAP:
            raise BadPhrase(f"«{token}»: a gap is ~1 to ~{MAX_GAP}")
        return Gap(int(token[1:]), stops)
    atoms = [atom for part in token.removesuffix("?").split("/") for atom in _expanded(part, lists)]
    exact: set[str] = set()
    beginnings: list[str] = []
    endings: list[str] = []
    for atom in atoms:
        found = _ATOM.match(fold(atom))
        if not found or (found[1] and found[3]) or (found[3] and len(found[2]) < PREFIX):
            raise BadPhrase(f"«{atom}»: write ord, ord* (at least {PREFIX} letters), *ord or [liste]")
        if found[3]:
            beginnings.append(found[2])
        elif found[1]:
            endings.append(found[2])
        else:
            exact.update((found[2], *spellings.get(found[2], ())))
    return Word(frozenset(exact), tuple(beginnings), tuple(endings), token.endswith("?"))


def _expanded(part: str, lists: Lists) -> tuple[str, ...]:
    if not (part.startswith("[") and part.endswith("]")):
        return (part,)
    if part[1:-1] not in lists:
        raise BadPhrase(f"«{part}»: there is no such list under [lists]")
    return lists[part[1:-1]]
