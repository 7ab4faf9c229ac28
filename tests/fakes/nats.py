"""A real nats-server from the wheel, with a fixed port so that it can go away and come back at the same address."""

import asyncio
import json
import socket
import subprocess
from pathlib import Path

import nats

from services.events.server import executable

TOKEN = "for-tests"


class NatsServer:
    """``start``, ``kill`` (as with kill -9), ``start`` again: streams stay in ``folder``."""

    def __init__(self, folder: Path):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
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
            f"authorization {{ token: {TOKEN} }}\n"
            f"jetstream {{ store_dir: {json.dumps(str(self.folder / 'js'))}, max_file: 8GB, sync_interval: always }}\n"
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

    async def connect(self):
        """A plain client of its own."""
        return await nats.connect(self.url, token=TOKEN, max_reconnect_attempts=-1, reconnect_time_wait=0.05, error_cb=_quiet)


async def _quiet(_):
    pass
