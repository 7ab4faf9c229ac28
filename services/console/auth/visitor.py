"""The visitor of a request."""

from dataclasses import dataclass

from fastapi import HTTPException
from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page. ``units`` are those they lead, head, deputise for or work in."""

    account: str
    address: str
    name: str
    role: str
    units: frozenset[str]
    language: str
    csrf: str


async def visitor(request: Request) -> Visitor:
    """The visitor of ``request``; nobody comes in without having logged in."""
    found = getattr(request.state, "visitor", None)
    if not isinstance(found, Visitor):
        raise HTTPException(401)
    return found
