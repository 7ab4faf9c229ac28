"""The services one by one, each a process of its own that a test may kill, on one store and one broker."""

import asyncio
import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fakes.ports import free_ports
from fakes.process import ALWAYS, COMMAND
from sqlalchemy import create_engine, text

from services.store.keys import make_key


class Service:
    """One of them, through all its lives."""

    def __init__(self, role: str, name: str, environment: Mapping[str, str], log: Path) -> None:
        self.role, self.name, self.log = role, name, log
        self.port, self.health = free_ports(2)
        section = "CONSOLE" if role == "console" else "HEALTH"
        self.environment = {
            **environment,
            "RAMMEVAGT_GATEWAY__LISTEN": f"127.0.0.1:{self.port}",
            f"RAMMEVAGT_{section}__LISTEN": f"127.0.0.1:{self.health}",
        }
        self.child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.child = await asyncio.create_subprocess_exec(*COMMAND, self.role, env=self.environment, stdout=log, stderr=log)

    async def ready(self) -> None:
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(self._ready):
                assert self.child is not None and self.child.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/health/ready", timeout=2) as answer:
                parts = json.load(answer)["parts"]
        except OSError:
            return False
        return all(parts.values())

    async def end(self, number: int) -> int:
        assert self.child is not None
        if self.child.returncode is None:
            self.child.send_signal(number)
        return await self.child.wait()


class Fleet:
    """``roles`` as services, one for each time that a role is named; ``store`` is the store's address, empty for SQLite.

    ``apart``: each that a role names is on a machine of its own, with a data folder of its own and a copy of the key.
    """

    def __init__(
        self, folder: Path, roles: Iterable[str], *, store: str, broker: str, token: Path, hop: str, apart: bool = False
    ) -> None:
        self.data = folder / "data"
        self.store = store.replace("postgresql://", "postgresql+psycopg://") or f"sqlite:///{self.data}/rammevagt.db"
        self.environment = os.environ | {
            "RAMMEVAGT_DATA": str(self.data),
            "RAMMEVAGT_STORE__URL": store,
            "RAMMEVAGT_EVENTS__URL": broker,
            "RAMMEVAGT_EVENTS__TOKEN_FILE": str(token),
            "RAMMEVAGT_DELIVERY__NEXT_HOP": hop,
            "RAMMEVAGT_DELIVERY__INTERNET_HOP": hop,
            "RAMMEVAGT_NOTIFICATIONS__WORKING_HOURS": json.dumps(ALWAYS),
        }
        if apart:
            make_key(folder / "shared.key")
            self.environment["RAMMEVAGT_STORE__KEY_FILE"] = str(folder / "shared.key")
        self.services: list[Service] = []
        for n, role in enumerate(roles):
            machine = {"RAMMEVAGT_DATA": f"{self.data}-{len(self.of(role)) + 1}"} if apart else {}
            self.services.append(Service(role, f"{role}-{n}", self.environment | machine, folder / f"{role}.log"))

    def of(self, role: str) -> list[Service]:
        return [one for one in self.services if one.role == role]

    async def start(self) -> None:
        for one in self.services:
            await one.start()
        for one in self.services:
            await one.ready()

    async def kill(self) -> None:
        """Whatever still runs."""
        for one in self.services:
            if one.child is not None:
                await one.end(signal.SIGKILL)

    async def stop(self) -> list[int]:
        return list(await asyncio.gather(*(one.end(signal.SIGTERM) for one in self.services)))

    async def command(self, *words: str) -> str:
        """What a command of the guard prints; it must succeed."""
        run = await asyncio.to_thread(
            subprocess.run, [*COMMAND, *words], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Straight from the tables, whichever store it is."""
        engine = create_engine(self.store)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(sql))]
        finally:
            engine.dispose()

    async def until(self, sql: str, wanted: object) -> None:
        async with asyncio.timeout(60):
            while (await asyncio.to_thread(self.query, sql))[0][0] != wanted:
                await asyncio.sleep(0.1)
