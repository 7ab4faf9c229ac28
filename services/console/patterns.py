"""The patterns of the signal words with what people answered to them, for pages and programs."""

from starlette.requests import Request

from services.console.context import console_of
from services.signal_words import patterns
from workflows.pattern_counts import PatternTold, told


async def patterns_told(request: Request) -> list[PatternTold]:
    """All of them. That the visitor may see them is the caller's affair."""
    console = console_of(request)
    return told(patterns().values(), await console.store.signals.counts(), console.settings.signals.off)
