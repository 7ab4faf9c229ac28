"""``make soak``: the guard under load for an hour, killed at random; ``make soak ARGS="--minutes 5"`` for less."""

import argparse
import asyncio
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench import sample
from bench.systems import Place
from rich.console import Console

from soak.load import SENDERS, SMALL, CountingStamps, Load
from soak.report import Report
from soak.trouble import Memory, Troubled

CITIZENS = 1000
MEASURED = 8000  # mails by which the top speed is told
QUIET_PART = 1 / 3  # of the time, at its end: nothing but the load, so that memory can be seen to grow or not
EVERY = (5.0, 35.0)  # seconds between troubles
SAMPLE = 1.0
DRAIN = 600.0  # seconds that the last mails may take


def arguments() -> argparse.Namespace:
    """What is wanted."""
    about = (
        "Runs the guard at half its top speed, with kill -9 and SIGTERM of the guard and kill -9 of its broker at random. In"
        " the last third it is left alone, and its memory is watched. Exit status 1 when a mail is lost, when 1 percent come"
        " twice or one does without a kill -9 to explain it, when memory grows by a tenth, when a SIGTERM does not end cleanly,"
        " or when the books or the audit chain do not hold."
    )
    parser = argparse.ArgumentParser(prog="make soak", description=about)
    parser.add_argument("--minutes", type=float, default=60, help="how long the load lasts (default: 60)")
    parser.add_argument("--share", type=float, default=0.5, help="of the top speed (default: 0.5)")
    parser.add_argument("--seed", type=int, default=None, help="of the troubles; printed, to have the same again")
    parser.add_argument("--work", type=Path, help="where the data lives while it runs: a real disk")
    return parser.parse_args()


async def top_speed(guard: Troubled, sink: CountingStamps) -> float:
    """Mails a second, from the first connection to the last arrival."""
    before, began = sink.all, time.monotonic()
    command = ["smtp-source", "-d", "-s", str(SENDERS), "-m", str(MEASURED), "-l", str(SMALL), "-f", sample.STRANGER]
    source = await asyncio.create_subprocess_exec(*command, "-t", sample.RECIPIENT, f"127.0.0.1:{guard.port}")
    if await source.wait():
        raise RuntimeError("smtp-source failed; the guard's log ends with:\n" + guard.log())
    async with asyncio.timeout(DRAIN):
        while sink.all < before + MEASURED:
            await asyncio.sleep(0.01)
    return MEASURED / (time.monotonic() - began)


async def soak(wanted: argparse.Namespace, folder: Path, report: Report) -> None:
    """Fill in ``report``."""
    sink = CountingStamps()
    await sink.start()
    place = Place(folder, sink.port, sink.port)
    guard = await asyncio.to_thread(Troubled, place, CITIZENS, CITIZENS)
    try:
        report.top = await top_speed(guard, sink)
        load = Load(guard.port, wanted.share * report.top, CITIZENS)
        began = time.monotonic()
        running = asyncio.create_task(load.run())
        ends = began + wanted.minutes * 60
        await troubles(guard, random.Random(report.seed), ends - wanted.minutes * 60 * QUIET_PART)
        memory = await watched(guard, ends)
        load.stop()
        await running
        report.seconds = time.monotonic() - began
        await drained(load, sink)
        report.fill(load, sink, guard, memory)
        report.ledger = await succeeds(guard, "ledger", "--json")
        report.audit = await succeeds(guard, "audit", "verify")
    finally:
        await asyncio.to_thread(guard.stop)
        await sink.stop()


async def troubles(guard: Troubled, chance: random.Random, until: float) -> None:
    """One after the other, of all kinds."""
    while (pause := chance.uniform(*EVERY)) + time.monotonic() < until:
        await asyncio.sleep(pause)
        await asyncio.to_thread(guard.trouble, chance.choices(list(guard.done), (3, 1, 1))[0])
    await asyncio.sleep(max(0.0, until - time.monotonic()))


async def watched(guard: Troubled, until: float) -> Memory:
    memory = Memory()
    while time.monotonic() < until:
        await asyncio.to_thread(memory.sample, guard)
        await asyncio.sleep(SAMPLE)
    return memory


async def drained(load: Load, sink: CountingStamps) -> None:
    """Until everything promised has arrived, or can't be hoped for any more."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN):
            while not all(sink.has(number) for number, promised in enumerate(load.promised) if promised):
                await asyncio.sleep(0.5)
    await asyncio.sleep(3)  # a second copy may be under way


async def succeeds(guard: Troubled, *words: str) -> bool:
    child = await asyncio.create_subprocess_exec(*guard.tell(*words), stdout=subprocess.DEVNULL)
    return await child.wait() == 0


def main() -> int:
    """Run, print, judge."""
    wanted = arguments()
    console = Console(width=None if sys.stdout.isatty() else 120)
    if not shutil.which("smtp-source"):
        console.print("soak: needs Debian's package postfix, for its smtp-source")
        return 2
    report = Report(random.SystemRandom().randrange(10**6) if wanted.seed is None else wanted.seed)
    console.print(f"soak: {wanted.minutes:g} minutes, seed {report.seed}")
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=wanted.work))
    try:
        asyncio.run(soak(wanted, folder, report))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.show(console)
    return 0 if report.holds() else 1


if __name__ == "__main__":
    sys.exit(main())
