"""What docker-compose.yml says, run on this machine: the same commands with the same settings, but for hosts, ports and folders."""

import asyncio
import gc
import os
import re
import secrets
import signal
import sys
from pathlib import Path

import nats
import pytest
import yaml
from fakes.ports import free_ports

from services.cli import COMMANDS
from services.events.streams import call
from workflows.events import STREAM

# nats-py leaves the socket of a half-made connection to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
BROKERS = [name for name in SERVICES if name.startswith("nats-")]
TOKEN = secrets.token_hex(32)


class Machine:
    """A folder for each volume, a loopback address for each host, a free port for each listener, an empty database."""

    def __init__(self, folder: Path, store: str) -> None:
        self.folder = folder
        self.store = store  # instead of the file's own
        net = f"127.{secrets.randbelow(250) + 2}.{secrets.randbelow(250)}"  # so that the brokers' own ports are free
        self.hosts = {name: f"{net}.{place}" for place, name in enumerate(BROKERS, 1)}
        self.running: list[asyncio.subprocess.Process] = []
        for name, text in (("nats_token", TOKEN), ("secret_key", secrets.token_hex(32))):
            (folder / name).write_text(text + "\n")
            (folder / name).chmod(0o400)

    def environment(self, service: str) -> dict[str, str]:
        found = {name: self.here(value) for name, value in SERVICES[service]["environment"].items()}
        more = {"RAMMEVAGT_DATA": f"{self.folder}/data", "RAMMEVAGT_STORE__URL": self.store}
        if service in BROKERS:
            more = {
                "NATS_TOKEN_FILE": f"{self.folder}/nats_token",
                "NATS_DATA": f"{self.folder}/{service}",
                "NATS_HOST": self.hosts[service],
            }
        return {**os.environ, **found, **more}

    def here(self, value: str) -> str:
        value = re.sub(r"nats-\d", lambda name: self.hosts[name[0]], value).replace("/run/secrets", str(self.folder))
        return f"127.0.0.1:{free_ports(1)[0]}" if value.startswith("0.0.0.0:") else value

    async def start(self, *command: str, environment: dict[str, str]) -> None:
        with (self.folder / "log").open("ab") as log:
            self.running.append(await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log))

    async def healthy(self, *command: str) -> None:
        async with asyncio.timeout(60):
            while await (await asyncio.create_subprocess_exec(*command)).wait():
                assert all(one.returncode is None for one in self.running), (self.folder / "log").read_text()

    async def end(self) -> list[int]:
        for one in reversed(self.running):
            if one.returncode is None:
                one.send_signal(signal.SIGTERM)
        return [await one.wait() for one in self.running]


@pytest.fixture
async def machine(tmp_path, postgres):
    database = postgres.database()
    one = Machine(tmp_path, postgres.url(database))
    yield one
    await one.end()
    postgres.drop(database)
    gc.collect()


async def broker(machine, name):
    service = SERVICES[name]
    await machine.start(str(ROOT / service["entrypoint"][0]), environment=machine.environment(name))
    _, _, probe, address = service["healthcheck"]["test"]
    return [sys.executable, str(ROOT / probe), address.replace("127.0.0.1", machine.hosts[name])]


@pytest.mark.needs("postgresql")
async def test_the_commands_of_compose_become_healthy_together_and_end_cleanly(machine):
    for probe in [await broker(machine, name) for name in BROKERS]:
        await machine.healthy(*probe)
    guards, probes = [name for name, one in SERVICES.items() if one.get("command", [""])[0] in COMMANDS], []
    for name in guards:
        environment = machine.environment(name) | {"RAMMEVAGT_HEALTH__LISTEN": f"127.0.0.1:{free_ports(1)[0]}"}
        section = "CONSOLE" if name == "console" else "HEALTH"
        probes.append(f"http://{environment[f'RAMMEVAGT_{section}__LISTEN']}/health/ready")
        await machine.start(sys.executable, "-m", "services.cli", *SERVICES[name]["command"], environment=environment)
    for probe in probes:
        await machine.healthy(sys.executable, str(ROOT / "deploy/healthy.py"), probe)
    await three_replicas([f"nats://{host}:4222" for host in machine.hosts.values()])
    assert len(guards) == 6 and (await machine.end())[len(BROKERS) :] == [0] * 6


async def three_replicas(servers):
    """The services found the broker, and put their stream on all of it."""
    client = await nats.connect(servers, token=TOKEN)
    async with asyncio.timeout(60):
        while not await _there(client):
            await asyncio.sleep(0.05)
    assert (await call(client, f"STREAM.INFO.{STREAM}"))["config"]["num_replicas"] == 3
    await client.close()


async def _there(client):
    try:
        return STREAM in ((await call(client, "STREAM.NAMES"))["streams"] or ())
    except Exception:
        return False
