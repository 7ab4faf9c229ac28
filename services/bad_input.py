"""Wrong use or bad input: said in lines that name file, place and mend, never as a traceback (exit 2)."""

from collections.abc import Iterable


class BadInput(Exception):
    """What somebody gave us is wrong. ``lines`` holds every fault that was found, one line each."""

    def __init__(self, lines: str | Iterable[str]) -> None:
        self.lines = (lines,) if isinstance(lines, str) else tuple(lines)
        super().__init__("\n".join(self.lines))
