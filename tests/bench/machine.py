"""What the kernel knows of processes: CPU time, proportional memory, and how busy the machine is."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> set[int]:
    """``root`` and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = set(), [root]
    while todo:
        one = todo.pop()
        found.add(one)
        todo += children.get(one, [])
    return found


def cpu_seconds(roots: list[int]) -> float:
    """User and system time of whole process trees, with that of descendants which have ended and were waited for."""
    ticks = 0
    for one in set().union(*(tree(root) for root in roots)):
        if fields := _stat(one):
            ticks += sum(int(value) for value in fields[11:15])  # utime, stime, cutime, cstime
    return ticks / TICK


def pss_bytes(roots: list[int]) -> int:
    """Proportional set size of whole process trees: a page that n processes share counts as 1/n in each."""
    return sum(pss_of(one) for one in set().union(*(tree(root) for root in roots)))


def busy_seconds() -> float:
    """User, nice and system time of the whole machine since it started."""
    user, nice, system = Path("/proc/stat").read_text().split(maxsplit=4)[1:4]
    return (int(user) + int(nice) + int(system)) / TICK


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command's name; the first is the state."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def pss_of(pid: int) -> int:
    """Proportional set size of one process; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


class Peak:
    """Samples ``measure`` in a thread while the block runs; ``value`` is the highest seen."""

    def __init__(self, measure: Callable[[], int], every: float = 0.1) -> None:
        self.value = 0
        self._measure, self._every, self._over = measure, every, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self) -> None:
        while not self._over.wait(self._every):
            self.value = max(self.value, self._measure())

    def __enter__(self) -> "Peak":
        self.value = self._measure()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
