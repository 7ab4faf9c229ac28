"""Where a page of results ends: a key that the next page begins behind, so that no page costs more than the first."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from services.store.columns import text_in
from services.store.looked_up import Page

T = TypeVar("T")
R = TypeVar("R")
Key = tuple[str | int, ...]
BIGGEST = 1 << 63  # that a column takes


def place(after: str | None, *kinds: type[str] | type[int]) -> Key | None:
    """The key that ``after`` names. What was not made here (it came by a URL) is the beginning."""
    if after is None:
        return None
    try:
        key = json.loads(after)
    except (ValueError, RecursionError):
        return None
    if not isinstance(key, list) or len(key) != len(kinds):
        return None
    fits = all(type(one) is kind and _can_be_asked(one) for one, kind in zip(key, kinds, strict=True))
    return tuple(text_in(one) if isinstance(one, str) else one for one in key) if fits else None


def _can_be_asked(one: str | int) -> bool:
    return isinstance(one, str) or abs(one) < BIGGEST


def page(rows: Sequence[R], limit: int, key: Callable[[R], Key], made: Callable[[Sequence[R]], Sequence[T]]) -> Page[T]:
    """A page of ``rows``, of which one more than ``limit`` were asked for."""
    kept = rows[:limit]
    after = json.dumps(key(kept[-1]), ensure_ascii=True, separators=(",", ":")) if len(rows) > limit else None
    return Page(tuple(made(kept)), after)
