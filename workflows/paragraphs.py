"""A mail's text in paragraphs, so that somebody can read one at a time and stop (``domain.md`` (f): Åbn med støtte).

Nothing is left out and nothing is changed: the paragraphs put together are the text but for its blank lines. Linear in the text.
"""

import re
from collections.abc import Iterator

LONG = 600  # characters, from which a paragraph is cut where a line or a sentence ends
MOST = 200  # paragraphs, about: of a longer text several short ones are one
_BLANK = re.compile(r"\n[ \t\u00a0]*(?:\n[ \t\u00a0]*)+")
_END = re.compile(r"\n|(?<=[.!?])[ ]")


def paragraphs(text: str) -> tuple[str, ...]:
    """``text`` in the order in which it is read; none of them is empty."""
    least = len(text) // MOST
    found: list[str] = []
    size = least  # of the last one
    for one in filter(str.strip, _pieces(text)):
        if size < least:
            found[-1] += "\n\n" + one
            size += len(one)
        else:
            found.append(one)
            size = len(one)
    return tuple(found)


def _pieces(text: str) -> Iterator[str]:
    for block in _BLANK.split(text):
        start = 0
        for end in _END.finditer(block):
            if end.start() - start >= LONG:
                yield block[start : end.start()].strip("\n")
                start = end.end()
        if rest := block[start:].strip("\n"):
            yield rest
