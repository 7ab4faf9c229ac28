"""What all sessions of one gateway share."""

import ssl
from collections import Counter
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from services import settings
from services.clock import Clock
from services.gateway.gate import NOT_READY, NOT_TRUSTED, TOO_MANY, Gate
from services.gateway.metrics import CONNECTIONS
from services.gateway.received import Intake

if TYPE_CHECKING:
    from services.gateway.wire import Wire

FOR_OTHERS = 10  # one connection in so many is kept free for other clients than the one that has all the rest


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
    of_client: Counter[str] = field(default_factory=Counter)  # connections, by the address that they are counted under
    sessions: "set[Wire]" = field(default_factory=set)  # some outlive their connection, while a mail is being taken

    def refusal(self, client: str) -> str | None:
        """The reply with which a new connection from ``client`` is turned away; None: welcome."""
        if not self.gate.trusts(client):
            return NOT_TRUSTED
        if self.stopping or not self.intake.ready():
            return NOT_READY
        if self.connections >= self.settings.max_connections:
            return TOO_MANY
        return None if self.settings.proxy_protocol else self.crowded(client)

    def crowded(self, client: str) -> str | None:
        """The reply to a ``client`` that has its share of the connections already."""
        most = self.settings.max_connections
        return TOO_MANY if self.of_client[client] >= most - most // FOR_OTHERS else None

    def enter(self, client: str) -> None:
        """Count a connection."""
        self.connections += 1
        self.of_client[client] += 1
        CONNECTIONS.inc()

    def exit(self, client: str) -> None:
        """Count it no more."""
        self.connections -= 1
        CONNECTIONS.dec()
        self.of_client[client] -= 1
        if not self.of_client[client]:
            del self.of_client[client]
