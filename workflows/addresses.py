"""Mail addresses as the guard compares them.

Addresses compare without regard to case in both parts and with domains in their ASCII (IDNA) form. A citizen's
dots and plus-tags count; on our own recipients a plus-tag is ignored (RFC 5233 sub-addressing).
"""

import re
import unicodedata
from collections.abc import Collection

MAX_LABEL = 63  # RFC 1035 2.3.4: a longer one is no domain's, and stays as it is

_DOT_ATOM = re.compile(r'[^\s@<>()\[\]\\,;:".]+(?:\.[^\s@<>()\[\]\\,;:".]+)*')
_ESCAPED = re.compile(r"\\(.)")
_TRAILING = ". \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"  # the root's dot, and what str.strip takes for blank


def normalise(address: str) -> str:
    """The form in which addresses are compared: lower case, domain in ASCII. Total and idempotent.

    >>> normalise("Bo.Borger@Example.NET")
    'bo.borger@example.net'
    >>> normalise("anne@rødgrød.dk")
    'anne@xn--rdgrd-vuad.dk'
    """
    if address.isascii():
        plain = address.lower().strip().rstrip(_TRAILING)
        return plain if plain[:1] != '"' else _unquoted(plain)
    local, at, domain = address.strip().rpartition("@")
    plain = f"{_lower('NFC', local).lstrip()}{at}{ascii_domain(domain)}"
    return plain if plain[:1] != '"' else _unquoted(plain)


def _unquoted(address: str) -> str:
    """Without quotes that the local part does not need: ``"bo"@example.net`` is ``bo@example.net`` (RFC 5321 4.1.2)."""
    local, at, domain = address.rpartition("@")
    if len(local) < 3 or local[-1] != '"':
        return address
    name = _ESCAPED.sub(r"\1", local[1:-1])
    return f"{name}{at}{domain}" if _DOT_ATOM.fullmatch(name) else address


def ascii_domain(domain: str) -> str:
    """``domain`` in lower case and ASCII, as mail servers look it up (UTS 46: ``ß`` is a letter of its own, not ``ss``)."""
    if domain.isascii():
        return domain.strip().lower().rstrip(_TRAILING)
    plain = _lower("NFKC", domain.replace("\u3002", ".").replace("\uff61", ".")).strip().rstrip(_TRAILING)
    return ".".join(map(_ascii_label, plain.split(".")))


def _lower(form: str, text: str) -> str:
    """Lower case in a normal form: to lower can leave the form, so it is made twice."""
    return unicodedata.normalize(form, unicodedata.normalize(form, text).lower())  # type: ignore[arg-type]


def _ascii_label(label: str) -> str:
    if label.isascii() or len(label) > MAX_LABEL:
        return label
    return "xn--" + label.encode("punycode").decode("ascii")


def domain_of(address: str) -> str:
    """The normalised domain of ``address``; empty where it has none."""
    _, at, domain = normalise(address).rpartition("@")
    return domain if at else ""


def recipient_key(address: str, own_domains: Collection[str]) -> str:
    """The normalised address that a recipient stands for: on our own domains without its plus-tag."""
    plain = normalise(address)
    local, at, domain = plain.rpartition("@")
    name, plus, _ = local.partition("+")
    return f"{name}@{domain}" if at and plus and name and domain in own_domains else plain


def own_key(address: str) -> str:
    """The ``recipient_key`` of an address that is known to be ours."""
    plain = normalise(address)
    return recipient_key(plain, (plain.rpartition("@")[2],))
