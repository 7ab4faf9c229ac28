"""Wrong use or bad input: said in lines that name file, place and mend, never as a traceback (exit 2)."""

import re
from collections.abc import Iterable

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class BadInput(Exception):
    """What somebody gave us is wrong. ``lines`` holds every fault that was found, one line each whatever it quotes."""

    def __init__(self, lines: str | Iterable[str]) -> None:
        self.lines = tuple(_BREAKS.sub("\ufffd", line) for line in ((lines,) if isinstance(lines, str) else lines))
        super().__init__("\n".join(self.lines))
