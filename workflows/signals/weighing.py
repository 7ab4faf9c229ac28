"""What a text puts on the scales: its words, how they begin and end, two words in a row, classes of words, and which of them meet.

A text is weighed in stretches of usual length (``workflows/signals/scales.py``), and what each thing weighs is learnt from labelled
mails by the same rules (``tests/figures/weights.py``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise

from workflows.signals.folding import fold

STRETCH = 120  # words that are read together: a mail of usual length is one stretch
ANEW = 90  # words after which the next stretch begins: what stands at the end of one is read again with what follows
FEW = 14  # different words: fewer are not weighed, for any two of them would decide
BIAS = ""  # what every text holds
_BEGINNING, _ENDING = 5, 5  # letters
_KEY = 2  # letters by which beginnings and endings are looked up
NEAR = 2  # words after a word in which another meets it

Words = Sequence[str]


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
        if classes[word]:
            for other in words[at + 1 : at + 1 + NEAR]:
                held.update(met(classes[word], classes[other]))
    return held


def met(ones: Iterable[str], others: Iterable[str]) -> list[str]:
    """What two words of these classes put there that meet."""
    return [f"[{one}] [{other}]" for one in ones for other in others]


def stretches(sentences: Iterable[Words]) -> Iterator[list[Words]]:
    """Sentences that are read together: as many as fill a stretch, and then anew from its last part."""
    left = pieces(sentences)
    return (left[first:end] for first, end in spans(left))


def pieces(sentences: Iterable[Words]) -> list[Words]:
    """The sentences, of which an overlong one is cut."""
    return [words[start : start + STRETCH] for words in sentences for start in range(0, len(words), STRETCH)]


def spans(left: Sequence[Words]) -> Iterator[tuple[int, int]]:
    """Where among the pieces each stretch begins, and where it has ended."""
    first = 0
    while first < len(left):
        end, length = first, 0
        while end < len(left) and length < STRETCH:
            length += len(left[end])
            end += 1
        yield first, end
        if end == len(left):
            return
        first = _anew(left, first, end)


def _anew(left: Sequence[Words], first: int, end: int) -> int:
    passed, at = len(left[first]), first + 1
    while at < end - 1 and passed < ANEW:
        passed += len(left[at])
        at += 1
    return at
