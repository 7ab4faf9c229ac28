"""One run: fleets of systems come up in turn, each load goes over them in rotating order, and everything is torn down again."""

import asyncio
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import client, machine
from bench.loads import KIB, MIB, Load, Source, Taken, measure
from bench.report import Report
from bench.sinks import CountingSink, StampingSink
from bench.systems import FilteredPostfix, Guard, Place, PlainPostfix, System, delayed_fsync

BUSY = 0.3  # cores that others may use before a round is repeated
TRIES = 3


@dataclass(frozen=True)
class Scale:
    """How large a run is: full, or small so that it merely stays alive."""

    rounds: int = 5
    share: float = 1.0  # of the mails of each load
    citizens: int = 10_000
    many: int = 1_000_000
    held: tuple[int, int] = (50, 5 * MIB)
    flood: tuple[int, int, int] = (50, 4, 5 * MIB)
    small_rate: float = 20
    rate: float = 50
    paced: int = 500
    idle_s: float = 30
    quiet_s: float = 0.5  # how long a system must do nothing before a run counts as over
    largest: int = 5 * MIB


QUICK = Scale(
    rounds=1,
    share=0.01,
    citizens=50,
    many=500,
    held=(5, 256 * KIB),
    flood=(5, 2, 256 * KIB),
    rate=50,
    paced=20,
    idle_s=0.5,
    quiet_s=0.1,
    largest=256 * KIB,
)

THROUGHPUT = (
    Load("small-20", 4 * KIB, 20, 10_000),
    Load("small-50", 4 * KIB, 50, 10_000),
    Load("small-1", 4 * KIB, 1, 4000),
    Load("connect-20", 4 * KIB, 20, 4000, reuse=False),
    Load("medium-20", 50 * KIB, 20, 4000),
    Load("large-50", 5 * MIB, 50, 100),
)
SLOW_DISK = (Load("slow-disk-20", 4 * KIB, 20, 1000), Load("slow-disk-50", 4 * KIB, 50, 2000))
CITIZENS = Load("citizens", 4 * KIB, 20, 4000)
NAMES = (
    "idle",
    *(load.name for load in THROUGHPUT),
    "held-50",
    "beside-50",
    "latency",
    *(load.name for load in SLOW_DISK),
    "citizens",
)


