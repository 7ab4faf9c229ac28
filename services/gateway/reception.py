"""What all sessions of one gateway share."""

import asyncio
import ssl
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from services import settings
from services.clock import Clock
from services.gateway.gate import NOT_READY, NOT_TRUSTED, TOO_MANY, Gate
from services.gateway.received import Intake

if TYPE_CHECKING:
    from services.gateway.connection import Connection


@dataclass(slots=True)
class Reception:
    """The settings, services and open sessions of one gateway. ``domain`` is where a bare ``<postmaster>`` lives."""

    settings: settings.Gateway
    domain: str
    hostname: str
    intake: Intake
    clock: Clock
    gate: Gate
    spool: Path
    pool: Executor
    tls: ssl.SSLContext | None
    idle_timeout: float
    stopping: bool = False
    sessions: "set[Connection]" = field(default_factory=set)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)  # outlive their connection while a mail is being taken

    def refusal(self, client: str) -> str | None:
        """The reply with which a new connection from ``client`` is turned away; None: welcome."""
        if not self.gate.trusts(client):
            return NOT_TRUSTED
        if self.stopping or not self.intake.ready():
            return NOT_READY
        if len(self.sessions) >= self.settings.max_connections:
            return TOO_MANY
        return None
