"""What every page works with, from ``request.app.state.console``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from services.clock import Clock
from services.console.http import Checks
from services.console.live import Live
from services.settings import Settings
from services.store.sql_store import SqlStore
from workflows.mailbox_state import Said

Mend = Callable[[str, str], Awaitable[Said | None]]
"""Given a mailbox's code and a new password or client secret: logs in with it and keeps it where that works; else says why not."""


def _nothing() -> None:
    """Nobody publishes here."""


@dataclass(frozen=True, slots=True)
class Console:
    """The guard as its pages see it. ``checks`` are those of ``/health/ready``: each tells whether a part works.

    ``told`` is called when there is something to publish; ``mend`` mends the login of a watched mailbox, and of
    all that log in with the same client.
    """

    settings: Settings
    store: SqlStore
    clock: Clock
    live: Live
    checks: Checks = field(default_factory=dict)
    told: Callable[[], None] = _nothing
    mend: Mend | None = None


def console_of(request: Request) -> Console:
    """The console that answers ``request``."""
    found = request.app.state.console
    assert isinstance(found, Console)
    return found
