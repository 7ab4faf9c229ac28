"""Whether a letter says something: whatever the case and the spaces, and never as a piece of another word or number."""

import re

_WORD_BEFORE, _NUMBER_BEFORE, _ADDRESS_BEFORE = re.compile(r"\w\Z"), re.compile(r"(?:\w|\d[.,:-])\Z"), re.compile(r"[\w.+-]\Z")
_NAME_AFTER = re.compile(r"(?!s(?!\w))\w")  # a genitive is no other name
_NUMBER_AFTER, _ADDRESS_AFTER = re.compile(r"\w|[.,:]\d"), re.compile(r"[\w-]|\.\w")
_INFLECTED, _LONGER = re.compile(r"(?!)"), re.compile(r"\d")


def says(text: str, word: str) -> bool:
    """Whether ``text`` has ``word`` (one of several with a bar between them), also with an ending: *klager* says *klage*."""
    plain = _plain(text)
    wanted = (_plain(one) for one in word.split("|"))
    return any(_stands(plain, one, _WORD_BEFORE, _LONGER if one[-1:].isdigit() else _INFLECTED) for one in wanted)


def holds(text: str, value: str) -> bool:
    """Whether ``text`` has ``value`` as it is: *12. november* does not hold *2. november*."""
    wanted = _plain(value)
    first, last = wanted.split(" ")[0], wanted.split(" ")[-1]
    before = _ADDRESS_BEFORE if "@" in first else _NUMBER_BEFORE if first[:1].isdigit() else _WORD_BEFORE
    after = _ADDRESS_AFTER if "@" in last else _NUMBER_AFTER if last[-1:].isdigit() else _NAME_AFTER
    return _stands(_plain(text), wanted, before, after)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _stands(plain: str, wanted: str, before: re.Pattern[str], after: re.Pattern[str]) -> bool:
    """Whether ``wanted`` is somewhere in ``plain`` with neither of these around it."""
    at = plain.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if not wanted or not (before.search(plain[max(at - 2, 0) : at]) or after.match(plain[end : end + 2])):
            return True
        at = plain.find(wanted, at + 1)
    return False
