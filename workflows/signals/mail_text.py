"""A mail's subject and text, and which phrases each part of them may hold: what is not looked at holds nothing."""

from collections.abc import Iterator
from functools import cached_property, reduce
from itertools import chain
from operator import or_

from workflows.signals.folding import plain_words
from workflows.signals.rules import SignalWords, Told
from workflows.signals.search import Some
from workflows.signals.text import MAX_CHARACTERS, Block, Part, Sentence, blocks

_SHORT = 4_000  # characters, of a text that a quick look at its words may rule out: a longer one has some of most phrases


class MailText:
    """The sentences of one mail, of which those are taken apart that may tell something more.

    ``may_hold`` are the phrases that it may hold; ``wanted`` those of rules that have not told all that they can.
    """

    def __init__(self, subject: str, text: str, words: SignalWords) -> None:
        self._read = (subject[:MAX_CHARACTERS], text[:MAX_CHARACTERS])
        self._words = words
        plain = plain_words("\n".join(self._read)) if len(text) <= _SHORT else None
        self.may_hold: Some = self._of_parts() if plain is None else words.phrases.may_be_in(plain)
        self.wanted: Some = self.may_hold & (words.signals | words.rights)

    def settle(self, told: Told) -> None:
        """A signal or a right is known: from here on nothing is looked for that can tell no more than that."""
        self.wanted &= ~self._words.settled[told]

    def sentences(self) -> Iterator[Sentence]:
        """Those that may hold something that is still ``wanted``. What is written a thousand times comes once."""
        seen: set[Part] = set()
        if not self.wanted:
            return
        for block, number, some in self._parts:
            if some & self.wanted:
                part = block.part(number)
                if part not in seen:
                    seen.add(part)
                    yield from part.sentences()

    def says(self, some: Some) -> bool:
        """Whether the writer says any of these phrases; what is quoted from an earlier mail is not counted."""
        if not self.may_hold & some:
            return False
        own = [block.part(number) for block, number, may in self._parts if may & some and not block.quoted]
        said = chain.from_iterable(part.sentences() for part in own)
        return any(self._words.phrases.any_in(one.words, some) for one in said)

    def own_words(self) -> list[list[str]]:
        """The words of each part of the text, but for what is quoted from an earlier mail."""
        return [words for block in self._blocks if not block.quoted for words in block.words if words]

    def _of_parts(self) -> Some:
        return reduce(or_, (some for *_, some in self._parts), 0)

    @cached_property
    def _blocks(self) -> list[Block]:
        return [block for one in self._read for block in blocks(one, self._words.vocabulary)]

    @cached_property
    def _parts(self) -> list[tuple[Block, int, Some]]:
        """Every part that has words with the phrases that it may hold."""
        may_be_in = self._words.phrases.may_be_in
        parts = ((block, number, words) for block in self._blocks for number, words in enumerate(block.words) if words)
        return [(block, number, may_be_in(words)) for block, number, words in parts]
