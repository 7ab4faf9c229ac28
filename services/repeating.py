"""What is done again and again beside the services. A failure is logged, and never the end of it."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.store.interface import StoreUnavailable

log = structlog.get_logger()


async def repeat(run: Callable[[], Awaitable[None]], every: float) -> None:
    """``run`` now and every so many seconds after it ended, for ever."""
    while True:
        try:
            await run()
        except StoreUnavailable:
            log.warning("upkeep_failed", what=run.__name__)
        except Exception:
            log.exception("upkeep_failed", what=run.__name__)
        await asyncio.sleep(every)
