"""A running gateway with a recording intake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fakes.intake import FakeIntake

from services.gateway.listener import Gateway
from services.settings import Settings


class StandingClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Running:
    gateway: Gateway
    intake: FakeIntake
    spool: Path

    @property
    def address(self) -> str:
        return self.gateway.addresses[0]

    async def sessions_over(self) -> None:
        """Until the gateway has noticed that its clients are gone."""
        async with asyncio.timeout(60):
            while self.gateway.sessions_under_way():
                await asyncio.sleep(0)


@asynccontextmanager
async def running(
    folder: Path, intake: FakeIntake | None = None, *, idle_timeout: float = 300, **gateway: Any
) -> AsyncIterator[Running]:
    """A gateway on 127.0.0.1 with these ``[gateway]`` settings; stopped at the end."""
    settings = Settings.model_validate({"gateway": {"listen": "127.0.0.1:0", "hostname": "gw.eksempel.dk", **gateway}})
    intake = intake or FakeIntake()
    spool = folder / "spool"
    started = Gateway(settings, intake, StandingClock(), spool, idle_timeout=idle_timeout)
    await started.start()
    try:
        yield Running(started, intake, spool)
    finally:
        await started.stop(0.2)
