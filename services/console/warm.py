"""What the first visitor of a page would wait for after a start, done before they come: templates, texts and forms of dates."""

import asyncio
from datetime import UTC, datetime

from services.console.web import TEMPLATES, environment
from services.console.words import LANGUAGES, known, words

PAUSE = 0.05  # seconds between two templates: mail that comes in goes first
_ANY = datetime(2026, 1, 1, tzinfo=UTC)


async def warm() -> None:
    """Compile every template, a few at a time, in a thread beside the event loop. Ends after some seconds."""
    await asyncio.to_thread(known)
    for language in LANGUAGES:
        await asyncio.to_thread(words(language).moment, _ANY)
    for name in sorted(file.name for file in TEMPLATES.glob("*.html")):
        for language in LANGUAGES:
            await asyncio.to_thread(environment(language).get_template, name)
        await asyncio.sleep(PAUSE)
