"""The municipality's key for DKIM, and signing with it (RFC 6376, RFC 8301, RFC 8463).

The library that mail systems in Python use, dkimpy, comes without wheels, which the guard is installed from, and computes RSA in
Python itself; of DKIM the guard needs one way of signing short mails of its own, with the library that it has for its other keys.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from prometheus_client import Counter

from services.clock import Clock
from services.settings import Settings
from workflows.dkim import signed_field, unsigned

log = structlog.get_logger()
UNSIGNED = Counter("rammevagt_dkim_failures_total", "Own mails that went without the signature that they should have had")
LEAST_BITS = 2048  # RFC 8301 3.2


class BadKey(Exception):
    """A file that holds no key to sign with; ``str()`` says what is wrong, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs mails of our own in the name of ``domain``. ``sign`` makes a signature of what is signed, by ``algorithm``."""

    domain: str
    selector: str
    algorithm: str
    sign: Callable[[bytes], bytes]
    clock: Clock

    async def field(self, content: bytes) -> bytes:
        """The field ``DKIM-Signature`` for the mail ``content``, made in a thread.

        Empty where that fails: a receipt that is refused for want of a signature comes back, and people are told; one that was
        never sent would leave the citizen without a word.
        """
        try:
            return await asyncio.to_thread(self._field, content)
        except Exception as error:
            UNSIGNED.inc()
            log.error("dkim_failed", error=type(error).__name__)
            return b""

    def _field(self, content: bytes) -> bytes:
        now = self.clock.now()
        made = unsigned(content, algorithm=self.algorithm, domain=self.domain, selector=self.selector, at=now)
        return signed_field(made, self.sign(made.signed))


def signer_of(settings: Settings, clock: Clock) -> Signer | None:
    """The one that the settings name, if any. Raises ``BadKey``, and ``OSError`` where the file can't be read."""
    receipts = settings.receipts
    if not receipts.dkim_key_file:
        return None
    algorithm, sign = read_key(Path(receipts.dkim_key_file))
    return Signer(receipts.dkim_domain, receipts.dkim_selector, algorithm, sign, clock)


def read_key(file: Path) -> tuple[str, Callable[[bytes], bytes]]:
    """The algorithm of a private key in PEM (RSA or Ed25519), and what signs with it. Raises ``BadKey`` and ``OSError``."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except TypeError:
        raise BadKey(f"{file} is encrypted; give a key that needs no password, readable for the guard alone") from None
    except (ValueError, UnsupportedAlgorithm):
        mend = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048"
        raise BadKey(f"{file} holds no private key in PEM; make one: {mend}") from None
    if isinstance(key, Ed25519PrivateKey):
        return "ed25519-sha256", lambda data: key.sign(hashlib.sha256(data).digest())
    if not isinstance(key, RSAPrivateKey):
        raise BadKey(f"{file} is a key of another kind; DKIM takes RSA and Ed25519")
    if key.key_size < LEAST_BITS:
        raise BadKey(f"{file} has {key.key_size} bits, and receivers want {LEAST_BITS} (RFC 8301); make a new one")
    return "rsa-sha256", lambda data: key.sign(data, padding.PKCS1v15(), SHA256())
