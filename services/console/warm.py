"""What a visitor of a page would wait for, done before they come: templates, texts and forms of dates, and the counts of *Tal*."""

import asyncio
from datetime import UTC, datetime

from services.console.numbers import ROUND, Counting
from services.console.web import TEMPLATES, environment
from services.console.words import LANGUAGES, known, words
from services.repeating import repeat

PAUSE = 0.05  # seconds between two templates: mail that comes in goes first
_ANY = datetime(2026, 1, 1, tzinfo=UTC)


async def warm(counting: Counting) -> None:
    """For ever: the templates once, and what is counted again and again."""
    await _compiled()
    await repeat(counting.ahead, ROUND.total_seconds())


async def _compiled() -> None:
    """Every template, a few at a time, in a thread beside the event loop."""
    await asyncio.to_thread(known)
    for language in LANGUAGES:
        await asyncio.to_thread(words(language).moment, _ANY)
    for name in sorted(file.name for file in TEMPLATES.glob("*.html")):
        for language in LANGUAGES:
            await asyncio.to_thread(environment(language).get_template, name)
        await asyncio.sleep(PAUSE)
