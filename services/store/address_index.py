"""Which addresses belong to, or stand around, a registered citizen: 64-bit keyed hashes, sorted, eight bytes each.

A look-up costs one hash and one bisection, the same for 1 and for 1,000,000 citizens. A hit is verified against the register,
so two addresses with one hash, or an address removed since, do no harm.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable
from hashlib import blake2b


def address_hash(key: bytes, address: str) -> int:
    """The signed 64-bit hash of a normalised address under the guard's key."""
    digest = blake2b(address.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "big", signed=True)


def identity_key(key: bytes) -> bytes:
    """The key under which people's numbers and sentences are compared: made of the guard's, and all that the reader is given."""
    return blake2b(b"identity", digest_size=32, key=key).digest()


class AddressIndex:
    """The hashes of the register as it was read, and those added since."""

    def __init__(self, key: bytes, hashes: "array[int] | None" = None) -> None:
        self._key = key
        self._hashes = hashes if hashes is not None else array("q")
        self._added: set[int] = set()

    def hits(self, addresses: Collection[str]) -> list[int]:
        """The hashes, among those of ``addresses``, that are registered."""
        hashes = {address_hash(self._key, address) for address in addresses}
        return list(filter(self._has, hashes))

    def add(self, hashes: Iterable[int]) -> None:
        """Take in what a small change of the register added."""
        self._added.update(hashes)

    def __len__(self) -> int:
        return len(self._hashes) + len(self._added)

    def _has(self, one: int) -> bool:
        place = bisect_left(self._hashes, one)
        return (place < len(self._hashes) and self._hashes[place] == one) or one in self._added
