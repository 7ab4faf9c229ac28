"""Reverse-paths and forward-paths of MAIL and RCPT (RFC 5321 4.1.2, RFC 6531 3.3), read fast, and as leniently as is safe.

Real local parts have dots in odd places and any length, and some printers and scanners forget the angle brackets; they pass.
Control characters and bytes that are no UTF-8 do not.
"""

import re
from typing import NamedTuple

# Any character but ASCII's specials, space and controls; C1 controls and surrogates (bytes that were no UTF-8) are out too.
_ATEXT = r"[^\x00-\x20\x7f-\x9f\"(),:;<>@\[\\\]\ud800-\udfff]"
_QUOTED = r'"(?:[^\x00-\x1f\x7f-\x9f"\\\ud800-\udfff]|\\[\x20-\x7e])*"'
_LABEL = r"[^\x00-\x2c/:-@\[-^`{-\x9f\ud800-\udfff]"  # letters, digits, hyphen, dot, underscore, non-ASCII
_LITERAL = r"\[[A-Za-z0-9.:_-]+\]"
_ROUTE = rf"@{_LABEL}+(?:,@{_LABEL}+)*:"

_PATH = re.compile(rf"<(?:{_ROUTE})?((?:{_ATEXT}+|{_QUOTED})@(?:{_LABEL}+|{_LITERAL}))>(?: (.*))?", re.DOTALL)
_BARE = re.compile(rf"({_ATEXT}+@{_LABEL}+)(?: (.*))?", re.DOTALL)
_NULL = re.compile(r"<>(?: (.*))?", re.DOTALL)
_POSTMASTER = re.compile(r"<(postmaster)>(?: (.*))?", re.IGNORECASE | re.DOTALL)


class Path(NamedTuple):
    """An address as written, without source route; and the parameters that follow it, as text."""

    address: str
    parameters: str


def routes_on(address: str) -> bool:
    """Whether the local part names a way on, as ``bo%elsewhere@ours``, ``elsewhere!bo@ours`` or ``"bo@elsewhere"@ours``.

    A next hop that trusts us may follow it (Postfix's allow_percent_hack does), and would relay for anybody.
    """
    local = address.rpartition("@")[0]
    return "%" in local or "!" in local or "@" in local


def reverse_path(text: str) -> Path | None:
    """The path after ``FROM:``; its address is empty for the null sender. None: no such path."""
    return _path(_PATH.fullmatch(text) or _BARE.fullmatch(text)) or _null(_NULL.fullmatch(text))


def forward_path(text: str, domain: str) -> Path | None:
    """The path after ``TO:``. ``<postmaster>`` alone is ours (RFC 5321 4.5.1): it gets our ``domain``."""
    return _path(_PATH.fullmatch(text) or _BARE.fullmatch(text)) or _postmaster(_POSTMASTER.fullmatch(text), domain)


def _path(match: re.Match[str] | None) -> Path | None:
    return Path(match[1], match[2] or "") if match else None


def _null(match: re.Match[str] | None) -> Path | None:
    return Path("", match[1] or "") if match else None


def _postmaster(match: re.Match[str] | None, domain: str) -> Path | None:
    return Path(f"{match[1]}@{domain}", match[2] or "") if match else None
