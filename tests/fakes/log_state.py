"""Logging is one for the whole process: a test that configures it puts back what was."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

NAMES = (
    "mail.log",
    "mail.debug",
    "imapclient",
    "faststream",
    "nats",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.error",
    "sqlalchemy",
    "alembic",
    "asyncio",
)


@contextmanager
def kept_logging() -> Iterator[None]:
    root, level = list(logging.getLogger().handlers), logging.getLogger().level
    named = {name: _state(logging.getLogger(name)) for name in NAMES}
    try:
        yield
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers[:] = root
        logging.getLogger().setLevel(level)
        for name, (handlers, propagate, disabled, own) in named.items():
            logger = logging.getLogger(name)
            logger.handlers[:], logger.propagate, logger.disabled = handlers, propagate, disabled
            logger.setLevel(own)


def _state(logger: logging.Logger) -> tuple[list[logging.Handler], bool, bool, int]:
    return list(logger.handlers), logger.propagate, logger.disabled, logger.level