class Run:
    """Puts the wanted loads on the systems, and keeps what they took in ``report``."""

    def __init__(self, scale: Scale, wanted: set[str], folder: Path, command: str, say: Callable[[str], None]) -> None:
        self.report = Report({"cores": os.cpu_count(), "kernel": os.uname().release, "rounds": scale.rounds})
        self._scale, self._wanted, self._folder, self._command, self._say = scale, wanted, folder, command, say
        self._source = Source(folder, scale.citizens)

    def everything(self) -> None:
        """All wanted loads."""
        self._main_fleet()
        if "held-50" in self._wanted:
            self._held()
        if "beside-50" in self._wanted:
            self._beside()
        if "latency" in self._wanted:
            asyncio.run(self._latency())
        if self._among(SLOW_DISK):
            self._slow_disk()
        if "citizens" in self._wanted:
            self._citizens()

    def _among(self, loads: tuple[Load, ...]) -> list[Load]:
        return [self._scaled(load) for load in loads if load.name in self._wanted]

    def _scaled(self, load: Load) -> Load:
        count = max(20, int(load.count * self._scale.share))
        return Load(load.name, min(load.size, self._scale.largest), load.sessions, count, load.reuse)

    def _guard(self, place: Place) -> Guard:
        return Guard(place, self._scale.citizens, self._scale.citizens)

    def _main_fleet(self) -> None:
        loads = self._among(THROUGHPUT)
        if not loads and "idle" not in self._wanted:
            return
        with self._fleet() as (place, sink, keep):
            both = [keep(PlainPostfix(place)), keep(self._guard(place))]
            if "idle" in self._wanted:
                self._idle(both)
            for load in loads:
                beside = [keep(FilteredPostfix(place, self._scale.citizens))] if load.name == "small-20" else []
                self._throughput(load, [*both, *beside], sink)

    def _slow_disk(self) -> None:
        environment = delayed_fsync(self._folder)
        if environment is None:
            self.report.notes.append("slow disk: not measured, there is no working gcc")
            return
        self.report.notes.append("slow disk: nats-server is a static program, so its own fsyncs are not slowed")
        with self._fleet(environment) as (place, sink, keep):
            both = [keep(PlainPostfix(place)), keep(self._guard(place))]
            for load in self._among(SLOW_DISK):
                self._throughput(load, both, sink)

    def _citizens(self) -> None:
        few = min(self._scale.citizens, self._scale.many)
        with self._fleet() as (place, sink, keep):
            self._say(f"loading 1 and {self._scale.many} citizens")
            one = keep(Guard(place, 1, 1, "guard-one"))
            alone = machine.pss_bytes(one.roots())
            many = keep(Guard(place, self._scale.many, few, "guard-many"))
            index = max(0, machine.pss_bytes(many.roots()) - alone)
            self.report.add("citizens-idle", "guard-one", start_s=one.started_in, load_s=one.loaded_in)
            self.report.add("citizens-idle", "guard-many", start_s=many.started_in, load_s=many.loaded_in, index_pss=index)
            self._source = Source(self._folder, 1)  # the one whom both know
            self._throughput(self._scaled(CITIZENS), [one, many], sink)

    def _idle(self, systems: list[System]) -> None:
        self._say("idle")
        time.sleep(min(5, self._scale.idle_s))  # what a start leaves behind
        before = [machine.cpu_seconds(system.roots()) for system in systems]
        time.sleep(self._scale.idle_s)
        for system, cpu in zip(systems, before, strict=True):
            spent = machine.cpu_seconds(system.roots()) - cpu
            self.report.add(
                "idle", system.name, cpu_percent=100 * spent / self._scale.idle_s, pss=machine.pss_bytes(system.roots())
            )

    def _rotated(self, systems: list[System]) -> Iterator[tuple[int, System]]:
        """Every round goes over all systems and begins with another one: the first gains from an idle machine."""
        for number in range(self._scale.rounds):
            start = number % len(systems)
            yield from ((number + 1, system) for system in systems[start:] + systems[:start])

    def _throughput(self, load: Load, systems: list[System], sink: CountingSink) -> None:
        warm_up = Load(load.name, load.size, load.sessions, max(20, load.count // 10), load.reuse)
        for system in systems:
            self._measure(warm_up, system, sink)
        for number, system in self._rotated(systems):
            for _ in range(TRIES):
                taken = self._measure(load, system, sink)
                self._say(f"{load.name} {number} {system.name}: {taken}")
                if taken.others <= BUSY or self._scale.rounds == 1:
                    break
            else:
                self.report.notes.append(f"{load.name}, round {number}, {system.name}: others used {taken.others:.1f} cores")
            self.report.add(load.name, system.name, throughput=taken.throughput, cpu_ms=taken.cpu_ms)

    def _measure(self, load: Load, system: System, sink: CountingSink) -> Taken:
        try:
            return measure(load, system, sink, self._source, self._scale.quiet_s)
        except Exception:
            self._say(f"{load.name}: {system.name} failed; the end of its log:\n{system.log()}")
            raise

    def _held(self) -> None:
        count, size = self._scale.held
        with self._fleet() as (place, sink, keep):
            for _, system in self._rotated([keep(PlainPostfix(place)), keep(self._guard(place))]):
                held, peak = asyncio.run(client.hold(system, sink, count, size))
                self._say(f"held-50 {system.name}: held {held / 1e6:.0f} MB, peak {peak / 1e6:.0f} MB")
                self.report.add("held-50", system.name, held_pss=held, peak_pss=peak)

    def _beside(self) -> None:
        """Round 0 warms up."""
        with self._fleet() as (place, sink, keep):
            systems: list[System] = [keep(PlainPostfix(place)), keep(self._guard(place))]
            for number, system in [(0, one) for one in systems] + list(self._rotated(systems)):
                taken = asyncio.run(client.beside(system, sink, self._scale.flood, self._scale.small_rate))
                figures = {f"accept_p{share}": client.percentile(taken, share / 100) for share in (50, 99)}
                told = ", ".join(f"{name} {value * 1000:.1f} ms" for name, value in figures.items())
                self._say(f"beside-50 {number} {system.name}: {len(taken)} small mails, {told}")
                if number:
                    self.report.add("beside-50", system.name, **figures)

    async def _latency(self) -> None:
        sink, turn = StampingSink(), itertools.count()
        await sink.start()
        with ExitStack() as stack:
            place = Place(self._room(stack), sink.port, sink.port, command=self._command)
            systems: list[System] = [await asyncio.to_thread(PlainPostfix, place)]
            stack.callback(systems[0].stop)
            systems.append(await asyncio.to_thread(self._guard, place))
            stack.callback(systems[1].stop)
            paces = [client.Pace(system, sink, self._scale.citizens, turn) for system in systems]
            for number in range(self._scale.rounds + 1):
                await self._paced_round(paces, systems, number)
            await sink.stop()

    async def _paced_round(self, paces: list[client.Pace], systems: list[System], number: int) -> None:
        """All systems at once, out of step with each other; round 0 warms up."""
        count, rate = self._scale.paced, self._scale.rate
        runs = (pace.run(rate, count, 4 * KIB, place / rate / len(paces)) for place, pace in enumerate(paces))
        for system, delays in zip(systems, await asyncio.gather(*runs), strict=True):
            figures = {
                f"{what}_p{share}": client.percentile(values, share / 100)
                for what, values in (("accept", delays.accepted), ("arrive", delays.arrived))
                for share in (50, 99)
            }
            told = ", ".join(f"{name} {value * 1000:.2f} ms" for name, value in figures.items())
            self._say(f"latency {number} {system.name}: {told}")
            if number:
                self.report.add("latency", system.name, **figures)

    def _room(self, stack: ExitStack) -> Path:
        """A folder for one fleet, which goes when the fleet goes."""
        room = Path(tempfile.mkdtemp(prefix="fleet-", dir=self._folder))
        room.chmod(0o755)  # Postfix's daemons are another user
        stack.callback(shutil.rmtree, room, ignore_errors=True)
        return room

    @contextmanager
    def _fleet(self, environment: dict[str, str] | None = None) -> Iterator[tuple[Place, CountingSink, Callable]]:
        with ExitStack() as stack:
            room = self._room(stack)
            main, internet = CountingSink(), CountingSink()  # receipts go to the other one and are not counted as arrivals
            stack.callback(main.stop)
            stack.callback(internet.stop)

            def keep(system: System) -> System:
                stack.callback(system.stop)
                self._say(f"{system.name} is up after {system.started_in:.2f} s")
                return system

            yield Place(room, main.port, internet.port, environment or {}, self._command), main, keep
