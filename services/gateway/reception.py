"""What all sessions of one gateway share."""

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
    from services.gateway.wire import Wire


@dataclass(slots=True)
class Reception:
    """The settings, services and sessions of one gateway. ``domain`` is where a bare ``<postmaster>`` lives."""

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
    connections: int = 0
    sessions: "set[Wire]" = field(default_factory=set)  # some outlive their connection, while a mail is being taken

    def refusal(self, client: str) -> str | None:
        """The reply with which a new connection from ``client`` is turned away; None: welcome."""
        if not self.gate.trusts(client):
            return NOT_TRUSTED
        if self.stopping or not self.intake.ready():
            return NOT_READY
        if self.connections >= self.settings.max_connections:
            return TOO_MANY
        return None
