"""The systems that are compared. Each starts by itself, listens on ``port`` and passes mail on to the sinks."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from fakes.ports import free_port
from fakes.postfix import Postfix, wait_for_banner

from bench import sample

ROOT = Path(__file__).parents[2]
LAST = 3000  # characters of a log that are shown when something went wrong
TUNING = {  # everything a relay for this load would be given; fsync as Postfix has it by default
    "in_flow_delay": "0",
    "default_process_limit": "100",
    "default_destination_concurrency_limit": "50",
    "initial_destination_concurrency": "50",
    "max_idle": "3600s",
    "message_size_limit": "157286400",
    "mailbox_size_limit": "0",
}


@dataclass(frozen=True)
class Place:
    """Where a fleet of systems lives: its folder, its sinks, and what its processes find in their environment."""

    folder: Path
    next_hop: int
    internet_hop: int
    environment: dict[str, str] = field(default_factory=dict)
    command: str = str(ROOT / ".venv/bin/rammevagt")


class System(Protocol):
    """One of the systems under load."""

    name: str
    port: int
    started_in: float  # seconds from start to ready

    def roots(self) -> list[int]:
        """The processes at the heads of its trees."""
        ...

    def log(self) -> str:
        """What it logged last."""
        ...

    def stop(self) -> None:
        """End it, and remove what it wrote."""
        ...


class PlainPostfix:
    """A relay and nothing more: the measure of all others."""

    name = "postfix"

    def __init__(self, place: Place) -> None:
        began = time.monotonic()
        settings = {**TUNING, "smtp_connection_cache_destinations": f"[127.0.0.1]:{place.next_hop}"}
        self._postfix = Postfix(place.next_hop, folder=place.folder, settings=settings, environment=place.environment)
        self.port = self._postfix.port
        self._postfix.start()
        self.started_in = time.monotonic() - began

    def roots(self) -> list[int]:
        return [self._postfix.pid]

    def log(self) -> str:
        return self._postfix.log()[-LAST:]

    def stop(self) -> None:
        self._postfix.stop()


class FilteredPostfix:
    """Postfix with an after-queue content filter in aiosmtpd: today's Python way to the same routing."""

    name = "filter"

    def __init__(self, place: Place, citizens: int) -> None:
        began = time.monotonic()
        filter_port = free_port()
        cached = f"[127.0.0.1]:{place.next_hop} [127.0.0.1]:{filter_port}"
        settings = {**TUNING, "smtp_connection_cache_destinations": cached}
        self._postfix = Postfix(
            place.next_hop, folder=place.folder, filter_port=filter_port, settings=settings, environment=place.environment
        )
        self.port = self._postfix.port
        command = [sys.executable, "-m", "bench.content_filter", str(filter_port), str(self._postfix.return_port), str(citizens)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), **place.environment}
        self._postfix.start()
        self._filter = subprocess.Popen(command, env=environment)
        wait_for_banner(filter_port, self._filter)
        self.started_in = time.monotonic() - began

    def roots(self) -> list[int]:
        return [self._postfix.pid, self._filter.pid]

    def log(self) -> str:
        return self._postfix.log()[-LAST:]

    def stop(self) -> None:
        self._filter.terminate()
        self._filter.wait()
        self._postfix.stop()


class Guard:
    """``rammevagt up`` with ``citizens`` registered, the first ``frameworks`` of them with a framework in force."""

    def __init__(self, place: Place, citizens: int, frameworks: int, name: str = "guard") -> None:
        self.name = name
        self._folder = place.folder / name
        self._folder.mkdir()
        self._command = [place.command, "--config", str(self._folder / "rammevagt.toml"), "--data", str(self._folder / "data")]
        self._environment = {**os.environ, **place.environment}
        self.port, self._console = free_port(), free_port()
        config = sample.CONFIG.format(
            domain=sample.DOMAIN,
            gateway=self.port,
            console=self._console,
            next_hop=place.next_hop,
            internet_hop=place.internet_hop,
        )
        (self._folder / "rammevagt.toml").write_text(config)
        self._load(citizens, frameworks)
        self._start()

    def _load(self, citizens: int, frameworks: int) -> None:
        register = self._folder / "register.yaml"
        sample.write_register(register, citizens, frameworks, date.today())
        began = time.monotonic()
        subprocess.run([*self._command, "load", str(register)], check=True, stdout=subprocess.DEVNULL)
        self.loaded_in = time.monotonic() - began
        register.unlink()

    def _start(self) -> None:
        began = time.monotonic()
        with (self._folder / "log").open("wb") as log:
            self.process = subprocess.Popen([*self._command, "up"], env=self._environment, stdout=log, stderr=log)
        self._wait_until_ready(patience=300)
        self.started_in = time.monotonic() - began
        wait_for_banner(self.port, self.process)

    def _wait_until_ready(self, patience: float) -> None:
        ends = time.monotonic() + patience
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._console}/health/ready", timeout=5) as answer:
                    if answer.status < 300:
                        return
            except OSError:  # not there yet, or 503 while the index is not whole
                pass
            time.sleep(0.02)
        raise RuntimeError(f"the guard did not become ready (exit code {self.process.poll()}):\n{self.log()}")

    def roots(self) -> list[int]:
        return [self.process.pid]

    def log(self) -> str:
        return (self._folder / "log").read_text()[-LAST:]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def delayed_fsync(folder: Path, microseconds: int = 5000) -> dict[str, str] | None:
    """The environment under which each fsync takes that much longer; None where there is no compiler."""
    compiler = shutil.which("gcc")
    if not compiler:
        return None
    library = folder / "fsync_delay.so"
    source = Path(__file__).with_name("fsync_delay.c")
    built = subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], capture_output=True)
    return {"LD_PRELOAD": str(library), "FSYNC_DELAY_US": str(microseconds)} if built.returncode == 0 else None
