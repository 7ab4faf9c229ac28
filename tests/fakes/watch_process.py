"""``rammevagt watch`` as a process of its own over SQLite, for the bench and the soak."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from fakes.ports import free_port

CODE = "import sys; from services.cli import main; sys.exit(main())"


class WatchProcess:
    """Watches ``boxes`` (tables of ``[[mailboxes]]``), all with one password file."""

    def __init__(self, folder: Path, boxes: list[dict[str, object]]) -> None:
        self.folder, self.data = folder, folder / "data"
        (folder / "password").write_text("hemmelig\n")
        self.health = free_port()
        lines = [f'[health]\nlisten = "127.0.0.1:{self.health}"\n']
        for one in boxes:
            table = one | {"password_file": str(folder / "password")}
            lines.append("[[mailboxes]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items()))
        (folder / "rammevagt.toml").write_text("\n".join(lines))
        self.process: subprocess.Popen | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self) -> None:
        command = [
            sys.executable,
            "-P",
            "-c",
            CODE,
            "watch",
            "--config",
            str(self.folder / "rammevagt.toml"),
            "--data",
            str(self.data),
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=os.environ | {"RAMMEVAGT_LOG__FORMAT": "json"})

    def ready(self) -> None:
        """Wait until it serves, and so ends cleanly at a SIGTERM."""
        while not self.figures():
            if self.process.poll() is not None:
                raise RuntimeError(self.log()[-2000:])
            time.sleep(0.1)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def figures(self) -> dict[str, float]:
        """What ``/metrics`` tells, summed over mailboxes, by name."""
        found: dict[str, float] = {}
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/metrics", timeout=60) as answer:
                text = answer.read().decode()
        except OSError:
            return found
        for line in text.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def rows(self, statement: str) -> list[tuple]:
        """From its database."""
        with sqlite3.connect(f"file:{self.data / 'rammevagt.db'}?mode=ro", uri=True, timeout=30) as connection:
            return connection.execute(statement).fetchall()

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")
