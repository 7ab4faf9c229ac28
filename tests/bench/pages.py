"""How long the console's pages look things up: ``python -m bench.pages`` in ``tests``; ``--mails 2000`` and so on for a small one.

A large store is filled (``large_store``). Then each read model is asked for several times, and each page of the console by those
who see it (``whole_pages``): their times, their CPU and the number of their statements are shown.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fakes.console import LETTERS
from rich.console import Console
from rich.table import Table

from bench import whole_pages
from bench.large_store import DAYS, Scale, Writing, fill, handled, register
from bench.whole_pages import Seen, Statements
from services.clock import SystemClock
from services.settings import Settings
from services.store.looked_up import Within
from services.store.open import open_store
from services.store.sql_store import SqlStore
from services.trying import try_framework
from workflows.audit import AuditRecord

ROUNDS = 5

Measured = tuple[str, float, float, float, int]
Look = Callable[[SqlStore, random.Random], Awaitable[object]]


def looks(scale: Scale, settings: Settings, now: datetime) -> dict[str, Look]:
    """Each read model, asked for as a page would."""
    half = now - timedelta(days=DAYS / 2)
    few = [f"u-{n}" for n in range(1, 21)]
    mine = Within(frozenset({"u-7"}))

    def anybody(chance: random.Random) -> str:
        return f"c-{chance.randrange(scale.citizens)}"

    async def second_page(store: SqlStore, **asked: Any) -> object:
        first = await store.views.mails(**asked)
        return await store.views.mails(**asked, after=first.after)

    async def tried(store: SqlStore, id: str) -> object:
        draft = await store.views.framework(id)
        assert draft is not None
        return await try_framework(store, settings, draft, (now - timedelta(days=DAYS)).date())

    return {
        "citizens: first page": lambda s, _: s.views.citizens(),
        "citizens: a common name": lambda s, _: s.views.citizens("hans"),
        "citizens: two letters": lambda s, _: s.views.citizens("an"),
        "citizens: two names": lambda s, _: s.views.citizens("hans jensen"),
        "citizens: a name, in one unit": lambda s, _: s.views.citizens("hans", mine),
        "citizens: a name, in the largest unit": lambda s, _: s.views.citizens("hans", Within(frozenset({"u-0"}))),
        "citizens: a rare name, in 20 units": lambda s, _: s.views.citizens("østergaardsen3", Within(frozenset(few))),
        "citizens: one caseworker's": lambda s, _: s.views.citizens("", Within(caseworker="k7@eksempel.dk")),
        "citizens: an address": lambda s, c: s.views.citizens(f"citizen{c.randrange(scale.citizens)}@example.net"),
        "citizens: an id": lambda s, c: s.views.citizens(anybody(c)),
        "citizen: the heaviest writer's file": lambda s, _: s.views.citizen("c-0"),
        "citizen: anybody's file": lambda s, c: s.views.citizen(anybody(c)),
        "case": lambda s, c: s.views.case(f"s-{c.randrange(scale.citizens)}"),
        "volume of the heaviest writer": lambda s, _: s.views.volume("c-0", (now - timedelta(days=DAYS)).date(), now.date()),
        "mails: all, the newest": lambda s, _: s.views.mails(),
        "mails: all, the second page": lambda s, _: second_page(s),
        "mails: all, before a day": lambda s, _: s.views.mails(until=half),
        "mails: all, not evaluated": lambda s, _: s.views.mails(wanted="not_evaluated"),
        "mails: all, redirected": lambda s, _: s.views.mails(wanted="redirected"),
        "mails: all, waiting": lambda s, _: s.views.mails(wanted="waiting"),
        "mails: all, waiting before a day (none)": lambda s, _: s.views.mails(wanted="waiting", until=half),
        "mails: all, returned": lambda s, _: s.views.mails(wanted="returned"),
        "mails: one unit, returned": lambda s, _: s.views.mails(units=["u-7"], wanted="returned"),
        "mails: largest unit, the newest": lambda s, _: s.views.mails(units=["u-0"]),
        "mails: largest unit, observed (none)": lambda s, _: s.views.mails(units=["u-0"], wanted="observed"),
        "mails: 20 units, a red signal": lambda s, _: s.views.mails(units=few, wanted="red"),
        "mails: 20 units": lambda s, _: s.views.mails(units=few),
        "mails: 20 units, waiting": lambda s, _: s.views.mails(units=few, wanted="waiting"),
        "mails: all 200 units": lambda s, _: s.views.mails(units=[f"u-{n}" for n in range(scale.units)]),
        "mails: the heaviest writer": lambda s, _: s.views.mails(citizens=["c-0"]),
        "mails: a caseworker's 40 citizens": lambda s, c: s.views.mails(citizens=[anybody(c) for _ in range(40)]),
        "mail: one with its way": lambda s, c: s.views.mail(f"{c.randrange(scale.mails):026}"),
        "queue": lambda s, _: s.views.queue(),
        "ledger: two days": lambda s, _: s.ledger((now - timedelta(days=1)).date()),
        "seen: a citizen": lambda s, _: s.views.seen("c-0"),
        "frameworks' versions": lambda s, _: s.views.versions(["c-0"]),
        "try: an ordinary citizen": lambda s, _: tried(s, f"f-{min(50, scale.frameworks - 1)}"),
        "try: the heaviest writer": lambda s, _: tried(s, "f-0"),
    }


async def measure(store: SqlStore, named: dict[str, Look], rounds: int = ROUNDS) -> list[Measured]:
    """Of each: the first time, the median, the CPU that one took, and how many statements."""
    found = []
    with Statements(store) as statements:
        for name, look in named.items():
            chance, times, before, used = random.Random(name), [], statements.count, time.process_time()
            for _ in range(rounds):
                begun = time.perf_counter()
                await look(store, chance)
                times.append(time.perf_counter() - begun)
            cpu = (time.process_time() - used) / rounds
            found.append((name, times[0], statistics.median(times), cpu, (statements.count - before) // rounds))
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured: the read models, and the pages."""

    looked_up: list[Measured]
    pages: list[Seen]


