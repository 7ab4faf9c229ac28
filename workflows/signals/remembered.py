"""What is worked out once for each word, and remembered: the next mail has mostly the same ones."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_MOST, _LONGEST = 20_000, 32  # words that are remembered, and letters of such a word


class Remembered(dict[str, T], Generic[T]):
    """By a word what ``work_out`` makes of it. As fast as a dictionary, and never larger than it should be."""

    def __init__(self, work_out: Callable[[str], T]) -> None:
        self._work_out = work_out

    def __missing__(self, word: str) -> T:
        made = self._work_out(word)
        if len(word) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[word] = made
        return made
