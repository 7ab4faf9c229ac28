"""What a token is good for: an area of the API, to read or to write."""

import secrets

PREFIX = "rvt_"  # by which a token that has leaked is found
AREAS = ("citizens", "frameworks", "mails", "notifications", "incidents", "statistics", "events")
SCOPES = tuple(f"{area}:{what}" for area in AREAS for what in ("read", "write"))


def new_token() -> str:
    """A secret of 256 bits."""
    return PREFIX + secrets.token_urlsafe(32)


def scope_needed(method: str, path: str) -> str:
    """The scope for a request under ``/api/v1/``."""
    area = path.removeprefix("/api/v1/").partition("/")[0]
    return f"{area}:{'read' if method in ('GET', 'HEAD', 'OPTIONS') else 'write'}"
