"""The loads, and how one of them is put on one system with Postfix's own ``smtp-source``."""

import itertools
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench import machine, sample
from bench.sinks import CountingSink
from bench.systems import System

KIB, MIB = 1024, 1024 * 1024
IN_TWENTY = 20  # one mail in twenty is from a citizen with a framework
PER_CITIZEN = 10  # a citizen's mails in one run come in one after the other


@dataclass(frozen=True)
class Load:
    """``count`` mails of ``size`` bytes over ``sessions`` at once; ``reuse`` keeps a session's connection for its next mail."""

    name: str
    size: int
    sessions: int
    count: int
    reuse: bool = True


@dataclass(frozen=True)
class Taken:
    """What one run gave: mails per second, CPU milliseconds per mail, and how busy others kept the machine (cores)."""

    throughput: float
    cpu_ms: float
    others: float
    extra: int  # arrivals beyond the load: notices, receipts excepted (they have another way out)
    mails_in: float  # seconds until as many mails as the load has had arrived


class Source:
    """Makes loads out of ``smtp-source`` processes. Citizens take turns, so that each run meets other ones."""

    def __init__(self, folder: Path, citizens: int) -> None:
        self._folder = folder
        self._citizens = citizens
        self._turn = itertools.count()

    def run(self, load: Load, port: int) -> None:
        """Send the whole load; return when the last mail is accepted."""
        files = self._files(load)
        if load.sessions == 1:
            self._one_session(load, port, files)
        else:
            self._side_by_side(load, port, files)
        for path, _, _ in files:
            path.unlink()

    def _files(self, load: Load) -> list[tuple[Path, str, int]]:
        """The citizens' mails of one run: file, envelope sender, how many times."""
        left, files = load.count // IN_TWENTY, []
        while left > 0:
            turn = next(self._turn)
            number = turn % self._citizens
            path = self._folder / f"mail-{turn}"
            path.write_text(sample.mail(sample.citizen(number), load.size, f"bench-{turn}"))
            files.append((path, sample.citizen(number), min(left, PER_CITIZEN)))
            left -= PER_CITIZEN
        return files

    def _side_by_side(self, load: Load, port: int, files: list[tuple[Path, str, int]]) -> None:
        lanes = max(1, load.sessions // IN_TWENTY)
        with ThreadPoolExecutor(lanes) as threads:
            citizens = [threads.submit(self._in_turn, load, port, files[lane::lanes]) for lane in range(lanes)]
            self._strangers(load, port, load.sessions - lanes, load.count - load.count // IN_TWENTY)
            for one in citizens:
                one.result()

    def _one_session(self, load: Load, port: int, files: list[tuple[Path, str, int]]) -> None:
        rest = load.count - load.count // IN_TWENTY
        share = rest // max(1, len(files))
        for place, one in enumerate(files):
            self._strangers(load, port, 1, share if place < len(files) - 1 else rest - share * place)
            self._citizen(load, port, one)
        if not files:
            self._strangers(load, port, 1, rest)

    def _in_turn(self, load: Load, port: int, files: list[tuple[Path, str, int]]) -> None:
        for one in files:
            self._citizen(load, port, one)

    def _strangers(self, load: Load, port: int, sessions: int, count: int) -> None:
        _source(load, port, sample.STRANGER, ["-s", str(sessions), "-m", str(count), "-l", str(load.size)])

    def _citizen(self, load: Load, port: int, one: tuple[Path, str, int]) -> None:
        path, sender, count = one
        _source(load, port, sender, ["-s", "1", "-m", str(count), "-F", str(path)])


def _source(load: Load, port: int, sender: str, options: list[str]) -> None:
    reuse = ["-d"] if load.reuse else []
    subprocess.run(["smtp-source", *reuse, *options, "-f", sender, "-t", sample.RECIPIENT, f"127.0.0.1:{port}"], check=True)


def measure(load: Load, system: System, sink: CountingSink, source: Source, quiet: float) -> Taken:
    """Put ``load`` on ``system``, wait until everything that follows from it has arrived and been done, and tell what it took."""
    before = sink.reset()
    cpu, busy, own = machine.cpu_seconds(system.roots()), machine.busy_seconds(), machine.cpu_seconds([os.getpid()])
    began = time.monotonic()
    source.run(load, system.port)
    arrived = sink.wait_for(before + load.count, patience=300)
    span = settle(system, sink, quiet) - began
    busy, own = machine.busy_seconds() - busy, machine.cpu_seconds([os.getpid()]) - own
    last, count = sink.last()
    return Taken(
        throughput=load.count / (last - began),
        cpu_ms=(machine.cpu_seconds(system.roots()) - cpu) * 1000 / load.count,
        others=max(0.0, busy - own) / span,
        extra=count - before - load.count,
        mails_in=arrived - began,
    )


def settle(system: System, sink: CountingSink, quiet: float, patience: float = 20) -> float:
    """Wait until for ``quiet`` seconds nothing has come in and the system has done next to nothing; returns when (monotonic)."""
    ends = time.monotonic() + patience
    cpu = machine.cpu_seconds(system.roots())
    while time.monotonic() < ends:
        time.sleep(quiet)
        was, cpu = cpu, machine.cpu_seconds(system.roots())
        if cpu - was < 0.1 * quiet and time.monotonic() - sink.last()[0] > quiet:
            break
    return time.monotonic()
