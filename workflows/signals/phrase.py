"""The phrases of the signal words: a small language that people can read, matched word by word in linear time.

``jeg ~2 ved hvor du/i bor`` means: "jeg", up to two words, "ved", "hvor", "du" or "i", "bor".

- ``ord`` that word; ``ord*`` words that begin so; ``*ord`` words that end so;
- ``a/b/c`` one of them; ``[liste]`` one of a named list of words; ``ord?`` that word or nothing;
- ``~2`` up to two words of any kind, but for the words that a gap may not cross.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that can be looked for. Its first place is always a required word."""

    written: str
    places: tuple[Word | Gap, ...]
    vocabulary: frozenset[str]  # the whole words that it asks for

    @property
    def first(self) -> Word:
        """Its first place."""
        assert isinstance(self.places[0], Word)
        return self.places[0]

    def names(self, words: frozenset[str]) -> bool:
        """Whether the phrase itself asks for one of ``words``."""
        return not self.vocabulary.isdisjoint(words)

    def match(self, words: Sequence[str], start: int) -> int | None:
        """Where the phrase ends (exclusive) whose first word stands at ``start``, or None. The shortest match counts."""
        ends = {start + 1}
        for place in self.places[1:]:
            ends = place.after(words, ends)
            if not ends:
                return None
        return min(ends)


def phrase(written: str, lists: Mapping[str, tuple[str, ...]], stops: frozenset[str]) -> Phrase:
    """The phrase that ``written`` means; raises ``BadPhrase``."""
    places = tuple(_place(token, lists, stops) for token in written.split())
    if not places or isinstance(places[0], Gap) or places[0].optional or places[0].endings:
        raise BadPhrase(f"«{written}»: must begin with a whole word or a beginning (ord*), not with a gap, an option or *ord")
    return Phrase(written, places, frozenset().union(*(place.exact for place in places if isinstance(place, Word))))


def _place(token: str, lists: Mapping[str, tuple[str, ...]], stops: frozenset[str]) -> Word | Gap:
    if token.startswith("~"):
        if not token[1:].isdigit() or not 1 <= int(token[1:]) <= MAX_GAP:
            raise BadPhrase(f"«{token}»: a gap is ~1 to ~{MAX_GAP}")
        return Gap(int(token[1:]), stops)
    atoms = [atom for part in token.removesuffix("?").split("/") for atom in _expanded(part, lists)]
    exact, beginnings, endings = set(), [], []
    for atom in atoms:
        found = _ATOM.match(fold(atom))
        if not found or (found[1] and found[3]) or (found[3] and len(found[2]) < PREFIX):
            raise BadPhrase(f"«{atom}»: write ord, ord* (at least {PREFIX} letters), *ord or [liste]")
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
