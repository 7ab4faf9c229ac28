"""What a mail itself holds by which somebody could be known again: read once, beside the signals, and never trusted.

Numbers of people leave here as keyed hashes alone, sentences too. Names and case numbers leave as written, for the one comparison
that they are looked up for. Everything is bounded, and linear in the text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

from workflows.cpr import cpr_hash, cpr_numbers, masked
from workflows.found_by import Common, key_of_phone, keys_of_address, keys_of_name
from workflows.mail import Reading
from workflows.signals.folding import bare, fold
from workflows.summary import lines_with_digits, own_text

MAX_CHARACTERS = 20_000  # of a mail that are looked at: who writes more has long said who they are
MOST = 20  # of each kind that are looked up
MOST_SENTENCES = 16  # of a mail that are kept as hashes
UNUSUAL = 8  # words of a sentence that somebody else hardly writes too
THREAD = 20  # Message-IDs, the newest
LONGEST_ID = 998  # characters: a line of a header (RFC 5322 2.1.1)
MOST_RESULTS, LONGEST_RESULT = 10, 4000  # our own server's stands at the top
_LONGEST_NAME = 60  # characters of a signature's line
_LONGEST_CASE = 64
_LONGEST_SENTENCE = 1000  # what is longer is a table, a list, or no text

_PHONE = re.compile(r"(?<![\w.,/-])(?:\+|00)?\d(?:[ .-]?\d){7,13}(?![\w/-])")
_DIGITS = re.compile(r"\d{2}[ .-]?\d{2}")
_CASE = re.compile(r"[A-Za-z0-9](?<![A-Za-z0-9._@-][A-Za-z0-9])(?:\.*+[A-Za-z0-9_-]++)++(?<=[A-Za-z0-9])(?!@)")
_SENTENCE = re.compile(r"[.!?:;\n](?:(?<!\n)[.!?:;]*+(?:\s|$)|(?<=\n)[ \t]*\n)")
_CLOSING = re.compile(
    r"[ \t>]*(?:(?:med |de )?(?:venlig|kærlig|bedste|god|mange|varme?)e? ?hils(?:en|ner)|hils(?:en|ner)|"
    r"m\.?v\.?h\.?|v\.?h\.?|k\.?h\.?|(?:best|kind|warm) regards|regards|sincerely|yours)\b[ \t,.!:]*(.*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clues:
    """``keys`` as in ``workflows.found_by``; ``sentences`` are keyed 64-bit hashes, the smallest of the mail's."""

    addresses: tuple[str, ...] = ()  # of the From fields
    results: tuple[str, ...] = ()  # Authentication-Results, topmost first
    name: str = ""  # beside the address in the From field
    signature: str = ""
    keys: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()  # what may be the number of a case
    thread: tuple[str, ...] = ()  # Message-IDs that the mail answers
    sentences: tuple[int, ...] = ()

    def wire(self) -> dict[str, Any]:
        """As JSON: it goes from the process that reads bodies to the one that looks things up, and nowhere else."""
        return asdict(self)


def clues_from(wire: dict[str, Any]) -> Clues:
    """What ``Clues.wire`` wrote."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in wire.items()}
    return Clues(**values)


def clues_of(reading: Reading, key: bytes, common: Common) -> Clues:
    """The clues of one mail. ``key`` is the guard's, for the hashes. What is quoted from earlier mails is nobody's own words."""
    headers = reading.headers
    numbers, text = _numbers(own_text(f"{reading.subject}\n\n{reading.text[:MAX_CHARACTERS]}"), key)
    signature = _signature(text)
    keys = [*keys_of_name(reading.from_name), *keys_of_name(signature), *numbers]
    for address in headers.from_addresses[:2]:
        keys += keys_of_address(address, common)
    named = (*headers.references, *filter(None, [headers.in_reply_to]))
    return Clues(
        addresses=headers.from_addresses[:2],
        results=tuple([one[:LONGEST_RESULT] for one in headers.authentication_results[:MOST_RESULTS]]),
        name=reading.from_name,
        signature=signature,
        keys=tuple(dict.fromkeys(keys)),
        cases=_few(one for one in _CASE.findall(lines_with_digits(text)) if _may_be_case(one)),
        thread=tuple(dict.fromkeys(one for one in named if len(one) <= LONGEST_ID))[-THREAD:],
        sentences=tuple(sorted(set(_sentences(text, key)))[:MOST_SENTENCES]),
    )


def _numbers(text: str, key: bytes) -> tuple[list[str], str]:
    """The hashes of people's numbers, and the text without them: nothing after this sees one."""
    if not _DIGITS.search(text):
        return [], text
    found = [f"cpr:{cpr_hash(key, one)}" for one in _few(cpr_numbers(text))]
    text = masked(text)
    phones = (key_of_phone(key, one) for one in _few(_PHONE.findall(text)))
    return [*found, *filter(None, phones)], _PHONE.sub("", text)


def _may_be_case(word: str) -> bool:
    """A number of a case has a digit; and, so that no year and no amount is one, a letter or a dash, or six digits."""
    digits = sum(one.isdigit() for one in word) if 2 < len(word) <= _LONGEST_CASE else 0
    return digits > 0 and (digits >= 6 or "-" in word or any(one.isalpha() for one in word))


def _few(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(islice(found, 10 * MOST)))[:MOST]


def _signature(text: str) -> str:
    """The line after the last closing words ("Venlig hilsen"), or what stands behind them; empty where there is none."""
    lines = text.split("\n")
    closings = ((place, _CLOSING.match(lines[place])) for place in range(len(lines) - 1, -1, -1))
    place, last = next((one for one in closings if one[1]), (0, None))
    if last is None:
        return ""
    behind = "\n".join(lines[place + 1 : place + 1 + 4 * _LONGEST_NAME])[: 4 * _LONGEST_NAME].split("\n")
    found = next(filter(None, (one.strip(" \t,.-*_") for one in (last[1], *behind))), "")
    return found if len(found) <= _LONGEST_NAME and not any(one.isdigit() for one in found) else ""


def _sentences(text: str, key: bytes) -> Iterator[int]:
    """Hashes of the sentences long enough to be somebody's own."""
    for sentence in _SENTENCE.split(text):
        if not 4 * UNUSUAL <= len(sentence) <= _LONGEST_SENTENCE:
            continue
        words = bare(fold(sentence)).replace(".", " ").split()
        if len(words) >= UNUSUAL:
            digest = blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=8, key=key, person=b"words")
            yield int.from_bytes(digest.digest(), "big", signed=True)
