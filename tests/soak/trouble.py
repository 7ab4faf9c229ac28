"""The guard of the soak: killed, stopped and started again, and its memory over time."""

import os
import signal
import statistics
import time
from contextlib import suppress
from pathlib import Path

from bench import machine
from bench.systems import Guard


class Troubled(Guard):
    """``kills`` are the instants of each kill -9: the only ones by which a mail may come twice."""

    def __init__(self, *arguments: object) -> None:
        self.kills: list[float] = []
        self.done = {"kill -9": 0, "SIGTERM": 0, "broker kill -9": 0}
        self.unclean = 0  # SIGTERMs after which it did not end with 0
        super().__init__(*arguments)

    def trouble(self, what: str) -> None:
        """Do it, and have the guard up again."""
        self.done[what] += 1
        if what == "broker kill -9":
            for one in self.brokers():
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            return
        if what == "kill -9":
            self.kills.append(time.monotonic())
        self.process.send_signal(signal.SIGKILL if what == "kill -9" else signal.SIGTERM)
        ended = self.process.wait(60)
        self.unclean += what == "SIGTERM" and ended != 0
        self._start()

    def brokers(self) -> list[int]:
        """The guard's own message servers."""
        return [one for one in machine.tree(self.process.pid) if "nats-server" in _command(one)]

    def memory(self) -> tuple[int, int]:
        """PSS of the guard with its reader, and of its broker, in bytes."""
        brokers = set(self.brokers())
        mine = machine.tree(self.process.pid) - brokers
        return sum(map(machine.pss_of, mine)), sum(map(machine.pss_of, brokers))

    def tell(self, *words: str) -> list[str]:
        """A command on its data, with the guard's settings."""
        return [*self._command, *words]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode()
    except OSError:
        return ""


class Memory:
    """Samples of the last life, which nothing interrupts: the others say nothing about growth."""

    def __init__(self) -> None:
        self.guard: list[int] = []
        self.broker: list[int] = []

    def sample(self, guard: Troubled) -> None:
        mine, broker = guard.memory()
        self.guard.append(mine)
        self.broker.append(broker)

    def growth(self) -> float:
        """The last quarter's median over the second quarter's: the first one warms up. 1 is flat."""
        quarter = len(self.guard) // 4
        if not quarter:
            return float("nan")
        return statistics.median(self.guard[-quarter:]) / statistics.median(self.guard[quarter : 2 * quarter])
