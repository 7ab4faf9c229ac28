"""Passwords: rules by length only (NIST SP 800-63B 5.1.1.2), argon2id (RFC 9106), in threads of their own."""

import asyncio
import re
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.console.words import N_

SHORTEST, LONGEST = 12, 256
COMMON = Path(__file__).with_name("common_passwords.txt")
AT_ONCE = 2  # each takes 64 MiB
WAITING = 40  # more than these are turned away: nobody fills the memory by asking to be let in
_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"  # none that is mistaken for another
_GROUPS, _GROUP = 4, 5  # 98 bits


class TooBusy(Exception):
    """So many wait for their password to be checked that one more would wait too long."""


class Passwords:
    """Makes and checks hashes."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._waiting = 0
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """A hash to keep. Raises ``TooBusy``."""
        return str(await self._in_thread(self._hash, password))

    async def fits(self, hash: str | None, password: str) -> bool:
        """Whether ``password`` is the one of ``hash``. Without a hash it takes as long, and fits never. Raises ``TooBusy``."""
        return bool(await self._in_thread(self._fits, password, hash)) and hash is not None

    async def _in_thread(self, work: object, *values: object) -> object:
        if self._waiting >= WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *values)  # type: ignore[arg-type]
        finally:
            self._waiting -= 1

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_plain(password))

    def _fits(self, password: str, hash: str | None) -> bool:
        if not self._nobodys:  # whoever comes first waits for it, whatever they ask
            self._nobodys = self._hasher.hash(secrets.token_hex())
        try:
            return self._hasher.verify(hash or self._nobodys, _plain(password)[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)


def new_password() -> str:
    """One that a machine makes and a person can copy: four groups of five."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def fault_of(password: str, *own: str) -> str | None:
    """What is wrong with a new password, as a sentence; None where nothing is. ``own`` are its owner's name and address."""
    plain = _plain(password)
    if len(plain) < SHORTEST:
        return N_("Adgangskoden skal være på mindst 12 tegn. Flere ord efter hinanden er gode og nemme at huske.")
    if len(plain) > LONGEST:
        return N_("Adgangskoden må højst være på 256 tegn.")
    bare = _bare(plain) or plain
    if _is_common(bare):
        return N_("Den adgangskode er en af de første, andre ville gætte på. Vælg en anden.")
    if any(len(part) >= 4 and part in bare and len(bare) - len(part) < 8 for one in own for part in _parts(one)):
        return N_("Adgangskoden ligner dit navn eller din adresse. Vælg en anden.")
    return None


def _plain(password: str) -> str:
    """The same however a keyboard made its letters (RFC 8265 4.2.2)."""
    return unicodedata.normalize("NFC", password.encode("utf-8", "replace").decode("utf-8"))


def _bare(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _parts(own: str) -> list[str]:
    local = own.partition("@")[0]
    return [_bare(own), _bare(local), *(_bare(one) for one in re.split(r"[\s.@_-]+", own))]


def _is_common(bare: str) -> bool:
    """In the list, with or without figures after it; one sign or a few over and over; or along the keyboard."""
    words = common()
    stem = bare.rstrip("0123456789")
    if bare in words or stem in words or len(set(bare)) < 4:
        return True
    if any(bare == (bare[:size] * len(bare))[: len(bare)] for size in range(1, len(bare) // 2 + 1)):
        return True
    return any(bare in row * 3 or bare in row[::-1] * 3 for row in ("1234567890", "abcdefghijklmnopqrstuvwxyzæøå", "qwertyuiopå"))


@cache
def common() -> frozenset[str]:
    """The commonest, without anything but letters and figures."""
    return frozenset(_bare(line) for line in COMMON.read_text("utf-8").split())
