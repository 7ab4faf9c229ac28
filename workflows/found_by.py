"""By what a person is found again when they write from an address that nobody has registered: folded names, addresses, numbers.

Each is a short text with its kind before a colon, and equal for all ways of writing it, so that a store finds people by an index,
never by looking through everybody. Folding widens what is looked at; what then counts as alike is told by ``names_alike``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import combinations
from typing import NamedTuple

import phonenumbers
from rapidfuzz.distance import Indel

from workflows.addresses import normalise
from workflows.people import Citizen, Role
from workflows.signals.folding import bare, fold

REGION = "DK"
MAX_NAME_WORDS = 6
MAX_LONG = 64  # characters of a word
NEAR = 0.85  # of one word to another of at least five letters: a slip, or an accent that was left out
_SHORTEST_LOCAL = 5  # letters of a local part that says anything
_TITLE = frozenset({"hr", "fru", "frk", "dr", "cand", "mag", "jur", "med"})
_SPLIT = re.compile(r"[._\-]+")
_DIGITS = re.compile(r"\d+$")


class Common(NamedTuple):
    """What says nothing of who somebody is: local parts of roles, and domains at which anybody can have an address."""

    locals: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()


def words_of_name(name: str) -> tuple[str, ...]:
    """The words of a name in their order, folded so that å and aa, ø and o, é and e are one.

    >>> words_of_name("Hr. Åge Sørensen-Bach")
    ('age', 'sorensen', 'bach')
    """
    plain = bare(fold(name[:400])).replace(".", " ")
    for two, one in (("aa", "a"), ("oe", "o"), ("ae", "e")):
        plain = plain.replace(two, one)
    words = [word[:MAX_LONG] for word in plain.split() if not word.isdecimal() and word not in _TITLE]
    return tuple(dict.fromkeys(words))[:MAX_NAME_WORDS]


def names_alike(written: str, registered: str) -> bool:
    """Whether one person may write both: two words of one are words of the other, of which one may be an initial.

    The order never matters, and neither does a name more or less (married names, middle names). A surname alone is a family's.
    """
    one, other = list(words_of_name(written)), list(words_of_name(registered))
    several = len(one) > 1 and len(other) > 1
    whole = _paired(one, other, _near)  # what is paired is taken out of both
    return whole >= 2 or (several and whole == 1 and _paired(one, other, _initial) > 0)


def _paired(one: list[str], other: list[str], same: Callable[[str, str], bool]) -> int:
    pairs = 0
    for word in tuple(one):
        if (match := next((each for each in other if same(word, each)), None)) is not None:
            one.remove(word)
            other.remove(match)
            pairs += 1
    return pairs


def says_another(written: str, registered: str) -> bool:
    """Whether ``written`` is a whole name, and not the registered one: somebody else signs."""
    return len([one for one in words_of_name(written) if len(one) > 1]) >= 2 and not names_alike(written, registered)


def _near(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 5:
        return one == other and len(one) > 1
    return Indel.normalized_similarity(one, other) >= NEAR


def _initial(one: str, other: str) -> bool:
    return min(len(one), len(other)) == 1 and one[0] == other[0]


def keys_of_name(name: str) -> Iterator[str]:
    """A key for each two words of a name; one word alone is too many people's."""
    words = sorted(word for word in words_of_name(name) if len(word) > 1)
    return (f"name:{one} {other}" for one, other in combinations(words, 2))


def keys_of_address(address: str, common: Common) -> Iterator[str]:
    """Of the local part without dots, tags and digits, and of a domain that is not everybody's."""
    local, _, domain = normalise(address).rpartition("@")
    folded = _folded_local(local)
    if len(folded) >= _SHORTEST_LOCAL and folded not in common.locals:
        yield f"local:{folded}"
    if domain and domain not in common.domains:
        yield f"domain:{domain}"


def _folded_local(local: str) -> str:
    name = local.partition("+")[0]
    plain = "".join(words_of_name(" ".join(_SPLIT.split(_DIGITS.sub("", name)))))
    return plain[: 2 * MAX_LONG]


def key_of_phone(key: bytes, number: str) -> str | None:
    """Of a telephone number in any way of writing it (E.164 underneath), as a keyed hash; None where it is none."""
    try:
        read = phonenumbers.parse(number, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(read):
        return None
    whole = phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)
    return "phone:" + blake2b(whole.encode("ascii"), digest_size=16, key=key, person=b"phone").hexdigest()


def keys_of_citizen(key: bytes, citizen: Citizen, common: Common) -> frozenset[str]:
    """All by which a citizen, or somebody around them, is found. A lawyer's domain is that of all clients: left out."""
    own = {one for each in citizen.addresses for one in keys_of_address(each.address, common)}
    phones = {one for number in citizen.phones if (one := key_of_phone(key, number))}
    number = {f"cpr:{citizen.cpr_hash}"} if citizen.cpr_hash else set()
    around: set[str] = set()
    for person in citizen.people:
        around.update(keys_of_name(person.name))
        found = {one for each in person.addresses for one in keys_of_address(each.address, common)}
        around.update(one for one in found if person.role is Role.RELATIVE or not one.startswith("domain:"))
    return frozenset({*keys_of_name(citizen.name), *own, *phones, *number, *around})


def of_kind(keys: Iterable[str], kind: str) -> list[str]:
    """What stands after the colon in the keys of one kind, sorted."""
    return sorted(one.partition(":")[2] for one in keys if one.startswith(kind + ":"))
