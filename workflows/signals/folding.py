"""A mail's letters as words are compared: one way of writing for each word, and no tricks with letters.

Every step is linear in the text. Most mails need none of the costly steps, so each is taken only where a look at the
whole text shows that it has something to do.
"""

import re
import unicodedata
from collections.abc import Collection

_LONGEST_RUN = 200
_LONGEST_WORD = 20

_INVISIBLE = "\u00ad\u034f\u061c\u180e\ufeff" + "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2065)))
)
_RUN = re.compile(r"(.)\1\1+")
_LETTER = re.compile(r"[^\W\d_]")
_PLAIN = (
    ("æ", "ae"), ("ø", "oe"), ("å", "aa"), ("ä", "ae"), ("ö", "oe"), ("é", "e"), ("è", "e"), ("ü", "u"),
    ("!", "."), ("?", "."), (";", "."), (":", ","), ("(", ","), (")", ","), ("–", ","), ("—", ","),
    ("„", '"'), ("“", '"'), ("”", '"'), ("«", '"'), ("»", '"'), ("’", "'"), ("\f", " "),
)  # fmt: skip
_NO_WORD = re.compile(r"(?:[^\w. ]|_)+")
_BARE = {code: chr(code) if chr(code).isalnum() or chr(code) == "." else " " for code in range(128)}

_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .*_-][^\W\d_]){2,}(?![^\W_])")
_LONE = re.compile(r"[ .*_-][^\W\d_][ .*_-][^\W\d_](?![^\W_])")
_OUTLINE = bytes(ord("a" if _LETTER.match(one) else "0" if one.isalnum() else " ") for one in map(chr, range(256)))


def fold(text: str) -> str:
    """``text`` as words are compared: lower case, æ ø å as ae oe aa, no accents, no invisible or stretched letters.

    Marks are as they count: what ends a sentence is a full stop, what parts clauses a comma, and a quotation mark is ``"``.

    >>> fold("SLÅÅÅR du\\u00adre  Ærø, én")
    'slaar dure  aeroe, en'
    """
    for one in _INVISIBLE:
        text = text.replace(one, "")
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _RUN.sub(_shortened, plain)
    for written, meant in _PLAIN:
        plain = plain.replace(written, meant)
    return plain if plain.isascii() else _without_accents(plain)


def _shortened(run: re.Match[str]) -> str:
    return run[1] if _LETTER.match(run[1]) else run[0]


def _without_accents(plain: str) -> str:
    parted = unicodedata.normalize("NFKD", plain)
    accents = sorted(filter(unicodedata.combining, set(parted)))
    return re.sub(f"[{''.join(accents)}]+", "", parted) if accents else parted


def bare(plain: str) -> str:
    """Folded text with nothing but its words and full stops; as long in words, and ready to be split."""
    return plain.translate(_BARE) if plain.isascii() else _NO_WORD.sub(" ", plain)


def put_together(text: str, vocabulary: Collection[str]) -> str:
    """``text`` with letters that are spaced out ("s l å r") put together, as words of ``vocabulary`` where they part into such."""
    if not _may_be_spaced(text):
        return text
    return _SPACED.sub(lambda found: _unspaced(fold(found.group()[0::2]), vocabulary), text)


def _may_be_spaced(text: str) -> bool:
    """Whether two lone letters follow each other: as ``_LONE`` tells, and for Latin-1 a quicker look at the outline of the text."""
    try:
        outline = text.encode("latin-1").translate(_OUTLINE)
    except UnicodeEncodeError:
        return _LONE.search(text) is not None
    return b" a a " in outline + b" "


def _unspaced(letters: str, vocabulary: Collection[str]) -> str:
    """``letters`` as known words if they part into such without a rest, else as one word."""
    if len(letters) > _LONGEST_RUN:
        return letters
    best: list[tuple[str, ...] | None] = [()] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end):
            before = best[start]
            if (
                before is not None
                and letters[start:end] in vocabulary
                and (best[end] is None or len(before) < len(best[end] or ()) - 1)
            ):
                best[end] = (*before, letters[start:end])
    parted = best[-1]
    return " ".join(parted) if parted else letters
