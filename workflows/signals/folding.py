"""A mail's letters as words are compared: one way of writing for each word, and no tricks with letters.

Every step is linear in the text. Most mails are written in Latin-1, in which nearly every letter can be folded by itself:
they are folded as bytes, by tables that are made of what the general way says of each letter.
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
_PUT_IN = (("–", ","), ("—", ","), ("„", '"'), ("“", '"'), ("”", '"'), ("’", "'"), ("…", "..."))  # each folds as the other does
_NO_WORD = re.compile(r"(?:[^\w. ]|_)+")
_BARE = {code: chr(code) if chr(code).isalnum() or chr(code) == "." else " " for code in range(128)}

_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .*_-][^\W\d_]){2,}(?![^\W_])")
_LONE = re.compile(r"(?:^|[\W_])[^\W\d_][ .*_-][^\W\d_][ .*_-][^\W\d_](?![^\W_])")
_MIXED = re.compile(r"[01345](?:(?<=[^\W\d_].)|(?=[^\W\d_]))")  # a digit beside a letter
_WORD = re.compile(r"[^\W_]+")
_DIGITS = (str.maketrans("01345", "oieas"), str.maketrans("01345", "øieæs"), str.maketrans("01345", "oleås"))
_PICTURES = {"🔪": "kniv", "🗡": "kniv", "🔫": "pistol", "💣": "bombe", "🪓": "økse", "⚰": "kiste"}
_PICTURE = re.compile("([" + "".join(_PICTURES) + "])\ufe0f?")  # and what says that it is shown in colour
_OUTLINE = bytes(ord("a" if _LETTER.match(one) else "0" if one.isalnum() else " ") for one in map(chr, range(256)))


def fold(text: str) -> str:
    """``text`` as words are compared: lower case, æ ø å as ae oe aa, no accents, no invisible or stretched letters.

    Marks are as they count: what ends a sentence is a full stop, what parts clauses a comma, and a quotation mark is ``"``.

    >>> fold("SLÅÅÅR du\\u00adre  Ærø, én")
    'slaar dure  aeroe, en'
    """
    lower = _latin(text, _LOWER)
    if lower is None:
        return _fold_any(text)
    return _expanded(_unstretched(lower))


def _fold_any(text: str) -> str:
    for one in _INVISIBLE:
        text = text.replace(one, "")
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _unaccented(_RUN.sub(_shortened, plain))


def _shortened(run: re.Match[str]) -> str:
    return run[1] if _LETTER.match(run[1]) else run[0]


def _unaccented(plain: str) -> str:
    for written, meant in _PLAIN:
        plain = plain.replace(written, meant)
    if plain.isascii():
        return plain
    parted = unicodedata.normalize("NFKD", plain)
    accents = sorted(filter(unicodedata.combining, set(parted)))
    return re.sub(f"[{''.join(accents)}]+", "", parted) if accents else parted


def _lower(one: str) -> str:
    """A Latin-1 letter in lower case, a mark as it counts; NUL for what becomes several characters, or none, or leaves Latin-1."""
    if one in _INVISIBLE:
        return "\0"
    lower = unicodedata.normalize("NFKC", one).casefold()
    plain = lower if _LETTER.match(lower) else _unaccented(lower)
    return plain if len(plain) == 1 and plain <= "\u00ff" else "\0"


def _single(lower: str) -> str:
    """A lower case Latin-1 letter without its accent; æ ø å stay, and ä and ö, which are written out alike, become æ and ø."""
    plain = {"æ": "æ", "ø": "ø", "å": "å", "ä": "æ", "ö": "ø"}.get(lower) or _unaccented(lower)
    return plain if len(plain) == 1 and plain <= "\u00ff" else lower


_LATIN = tuple(map(chr, range(256)))
_LOWER = "".join(map(_lower, _LATIN)).encode("latin-1")
_WORDS = bytes(code if code == 0 or chr(code).isalnum() else 0x20 for code in _LOWER).translate(
    bytes(0 if chr(code) in "ìíîï" else code for code in range(256))  # for what ``plain_words`` knows of "i"
)
_SINGLE = "".join(map(_single, _LATIN)).encode("latin-1")
_RUNS = {ord(one): re.compile(re.escape(one.encode("latin-1")) + b"{3,}") for one in _LATIN if _LETTER.match(one)}
_NO_LETTERS = bytes(code for code in range(256) if code not in _RUNS)


def _latin(text: str, table: bytes) -> bytes | None:
    """``text`` by ``table``, or None where it is not in Latin-1 or holds what no table can fold."""
    plain = _encoded(text)
    if plain is not None:
        plain = plain.translate(table)
    return None if plain is None or b"\0" in plain else plain


def _encoded(text: str) -> bytes | None:
    """``text`` in Latin-1, with the marks that mail programs put in for others as those; None where it holds more."""
    if not text.isascii():
        for written, meant in _PUT_IN:
            text = text.replace(written, meant)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def _unstretched(lower: bytes) -> bytes:
    """``lower`` with one letter for three or more of it in a row. Which letters those are is looked for among letters alone."""
    letters = lower.translate(None, _NO_LETTERS)
    while (place := _third_in_a_row(letters)) >= 0:
        run, letter = _RUNS[letters[place]], letters[place : place + 1]
        letters, lower = run.sub(letter, letters), run.sub(letter, lower)
    return lower


def _expanded(lower: bytes) -> str:
    """Lower case Latin-1 without accents, and with æ ø å as two letters."""
    single = lower if lower.isascii() else lower.translate(_SINGLE)
    return single.replace(b"\xe6", b"ae").replace(b"\xf8", b"oe").replace(b"\xe5", b"aa").decode("latin-1")


_LONE_LETTERS = frozenset(_expanded(_LOWER[ord(one) : ord(one) + 1]) for one in _LATIN if _LETTER.match(one)) - {"i", "\0"}


def plain_words(text: str) -> frozenset[str] | None:
    """The words of ``text`` folded and put together, each once, at a quick look; None where that takes a closer one.

    "i" is a word in Danish, and the one lone letter that most mails hold; many of it in a row are "i", put together or not.
    """
    lower = _latin(text, _WORDS)
    if lower is None:
        return None
    words = frozenset(_expanded(lower).split())
    if any(not word.isalpha() and not word.isdigit() for word in words):
        return None
    if not _LONE_LETTERS.isdisjoint(words) and _may_be_spaced(text):
        return None
    if _may_be_stretched(" ".join(words)):  # what is written a thousand times is shortened once
        return frozenset(_expanded(_unstretched(b" ".join(set(lower.split())))).split())
    return words


def _may_be_stretched(plain: str) -> bool:
    """Whether folded text holds three equal letters in a row, or two letters three times that may stand for one."""
    return "aeaeae" in plain or "oeoeoe" in plain or _third_in_a_row(plain.encode("latin-1")) >= 0


def _third_in_a_row(text: bytes) -> int:
    """Where the first of three equal neighbours stands in ``text``, which holds no zero, else -1; at a fifth of what a regular
    expression costs.

    As numbers, the text and the text without its first byte differ by a byte of zero where two neighbours are equal.
    """
    number = int.from_bytes(text, "little")
    unequal = number ^ (number >> 8)
    return (unequal | (unequal >> 8)).to_bytes(len(text), "little").find(b"\0")


def bare(plain: str) -> str:
    """Folded text with nothing but its words and full stops; as long in words, and ready to be split."""
    return plain.translate(_BARE) if plain.isascii() else _NO_WORD.sub(" ", plain)


def put_together(text: str, vocabulary: Collection[str]) -> str:
    """``text`` as it is said aloud: digits and pictures that stand for letters and words ("d1g") are read as such.

    Letters that are spaced out ("s l å r") are put together. Both give words of ``vocabulary``, where they part into such.
    """
    if not text.isascii() and any(one in text for one in _PICTURES):
        text = _PICTURE.sub(lambda found: f" {_PICTURES[found[1]]} ", text)
    text = _with_letters(text, vocabulary)
    if not _may_be_spaced(text):
        return text
    return _SPACED.sub(lambda found: _unspaced(fold(found.group()[0::2]), vocabulary), text)


def _with_letters(text: str, vocabulary: Collection[str]) -> str:
    """``text`` with words for those that are written with digits in between; what is longer than a word stays."""
    pieces: list[str] = []
    meant: dict[str, str] = {}
    done = 0
    for found in _MIXED.finditer(text):
        at = found.start()
        if at < done:
            continue
        start, end = at - _word_length(text[max(done, at - _LONGEST_WORD) : at][::-1]), at + _word_length(text, at)
        word = text[start:end]
        if word not in meant:
            meant[word] = _as_letters(word, vocabulary) if len(word) <= _LONGEST_WORD else word
        pieces += [text[done:start], meant[word]]
        done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _word_length(text: str, start: int = 0) -> int:
    found = _WORD.match(text, start)
    return found.end() - found.start() if found else 0


def _as_letters(word: str, vocabulary: Collection[str]) -> str:
    readings = (word.translate(table) for table in _DIGITS)
    return next((one for one in readings if fold(one) in vocabulary), word)


def _may_be_spaced(text: str) -> bool:
    """Whether three lone letters follow each other: as ``_LONE`` tells, and for Latin-1 a quicker look at the text's outline."""
    try:
        outline = text.encode("latin-1").translate(_OUTLINE)
    except UnicodeEncodeError:
        return _LONE.search(text) is not None
    return b" a a a " in b" " + outline + b" "


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
