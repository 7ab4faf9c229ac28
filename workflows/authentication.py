"""What our own upstream says about the From domain: ``Authentication-Results`` (RFC 8601), read tolerantly.

Only the topmost field that carries our own authserv-id counts: anything else may have been written by the sender.
Microsoft 365 writes the field without an authserv-id; that form counts when the setting says ``m365``. Alignment is
relaxed (RFC 7489 3.1): organisational domains are compared, by the public suffix list.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from workflows.addresses import ascii_domain, domain_of

MICROSOFT_365 = "m365"
NO_POLICY = frozenset({"none", "bestguesspass"})  # the domain publishes no DMARC policy: SPF or DKIM must align
_PAIR = re.compile(r'([A-Za-z0-9_./-]+)\s*=\s*((?:"(?:[^"\\]|\\.)*"|[^\s"])*)')


class Verdict(StrEnum):
    """Whether our upstream vouches for the From domain."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"  # no field of ours


class Authentication(NamedTuple):
    """The verdict, and the result that gave it (such as ``dmarc=pass``)."""

    verdict: Verdict
    result: str = ""


class Result(NamedTuple):
    """One method's result with its properties, such as ``header.from``; all in lower case."""

    method: str
    value: str
    properties: Mapping[str, str]


def authenticate(fields: tuple[str, ...], from_domain: str, authserv_id: str) -> Authentication:
    """The verdict for ``from_domain`` from the ``Authentication-Results`` values, topmost first."""
    ours = next((found for field in fields if (found := _ours(field, authserv_id)) is not None), None)
    if ours is None:
        return Authentication(Verdict.ABSENT)
    dmarc = [one for one in ours if one.method == "dmarc" and one.value not in NO_POLICY]
    if not dmarc:
        return _by_alignment(ours, from_domain)
    for one in dmarc:
        if one.value != "pass":
            return Authentication(Verdict.FAILED, f"dmarc={one.value}")
        if not aligned(_domain(one.properties.get("header.from", from_domain)), from_domain):
            return Authentication(Verdict.FAILED, "dmarc=pass, header.from")
    return Authentication(Verdict.PASSED, "dmarc=pass")


def _by_alignment(results: tuple[Result, ...], from_domain: str) -> Authentication:
    for one in results:
        if one.value != "pass":
            continue
        if one.method == "spf" and aligned(_domain(one.properties.get("smtp.mailfrom", "")), from_domain):
            return Authentication(Verdict.PASSED, "spf=pass")
        if one.method == "dkim":
            signer = one.properties.get("header.d") or one.properties.get("header.i", "")
            if aligned(_domain(signer), from_domain):
                return Authentication(Verdict.PASSED, "dkim=pass")
    return Authentication(Verdict.FAILED, "dmarc=none")


def aligned(one: str, other: str) -> bool:
    """Whether two domains are in relaxed alignment: the same organisational domain."""
    return bool(one) and bool(other) and organisational_domain(one) == organisational_domain(other)


@lru_cache(maxsize=4096)
def organisational_domain(domain: str) -> str:
    """The domain that a registrant holds (``example.co.uk`` of ``a.b.example.co.uk``), by the public suffix list."""
    plain = ascii_domain(domain)
    return str(_suffixes().privatesuffix(plain) or plain)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _domain(value: str) -> str:
    return domain_of(value.strip("<>")) if "@" in value else ascii_domain(value)


def _ours(field: str, authserv_id: str) -> tuple[Result, ...] | None:
    """The results of ``field`` when it is our own upstream's, else None.

    A comment or a quoted string that never ends may hide a failure, so the field then holds no result at all.
    """
    text, is_whole = _without_comments(field)
    (first, *rest), is_closed = _split(text)
    identified = "=" not in first
    if authserv_id.casefold() == MICROSOFT_365:
        found = None if identified else [first, *rest]
    else:
        name = first.split(maxsplit=1)[0].strip('"').casefold() if first.split() else ""
        found = rest if identified and name == authserv_id.casefold() else None
    if found is None:
        return None
    return tuple(_results(found)) if is_whole and is_closed else ()


def _results(segments: list[str]) -> Iterator[Result]:
    for segment in segments:
        pairs = [(name.lower(), value.strip('"').strip().lower()) for name, value in _PAIR.findall(segment)]
        if pairs:
            (method, value), *properties = pairs
            yield Result(method.partition("/")[0], value, dict(reversed(properties)))


def _split(text: str) -> tuple[list[str], bool]:
    """At each semicolon outside quotes; and whether every quoted string ends."""
    if '"' not in text:
        return text.split(";"), True
    parts, start, quoted, escaped = [], 0, False, False
    for place, letter in enumerate(text):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = quoted
        elif letter == '"':
            quoted = not quoted
        elif letter == ";" and not quoted:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]], not quoted


def _without_comments(text: str) -> tuple[str, bool]:
    """``text`` with each comment (RFC 5322 3.2.2, nested) made a space; and whether every comment ends."""
    if "(" not in text:
        return text, True
    kept, depth, quoted, escaped = [], 0, False, False
    for letter in text:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = quoted or depth > 0
        elif letter == '"' and not depth:
            quoted = not quoted
        elif letter == "(" and not quoted:
            depth += 1
            kept.append(" ")
            continue
        elif letter == ")" and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(letter)
    return "".join(kept), not depth
