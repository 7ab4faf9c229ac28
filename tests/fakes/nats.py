"""Real nats-servers from the wheel, each with a fixed port so that it can go away and come back at the same address."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import nats
from fakes.ports import free_ports

from services.events.server import executable
from services.events.streams import ApiError, call

TOKEN = "for-tests"


class NatsServer:
    """``start``, ``kill`` (as with kill -9), ``start`` again: streams stay in ``folder``. ``more`` are lines of its settings."""

    def __init__(self, folder: Path, more: str = "", token: str = TOKEN):
        self.folder = folder
        self.more = (f"authorization {{ token: {token} }}\n" if token else "") + more
        (self.port,) = free_ports(1)
        self.url = f"nats://127.0.0.1:{self.port}"
        self.child = None

    def start(self):
        ports = self.folder / "ports"
        ports.mkdir(parents=True, exist_ok=True)
        for old in ports.glob("*"):
            old.unlink()
        config = self.folder / "c.conf"
        config.write_text(
            f"host: 127.0.0.1\nport: {self.port}\nports_file_dir: {json.dumps(str(ports))}\n"
            f"jetstream {{ store_dir: {json.dumps(str(self.folder / 'js'))}, max_file: 8GB, sync_interval: always }}\n" + self.more
        )
        with (self.folder / "log").open("ab") as log:
            self.child = subprocess.Popen([executable(), "-c", str(config)], stdout=log, stderr=log)

    async def up(self):
        """Start, and wait until it takes connections."""
        self.start()
        while not list((self.folder / "ports").glob("*.ports")):
            assert self.child.poll() is None, (self.folder / "log").read_text()
            await asyncio.sleep(0.005)

    def kill(self):
        if self.child:
            self.child.kill()
            self.child.wait()
            self.child = None

    def forget(self):
        """Lose all streams, while it is down."""
        shutil.rmtree(self.folder / "js", ignore_errors=True)

    async def connect(self):
        """A plain client of its own."""
        return await _connected([self.url])


class NatsCluster:
    """Three servers that are one broker; streams can have three replicas."""

    def __init__(self, folder: Path):
        routes = free_ports(3)
        peers = ", ".join(f"nats-route://127.0.0.1:{port}" for port in routes)
        self.servers = [
            NatsServer(
                folder / f"n{number}",
                f"server_name: n{number}\n"
                f"cluster {{ name: c, host: 127.0.0.1, port: {port}, no_advertise: true, routes: [{peers}] }}\n",
            )
            for number, port in enumerate(routes, 1)
        ]
        self.url = ",".join(one.url for one in self.servers)

    async def up(self):
        """Start those that are down, and wait until streams can be made or read."""
        for one in self.servers:
            if one.child is None:
                await one.up()
        await self.usable()

    async def usable(self):
        client = await self.connect()
        async with asyncio.timeout(60):
            while not await _answers(client):
                await asyncio.sleep(0.05)
        await client.close()

    async def empty(self):
        """Remove every stream."""
        client = await self.connect()
        for name in (await call(client, "STREAM.NAMES"))["streams"] or ():
            await call(client, f"STREAM.DELETE.{name}")
        await client.close()

    async def leader(self, stream):
        """The server that leads the stream now."""
        client = await self.connect()
        try:
            return self.named((await call(client, f"STREAM.INFO.{stream}"))["cluster"]["leader"])
        finally:
            await client.close()

    def named(self, name):
        return self.servers[int(name[1:]) - 1]

    def kill(self):
        for one in self.servers:
            one.kill()

    async def connect(self):
        """A plain client of its own."""
        return await _connected([one.url for one in self.servers])


async def ids_in(client, stream):
    """The ids of all events in a stream, in order."""
    last = (await call(client, f"STREAM.INFO.{stream}"))["state"]["last_seq"]
    found = [await client.jetstream().get_msg(stream, seq) for seq in range(1, last + 1)]
    return [one.headers["Nats-Msg-Id"] for one in found]


async def _answers(client):
    try:
        return "consumers" in await call(client, "INFO")
    except (ApiError, nats.errors.Error):
        return False


async def _connected(urls):
    return await nats.connect(urls, token=TOKEN, max_reconnect_attempts=-1, reconnect_time_wait=0.05, error_cb=_quiet)


async def _quiet(_):
    pass
