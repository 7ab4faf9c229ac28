"""Words that a letter is better without. Advice only: a citizen's own words may have to be told as they were."""

import re
from collections.abc import Iterator, Mapping

from workflows.decision import Sentence
from workflows.letters.shapes import Language

# What somebody is said to be, where a letter tells what was done: "du er …", but not "du er velkommen".
_KIND_DA = (
    "velkommen|fritaget|(?:ikke )?enig|uenig|(?:ikke )?tilfreds|utilfreds|i tvivl|(?:ikke )?nødt|part|berettiget|ked|"
    "omfattet|i kontakt"
)
_KIND_EN = (
    "welcome|exempt|(?:not )?satisfied|dissatisfied|unhappy|in doubt|entitled|free to|(?:not )?able|unable|covered|"
    "a party|sorry|in contact"
)
_JUDGING: Mapping[Language, re.Pattern[str]] = {
    "da": re.compile(rf"(?<!hvis )(?<!når )\bdu er\b(?! (?:altid |også |meget |selvfølgelig )?(?:{_KIND_DA})\b)", re.IGNORECASE),
    "en": re.compile(rf"(?<!if )(?<!when )\byou are\b(?! (?:always |also |very )?(?:{_KIND_EN})\b)", re.IGNORECASE),
}
_AVOIDED: Mapping[Language, re.Pattern[str]] = {
    "da": re.compile(r"\b(?:blokere[trs]?|sortliste\w*|karantæne\w*|kværulan\w*|besværlig\w*|spam\w*)\b", re.IGNORECASE),
    "en": re.compile(r"\b(?:block(?:ed|ing|s)?|blacklist\w*|quarantine\w*|querulan\w*|vexatious|spam\w*)\b", re.IGNORECASE),
}


def advice_on(text: str, language: Language) -> Iterator[Sentence]:
    """What to look at once more in ``text``."""
    if found := _JUDGING[language].search(text):
        yield Sentence(
            f"Her står “{_around(text, found)}”. Skriv hellere, hvad der skete: den … skrev du …",
            f"It says “{_around(text, found)}”. Rather write what happened: on … you wrote …",
        )
    for word in dict.fromkeys(one.group().casefold() for one in _AVOIDED[language].finditer(text)):
        yield Sentence(f"Ordet “{word}” kan såre. Find et andet.", f"The word “{word}” can hurt. Find another.")


def _around(text: str, found: re.Match[str]) -> str:
    """The words found and the few that follow."""
    return " ".join(text[found.start() : found.end() + 30].split()[:5])
