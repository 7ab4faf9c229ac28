"""Danish personal numbers (CPR) as people write them. A number never leaves where it was found but as a keyed hash.

The century and modulus digits prove nothing (since 2007 numbers are given without modulus 11), so a number is told by its form and
by a date that exists. A replacement number (*erstatnings-CPR*) has 60 added to its day.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b

from stdnum.dk import cpr
from stdnum.exceptions import ValidationError as NoNumber

_CPR = re.compile(r"(?<![0-9])([0-9]{2})([0-9]{4})[-._ ]?([0-9]{4})(?![0-9])")
HASH = r"^[0-9a-f]{32}$"


def cpr_numbers(text: str) -> Iterator[str]:
    """The ten digits of all that may be one in ``text``, in its order. Linear in the text.

    >>> list(cpr_numbers("Mit nummer er 010190-1234, sagen er 990190-1234."))
    ['0101901234']
    """
    for day, month_year, serial in _CPR.findall(text):
        if _is_birth_date(day, month_year, serial):
            yield f"{day}{month_year}{serial}"


def masked(text: str) -> str:
    """``text`` without its personal numbers.

    >>> masked("010190-1234 er mit")
    ' er mit'
    """
    return _CPR.sub(lambda found: "" if _is_birth_date(*found.groups()) else found[0], text)


def cpr_hash(key: bytes, digits: str) -> str:
    """The keyed hash of the ten digits, in hex: alike for one guard alone, and telling nobody else anything."""
    return blake2b(digits.encode("ascii"), digest_size=16, key=key, person=b"cpr").hexdigest()


def _is_birth_date(day: str, month_year: str, serial: str) -> bool:
    plain = int(day) - 60 if int(day) > 60 else int(day)
    try:
        cpr.get_birth_date(f"{plain:02}{month_year}{serial}")
    except NoNumber:
        return False
    return True
