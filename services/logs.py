"""The log: constant event names with fields, as JSON for machines or coloured for a terminal, and never content.

A field that would carry content, an address, a name or a subject is taken out on its way to the log, whoever wrote it (law 9); a
traceback keeps types and places and loses the words, because exceptions quote what they choked on.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from structlog.types import Processor

from services.settings import Log

FORBIDDEN = frozenset(
    {
        "address", "addresses", "body", "bytes", "citizen_name", "content", "cpr", "deliver_to", "envelope_from", "filename",
        "from", "from_", "header", "headers", "mail_from", "message", "message_id", "name", "original", "rcpt", "rcpt_to",
        "recipient", "recipients", "reply_to", "sender", "subject", "text", "to", "user",
    }
)  # fmt: skip
_SILENT = ("mail.log", "mail.debug", "imapclient")  # at DEBUG they write body lines and whole dialogues, at INFO addresses
_WARNINGS_ONLY = ("faststream", "nats", "uvicorn", "uvicorn.access", "uvicorn.error", "sqlalchemy", "alembic", "asyncio")
_ROOTS = ("services", "workflows")

Event = MutableMapping[str, Any]


class ContentInLog(AssertionError):
    """A field that may carry content was about to be logged. Raised in tests, where ``configure`` is strict."""


def configure(settings: Log, *, strict: bool = False) -> None:
    """Route structlog and the standard library's logging to stderr. ``strict`` raises where a forbidden field would be dropped."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared = _shared(strict)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    _quieten(level)
    structlog.configure(
        processors=[*shared, *_rendering(settings)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _shared(strict: bool) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
        refuse_content if strict else drop_content,
    ]


def _rendering(settings: Log) -> list[Processor]:
    people = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    return (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if people
        else [structlog.processors.JSONRenderer(ensure_ascii=False)]
    )


def _quieten(level: int) -> None:
    for name in _SILENT:
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
        logger.disabled = True
    for name in _WARNINGS_ONLY:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(level, logging.WARNING))


def drop_content(_logger: object, _method: str, event: Event) -> Event:
    """Take out every field that may carry content, and say which."""
    if dropped := sorted(FORBIDDEN & event.keys()):
        for name in dropped:
            del event[name]
        event["dropped"] = dropped
    return event


def refuse_content(_logger: object, _method: str, event: Event) -> Event:
    """Raise ``ContentInLog`` where ``drop_content`` would take something out."""
    if found := sorted(FORBIDDEN & event.keys()):
        raise ContentInLog(f"{event.get('event')}: fields {', '.join(found)}")
    return event


def without_words(_logger: object, _method: str, event: Event) -> Event:
    """An exception as its types and places, the outermost first, without its words."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else sys.exc_info()[1]
    if error is not None:
        event["failure"] = _chain(error)
    return event


def _chain(error: BaseException) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(found) < 5:
        found.append({"type": f"{type(current).__module__}.{type(current).__qualname__}", "at": _places(current.__traceback__)})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-12:]]


def _short(filename: str) -> str:
    parts = Path(filename).parts
    start = next((number for number, part in enumerate(parts) if part in _ROOTS), -2)
    return "/".join(parts[start:])
