"""Mail addresses as the guard compares them.

Addresses compare without regard to case in both parts and with domains in their ASCII (IDNA) form. A citizen's
dots and plus-tags count; on our own recipients a plus-tag is ignored (RFC 5233 sub-addressing).
"""

import unicodedata
from collections.abc import Collection
from functools import lru_cache


def normalise(address: str) -> str:
    """The form in which addresses are compared: folded case, domain in ASCII. Total: never raises.

    >>> normalise("Bo.Borger@Example.NET")
    'bo.borger@example.net'
    >>> normalise("anne@rødgrød.dk")
    'anne@xn--rdgrd-vuad.dk'
    """
    if address.isascii():
        return address.strip().lower().removesuffix(".")
    local, at, domain = unicodedata.normalize("NFC", address.strip()).casefold().rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """``domain`` in lower case and ASCII (RFC 3490); unchanged but for its case where it has no such form."""
    if domain.isascii():
        return domain.lower().removesuffix(".")
    return _to_ascii(domain.casefold().removesuffix("."))


@lru_cache(maxsize=4096)
def _to_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def domain_of(address: str) -> str:
    """The normalised domain of ``address``; empty where it has none."""
    _, at, domain = address.rpartition("@")
    return ascii_domain(domain.strip()) if at else ""


def recipient_key(address: str, own_domains: Collection[str]) -> str:
    """The normalised address that a recipient stands for: on our own domains without its plus-tag."""
    plain = normalise(address)
    local, at, domain = plain.rpartition("@")
    if at and domain in own_domains and "+" in local:
        return f"{local.partition('+')[0]}@{domain}"
    return plain
