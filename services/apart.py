"""Work on several things at once, in which one that spoils it for all fails alone."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from services.store.interface import StoreUnavailable

T = TypeVar("T")
Outcome = Exception | None


async def together(work: Callable[[Sequence[T]], Awaitable[None]], items: Sequence[T]) -> list[Outcome]:
    """What came of each of ``items``: None, or its error. A store that is away fails them all, without a second try."""
    if not items:
        return []
    try:
        await work(items)
    except Exception as error:
        if len(items) == 1 or isinstance(error, StoreUnavailable):
            return [error] * len(items)
        return [outcome for one in items for outcome in await together(work, [one])]
    return [None] * len(items)
