"""What a token is good for: an area of the API, to read or to write."""

import secrets

PREFIX = "rvt_"  # by which a token that has leaked is found
AREAS = (
    "citizens", "frameworks", "links", "mails", "notifications", "posts", "incidents", "assist", "relief", "statistics", "events",
)  # fmt: skip
API_PAGE = "/api/openapi.json"  # tells what there is to ask for, and nothing else: open to all
SCOPES = tuple(f"{area}:{what}" for area in AREAS for what in ("read", "write"))


def new_token() -> str:
    """A secret of 256 bits."""
    return PREFIX + secrets.token_urlsafe(32)


def scope_needed(method: str, path: str) -> str | None:
    """The scope for a request under ``/api/v1/``; None for what is no area of the API. To search is to read."""
    area, _, rest = path.removeprefix("/api/v1/").partition("/")
    reads = method in ("GET", "HEAD", "OPTIONS") or rest == "search"
    return f"{area}:{'read' if reads else 'write'}" if path.startswith("/api/v1/") and area in AREAS else None