async def run(scale: Scale, folder: Path, url: str, say: Callable[[str], None], rounds: int = ROUNDS) -> Found:
    """Make a store, fill it, and ask."""
    settings = Settings.model_validate({"data": folder / "data", "store": {"url": url}, "letters": LETTERS})
    now = SystemClock().now()
    await _filled(scale, settings, now, say)
    store = await open_store(settings, SystemClock())  # its log is in the database now
    try:
        await store.refresh()
        looked_up = await measure(store, looks(scale, settings, now), rounds)
        return Found(looked_up, await whole_pages.measure(settings, store, whole_pages.every(scale, now), rounds))
    finally:
        await store.close()


async def _filled(scale: Scale, settings: Settings, now: datetime, say: Callable[[str], None]) -> None:
    store, clock, begun = await open_store(settings, SystemClock()), SystemClock(), time.perf_counter()
    try:
        await store.load_register(register(scale, now.date()), AuditRecord(now, "bench", "register.loaded", "register"))
        await store.refresh()
        await Writing(settings, store, clock).adopt()
        say(f"register of {scale.citizens} citizens loaded in {time.perf_counter() - begun:.1f} s")
        begun = time.perf_counter()
        with store._engines[0].begin() as connection:
            fill(connection, handled(scale, now))
            if settings.store.url:
                connection.exec_driver_sql("ANALYZE")
        say(f"{scale.mails} mails written in {time.perf_counter() - begun:.1f} s")
    finally:
        await store.close()


def main() -> int:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(prog="bench.pages", description="How long the console's pages look things up.")
    parser.add_argument("--citizens", type=int, default=200_000)
    parser.add_argument("--frameworks", type=int, default=10_000)
    parser.add_argument("--mails", type=int, default=1_000_000)
    parser.add_argument("--url", default="", help="an empty PostgreSQL database instead of SQLite")
    parser.add_argument("--work", type=Path, help="where the store lies while it runs")
    wanted = parser.parse_args()
    scale = Scale(wanted.citizens, wanted.frameworks, wanted.mails, heavy=wanted.mails // 100, waiting=wanted.mails // 200)
    with tempfile.TemporaryDirectory(prefix="pages-", dir=wanted.work) as folder:
        found = asyncio.run(run(scale, Path(folder), wanted.url, lambda line: print(line, file=sys.stderr, flush=True)))
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(_looked_up(found.looked_up))
    console.print(_pages(found.pages))
    return 0


def _looked_up(found: list[Measured]) -> Table:
    shown = Table("looked up", "first (ms)", "median (ms)", "CPU (ms)", "statements", box=None)
    for name, first, median, cpu, statements in found:
        shown.add_row(name, f"{first * 1000:.1f}", f"{median * 1000:.1f}", f"{cpu * 1000:.1f}", str(statements))
    return shown


def _pages(found: list[Seen]) -> Table:
    shown = Table("page", "by", "first (ms)", "median (ms)", "worst (ms)", "CPU (ms)", "statements", box=None)
    for one in found:
        times = [f"{seconds * 1000:.1f}" for seconds in (one.first, one.median, one.worst, one.cpu)]
        shown.add_row(one.asked.told, one.asked.who, *times, str(one.statements))
    return shown


if __name__ == "__main__":
    sys.exit(main())
