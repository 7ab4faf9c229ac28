"""What commands share: the store, who runs them, the record that somebody read, and how results are printed."""

import asyncio
import json
import os
import pwd
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services import logs
from services.bad_input import BadInput
from services.clock import SystemClock
from services.gather import national_authorities
from services.settings import ZONE, Log, Settings
from services.store.errors import BadStore, LostPromises, UnsoundStore, WrongKey
from services.store.interface import StoreUnavailable
from services.store.keys import FILE, BadKey
from services.store.open import open_store, place_of
from services.store.sql_store import SqlStore
from workflows.audit import AuditRecord

T = TypeVar("T")
PATIENCE = 1.0  # seconds after which a person wants to see that something happens


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous work; what goes wrong inside is logged to stderr, never among the results."""
    logs.configure(Log(level="error"))
    return asyncio.run(work)


@asynccontextmanager
async def opened(settings: Settings, *, create: bool = False) -> AsyncIterator[SqlStore]:
    """The store of these settings. Raises ``BadInput`` where there is none (but for ``create``), or it can't be used now."""
    if not create and not settings.store.url and not (settings.data / FILE).exists():
        raise BadInput(f"{settings.data}: there is no store here; start the guard once, or name its folder with --data")
    try:
        store = await _open(settings)
        try:
            yield store
        finally:
            await store.close()
    except (BadKey, WrongKey, BadStore, UnsoundStore) as error:
        raise BadInput(str(error)) from error
    except StoreUnavailable as error:
        raise BadInput(str(error) or f"{place_of(settings)}: it is locked") from error
    except OSError as error:
        raise BadInput(f"{settings.data}: {error.strerror or error}") from error


async def _open(settings: Settings) -> SqlStore:
    """Only to be read where promised mails are missing: people have to be able to look at what is there."""
    try:
        return await open_store(settings, SystemClock(), extra_authorities=national_authorities())
    except LostPromises as error:
        click.echo(f"rammevagt: {error}", err=True)
        return await open_store(settings, SystemClock(), extra_authorities=national_authorities(), look=True)


def today() -> date:
    """The Danish date."""
    return SystemClock().now().astimezone(ZONE).date()


def system_user() -> str:
    """Who runs the command, as the system knows it; environment variables can't change it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def record(action: str, subject: str, **data: object) -> AuditRecord:
    """An audit entry of a command that this user runs; behind sudo, the user before it is kept too."""
    before = {"sudo_user": os.environ["SUDO_USER"]} if os.environ.get("SUDO_USER") else {}
    return AuditRecord(SystemClock().now(), system_user(), action, subject, {**data, **before})


def read_record(command: str, ids: Sequence[str], why: str | None) -> AuditRecord:
    """The audit entry of a command that reads citizens' data: which command, which ids, why (law 10)."""
    return record("data.read", ids[0] if len(ids) == 1 else command, command=command, ids=list(ids), why=why)


async def keep_record(store: SqlStore, looked: AuditRecord) -> None:
    """Keep in the audit chain that somebody looked; where nothing can be written, tell the one who looks to write it down."""
    if store.read_only:
        click.echo("rammevagt: the store can only be read: that you looked is not in its audit chain; write it down", err=True)
    else:
        await store.append_audit(looked)


def print_json(value: object) -> None:
    """``value`` as JSON in UTF-8, for scripts."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def console() -> Console:
    """Where people read results: as wide as their terminal, else wide enough for one line an entry."""
    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 140)


def seen(text: object) -> str:
    """``text`` from a mail as it may stand on a terminal: without control characters, which could steer it."""
    return "".join(one if one.isprintable() else "\ufffd" for one in str(text))


class Bar:
    """Shows how far something is, from a second on and only to a person at a terminal."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._started = time.monotonic()
        self._progress: Progress | None = None
        self._people = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """So much of so much is done."""
        if not self._people or (self._progress is None and time.monotonic() - self._started < PATIENCE):
            return
        if self._progress is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.add_task(self._label)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done, total=total)

    def close(self) -> None:
        """Clear the line."""
        if self._progress:
            self._progress.stop()


@contextmanager
def bar(label: str) -> Iterator[Bar]:
    """A progress bar for what may take longer than a second."""
    shown = Bar(label)
    try:
        yield shown
    finally:
        shown.close()
